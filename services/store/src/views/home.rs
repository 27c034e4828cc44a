//! How a tenant is doing, in a few numbers.

use domain::{budget::Scope, day::Day};
use schemas::{BudgetPeriod, MessageId, Tenant, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{
    PlatformTx, StoreError, TenantTx,
    projections::Counts,
    row,
    views::usage::{counts, trials_of_all},
};

/// What went wrong, how far a tenant has come, and what was used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Vitals {
    /// Replies of which it is not known whether they arrived.
    pub uncertain: u64,
    /// Messages that failed since the instant asked for.
    pub failed: u64,
    /// The newest of these.
    pub last_failed: Option<MessageId>,
    /// Threads that a person has.
    pub with_person: u64,
    /// Messages over a limit since then.
    pub throttled: u64,
    /// Whether somebody ever wrote.
    pub was_written_to: bool,
    /// Whether somebody ever had an answer.
    pub has_answered: bool,
    /// Today (UTC), with trials of drafts and programs.
    pub today: Counts,
    /// This month (UTC), with them.
    pub month: Counts,
}

const VITALS: &str = "
    select (select count(*) from p_message where tenant_id = $1 and state = 'uncertain'),
           (select count(*) from p_message
             where tenant_id = $1 and state in ('failed', 'no answer') and received_at_ms >= $2),
           (select message_id from p_message
             where tenant_id = $1 and state in ('failed', 'no answer') and received_at_ms >= $2
             order by received_at_ms desc limit 1),
           (select count(*) from p_message
             where tenant_id = $1 and state in ('throttled', 'told') and received_at_ms >= $2),
           exists (select from p_month where tenant_id = $1 and messages > 0),
           exists (select from p_month where tenant_id = $1 and answered > 0),
           (select count(*) from p_conversation
             where tenant_id = $1 and handed_off_at_ms is not null)";
