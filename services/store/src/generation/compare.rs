//! Whether two generations are the same, row by row, at the same place of the log.
//!
//! Of each model and tenant, rows are counted and their hashes added up, in PostgreSQL: a sum has no order,
//! so nothing is sorted and nothing grows. Where the sums of a tenant are apart, its rows are looked at in
//! 1,024 parts, and only the parts that are apart are read.
//!
//! What the sweeper takes for its age at that moment is left out on both sides: whether it has been there
//! already is no matter of the log.

mod statements;

use std::{collections::BTreeMap, fmt, time::Duration};

use schemas::Timestamp;
use serde::Serialize;
use sha2::{Digest as _, Sha256};
use tokio_postgres::Row;

use self::statements::{MODELS, Statements};
use super::Generation;
use crate::{Platform, PlatformTx, Purpose, Settings, StoreError, prune::STORY_KEPT, row};

/// How far the clock of whoever prunes may be ahead.
const CLOCK_SKEW_MAX: Duration = Duration::from_mins(1);
/// Differences that are shown of each model. All are counted in its rows and checksums.
pub const SHOWN_MAX: usize = 10;

const SEARCH: &str = "select set_config('search_path', $1, true)";
const PLACES: &str = "select name, seq from checkpoint where name = any($1)";

/// The models that can be compared.
pub fn models() -> impl Iterator<Item = &'static str> {
    MODELS.iter().map(|model| model.name)
}

/// One side of a model.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Side {
    /// How many rows there are.
    pub rows: u64,
    /// Of all their columns.
    pub checksum: String,
}

/// A row that is not the same in both.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// The table.
    pub model: &'static str,
    /// Whose row; nothing where it is nobody's.
    pub tenant: String,
    /// Its key there.
    pub key: String,
    /// How it is live, as JSON of at most 1,000 characters; nothing where it is not there.
    pub live: Option<String>,
    /// How it was rebuilt.
    pub next: Option<String>,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Difference { model, tenant, key, live, next } = self;
        let side = |row: &Option<String>| row.clone().unwrap_or_else(|| "no such row".to_owned());
        write!(
            f,
            "{model}, tenant `{tenant}`, key `{key}`\n  live: {}\n  next: {}",
            side(live),
            side(next)
        )
    }
}

/// A model on both sides.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Compared {
    /// The table.
    pub model: &'static str,
    /// The live one.
    pub live: Side,
    /// The rebuilt one.
    pub next: Side,
    /// Rows that are apart, the first of them.
    pub differences: Vec<Difference>,
}

impl Compared {
    /// Whether they are the same.
    pub fn is_equal(&self) -> bool {
        self.live == self.next
    }
}

/// Both generations at one moment. What is written later does not show.
pub struct Snapshot {
    tx: PlatformTx,
}

impl Snapshot {
    /// Takes it now, with a row in the audit.
    pub async fn take(settings: &Settings, actor: &str) -> Result<Self, StoreError> {
        let platform = Platform::connect(&settings.comparing()).await?;
        Ok(Self { tx: platform.begin(Purpose::Rebuild, actor).await? })
    }

    /// How far these readers had come.
    pub async fn places(&mut self, names: &[String]) -> Result<BTreeMap<String, u64>, StoreError> {
        let rows = self.tx.query(PLACES, &[&names]).await?;
        rows.iter().map(|row| Ok((row.try_get(0)?, row::count(row.try_get(1)?)?))).collect()
    }

    /// One model, as it is live and as it is in the next generation; `now` says what is old.
    pub async fn compare(&mut self, model: &str, now: Timestamp) -> Result<Compared, StoreError> {
        let found = MODELS.iter().find(|it| it.name == model);
        let it = found.ok_or_else(|| StoreError::Refused(format!("no read model `{model}`")))?;
        let old = now.plus(CLOCK_SKEW_MAX).minus(STORY_KEPT).as_millis();
        let live = self.sums(None, it.sums, old).await?;
        let next = self.sums(Some(Generation::Next), it.sums, old).await?;
        let mut differences = Vec::new();
        for tenant in apart(&live, &next) {
            if SHOWN_MAX <= differences.len() {
                break;
            }
            self.differences(it, &tenant, old, &mut differences).await?;
        }
        differences.truncate(SHOWN_MAX);
        Ok(Compared { model: it.name, live: side(&live), next: side(&next), differences })
    }

    async fn look_at(&mut self, generation: Option<Generation>) -> Result<(), StoreError> {
        let path = generation.map_or("public".to_owned(), |it| format!("{},public", it.schema()));
        self.tx.query(SEARCH, &[&path]).await.map(drop)
    }

