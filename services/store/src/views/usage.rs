//! What was used and what it cost: by messages, as the read models have it, and by trials of drafts,
//! replays and programs, which are no messages.

use domain::day::Day;
use schemas::TenantId;
use serde::{Deserialize, Serialize};
use tokio_postgres::Row;

use super::{ROWS_MAX, limit};
use crate::{PlatformTx, StoreError, TenantTx, projections::Counts, row};

/// What a tenant's usage is added up by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Group {
    /// By day.
    Day,
    /// By agent.
    Agent,
    /// By agent and version.
    Version,
    /// By model.
    Model,
}

/// What the installation's usage is added up by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PlatformGroup {
    /// By day.
    Day,
    /// By model.
    Model,
    /// By tenant, over the month of the last day; without latencies.
    Tenant,
}

/// A sum.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct UsageLine {
    /// What it is the sum of: a day (`20261121`), an agent, an agent and a version (`mara 3`), or what
    /// drafts of it used that were tried (`mara draft`), what replays of its answers used (`mara replay`), what programs asked of models themselves
    /// (`konstruct llm`), a model or a tenant. Empty where that is not known.
    pub key: String,
    /// What was used.
    pub counts: Counts,
    /// The latencies of all answers together, in milliseconds.
    pub latency_ms_sum: u64,
    /// Answers by latency; see `domain::latency`.
    pub latency_buckets: Vec<u64>,
}

/// What trials and programs of all tenants used, by day and model, in the place of a table.
macro_rules! trials_of_all {
    () => {
        "(select day, model, unpriced, input_tokens, output_tokens, cost_micros from trial_day
          union all
          select day, model, unpriced, input_tokens, output_tokens, cost_micros from trial_change) trials"
    };
}
pub(super) use trials_of_all;

macro_rules! sums {
    ($key:literal, $($from:tt)+) => {
        concat!(
            "select ",
            $key,
            " as key, sum(messages)::bigint, sum(answered)::bigint, sum(failed)::bigint,
                sum(throttled)::bigint, sum(uncertain)::bigint, sum(unpriced)::bigint,
                sum(input_tokens)::bigint, sum(output_tokens)::bigint, sum(cost_micros)::bigint,
                sum(latency_ms_sum)::bigint, buckets_sum(latency_buckets)
               from ",
            $($from)+,
            " group by 1 order by 1 limit $3"
        )
    };
}
macro_rules! of_tenant {
    ($key:literal) => {
        sums!(
            $key,
            "(select day, agent_id, agent_version, model, messages, answered, failed, throttled,
                     uncertain, unpriced, input_tokens, output_tokens, cost_micros, latency_ms_sum,
                     latency_buckets
                from p_usage where tenant_id = $4 and day between $1 and $2
              union all
              select day, agent_id, case agent_id when '' then -2 else -1 end, model, 0, 0, 0, 0, 0,
                     unpriced - replayed_unpriced, input_tokens - replayed_input_tokens,
                     output_tokens - replayed_output_tokens, cost_micros - replayed_cost_micros, 0,
                     '{}'
                from trial_usage
               where tenant_id = $4 and day between $1 and $2 and replayed_calls < calls
              union all
              select day, agent_id, -3, model, 0, 0, 0, 0, 0, replayed_unpriced,
                     replayed_input_tokens, replayed_output_tokens, replayed_cost_micros, 0, '{}'
                from trial_usage
               where tenant_id = $4 and day between $1 and $2 and 0 < replayed_calls) used"
        )
    };
}

const BY_DAY: &str = of_tenant!("day::text");
const BY_AGENT: &str =
    of_tenant!("case agent_version when -2 then 'konstruct llm' else agent_id end");
