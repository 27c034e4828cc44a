//! The database as it was at one moment, and how it is put back.
//!
//! The owner reads it: a policy of its own shows it the rows of all tenants in a transaction that says
//! that it backs up, and in no other. Which tables there are is asked of the catalogue, so that none can
//! be forgotten; only generations of the read models that are made again are left out.

mod restore;
mod table;

use std::pin::Pin;

use bytes::Bytes;
use futures::StreamExt as _;
use schemas::Timestamp;
use serde::{Deserialize, Serialize};
use tokio_postgres::{Client, CopyOutStream};

pub use self::{
    restore::{Empty, Restoration, Restoring},
    table::Table,
};
use crate::{Settings, StoreError, migrate, owner, row};

const AUDIT: &str = "insert into platform_audit (purpose, actor) values ('backup', $1)";
/// It waits while the streams are copied, for as long as that takes.
const BEGIN: &str = "
    begin isolation level repeatable read read only;
    set local idle_in_transaction_session_timeout = 0";
/// What the policy of the owner asks for.
const STATE: &str = "select set_config('app.platform_reason', 'backup', true)";

const TAKEN: &str = "
    select (extract(epoch from now()) * 1000)::bigint, pg_current_wal_lsn()::text,
           (select max(number) from konstruct_migration)";
/// The last place on the stream of that reader that any row speaks of.
const KNOWN: &str = "select coalesce(max(seq), 0) from checkpoint where name = $1";
/// What the next rows of a table are numbered after.
const COUNTERS: &str = "
    select format('%s.%s', n.nspname, c.relname), a.attname::text,
           pg_sequence_last_value(pg_get_serial_sequence(
               format('%I.%I', n.nspname, c.relname), a.attname)::regclass)
      from pg_attribute a join pg_class c on c.oid = a.attrelid
      join pg_namespace n on n.oid = c.relnamespace
     where a.attidentity <> '' and not a.attisdropped and c.relkind = 'r' and n.nspname = 'public'
     order by 1, 2";

/// The database at one moment, for as long as this lives.
pub struct Snapshot {
    client: Client,
    /// When, and what it speaks of.
    pub taken: Taken,
    /// What there is, in the order in which it is put back.
    pub tables: Vec<Table>,
}

/// When a snapshot was taken, and what it speaks of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Taken {
    /// By the database's clock.
    pub at: Timestamp,
    /// The place in the server's own log.
    pub lsn: String,
    /// The last migration that was run.
    pub migration: i32,
    /// The last place on `DIRECTORY` that a row speaks of.
    pub directory_seq: u64,
    /// What the next rows are numbered after.
    pub counters: Vec<Counter>,
}

/// What the next row of a table is numbered after.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counter {
    /// The table, with its schema.
    pub table: String,
    /// The column.
    pub column: String,
    /// The last number that was given.
    pub last: i64,
}

impl Snapshot {
    /// Takes one. `actor` stands in the audit; `reader` is the one of `DIRECTORY`.
    pub async fn take(settings: &Settings, actor: &str, reader: &str) -> Result<Self, StoreError> {
        let client = owner::connect(settings).await?;
        migrate::verify(&client).await?;
        client.execute(AUDIT, &[&actor]).await?;
        client.batch_execute(BEGIN).await?;
        client.execute(STATE, &[]).await?;
        let row = client.query_one(TAKEN, &[]).await?;
        let known = client.query_one(KNOWN, &[&reader]).await?;
        let taken = Taken {
            at: row::at(&row, 0)?,
            lsn: row.try_get(1)?,
            migration: row.try_get(2)?,
            directory_seq: row::count(known.try_get(0)?)?,
            counters: counters(&client).await?,
        };
        let tables = table::all(&client).await?;
        Ok(Self { client, taken, tables })
    }

    /// The rows of a table, as the server writes them: a line each.
    pub async fn rows(&self, table: &Table) -> Result<Rows, StoreError> {
        Ok(Rows(Box::pin(self.client.copy_out(&table.copy_out()).await?)))
    }
}

async fn counters(client: &Client) -> Result<Vec<Counter>, StoreError> {
    let mut counters = Vec::new();
    for row in client.query(COUNTERS, &[]).await? {
        // Nothing was numbered yet.
        let Some(last) = row.try_get(2)? else { continue };
        counters.push(Counter { table: row.try_get(0)?, column: row.try_get(1)?, last });
    }
    Ok(counters)
}

/// What a table has, piece by piece.
pub struct Rows(Pin<Box<CopyOutStream>>);

impl Rows {
    /// The next piece, if there is one.
    pub async fn next(&mut self) -> Result<Option<Bytes>, StoreError> {
        Ok(self.0.next().await.transpose()?)
    }
}
