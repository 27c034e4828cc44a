//! How a tenant stood at an instant, and what was changed around it, from the changes of the directory.
//!
//! An instant is compared with the time that a change says of itself. Of those up to it, the last on the
//! log holds: times are those of several clocks, and an import tells of changes at their own. They are listed
//! by time.

use schemas::Timestamp;
use tokio_postgres::Row;

use crate::{StoreError, TenantTx, changes::ChangeRow, row};

/// The most rows of any list.
const ROWS_MAX: u32 = 100;

const UNTIL: &str = "
    select seq, kind, author_via, author_operator, time_ms, version from p_change
     where tenant_id = $1 and entity = $2 and time_ms <= $3
     order by time_ms desc, seq desc limit $4";
const AFTER: &str = "
    select seq, kind, author_via, author_operator, time_ms, version from p_change
     where tenant_id = $1 and entity = $2 and time_ms > $3
     order by time_ms, seq limit $4";
const HELD: &str = "
    select to_jsonb(c) - 'tenant_id' from p_change c
     where tenant_id = $1 and entity = $2 and time_ms <= $3 order by seq desc limit 1";
const LAST: &str = "
    select to_jsonb(c) - 'tenant_id' from p_change c
     where tenant_id = $1 and entity = $2 order by seq desc limit 1";
/// The last change of each thing. Things are found one after the other in the index, so that what it
/// costs grows with them and not with their changes.
const THERE: &str = "
    with recursive known (entity) as (
        (select entity from p_change
          where tenant_id = $1 and entity <> 'tenant' and entity > $3 order by entity limit 1)
        union all
        select (select c.entity from p_change c
                 where c.tenant_id = $1 and c.entity <> 'tenant' and c.entity > k.entity
                 order by c.entity limit 1)
          from known k where k.entity is not null
    )
    select to_jsonb(was) - 'tenant_id'
      from known k cross join lateral (
           select * from p_change c
            where c.tenant_id = $1 and c.entity = k.entity and c.time_ms <= $2
            order by c.seq desc limit 1) was
     order by was.entity limit $4";

/// A change without what it left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MomentRow {
    /// Its place on the stream `DIRECTORY`.
    pub seq: u64,
    /// Its topic, e.g. `agent.published`.
    pub kind: String,
    /// Through which door.
    pub author_via: String,
    /// By whom, where somebody was signed in.
    pub author_operator: Option<String>,
    /// When.
    pub at: Timestamp,
    /// The version that was published, if that is what it says.
    pub version: Option<u32>,
}

/// The changes of a thing up to an instant, the newest first. Things are named as in a [`ChangeRow`].
pub async fn until(
    tx: &mut TenantTx,
    entity: &str,
    at: Timestamp,
    limit: u32,
) -> Result<Vec<MomentRow>, StoreError> {
    moments(tx, UNTIL, (entity, at), limit).await
}

/// The first changes of a thing after an instant, the oldest first.
pub async fn after(
    tx: &mut TenantTx,
    entity: &str,
    at: Timestamp,
    limit: u32,
) -> Result<Vec<MomentRow>, StoreError> {
    moments(tx, AFTER, (entity, at), limit).await
}

async fn moments(
    tx: &mut TenantTx,
    sql: &'static str,
    (entity, at): (&str, Timestamp),
    limit: u32,
) -> Result<Vec<MomentRow>, StoreError> {
    let (tenant, limit) = (tx.tenant().clone(), i64::from(limit.min(ROWS_MAX)));
    let rows = tx.query(sql, &[&tenant.as_str(), &entity, &at.as_millis(), &limit]).await?;
    rows.iter().map(moment).collect()
}

fn moment(row: &Row) -> Result<MomentRow, StoreError> {
    let version: Option<i32> = row.try_get(5)?;
    Ok(MomentRow {
        seq: row::count(row.try_get(0)?)?,
        kind: row.try_get(1)?,
        author_via: row.try_get(2)?,
        author_operator: row.try_get(3)?,
        at: row::at(row, 4)?,
        version: version.map(|version| row::count(version.into())).transpose()?,
    })
}

/// The change of a thing that holds at an instant.
pub async fn held(
    tx: &mut TenantTx,
    entity: &str,
    at: Timestamp,
) -> Result<Option<ChangeRow>, StoreError> {
    let tenant = tx.tenant().clone();
    let found = tx.query_opt(HELD, &[&tenant.as_str(), &entity, &at.as_millis()]).await?;
    found.map(|found| row::json(&found, 0)).transpose()
}

/// The newest change of a thing: how it stands now.
pub async fn last(tx: &mut TenantTx, entity: &str) -> Result<Option<ChangeRow>, StoreError> {
    let tenant = tx.tenant().clone();
    let found = tx.query_opt(LAST, &[&tenant.as_str(), &entity]).await?;
    found.map(|found| row::json(&found, 0)).transpose()
}

/// Everything that the tenant had at an instant, as it stood then, in the order of what it is called; from
/// the one after `after` on.
pub async fn there(
    tx: &mut TenantTx,
    at: Timestamp,
    after: &str,
    limit: u32,
) -> Result<Vec<ChangeRow>, StoreError> {
    let (tenant, limit) = (tx.tenant().clone(), i64::from(limit.min(ROWS_MAX)));
    let rows = tx.query(THERE, &[&tenant.as_str(), &at.as_millis(), &after, &limit]).await?;
    rows.iter().map(|found| row::json(found, 0)).collect()
}
