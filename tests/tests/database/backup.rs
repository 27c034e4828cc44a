//! A backup of the database has every table, and what is restored is the same.

use std::collections::BTreeMap;

use domain::doubt::Doubt;
use konstruct_tests::postgres::{TestDatabase, raw};
use store::{
    Database, Settings,
    backup::{Empty, Restoration, Snapshot},
    check::walls,
    migrate::MIGRATIONS,
};
use tokio_postgres::Client;

use crate::{
    World, at,
    walls::{columns, insert, run},
    world,
};

/// What a restore changes: nobody is signed in, and it stands in the audit.
const CHANGED: [&str; 5] = [
    "public.konstruct_migration",
    "public.one_use_token",
    "public.operator_session",
    "public.platform_audit",
    "public.restoration",
];

const OPERATORS: &str = "
    insert into operator (id, email, name, created_at_ms) values ('o1', 'o@example.com', 'O', 0);
    insert into recovery_code (operator_id, sha256) values ('o1', 'x');";

/// A row of two tenants in every table, and an operator.
async fn furnish(world: &World) {
    let admin = raw(&world.test.superuser_url()).await.unwrap();
    admin.batch_execute(OPERATORS).await.unwrap();
    let app = raw(&world.test.app_url()).await.unwrap();
    for table in walls::tenant_tables(&app).await.unwrap() {
        let columns = columns(&app, &table).await;
        for tenant in ["a", "b"] {
            run(&app, tenant, &insert(&table, &columns, tenant)).await.unwrap();
        }
    }
}

/// Every table with all its rows, but for generations that are made again.
async fn all(client: &Client) -> BTreeMap<String, String> {
    let sql = "
        select n.nspname::text || '.' || c.relname::text from pg_class c
          join pg_namespace n on n.oid = c.relnamespace
         where c.relkind in ('r', 'p') and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
           and n.nspname not in ('models_next', 'models_previous')";
    let mut all = BTreeMap::new();
    for row in client.query(sql, &[]).await.unwrap() {
        let table: String = row.get(0);
        let sql = format!(
            "select coalesce(string_agg(t::text, E'\\n' order by t::text), '') from {table} t"
        );
        all.insert(table, client.query_one(&sql, &[]).await.unwrap().get(0));
    }
    all
}

/// What a snapshot has, by table.
async fn taken(snapshot: &Snapshot) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    for table in &snapshot.tables {
        let mut rows = snapshot.rows(table).await.unwrap();
        let mut file = Vec::new();
        while let Some(piece) = rows.next().await.unwrap() {
            file.extend_from_slice(&piece);
        }
        files.insert(table.name.clone(), file);
    }
    files
}

async fn snapshot(world: &World) -> Snapshot {
    let owner = Settings::new(world.test.owner_url());
    Snapshot::take(&owner, "test", nats::PROJECT_DIRECTORY.name).await.unwrap()
}

fn restoration() -> Restoration {
    Restoration {
        restored_at: at(3),
        cut_at: at(1),
        lost_at: at(2),
        events_seq: 7,
        actor: "test".to_owned(),
    }
}

