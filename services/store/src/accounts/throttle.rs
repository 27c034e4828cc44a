//! Failed tries of accounts, whether they exist or not.

use schemas::Timestamp;

use super::Hash;
use crate::{Platform, PlatformTx, StoreError, row};

/// What is remembered of an account.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tries {
    /// How many in a row.
    pub count: u32,
    /// When the last one was.
    pub last_at: Timestamp,
    /// Until when no further one is looked at.
    pub until: Timestamp,
}

const MAKE: &str = "
    insert into sign_in_throttle (account, tries, last_at_ms, until_ms) values ($1, 0, 0, 0)
    on conflict do nothing";
const LOCK: &str = "
    select tries, last_at_ms, until_ms from sign_in_throttle where account = $1 for update";
const WRITE: &str = "
    update sign_in_throttle set tries = $2, last_at_ms = $3, until_ms = $4 where account = $1";
const CLEAR: &str = "delete from sign_in_throttle where account = $1";

/// What is remembered, locked until the transaction ends, so that tries are counted one by one.
pub async fn lock(tx: &mut PlatformTx, account: &Hash) -> Result<Tries, StoreError> {
    tx.execute(MAKE, &[&account.as_slice()]).await?;
    let rows = tx.query(LOCK, &[&account.as_slice()]).await?;
    let Some(row) = rows.first() else { return Ok(Tries::default()) };
    Ok(Tries {
        count: row::count(row.try_get::<_, i32>(0)?.into())?,
        last_at: row::at(row, 1)?,
        until: row::at(row, 2)?,
    })
}

/// Remembers that.
pub async fn write(tx: &mut PlatformTx, account: &Hash, tries: Tries) -> Result<(), StoreError> {
    let (count, last) = (row::small(tries.count), tries.last_at.as_millis());
    let until = tries.until.as_millis();
    tx.execute(WRITE, &[&account.as_slice(), &count, &last, &until]).await.map(drop)
}

/// Forgets them: whoever it was is known now.
pub async fn clear(platform: &Platform, account: &Hash) -> Result<(), StoreError> {
    platform.account(CLEAR, &[&account.as_slice()]).await.map(drop)
}
