//! Tenants, with a few numbers of each.

use domain::day::Day;
use schemas::{Tenant, TenantStatus};
use serde::{Deserialize, Serialize};
use tokio_postgres::Row;

use super::limit;
use crate::{PlatformTx, StoreError, TenantTx, row};

/// A tenant in a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TenantLine {
    /// The tenant.
    pub tenant: Tenant,
    /// Agents that have not left.
    pub agents: u32,
    /// Connections in use.
    pub connections: u32,
    /// Messages that were decided today (UTC).
    pub messages_today: u64,
    /// What this month (UTC) has cost, in millionths of a dollar.
    pub cost_micros_month: u64,
}

macro_rules! lines {
    ($from:literal) => {
        concat!(
            "select t.state,
                (select count(*) from p_agent a where a.tenant_id = t.tenant_id and not a.retired),
                (select count(*) from p_connection c where c.tenant_id = t.tenant_id and c.active),
                (select coalesce(sum(u.messages), 0)::bigint from p_usage u
                  where u.tenant_id = t.tenant_id and u.day = $1),
                coalesce((select m.cost_micros from p_month m
                  where m.tenant_id = t.tenant_id and m.month = $2), 0)
                + coalesce((select x.cost_micros from trial_month x
                    where x.tenant_id = t.tenant_id and x.month = $2), 0)
               from ",
            $from
        )
    };
}

const ALL: &str = lines!(
    "(select tenant_id, state from p_tenant
       where tenant_id > $3
         and ($4 = '' or strpos(tenant_id, $4) > 0 or strpos(lower(name), $4) > 0)
         and case when $5::text is null then status <> 'deleted' else status = $5 end
       order by tenant_id limit $6) t order by tenant_id"
);
const ONE: &str = lines!("p_tenant t where t.tenant_id = $3");

/// Which tenants are asked for.
#[derive(Clone, Debug, Default)]
pub struct TenantFilter {
    /// A part of the slug or the name; empty for all.
    pub search: String,
    /// Only those; else all that were not deleted.
    pub status: Option<TenantStatus>,
}

/// Tenants after `after` in the order of their slugs; `""` for the first.
pub async fn all(
    tx: &mut PlatformTx,
    filter: &TenantFilter,
    today: Day,
    after: &str,
    rows: u32,
) -> Result<Vec<TenantLine>, StoreError> {
    let (day, month) = (row::small(today.number()), row::small(today.month()));
    let (search, status) = (filter.search.to_lowercase(), filter.status.map(status));
    let rows = limit(rows);
    let rows = tx.query(ALL, &[&day, &month, &after, &search, &status, &rows]).await?;
    rows.iter().map(line).collect()
}

/// The tenant that is bound.
pub async fn one(tx: &mut TenantTx, today: Day) -> Result<Option<TenantLine>, StoreError> {
    let (day, month) = (row::small(today.number()), row::small(today.month()));
    let tenant = tx.tenant().clone();
    let row = tx.query_opt(ONE, &[&day, &month, &tenant.as_str()]).await?;
    row.as_ref().map(line).transpose()
}

fn line(row: &Row) -> Result<TenantLine, StoreError> {
    Ok(TenantLine {
        tenant: row::json(row, 0)?,
        agents: row::count(row.try_get(1)?)?,
        connections: row::count(row.try_get(2)?)?,
        messages_today: row::count(row.try_get(3)?)?,
        cost_micros_month: row::count(row.try_get(4)?)?,
    })
}

fn status(status: TenantStatus) -> &'static str {
    match status {
        TenantStatus::Active => "active",
        TenantStatus::Suspended => "suspended",
        TenantStatus::Deleted => "deleted",
    }
}
