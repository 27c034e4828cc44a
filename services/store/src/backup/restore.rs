//! Putting a backup back: into a database in which nothing is, all of it or nothing.

use std::collections::BTreeSet;

use bytes::Bytes;
use domain::doubt::Doubt;
use futures::SinkExt as _;
use schemas::Timestamp;
use tokio_postgres::{Client, CopyInSink};

use super::{AUDIT, Counter, STATE, Table, table};
use crate::{
    Database, Settings, StoreError,
    check::walls::quoted,
    migrate, owner, row,
    session::{Session, Step},
};

/// Rows of a table that are counted for whoever is refused.
const COUNTED_MAX: i64 = 1_000;

/// It waits until the streams are back, for as long as that takes.
const BEGIN: &str = "
    begin;
    set local idle_in_transaction_session_timeout = 0";
const IS_MIGRATED: &str = "select to_regclass('public.konstruct_migration') is not null";
const MIGRATION: &str = "select coalesce(max(number), 0) from konstruct_migration";
const NOTE: &str = "
    insert into restoration (restored_at_ms, cut_at_ms, lost_at_ms, events_seq, actor)
    values ($1, $2, $3, $4, $5)";
const NUMBER: &str = "select setval(pg_get_serial_sequence($1, $2)::regclass, $3)";
/// Who was signed in at the time of the backup may not be any more, and a link may have been used.
const SIGN_OUT: &str = "delete from operator_session; delete from one_use_token";
const LAST: &str = "select max(lost_at_ms), max(events_seq) from restoration";

/// A restore that was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Restoration {
    /// When.
    pub restored_at: Timestamp,
    /// What the backup holds was so then.
    pub cut_at: Timestamp,
    /// Whoever was lost answered until then, at most.
    pub lost_at: Timestamp,
    /// The last place on `EVENTS` that was given before anybody could say more.
    pub events_seq: u64,
    /// Who restored.
    pub actor: String,
}

impl Restoration {
    /// What restores left in doubt. Nothing where nothing was ever restored.
    pub async fn doubt(db: &Database) -> Result<Option<Doubt>, StoreError> {
        let step = Step { sql: LAST, params: Vec::new() };
        let answers = Session::new(db.pool()).await?.run_last(&[step]).await?;
        let Some(found) = answers.first().and_then(|answer| answer.rows.first()) else {
            return Ok(None);
        };
        let Some(written_before) = row::at_opt(found, 0)? else { return Ok(None) };
        Ok(Some(Doubt { written_before, said_until: row::count(found.try_get(1)?)? }))
    }
}

/// A database of the right schema in which nothing is.
pub struct Empty {
    client: Client,
    tables: Vec<Table>,
}

impl Empty {
    /// Refuses a database that holds anything, or that is newer than the backup. Changes nothing.
    pub async fn check(settings: &Settings, migration: i32) -> Result<(), StoreError> {
        let ours = migrate::MIGRATIONS.last().map_or(0, |last| last.number);
        if ours < migration {
            return Err(StoreError::Migration(format!(
                "the backup has migration {migration}, this program knows {ours}: restore with a \
                 program as new as the one that made the backup"
            )));
        }
        let client = owner::connect(settings).await?;
        if client.query_one(IS_MIGRATED, &[]).await?.try_get(0)? {
            let there: i32 = client.query_one(MIGRATION, &[]).await?.try_get(0)?;
            if migration < there {
                return Err(StoreError::Migration(format!(
                    "the database has migration {there}, the backup {migration}: restore into a \
                     database in which nothing was migrated yet"
                )));
            }
        }
        client.batch_execute("begin read only").await?;
        client.execute(STATE, &[]).await?;
        let there = rows(&client, &table::all(&client).await?).await?;
        client.batch_execute("rollback").await?;
        if there.is_empty() {
            return Ok(());
        }
        Err(StoreError::Refused(format!(
            "the database is not empty: {}; restore into a new one",
            there.join(", ")
        )))
    }

    /// The same, and brings the schema to `migration`.
    pub async fn open(settings: &Settings, migration: i32) -> Result<Self, StoreError> {
        Self::check(settings, migration).await?;
        migrate::migrate_to(settings, migration).await?;
        let client = owner::connect(settings).await?;
        let tables = table::all(&client).await?;
        Ok(Self { client, tables })
    }

    /// Begins to fill it. Nothing of it is seen by anybody before [`Restoring::finish`].
    pub async fn begin(self) -> Result<Restoring, StoreError> {
        let Self { client, tables } = self;
        client.batch_execute(BEGIN).await?;
        client.execute(STATE, &[]).await?;
        let names: Vec<_> = tables.iter().map(Table::quoted).collect();
        let lock = format!("lock table {} in access exclusive mode", names.join(", "));
        client.batch_execute(&lock).await?;
        // Somebody may have been quicker than the lock.
        let there = rows(&client, &tables).await?;
        if !there.is_empty() {
            let there = there.join(", ");
            return Err(StoreError::Refused(format!("somebody wrote meanwhile: {there}")));
        }
        client.batch_execute(&format!("truncate {}", names.join(", "))).await?;
        let forced = forced(&client).await?;
        let restoring = Restoring { client, tables, forced };
        restoring.walls(false).await?;
        Ok(restoring)
    }
}