    async fn sums(
        &mut self,
        generation: Option<Generation>,
        sql: &'static str,
        old: i64,
    ) -> Result<BTreeMap<String, Sum>, StoreError> {
        self.look_at(generation).await?;
        let rows = self.tx.query(sql, &[&old]).await?;
        rows.iter().map(|row| Ok((row.try_get(0)?, sum(row)?))).collect()
    }

    async fn parts(
        &mut self,
        generation: Option<Generation>,
        sql: &'static str,
        (tenant, old): (&str, i64),
    ) -> Result<BTreeMap<i32, Sum>, StoreError> {
        self.look_at(generation).await?;
        let rows = self.tx.query(sql, &[&old, &tenant]).await?;
        rows.iter().map(|row| Ok((row.try_get(0)?, sum(row)?))).collect()
    }

    async fn rows(
        &mut self,
        generation: Option<Generation>,
        sql: &'static str,
        (tenant, old, part): (&str, i64, i32),
    ) -> Result<BTreeMap<String, Line>, StoreError> {
        self.look_at(generation).await?;
        let rows = self.tx.query(sql, &[&old, &tenant, &part]).await?;
        let line = |row: &Row| {
            Ok((row.try_get(0)?, Line { digest: row.try_get(1)?, text: row.try_get(2)? }))
        };
        rows.iter().map(line).collect()
    }

    async fn differences(
        &mut self,
        model: &Statements,
        tenant: &str,
        old: i64,
        found: &mut Vec<Difference>,
    ) -> Result<(), StoreError> {
        let live = self.parts(None, model.parts, (tenant, old)).await?;
        let next = self.parts(Some(Generation::Next), model.parts, (tenant, old)).await?;
        for part in apart(&live, &next) {
            if SHOWN_MAX <= found.len() {
                break;
            }
            let live = self.rows(None, model.rows, (tenant, old, part)).await?;
            let next = self.rows(Some(Generation::Next), model.rows, (tenant, old, part)).await?;
            let text = |side: &BTreeMap<String, Line>, key: &str| {
                side.get(key).map(|line| line.text.clone())
            };
            found.extend(apart(&live, &next).into_iter().map(|key| Difference {
                model: model.name,
                tenant: tenant.to_owned(),
                live: text(&live, &key),
                next: text(&next, &key),
                key,
            }));
        }
        Ok(())
    }
}

/// Rows and the sum of their hashes.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Sum {
    rows: i64,
    hashes: String,
}

fn sum(row: &Row) -> Result<Sum, StoreError> {
    Ok(Sum { rows: row.try_get(1)?, hashes: row.try_get(2)? })
}

/// A row: what it is, and as much of it as is shown.
#[derive(Clone, Debug)]
struct Line {
    digest: String,
    text: String,
}

impl PartialEq for Line {
    /// The text is cut off.
    fn eq(&self, other: &Self) -> bool {
        self.digest == other.digest
    }
}

/// The keys under which the two have not the same, in order.
fn apart<K: Ord + Clone, V: PartialEq>(live: &BTreeMap<K, V>, next: &BTreeMap<K, V>) -> Vec<K> {
    let gone = live.iter().filter(|(key, value)| next.get(key) != Some(value));
    let new = next.keys().filter(|key| !live.contains_key(key));
    let mut keys: Vec<_> = gone.map(|(key, _)| key.clone()).chain(new.cloned()).collect();
    keys.sort_unstable();
    keys
}

/// All tenants of a side as one.
fn side(sums: &BTreeMap<String, Sum>) -> Side {
    let mut hash = Sha256::new();
    for (tenant, Sum { rows, hashes }) in sums {
        hash.update(format!("{tenant} {rows} {hashes}\n"));
    }
    let rows = sums.values().map(|sum| sum.rows.unsigned_abs()).sum();
    Side { rows, checksum: hex::encode(hash.finalize()).chars().take(16).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_apart_is_found_whichever_side_it_misses_on() {
        type Rows<'a> = &'a [(&'a str, i32)];
        let side = |rows: Rows<'_>| -> BTreeMap<String, i32> {
            rows.iter().map(|(key, value)| ((*key).to_owned(), *value)).collect()
        };
        let cases: [(Rows<'_>, Rows<'_>, &[&str]); 5] = [
            (&[], &[], &[]),
            (&[("a", 1), ("b", 2)], &[("a", 1), ("b", 2)], &[]),
            (&[("a", 1), ("b", 2)], &[("a", 1), ("b", 3)], &["b"]),
            (&[("a", 1)], &[("b", 1)], &["a", "b"]),
            (&[("b", 1)], &[("a", 1), ("b", 1), ("c", 1)], &["a", "c"]),
        ];
        for (live, next, want) in cases {
            assert_eq!(apart(&side(live), &side(next)), want, "{live:?} {next:?}");
        }
    }
}