#[tokio::test]
async fn every_table_is_in_a_backup_and_comes_back_row_for_row() {
    let world = world().await;
    furnish(&world).await;
    let admin = raw(&world.test.superuser_url()).await.unwrap();
    let before = all(&admin).await;
    let snapshot = snapshot(&world).await;
    let mut names: Vec<_> = snapshot.tables.iter().map(|table| table.name.as_str()).collect();
    names.sort_unstable();
    let want = before.keys().map(String::as_str).filter(|it| *it != "public.konstruct_migration");
    assert_eq!(names, want.collect::<Vec<_>>(), "a table that a backup does not know");
    let files = taken(&snapshot).await;
    let walled = walls::tenant_tables(&admin).await.unwrap();
    for table in walled.iter().filter(|it| !it.starts_with("models_") || it.contains("base")) {
        let name = if table.contains('.') { table.clone() } else { format!("public.{table}") };
        assert!(!files[&name].is_empty(), "{name}: the owner sees no row");
    }

    let other = TestDatabase::create_bare().await.unwrap();
    let owner = Settings::new(other.owner_url());
    let empty = Empty::open(&owner, snapshot.taken.migration).await.unwrap();
    let restoring = empty.begin().await.unwrap();
    for table in &snapshot.tables {
        // In pieces that end anywhere.
        let pieces = files[&table.name].chunks(11).map(|piece| Ok(piece.to_vec()));
        restoring.fill(table, pieces).await.unwrap();
    }
    restoring.finish(&snapshot.taken.counters, &restoration()).await.unwrap();

    let there = raw(&other.superuser_url()).await.unwrap();
    let after = all(&there).await;
    for (table, rows) in &before {
        if !CHANGED.contains(&table.as_str()) {
            assert_eq!(&after[table], rows, "{table}");
        }
    }
    assert_eq!(walls::gaps(&there).await.unwrap(), [], "the walls stand again");
    let db = Database::connect(&Settings::new(other.app_url())).await.unwrap();
    let doubt = Doubt { written_before: at(2), said_until: 7 };
    assert_eq!(Restoration::doubt(&db).await.unwrap(), Some(doubt));
    assert_eq!(Restoration::doubt(&world.db).await.unwrap(), None);
    // Rows that come now make others again, and have numbers of their own.
    let numbered = "insert into platform_audit (purpose, actor) values ('x', 'x') returning id";
    let owner = raw(&other.owner_url()).await.unwrap();
    let next: i64 = owner.query_one(numbered, &[]).await.unwrap().get(0);
    let most = "select max(id) from platform_audit where id < $1";
    let last: Option<i64> = owner.query_one(most, &[&next]).await.unwrap().get(0);
    assert!(last.is_some_and(|last| last < next));
    let triggers = "select count(*) from pg_trigger where tgenabled <> 'O'";
    assert_eq!(owner.query_one(triggers, &[]).await.unwrap().get::<_, i64>(0), 0);
}

#[tokio::test]
async fn a_snapshot_is_of_one_moment_and_knows_how_far_its_rows_go() {
    let world = world().await;
    let admin = raw(&world.test.superuser_url()).await.unwrap();
    let sql = "
        insert into checkpoint (name, generation, seq)
             values ('project-events', 1, 5), ('project-directory', 1, 3)";
    admin.batch_execute(sql).await.unwrap();
    let snapshot = snapshot(&world).await;
    assert_eq!(snapshot.taken.directory_seq, 3);
    assert_eq!(snapshot.taken.migration, MIGRATIONS.last().unwrap().number);
    admin.batch_execute("update checkpoint set seq = 12").await.unwrap();
    let files = taken(&snapshot).await;
    let places = String::from_utf8(files["public.checkpoint"].clone()).unwrap();
    assert!(places.contains("project-events\t1\t5\n"), "{places}");
    let audit = "select count(*) from platform_audit where purpose = 'backup' and actor = 'test'";
    assert_eq!(admin.query_one(audit, &[]).await.unwrap().get::<_, i64>(0), 1);
}

#[tokio::test]
async fn only_an_empty_database_of_no_newer_schema_is_filled() {
    let world = world().await;
    let owner = Settings::new(world.test.owner_url());
    let last = MIGRATIONS.last().unwrap().number;
    Empty::check(&owner, last).await.unwrap();
    let older = Empty::check(&owner, last - 1).await.unwrap_err().to_string();
    let want = format!("the database has migration {last}, the backup ");
    assert!(older.starts_with(&want), "{older}");
    let newer = Empty::check(&owner, last + 1).await.unwrap_err().to_string();
    assert!(newer.starts_with(&format!("the backup has migration {}, ", last + 1)), "{newer}");
    furnish(&world).await;
    let full = Empty::check(&owner, last).await.unwrap_err().to_string();
    assert!(full.starts_with("the database is not empty: "), "{full}");
    assert!(full.contains("reply (2)"), "{full}");
}

#[tokio::test]
async fn only_who_backs_up_sees_rows_of_tenants_as_the_owner() {
    let world = world().await;
    furnish(&world).await;
    let owner = raw(&world.test.owner_url()).await.unwrap();
    let count = "select count(*) from reply";
    assert_eq!(owner.query_one(count, &[]).await.unwrap().get::<_, i64>(0), 0);
    let says = "begin; select set_config('app.platform_reason', 'backup', true)";
    owner.batch_execute(says).await.unwrap();
    assert_eq!(owner.query_one(count, &[]).await.unwrap().get::<_, i64>(0), 2);
    assert_eq!(owner.execute("update reply set fence = 1", &[]).await.unwrap(), 0, "it only reads");
    owner.batch_execute("commit").await.unwrap();
    assert_eq!(owner.query_one(count, &[]).await.unwrap().get::<_, i64>(0), 0);
}
