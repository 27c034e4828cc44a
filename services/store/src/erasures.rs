//! Who was erased when, with the receipt: the record of it outlives the file that somebody wrote it to.

use schemas::{TenantId, Timestamp};
use tokio_postgres::Row;

use crate::{Platform, Purpose, StoreError, row};

const BEGIN: &str = "
    insert into erasure (tenant, began_at_ms, by_whom) values ($1, $2, $3) returning id";
const END: &str = "update erasure set ended_at_ms = $2, receipt = $3 where id = $1";
const OF: &str = "
    select id, began_at_ms, by_whom, ended_at_ms, receipt from erasure
     where tenant = $1 order by id desc limit $2";

/// The most that are listed of one tenant.
const LISTED_MAX: i64 = 100;

/// One time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Erasure {
    /// Its place; later is larger.
    pub id: i64,
    /// When it began.
    pub began_at: Timestamp,
    /// Who asked for it.
    pub by: String,
    /// When it was done; nothing if it was interrupted, or is under way.
    pub ended_at: Option<Timestamp>,
    /// The receipt, as it was signed.
    pub receipt: Option<String>,
}

/// Somebody begins to erase a tenant. Before anything is erased, so that whoever goes on knows of it.
pub async fn begin(
    platform: &Platform,
    tenant: &TenantId,
    by: &str,
    at: Timestamp,
) -> Result<i64, StoreError> {
    let mut tx = platform.begin(Purpose::Erase, by).await?;
    let rows = tx.query(BEGIN, &[&tenant.as_str(), &at.as_millis(), &by]).await?;
    let row = rows.first().ok_or_else(|| StoreError::row("no answer"))?;
    let id = row.try_get(0)?;
    tx.commit().await?;
    Ok(id)
}

/// It is done, and this is the receipt.
pub async fn end(
    platform: &Platform,
    (id, by): (i64, &str),
    receipt: &str,
    at: Timestamp,
) -> Result<(), StoreError> {
    let mut tx = platform.begin(Purpose::Erase, by).await?;
    tx.execute(END, &[&id, &at.as_millis(), &receipt]).await?;
    tx.commit().await
}

/// Every time that a tenant was erased, the latest first.
pub async fn of(
    platform: &Platform,
    tenant: &TenantId,
    actor: &str,
) -> Result<Vec<Erasure>, StoreError> {
    let mut tx = platform.begin(Purpose::Erase, actor).await?;
    let rows = tx.query(OF, &[&tenant.as_str(), &LISTED_MAX]).await?;
    rows.iter().map(read).collect()
}

fn read(found: &Row) -> Result<Erasure, StoreError> {
    Ok(Erasure {
        id: found.try_get(0)?,
        began_at: row::at(found, 1)?,
        by: found.try_get(2)?,
        ended_at: row::at_opt(found, 3)?,
        receipt: found.try_get(4)?,
    })
}