/// Of messages and of what is none: trials of drafts, and programs.
macro_rules! sums {
    ($messages:literal, $($others:tt)+) => {
        concat!(
            "select coalesce(sum(messages), 0)::bigint, coalesce(sum(answered), 0)::bigint,
                    coalesce(sum(failed), 0)::bigint, coalesce(sum(throttled), 0)::bigint,
                    coalesce(sum(uncertain), 0)::bigint, coalesce(sum(unpriced), 0)::bigint,
                    coalesce(sum(input_tokens), 0)::bigint, coalesce(sum(output_tokens), 0)::bigint,
                    coalesce(sum(cost_micros), 0)::bigint
               from (select messages, answered, failed, throttled, uncertain, unpriced,
                            input_tokens, output_tokens, cost_micros
                       from ",
            $messages,
            " union all
                     select 0, 0, 0, 0, 0, unpriced, input_tokens, output_tokens, cost_micros
                       from ",
            $($others)+,
            ") used"
        )
    };
}

const TODAY: &str = sums!(
    "p_usage where tenant_id = $1 and day = $2",
    "trial_usage where tenant_id = $1 and day = $2"
);
const MONTH: &str = sums!(
    "p_month where tenant_id = $1 and month = $2",
    "trial_month where tenant_id = $1 and month = $2"
);
const TODAY_OF_ALL: &str = sums!("p_day where day = $1", trials_of_all!(), " where day = $1");
const MONTH_OF_ALL: &str = sums!(
    "p_day where day between $1 * 100 and $1 * 100 + 99",
    trials_of_all!(),
    " where day between $1 * 100 and $1 * 100 + 99"
);
const SERVED: &str = "select count(*) from p_tenant where status = 'active'";
const READERS: &str = "select name, seq from checkpoint order by name";
const DOUBTS: &str = "
    with most as (select tenant_id, count(*) as many from p_message where state = 'uncertain'
                   group by tenant_id order by 2 desc, 1 limit $1)
    select t.state, most.many from most join p_tenant t using (tenant_id) order by 2 desc, tenant_id";
/// Those without a limit are not read: `p_tenant_budget` has the others. What is settled is known at once, and
/// has what calls counted at their worst.
const BUDGETS: &str = "
    select t.state, spent.micros from p_tenant t
      cross join lateral (select (t.state->'budget'->>'monthly_micros')::numeric as micros) b
      left join p_month m on m.tenant_id = t.tenant_id and m.month = $1
      left join trial_month x on x.tenant_id = t.tenant_id and x.month = $1
      left join spend s on s.tenant_id = t.tenant_id and s.scope = $4
      cross join lateral (
           select greatest(coalesce(m.cost_micros, 0) + coalesce(x.cost_micros, 0),
                           s.settled_micros) as micros) spent
     where t.status <> 'deleted' and t.state->'budget'->>'monthly_micros' is not null
       and b.micros * $2::bigint <= spent.micros::numeric * 100
     order by spent.micros / nullif(b.micros, 0) desc nulls first, t.tenant_id
     limit $3";

/// Of the tenant that is bound.
pub async fn vitals(tx: &mut TenantTx, since: Timestamp, today: Day) -> Result<Vitals, StoreError> {
    let tenant = tx.tenant().clone();
    let tenant = tenant.as_str();
    let found = tx.query_opt(VITALS, &[&tenant, &since.as_millis()]).await?;
    let found = found.ok_or_else(|| StoreError::row("no answer"))?;
    let day = tx.query_opt(TODAY, &[&tenant, &row::small(today.number())]).await?;
    let month = tx.query_opt(MONTH, &[&tenant, &row::small(today.month())]).await?;
    Ok(Vitals {
        uncertain: row::count(found.try_get(0)?)?,
        failed: row::count(found.try_get(1)?)?,
        last_failed: row::id_opt(&found, 2)?,
        throttled: row::count(found.try_get(3)?)?,
        was_written_to: found.try_get(4)?,
        has_answered: found.try_get(5)?,
        with_person: row::count(found.try_get(6)?)?,
        today: day.map(|row| counts(&row, 0)).transpose()?.unwrap_or_default(),
        month: month.map(|row| counts(&row, 0)).transpose()?.unwrap_or_default(),
    })
}

/// How far each reader of the log has come.
pub async fn readers(tx: &mut TenantTx) -> Result<Vec<(String, u64)>, StoreError> {
    let rows = tx.query(READERS, &[]).await?;
    rows.iter().map(|row| Ok((row.try_get(0)?, row::count(row.try_get(1)?)?))).collect()
}

/// What all tenants used on a day, and in its month; and how many are served.
pub async fn sums(tx: &mut PlatformTx, today: Day) -> Result<(Counts, Counts, u64), StoreError> {
    let rows = tx.query(MONTH_OF_ALL, &[&row::small(today.month())]).await?;
    let month = rows.first().map(|row| counts(row, 0)).transpose()?.unwrap_or_default();
    let rows = tx.query(TODAY_OF_ALL, &[&row::small(today.number())]).await?;
    let today = rows.first().map(|row| counts(row, 0)).transpose()?.unwrap_or_default();
    let served = tx.query(SERVED, &[]).await?;
    let served = served.first().map_or(Ok(0), |row| row::count(row.try_get(0)?))?;
    Ok((today, month, served))
}

/// How far each reader of the log has come, as the platform sees it.
pub async fn readers_of_all(tx: &mut PlatformTx) -> Result<Vec<(String, u64)>, StoreError> {
    let rows = tx.query(READERS, &[]).await?;
    rows.iter().map(|row| Ok((row.try_get(0)?, row::count(row.try_get(1)?)?))).collect()
}

/// The tenants with replies in doubt, those with the most first.
pub async fn doubts(tx: &mut PlatformTx, rows: u32) -> Result<Vec<(Tenant, u64)>, StoreError> {
    let rows = tx.query(DOUBTS, &[&super::limit(rows)]).await?;
    rows.iter().map(|row| Ok((row::json(row, 0)?, row::count(row.try_get(1)?)?))).collect()
}

/// The tenants that used so many per cent of their budget or more in that day's month, and what they
/// spent; the furthest first.
pub async fn budgets(
    tx: &mut PlatformTx,
    today: Day,
    (percent, rows): (u64, u32),
) -> Result<Vec<(Tenant, u64)>, StoreError> {
    let (month, percent) = (row::small(today.month()), i64::try_from(percent).unwrap_or(i64::MAX));
    let scope = Scope::new(None, BudgetPeriod::Month, today).to_string();
    let rows = tx.query(BUDGETS, &[&month, &percent, &super::limit(rows), &scope]).await?;
    rows.iter().map(|row| Ok((row::json(row, 0)?, row::count(row.try_get(1)?)?))).collect()
}
