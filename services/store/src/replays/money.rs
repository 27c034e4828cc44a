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
    trials,
};

/// Nothing where the run may not cost so much more.
const TAKE: &str = "
    update replay_run set spent_micros = spent_micros + $3
     where tenant_id = $1 and run_id = $2
       and (budget_micros is null or spent_micros + $3 <= budget_micros)";
/// What calls cost in the place of their worst.
const CORRECT: &str = "
    update replay_run set spent_micros = greatest(spent_micros + $3, 0)
     where tenant_id = $1 and run_id = $2";
const STARTING: &str = "
    insert into trial_usage as was (tenant_id, day, agent_id, model, calls, unpriced, replayed_calls,
                                    replayed_unpriced)
    values ($1, $2, $3, $4, 1, 1, 1, 1)
    on conflict (tenant_id, day, agent_id, model) do update
        set calls = was.calls + 1, unpriced = was.unpriced + 1,
            replayed_calls = was.replayed_calls + 1,
            replayed_unpriced = was.replayed_unpriced + 1";
/// All in one statement, whose trigger comes after it: a day is locked before its month.
const ENDED: &str = "
    update trial_usage u set
           unpriced = u.unpriced - s.priced, input_tokens = u.input_tokens + s.input_tokens,
           output_tokens = u.output_tokens + s.output_tokens,
           cost_micros = u.cost_micros + s.cost_micros,
           replayed_unpriced = u.replayed_unpriced - s.priced,
           replayed_input_tokens = u.replayed_input_tokens + s.input_tokens,
           replayed_output_tokens = u.replayed_output_tokens + s.output_tokens,
           replayed_cost_micros = u.replayed_cost_micros + s.cost_micros
      from jsonb_to_recordset($4) as s(model text collate \"C\", priced bigint, input_tokens bigint,
                                       output_tokens bigint, cost_micros bigint)
     where u.tenant_id = $1 and u.day = $2 and u.agent_id = $3 and u.model = s.model";

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

/// Calls of a request that are over, as they are known so far.
#[derive(Clone, Copy, Debug)]
pub struct Over<'a> {
    /// What they are reserved under.
    pub holder: &'a str,
    /// All of them, in order.
    pub attempts: &'a [Attempt],
    /// What those of them cost that were not corrected yet, less what they were counted at.
    pub correction_micros: i64,
}

/// A model is about to be called, where there is room for it beside the calls that are over; if not, nothing
/// is counted and nothing corrected.
pub async fn starting(
    mut tx: TenantTx,
    calling: Calling<'_>,
    over: Over<'_>,
) -> Result<Result<(), NoRoom>, StoreError> {
    let (tenant, day) = (tx.tenant().clone(), row::small(calling.day.number()));
    let (tenant, worst) = (tenant.as_str(), row::big(calling.worst_micros));
    if let Some(run) = calling.run {
        tx.execute(CORRECT, &[&tenant, &run, &over.correction_micros]).await?;
        let taken = tx.execute(TAKE, &[&tenant, &run, &worst]).await?;
        if taken == 0 {
            return Ok(Err(NoRoom::Run));
        }
    }
    if let Some(call) = calling.call {
        settle(&mut tx, over).await?;
        if let Err(met) = spend::reserve(&mut tx, call).await? {
            return Ok(Err(NoRoom::Budget(met)));
        }
    }
    tx.execute(STARTING, &[&tenant, &day, &calling.agent.as_str(), &calling.model]).await?;
    tx.commit().await?;
    Ok(Ok(()))
}

/// What calls came to. One that broke off may have been billed: its cost is not known.
pub async fn ended(
    mut tx: TenantTx,
    calling: Calling<'_>,
    over: Over<'_>,
) -> Result<(), StoreError> {
    let (tenant, day) = (tx.tenant().clone(), row::small(calling.day.number()));
    let tenant = tenant.as_str();
    if let Some(run) = calling.run {
        tx.execute(CORRECT, &[&tenant, &run, &over.correction_micros]).await?;
    }
    settle(&mut tx, over).await?;
    let sums = trials::sums(over.attempts)?;
    tx.execute(ENDED, &[&tenant, &day, &calling.agent.as_str(), &sums]).await?;
    tx.commit().await
}

async fn settle(tx: &mut TenantTx, over: Over<'_>) -> Result<(), StoreError> {
    let ended: Vec<_> = over.attempts.iter().map(Ended::of).collect();
    spend::settle(tx, over.holder, &ended).await
}
