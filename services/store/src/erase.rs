//! Deletes every row of one tenant, in every table, a bounded piece at a time. The tables are found in
//! the catalogue, so that none can be forgotten; the tenant's key is erased by [`crate::keys::forget`].
//!
//! A piece is of one table, and a transaction of its own: it holds no lock that somebody needs for long, and
//! waits for nobody while it holds one of another table. One that met somebody else's, or took too long, is
//! tried again, smaller; what is gone stays gone.
//!
//! What the read models have of the messages that the directory's stream keeps stays, as a rebuild would
//! bring it back: `kept` are their sequences.
//!
//! Other generations of the read models are tables like these. Whoever fills one has events in memory that
//! may be gone from the log, so their place is taken away before anything goes: what they write from there
//! is refused, and they read again from where they stand. Of a tenant that is all there is to it; single
//! stories are told to the base before they go, and a rebuild that has copied it must have read them.
//!
//! What one person wrote is erased by [`stories`].

pub mod stories;

use std::time::Duration;

use schemas::TenantId;
use tracing::warn;

use crate::{Platform, Purpose, StoreError, row};

/// Rows of one piece, and of one that was made smaller again and again.
const ROWS_MAX: i64 = 5_000;
const ROWS_MIN: i64 = 50;

/// How often a piece is tried again, and the pause before the first time; it doubles with each further one.
const AGAIN_MAX: u32 = 6;
const AGAIN_PAUSE: Duration = Duration::from_millis(200);

/// A transaction that was undone so that another can go on, a deadlock, a lock that was not had in time, and
/// a statement that took too long.
const AGAIN: [&str; 4] = ["40001", "40P01", "55P03", "57014"];

const TABLES: &str = "select erasable_tables()";
const COUNT: &str = "select erasable_rows_of($1, $2, $3)";
const ERASE: &str = "select erase_rows_of($1, $2, $3, $4)";

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

/// Whose rows, and who erases them.
#[derive(Clone, Copy)]
struct Of<'a> {
    platform: &'a Platform,
    tenant: &'a TenantId,
    kept: &'a [i64],
    actor: &'a str,
}

/// How many rows there are to erase, by table; those without any are named too.
pub async fn count(
    platform: &Platform,
    tenant: &TenantId,
    kept: &[u64],
    actor: &str,
) -> Result<Vec<Had>, StoreError> {
    let kept = sequences(kept);
    let of = Of { platform, tenant, kept: &kept, actor };
    let mut patience = Patience::default();
    loop {
        match of.count().await {
            Ok(had) => return Ok(had),
            Err(error) => patience.after(error).await?,
        }
    }
}

/// Deletes them, and says how many there were. If it is interrupted, a second run does the rest.
pub async fn erase(
    platform: &Platform,
    tenant: &TenantId,
    kept: &[u64],
    actor: &str,
) -> Result<u64, StoreError> {
    let (mut done, sequences) = (0, sequences(kept));
    let of = Of { platform, tenant, kept: &sequences, actor };
    of.fence().await?;
    loop {
        let had = count(platform, tenant, kept, actor).await?;
        let mut gone = 0;
        for had in had.iter().filter(|had| 0 < had.rows) {
            gone += of.table(&had.table).await?;
        }
        done += gone;
        // A table that is there under another name now, or was written to meanwhile, is found once more.
        if gone == 0 {
            return Ok(done);
        }
    }
}

