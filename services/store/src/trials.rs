//! What trials of drafts used, in sums. A call is counted before it is made: until it is known what it
//! cost, its cost counts as not known.

use domain::day::Day;
use schemas::{
    AgentId,
    usage::{Attempt, AttemptOutcome},
};

use crate::{StoreError, TenantTx, row};

const CALLS: &str = "
    select coalesce(sum(calls), 0)::bigint from trial_usage where tenant_id = $1 and day = $2";
const STARTING: &str = "
    insert into trial_usage as was (tenant_id, day, agent_id, model, calls, unpriced)
    values ($1, $2, $3, $4, 1, 1)
    on conflict (tenant_id, day, agent_id, model) do update
        set calls = was.calls + 1, unpriced = was.unpriced + 1";
const ENDED: &str = "
    update trial_usage set unpriced = unpriced - $5, input_tokens = input_tokens + $6,
           output_tokens = output_tokens + $7, cost_micros = cost_micros + $8
     where tenant_id = $1 and day = $2 and agent_id = $3 and model = $4";

/// How many calls to models a tenant's trials have made on that day.
pub async fn calls(tx: &mut TenantTx, day: Day) -> Result<u64, StoreError> {
    let tenant = tx.tenant().clone();
    let found = tx.query_opt(CALLS, &[&tenant.as_str(), &row::small(day.number())]).await?;
    let row = found.ok_or_else(|| StoreError::row("a sum without a row"))?;
    row::count(row.try_get(0)?)
}

/// A model is about to be called.
pub async fn starting(
    mut tx: TenantTx,
    (day, agent): (Day, &AgentId),
    model: &str,
) -> Result<(), StoreError> {
    let (tenant, day) = (tx.tenant().clone(), row::small(day.number()));
    tx.execute(STARTING, &[&tenant.as_str(), &day, &agent.as_str(), &model]).await?;
    tx.commit().await
}

/// What these calls came to. One that failed before anything was counted has cost nothing.
pub async fn ended(
    mut tx: TenantTx,
    (day, agent): (Day, &AgentId),
    attempts: &[Attempt],
) -> Result<(), StoreError> {
    let (tenant, day) = (tx.tenant().clone(), row::small(day.number()));
    for attempt in attempts {
        let usage = attempt.usage.as_ref();
        let tokens = |of: fn(&schemas::usage::Usage) -> Option<u64>| {
            row::big(usage.and_then(of).unwrap_or_default())
        };
        let (input, output) = (tokens(|it| it.input_tokens), tokens(|it| it.output_tokens));
        let cost = attempt.cost.amount;
        let came_to_nothing = attempt.outcome != AttemptOutcome::Completed && usage.is_none();
        let priced = i64::from(cost.is_some() || came_to_nothing);
        let cost = row::big(cost.unwrap_or_default().0);
        let (agent, model) = (agent.as_str(), attempt.model.as_str());
        tx.execute(
            ENDED,
            &[&tenant.as_str(), &day, &agent, &model, &priced, &input, &output, &cost],
        )
        .await?;
    }
    tx.commit().await
}
