//! Brings the schema up to date, by numbered files that never change once they were run.
//!
//! A migration is a file in `migrations/` and a line in the table below. All of them run under one
//! advisory lock on the connection that holds it, each in a transaction of its own with the row
//! that records it, so that two programs may start at once and a failure leaves nothing half done.

use sha2::{Digest as _, Sha256};
use tokio_postgres::{Client, error::SqlState};

use crate::{Role, Settings, StoreError, role, tls};

macro_rules! migrations {
    ($($number:literal $name:literal;)+) => {
        /// Every migration, in order.
        pub const MIGRATIONS: &[Migration] = &[$(Migration {
            number: $number,
            name: $name,
            sql: include_str!(concat!("../../../migrations/", $name, ".sql")),
        }),+];
    };
}

migrations! {
    1 "0001_platform";
    2 "0002_keys";
    3 "0003_guards";
    4 "0004_completion";
    5 "0005_delivery";
    6 "0006_deferred";
    7 "0007_projections";
    8 "0008_ledger";
    9 "0009_events_once";
    10 "0010_bounds";
    11 "0011_accounts";
    12 "0012_desk";
    13 "0013_views";
    14 "0014_api";
    15 "0015_oidc";
    16 "0016_shares";
    17 "0017_connections";
    18 "0018_spend";
    19 "0019_tool_calls";
    20 "0020_hand_off";
    21 "0021_hand_off_ends";
    22 "0022_months";
    23 "0023_replays";
    24 "0024_erasure";
    25 "0025_repair";
    26 "0026_generations";
    27 "0027_mends";
    28 "0028_budgets";
    29 "0029_replays_held";
    30 "0030_person";
    31 "0031_backup";
    32 "0032_hand_offs_and_imports";
    33 "0033_answers_that_differ";
}

/// One file.
pub struct Migration {
    /// Its place in the order, from 1.
    pub number: i32,
    /// The file's name without `.sql`.
    pub name: &'static str,
    /// What it does.
    pub sql: &'static str,
}

impl Migration {
    /// What the file said when it was run.
    pub fn checksum(&self) -> String {
        hex::encode(Sha256::digest(self.sql.as_bytes()))
    }
}

/// "konstruct" in a number; the advisory lock that every migrator takes.
const LOCK: i64 = 0x6b6f_6e73_7472_7563;

const TABLE: &str = "
    create table if not exists konstruct_migration (
        number int primary key, name text not null, checksum text not null,
        applied_at timestamptz not null default now())";

/// Runs what is missing, as `konstruct_owner`, and returns the names of what was run.
pub async fn migrate(settings: &Settings) -> Result<Vec<&'static str>, StoreError> {
    migrate_to(settings, i32::MAX).await
}

/// The same up to a number, which runs with its file.
pub(crate) async fn migrate_to(
    settings: &Settings,
    number: i32,
) -> Result<Vec<&'static str>, StoreError> {
    let config = settings.config(Role::Owner)?;
    let (mut client, connection) = config.connect(tls::connector(settings)?).await?;
    let driver = tokio::spawn(connection);
    let done = run(&mut client, number).await;
    // The session ends here, and its lock with it.
    drop(client);
    drop(driver.await);
    done
}

async fn run(client: &mut Client, number: i32) -> Result<Vec<&'static str>, StoreError> {
    role::verify(client, Role::Owner).await?;
    ready(client).await?;
    client.execute("select pg_advisory_lock($1)", &[&LOCK]).await?;
    let exists = "select to_regclass('public.konstruct_migration') is not null";
    if !client.query_one(exists, &[]).await?.try_get::<_, bool>(0)? {
        client.batch_execute(TABLE).await?;
    }
    let mut done = Vec::new();
    for migration in missing(client).await?.into_iter().filter(|it| it.number <= number) {
        apply(client, migration).await.map_err(|error| {
            StoreError::Migration(format!("migration {}: {error}", migration.name))
        })?;
        done.push(migration.name);
    }
    Ok(done)
}

/// What a database superuser must have made before.
async fn ready(client: &Client) -> Result<(), StoreError> {
    let sql = "
        select to_regrole('konstruct_app') is not null and to_regrole('konstruct_platform') is not null,
            pg_has_role(current_user, (select datdba from pg_database where datname = current_database()), 'usage'),
            current_database()::text";
    let row = client.query_one(sql, &[]).await?;
    let (roles, owns, name): (bool, bool, String) =
        (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
    if !roles {
        return Err(StoreError::Migration(
            "the roles are missing: a superuser must once run `create role konstruct_app login \
             nosuperuser nobypassrls password '…'`, and the same for `konstruct_platform`"
                .to_owned(),
        ));
    }
    if !owns {
        return Err(StoreError::Migration(format!(
            "the database is not ours: a superuser must once run `alter database {name} owner to \
             konstruct_owner`"
        )));
    }
    Ok(())
}

async fn apply(client: &mut Client, migration: &Migration) -> Result<(), StoreError> {
    let transaction = client.transaction().await?;
    transaction.batch_execute(migration.sql).await?;
    let sql = "insert into konstruct_migration (number, name, checksum) values ($1, $2, $3)";
    let (name, checksum) = (migration.name, migration.checksum());
    transaction.execute(sql, &[&migration.number, &name, &checksum]).await?;
    Ok(transaction.commit().await?)
}

/// What this program brings and the database has not seen. One that changed after it was run is
/// an error.
pub(crate) async fn missing(client: &Client) -> Result<Vec<&'static Migration>, StoreError> {
    let done = done(client).await?;
    let mut missing = Vec::new();
    for migration in MIGRATIONS {
        match done.iter().find(|done| done.number == migration.number) {
            None => missing.push(migration),
            Some(done) if done.checksum == migration.checksum() => {}
            Some(_) => {
                return Err(StoreError::Migration(format!(
                    "migration {} was changed after it was run: put it back and add a new one",
                    migration.name
                )));
            }
        }
    }
    Ok(missing)
}

/// Services start on a newer schema than theirs, since it only ever expands, never on an older one.
pub(crate) async fn verify(client: &Client) -> Result<(), StoreError> {
    match missing(client).await?.first() {
        None => Ok(()),
        Some(first) => Err(StoreError::Migration(format!(
            "migration {} is missing in the database: run `konstruct migrate`",
            first.name
        ))),
    }
}

struct Done {
    number: i32,
    checksum: String,
}

async fn done(client: &Client) -> Result<Vec<Done>, StoreError> {
    let sql = "select number, checksum from konstruct_migration order by number";
    let rows = match client.query(sql, &[]).await {
        Ok(rows) => rows,
        Err(error) if error.code() == Some(&SqlState::UNDEFINED_TABLE) => return Ok(Vec::new()),
        Err(error) => return Err(error.into()),
    };
    let read =
        |row: &tokio_postgres::Row| Ok(Done { number: row.try_get(0)?, checksum: row.try_get(1)? });
    rows.iter().map(read).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_and_the_directory_agree() {
        let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/../../migrations");
        let mut files: Vec<_> = std::fs::read_dir(directory)
            .unwrap()
            .filter_map(|entry| entry.unwrap().file_name().into_string().ok())
            .filter_map(|name| name.strip_suffix(".sql").map(str::to_owned))
            .collect();
        files.sort();
        let names: Vec<_> = MIGRATIONS.iter().map(|migration| migration.name).collect();
        assert_eq!(names, files);
        for (place, migration) in (1..).zip(MIGRATIONS) {
            assert_eq!(migration.number, place);
            assert!(migration.name.starts_with(&format!("{place:04}_")), "{}", migration.name);
        }
    }
}