impl Of<'_> {
    async fn count(self) -> Result<Vec<Had>, StoreError> {
        let mut tx = self.platform.begin(Purpose::Erase, self.actor).await?;
        tx.query(HOLD, &[]).await?;
        let tenant = self.tenant.as_str();
        let mut had = Vec::new();
        for row in tx.query(TABLES, &[]).await? {
            let table: String = row.try_get(0)?;
            let rows = tx.query(COUNT, &[&table, &tenant, &self.kept]).await?;
            had.push(Had { rows: number(&rows)?, table });
        }
        for row in tx.query(COUNT_OF_INSTALLATION, &[&tenant]).await? {
            had.push(Had { table: row.try_get(0)?, rows: row::count(row.try_get(1)?)? });
        }
        tx.commit().await?;
        Ok(had)
    }

    /// Once the tenant's events are gone from the log: what was read of it before is not written any more.
    async fn fence(self) -> Result<(), StoreError> {
        let mut patience = Patience::default();
        loop {
            let fenced = async {
                let mut tx = self.platform.begin(Purpose::Erase, self.actor).await?;
                tx.execute(FENCE, &[]).await?;
                tx.commit().await
            };
            match fenced.await {
                Ok(()) => return Ok(()),
                Err(error) => patience.after(error).await?,
            }
        }
    }

    /// All of one table, piece by piece.
    async fn table(self, table: &str) -> Result<u64, StoreError> {
        let (mut done, mut patience) = (0, Patience::default());
        loop {
            let asked: u64 = row::count(patience.rows)?;
            match self.piece(table, patience.rows).await {
                Ok(gone) => {
                    done += gone;
                    if gone < asked {
                        return Ok(done);
                    }
                    patience.again = 0;
                }
                Err(error) => patience.after(error).await?,
            }
        }
    }

    async fn piece(self, table: &str, rows_max: i64) -> Result<u64, StoreError> {
        let tenant = self.tenant.as_str();
        let mut tx = self.platform.begin(Purpose::Erase, self.actor).await?;
        let own = match table {
            "api_answer" => Some(ERASE_ANSWERS),
            "api_key" => Some(ERASE_KEYS),
            "one_use_token" => Some(ERASE_TOKENS),
            _ => None,
        };
        let gone = match own {
            Some(sql) => tx.execute(sql, &[&tenant]).await?,
            None => number(&tx.query(ERASE, &[&table, &tenant, &self.kept, &rows_max]).await?)?,
        };
        tx.commit().await?;
        Ok(gone)
    }
}

/// How often a piece was tried again, and how large the next one is.
struct Patience {
    again: u32,
    rows: i64,
}

impl Default for Patience {
    fn default() -> Self {
        Self { again: 0, rows: ROWS_MAX }
    }
}

impl Patience {
    /// Waits after a failure that may pass; what does not, or came too often, is given back.
    async fn after(&mut self, error: StoreError) -> Result<(), StoreError> {
        let code = match &error {
            StoreError::Statement { code, .. } => code.as_str(),
            StoreError::Unavailable(_)
            | StoreError::Row(_)
            | StoreError::Refused(_)
            | StoreError::Fenced(_)
            | StoreError::KeyGone(_)
            | StoreError::Seal(_)
            | StoreError::Migration(_) => "",
        };
        if !AGAIN.contains(&code) || AGAIN_MAX <= self.again {
            return Err(error);
        }
        warn!(%error, "a piece of an erasure is tried again");
        tokio::time::sleep(AGAIN_PAUSE.saturating_mul(1 << self.again)).await;
        self.again += 1;
        // What took too long takes less then.
        self.rows = (self.rows / 4).max(ROWS_MIN);
        Ok(())
    }
}

fn number(rows: &[tokio_postgres::Row]) -> Result<u64, StoreError> {
    let row = rows.first().ok_or_else(|| StoreError::row("no answer"))?;
    row::count(row.try_get(0)?)
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

fn sequences(kept: &[u64]) -> Vec<i64> {
    kept.iter().copied().map(row::big).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(code: &str) -> StoreError {
        StoreError::Statement { code: code.to_owned(), message: "no".to_owned() }
    }

    #[tokio::test(start_paused = true)]
    async fn what_may_pass_is_tried_again_in_smaller_pieces_and_not_for_ever() {
        let mut patience = Patience::default();
        let mut rows = vec![patience.rows];
        for code in ["40001", "40P01", "55P03", "57014", "57014", "57014"] {
            patience.after(refused(code)).await.unwrap();
            rows.push(patience.rows);
        }
        assert_eq!(rows, [5_000, 1_250, 312, 78, 50, 50, 50]);
        let error = patience.after(refused("40P01")).await.unwrap_err().to_string();
        assert_eq!(error, "the database refused: no (SQLSTATE 40P01)");
        // A right that is missing does not come by waiting.
        assert!(Patience::default().after(refused("42501")).await.is_err());
    }
}