const BY_VERSION: &str = of_tenant!(
    "case agent_version when -2 then 'konstruct llm' when -1 then agent_id || ' draft'
                        when -3 then agent_id || ' replay'
                        when 0 then agent_id else agent_id || ' ' || agent_version end"
);
const BY_MODEL: &str = of_tenant!("model");
macro_rules! of_all {
    ($key:literal) => {
        sums!(
            $key,
            "(select day, model, messages, answered, failed, throttled, uncertain, unpriced,
                     input_tokens, output_tokens, cost_micros, latency_ms_sum, latency_buckets
                from p_day where day between $1 and $2
              union all
              select day, model, 0, 0, 0, 0, 0, unpriced, input_tokens, output_tokens, cost_micros,
                     0, '{}'
                from ",
            trials_of_all!(),
            " where day between $1 and $2) used"
        )
    };
}
const ALL_BY_DAY: &str = of_all!("day::text");
const ALL_BY_MODEL: &str = of_all!("model");
/// Those that cost most in a month, found among all that used anything in it: O(tenants).
const ALL_BY_TENANT: &str = "
    select tenant_id, coalesce(m.messages, 0), coalesce(m.answered, 0), coalesce(m.failed, 0),
           coalesce(m.throttled, 0), coalesce(m.uncertain, 0),
           coalesce(m.unpriced, 0) + coalesce(t.unpriced, 0),
           coalesce(m.input_tokens, 0) + coalesce(t.input_tokens, 0),
           coalesce(m.output_tokens, 0) + coalesce(t.output_tokens, 0),
           coalesce(m.cost_micros, 0) + coalesce(t.cost_micros, 0),
           0::bigint, '{}'::bigint[]
      from (select * from p_month where month = $1) m
      full join (select * from trial_month where month = $1) t using (tenant_id)
     order by coalesce(m.cost_micros, 0) + coalesce(t.cost_micros, 0) desc, tenant_id limit $2";

/// A tenant's, from a day to a day, both included.
pub async fn of_tenant(
    tx: &mut TenantTx,
    group: Group,
    from: Day,
    to: Day,
) -> Result<Vec<UsageLine>, StoreError> {
    let sql = match group {
        Group::Day => BY_DAY,
        Group::Agent => BY_AGENT,
        Group::Version => BY_VERSION,
        Group::Model => BY_MODEL,
    };
    let (from, to) = (row::small(from.number()), row::small(to.number()));
    let tenant: TenantId = tx.tenant().clone();
    let rows = tx.query(sql, &[&from, &to, &limit(ROWS_MAX), &tenant.as_str()]).await?;
    rows.iter().map(line).collect()
}

/// The installation's.
pub async fn of_all(
    tx: &mut PlatformTx,
    group: PlatformGroup,
    from: Day,
    to: Day,
    rows: u32,
) -> Result<Vec<UsageLine>, StoreError> {
    let (rows, month) = (limit(rows), row::small(to.month()));
    let (from, to) = (row::small(from.number()), row::small(to.number()));
    let rows = match group {
        PlatformGroup::Day => tx.query(ALL_BY_DAY, &[&from, &to, &rows]).await?,
        PlatformGroup::Model => tx.query(ALL_BY_MODEL, &[&from, &to, &rows]).await?,
        PlatformGroup::Tenant => tx.query(ALL_BY_TENANT, &[&month, &rows]).await?,
    };
    rows.iter().map(line).collect()
}

fn line(row: &Row) -> Result<UsageLine, StoreError> {
    let buckets: Vec<i64> = row.try_get(11)?;
    Ok(UsageLine {
        key: row.try_get(0)?,
        counts: counts(row, 1)?,
        latency_ms_sum: row::count(row.try_get(10)?)?,
        latency_buckets: buckets.into_iter().map(row::count).collect::<Result<_, _>>()?,
    })
}

/// Nine columns from `first` on, in the order of the fields.
pub(super) fn counts(row: &Row, first: usize) -> Result<Counts, StoreError> {
    let count = |place: usize| row::count(row.try_get(first + place)?);
    Ok(Counts {
        messages: count(0)?,
        answered: count(1)?,
        failed: count(2)?,
        throttled: count(3)?,
        uncertain: count(4)?,
        unpriced: count(5)?,
        input_tokens: count(6)?,
        output_tokens: count(7)?,
        cost_micros: count(8)?,
    })
}
