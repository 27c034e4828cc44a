//! What replays and tests cost: in the sums that trials are in, in the budgets of agent and tenant, and
//! within what a run may cost. A call is counted at its worst before it is made.
//!
//! What is written of a call before and after it is locked in one order: run, budgets, sums. So calls at
//! the same moment wait for each other in no circle.

use domain::day::Day;
use schemas::{AgentId, BudgetMet, usage::Attempt};

use crate::{
    StoreError, TenantTx, row,
    spend::{self, Call, Ended},
    trials::Used,
};

/// Nothing where the run may not cost so much more.
const TAKE: &str = "
    update replay_run set spent_micros = spent_micros + $3
     where tenant_id = $1 and run_id = $2
       and (budget_micros is null or spent_micros + $3 <= budget_micros)";
const GIVE_BACK: &str = "
    update replay_run set spent_micros = greatest(spent_micros - $3, 0)
     where tenant_id = $1 and run_id = $2";
const STARTING: &str = "
    insert into trial_usage as was (tenant_id, day, agent_id, model, calls, unpriced, replayed_calls,
                                    replayed_unpriced)
    values ($1, $2, $3, $4, 1, 1, 1, 1)
    on conflict (tenant_id, day, agent_id, model) do update
        set calls = was.calls + 1, unpriced = was.unpriced + 1,
            replayed_calls = was.replayed_calls + 1,
            replayed_unpriced = was.replayed_unpriced + 1";
const ENDED: &str = "
    update trial_usage set
           unpriced = unpriced - $5, input_tokens = input_tokens + $6,
           output_tokens = output_tokens + $7, cost_micros = cost_micros + $8,
           replayed_unpriced = replayed_unpriced - $5,
           replayed_input_tokens = replayed_input_tokens + $6,
           replayed_output_tokens = replayed_output_tokens + $7,
           replayed_cost_micros = replayed_cost_micros + $8
     where tenant_id = $1 and day = $2 and agent_id = $3 and model = $4";

/// A call about to be made.
#[derive(Clone, Copy, Debug)]
pub struct Calling<'a> {
    /// The run it belongs to; none for a test.
    pub run: Option<&'a str>,
    /// When it is paid.
    pub day: Day,
    /// Whose turns are asked.
    pub agent: &'a AgentId,
    /// The model, as configured.
    pub model: &'a str,
    /// What it can cost at the most, in millionths of a dollar; nothing for a model without a price.
    pub worst_micros: u64,
    /// What it needs of budgets, where anybody chose one.
    pub call: Option<Call<'a>>,
}

/// Why a call is not made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoRoom {
    /// The run may not cost so much.
    Run,
    /// A budget of the tenant or the agent has no room.
    Budget(BudgetMet),
}

/// A model is about to be called, where there is room for it; if not, nothing is counted.
pub async fn starting(
    mut tx: TenantTx,
    calling: Calling<'_>,
) -> Result<Result<(), NoRoom>, StoreError> {
    let (tenant, day) = (tx.tenant().clone(), row::small(calling.day.number()));
    let (tenant, worst) = (tenant.as_str(), row::big(calling.worst_micros));
    if let Some(run) = calling.run {
        let taken = tx.execute(TAKE, &[&tenant, &run, &worst]).await?;
        if taken == 0 {
            return Ok(Err(NoRoom::Run));
        }
    }
    if let Some(call) = calling.call
        && let Err(met) = spend::reserve(&mut tx, call).await?
    {
        return Ok(Err(NoRoom::Budget(met)));
    }
    tx.execute(STARTING, &[&tenant, &day, &calling.agent.as_str(), &calling.model]).await?;
    tx.commit().await?;
    Ok(Ok(()))
}

/// What calls came to, and how much less that is than was counted for the run. One that broke off may have
/// been billed: its cost is not known.
pub async fn ended(
    mut tx: TenantTx,
    calling: Calling<'_>,
    holder: &str,
    (attempts, unused_micros): (&[Attempt], u64),
) -> Result<(), StoreError> {
    let (tenant, day) = (tx.tenant().clone(), row::small(calling.day.number()));
    let tenant = tenant.as_str();
    if let Some(run) = calling.run {
        tx.execute(GIVE_BACK, &[&tenant, &run, &row::big(unused_micros)]).await?;
    }
    let ended: Vec<_> = attempts.iter().map(Ended::of).collect();
    spend::settle(&mut tx, holder, &ended).await?;
    let mut attempts: Vec<_> = attempts.iter().collect();
    attempts.sort_unstable_by(|a, b| a.model.cmp(&b.model));
    for attempt in attempts {
        let used = Used::of(attempt);
        let priced = 1 - used.unpriced;
        let (agent, model) = (calling.agent.as_str(), attempt.model.as_str());
        let Used { input_tokens, output_tokens, cost_micros, .. } = used;
        tx.execute(
            ENDED,
            &[&tenant, &day, &agent, &model, &priced, &input_tokens, &output_tokens, &cost_micros],
        )
        .await?;
    }
    tx.commit().await
}