/// The tables that are not empty, with how many rows.
async fn rows(client: &Client, tables: &[Table]) -> Result<Vec<String>, StoreError> {
    let mut there = Vec::new();
    for table in tables {
        let sql = format!(
            "select count(*) from (select from {} where not ({}) limit {COUNTED_MAX}) counted",
            table.quoted(),
            table.seeded()
        );
        let count: i64 = client.query_one(&sql, &[]).await?.try_get(0)?;
        let more = if count == COUNTED_MAX { " or more" } else { "" };
        if 0 < count {
            let name = table.name.strip_prefix("public.").unwrap_or(&table.name);
            there.push(format!("{name} ({count}{more})"));
        }
    }
    Ok(there)
}

/// The tables whose owner is bound by row-level security too.
async fn forced(client: &Client) -> Result<Vec<String>, StoreError> {
    let sql = "
        select n.nspname::text || '.' || c.relname::text from pg_class c
          join pg_namespace n on n.oid = c.relnamespace
         where c.relkind = 'r' and c.relforcerowsecurity and n.nspname !~ '^pg_'";
    let rows = client.query(sql, &[]).await?;
    rows.iter().map(|row| Ok(row.try_get(0)?)).collect()
}

/// A database that is being filled, in one transaction.
pub struct Restoring {
    client: Client,
    tables: Vec<Table>,
    forced: Vec<String>,
}

impl Restoring {
    /// Fills a table with what [`super::Rows`] gave. Says how many rows that were.
    pub async fn fill(
        &self,
        table: &Table,
        pieces: impl Iterator<Item = std::io::Result<Vec<u8>>>,
    ) -> Result<u64, StoreError> {
        // Only what the catalogue knows by that name stands in a statement.
        let Some(known) = self.tables.iter().find(|it| it.name == table.name) else {
            return Err(StoreError::Refused(format!("there is no table {} here", table.name)));
        };
        // A table that was once made anew may have them in another order.
        let [ours, theirs]: [BTreeSet<_>; 2] =
            [known, table].map(|table| table.columns.iter().collect());
        if ours != theirs {
            return Err(StoreError::Refused(format!("{} has other columns here", table.name)));
        }
        let sink: CopyInSink<Bytes> = self.client.copy_in(&table.copy_in()).await?;
        let mut sink = Box::pin(sink);
        for piece in pieces {
            let piece = piece.map_err(|error| {
                StoreError::Refused(format!("cannot read the rows of {}: {error}", table.name))
            })?;
            sink.send(Bytes::from(piece)).await?;
        }
        Ok(sink.as_mut().finish().await?)
    }

    /// Makes it last: numbers go on where they were, nobody is signed in, and what was restored stands in
    /// `restoration`.
    pub async fn finish(
        self,
        counters: &[Counter],
        restoration: &Restoration,
    ) -> Result<(), StoreError> {
        for Counter { table, column, last } in counters {
            self.client.execute(NUMBER, &[&quoted(table), column, last]).await?;
        }
        self.client.batch_execute(SIGN_OUT).await?;
        let Restoration { restored_at, cut_at, lost_at, events_seq, actor } = restoration;
        let millis = [restored_at, cut_at, lost_at].map(|at| at.as_millis());
        let [restored_ms, cut_ms, lost_ms] = &millis;
        let place = row::big(*events_seq);
        self.client.execute(NOTE, &[restored_ms, cut_ms, lost_ms, &place, actor]).await?;
        self.client.execute(AUDIT, &[actor]).await?;
        self.walls(true).await?;
        self.client.batch_execute("commit").await?;
        self.client.batch_execute("analyze").await?;
        Ok(())
    }

    /// Whether the owner is bound like everybody, and rows that are written make others. The server takes
    /// no rows in bulk from whoever is bound, and what rows make is in the backup itself.
    async fn walls(&self, up: bool) -> Result<(), StoreError> {
        let (forced, triggers) = if up { ("force", "enable") } else { ("no force", "disable") };
        for table in &self.tables {
            let name = table.quoted();
            let sql = format!("alter table {name} {triggers} trigger user");
            self.client.batch_execute(&sql).await?;
            if self.forced.contains(&table.name) {
                let sql = format!("alter table {name} {forced} row level security");
                self.client.batch_execute(&sql).await?;
            }
        }
        Ok(())
    }
}
