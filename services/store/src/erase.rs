//! Deletes every row of one tenant, in every table, a bounded piece at a time. The tables are found in
//! the catalogue, so that none can be forgotten; the tenant's key is erased by [`crate::keys::forget`].
//!
//! What the read models have of the messages that the directory's stream keeps stays, as a rebuild would
//! bring it back: `kept` are their sequences.
//!
//! Other generations of the read models are tables like these. Whoever fills one has events in memory that
//! may be gone from the log, so a piece that goes takes their place away first: what they write from there
//! is refused, and they read again.
//!
//! What one person wrote is erased by [`stories`].

pub mod stories;

use schemas::TenantId;

use crate::{Platform, PlatformTx, Purpose, StoreError, row};

/// Rows of one table in one transaction.
const ROWS_MAX: i64 = 5_000;

const COUNT: &str = "select table_name, had from erasable_rows($1, $2)";
const ERASE: &str = "select erase_rows($1, $2, $3)";

/// The places of all generations but the live one, in the order in which a swap takes them away: while they
/// are held, none is filled, swapped or dropped.
const HOLD: &str = "
    select from checkpoint where name like '%/%/%' order by name for share";
/// Nothing is written from there any more by whoever read it before.
const FENCE: &str = "
    with places as (
        select name from checkpoint where name like '%/%/%' order by name for update)
    update checkpoint set generation = checkpoint.generation + 1
      from places where checkpoint.name = places.name";
/// Those that had all before `$2` go on at `$3`.
const PASS_OVER: &str = "
    with places as (
        select name from checkpoint
         where name like '%/%/%' and split_part(name, '/', 2) = $1
           and $2::bigint - 1 <= seq and seq < $3::bigint - 1
         order by name for update)
    update checkpoint set generation = checkpoint.generation + 1, seq = $3 - 1
      from places where checkpoint.name = places.name";

/// What of it stands in tables of the installation: keys of the API with what was answered to them, and
/// invitations.
const COUNT_OF_INSTALLATION: &str = "
    select 'api_answer', count(*) from api_answer
     where operator_id in (select id from api_key where tenant = $1)
    union all select 'api_key', count(*) from api_key where tenant = $1
    union all select 'one_use_token', count(*) from one_use_token where tenant = $1";
const ERASE_ANSWERS: &str = "
    delete from api_answer where operator_id in (select id from api_key where tenant = $1)";
const ERASE_KEYS: &str = "delete from api_key where tenant = $1";
const ERASE_TOKENS: &str = "delete from one_use_token where tenant = $1";

/// What a table has of a tenant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Had {
    /// The table.
    pub table: String,
    /// How many rows.
    pub rows: u64,
}

/// How many rows there are to erase, by table; those without any are named too.
pub async fn count(
    platform: &Platform,
    tenant: &TenantId,
    kept: &[u64],
    actor: &str,
) -> Result<Vec<Had>, StoreError> {
    let mut tx = platform.begin(Purpose::Erase, actor).await?;
    tx.query(HOLD, &[]).await?;
    let mut rows = tx.query(COUNT, &[&tenant.as_str(), &sequences(kept)]).await?;
    rows.extend(tx.query(COUNT_OF_INSTALLATION, &[&tenant.as_str()]).await?);
    tx.commit().await?;
    let had = |row: &tokio_postgres::Row| {
        Ok(Had { table: row.try_get(0)?, rows: row::count(row.try_get(1)?)? })
    };
    rows.iter().map(had).collect()
}

/// Deletes them, and says how many there were. If it is interrupted, a second run does the rest.
pub async fn erase(
    platform: &Platform,
    tenant: &TenantId,
    kept: &[u64],
    actor: &str,
) -> Result<u64, StoreError> {
    let mut done = 0;
    loop {
        let mut tx = platform.begin(Purpose::Erase, actor).await?;
        let some = erase_some(&mut tx, tenant, kept).await?;
        tx.commit().await?;
        if some == 0 {
            return Ok(done);
        }
        done += some;
    }
}

/// The stream of this reader began at `before`, and begins at `after` now that the tenant's events are gone
/// from it: a generation that had all up to there misses nothing.
pub async fn pass_over(
    platform: &Platform,
    reader: &str,
    (before, after): (u64, u64),
    actor: &str,
) -> Result<(), StoreError> {
    if after <= before {
        return Ok(());
    }
    let mut tx = platform.begin(Purpose::Erase, actor).await?;
    tx.execute(PASS_OVER, &[&reader, &row::big(before), &row::big(after)]).await?;
    tx.commit().await
}

async fn erase_some(
    tx: &mut PlatformTx,
    tenant: &TenantId,
    kept: &[u64],
) -> Result<u64, StoreError> {
    tx.execute(FENCE, &[]).await?;
    let rows = tx.query(ERASE, &[&tenant.as_str(), &sequences(kept), &ROWS_MAX]).await?;
    let row = rows.first().ok_or_else(|| StoreError::row("no answer"))?;
    let mut some: u64 = row::count(row.try_get(0)?)?;
    for sql in [ERASE_ANSWERS, ERASE_KEYS, ERASE_TOKENS] {
        some += tx.execute(sql, &[&tenant.as_str()]).await?;
    }
    Ok(some)
}

fn sequences(kept: &[u64]) -> Vec<i64> {
    kept.iter().copied().map(row::big).collect()
}
