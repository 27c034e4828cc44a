//! Erasing a tenant: no table is forgotten, and no other tenant loses a row.

use std::time::Duration;

use konstruct_tests::{postgres::raw, wait::until};
use store::{
    Purpose,
    check::walls,
    erase::{self, Had},
    erasures, keys,
};
use tokio_postgres::Client;

use crate::{
    World, at, tenant,
    walls::{columns, insert, run},
    world,
};

const PATIENCE: Duration = Duration::from_mins(1);

/// A row of tenants `a` and `b` in every table.
async fn furnish(world: &World) -> Vec<String> {
    let app = raw(&world.test.app_url()).await.unwrap();
    let tables = walls::tenant_tables(&app).await.unwrap();
    for table in &tables {
        let columns = columns(&app, table).await;
        for tenant in ["a", "b"] {
            run(&app, tenant, &insert(table, &columns, tenant)).await.unwrap();
        }
    }
    tables
}

async fn had(world: &World, slug: &str) -> Vec<Had> {
    erase::count(&world.platform, &tenant(slug), &[], "test").await.unwrap()
}

/// What still has rows, with how many.
fn some(had: &[Had]) -> Vec<String> {
    let some = had.iter().filter(|had| 0 < had.rows);
    some.map(|had| format!("{} {}", had.table, had.rows)).collect()
}

/// What the installation keeps for a tenant: a key of the API with an answer, and an invitation.
async fn furnish_installation(client: &Client, slug: &str) {
    let sql = format!(
        "insert into api_key (id, sha256, prefix, name, tenant, role, created_by, created_at_ms)
             values ('key-{slug}', '{slug}', 'x', 'x', '{slug}', 'viewer', 'x', 0);
         insert into api_answer (operator_id, name, request_sha256, at_ms)
             values ('key-{slug}', 'x', '', 0);
         insert into one_use_token (sha256, purpose, email, tenant, created_at_ms, expires_at_ms)
             values ('{slug}', 'invite', 'x', '{slug}', 0, 0);"
    );
    client.batch_execute(&sql).await.unwrap();
}

#[tokio::test]
async fn every_row_of_a_tenant_goes_and_none_of_another() {
    let world = world().await;
    let tables = furnish(&world).await;
    let admin = raw(&world.test.superuser_url()).await.unwrap();
    furnish_installation(&admin, "a").await;
    furnish_installation(&admin, "b").await;

    let mut want: Vec<_> = tables.into_iter().filter(|table| table != "tenant_key").collect();
    want.extend(["api_answer", "api_key", "one_use_token"].map(str::to_owned));
    want.sort_unstable();
    let counted = had(&world, "a").await;
    let mut names: Vec<_> = counted.iter().map(|had| had.table.clone()).collect();
    names.sort_unstable();
    assert_eq!(names, want, "a table of tenants that erasure does not know");
    // A day of trials writes its month beside what was written here.
    let rows = |had: &Had| if had.table == "trial_month" { 2 } else { 1 };
    assert!(counted.iter().all(|had| had.rows == rows(had)), "{counted:?}");

    let all = counted.iter().map(rows).sum::<u64>();
    let erased = erase::erase(&world.platform, &tenant("a"), &[], "test").await.unwrap();
    assert_eq!(erased, all);
    assert_eq!(some(&had(&world, "a").await), Vec::<String>::new());
    assert_eq!(had(&world, "b").await.iter().map(|had| had.rows).sum::<u64>(), all);
    let erased = erase::erase(&world.platform, &tenant("a"), &[], "test").await.unwrap();
    assert_eq!(erased, 0, "a second run finds nothing");
}

/// Every column that names a tenant in a table of the installation is erased, or kept on purpose.
#[tokio::test]
async fn what_names_a_tenant_beside_its_own_tables_is_known() {
    let world = world().await;
    let admin = raw(&world.test.superuser_url()).await.unwrap();
    let sql = "
        select string_agg(c.relname || '.' || a.attname, ' ' order by c.relname)
          from pg_attribute a join pg_class c on c.oid = a.attrelid
         where c.relnamespace = 'public'::regnamespace and c.relkind = 'r'
           and a.attname like 'tenant%' and c.relname = any($1)";
    let tables = walls::PLATFORM_TABLES.as_slice();
    let found: String = admin.query_one(sql, &[&tables]).await.unwrap().get(0);
    // Two stay: they are the record of what operators did.
    assert_eq!(found, "api_key.tenant erasure.tenant one_use_token.tenant operator_log.tenant");
}

#[tokio::test]
async fn what_derives_from_the_tombstone_stays_and_is_not_counted() {
    let world = world().await;
    let app = raw(&world.test.app_url()).await.unwrap();
    let event = |stream: &str, seq: i64| {
        format!(
            "insert into p_event (tenant_id, stream, seq, event_id, correlation_id, kind, source,
                 time_ms) values ('a', '{stream}', {seq}, '{stream}{seq}', 'x', 'x', 'x', 0)"
        )
    };
    let rows = [event("DIRECTORY", 7), event("DIRECTORY", 6), event("EVENTS", 7)];
    let entry = "
        insert into p_tenant (tenant_id, state, status, name, last_seq)
            values ('a', '{}', 'deleted', 'a', 7)";
    for sql in rows.iter().map(String::as_str).chain([entry]) {
        run(&app, "a", sql).await.unwrap();
    }
    let a = tenant("a");
    let count = async || erase::count(&world.platform, &a, &[7], "test").await.unwrap();
    assert_eq!(some(&count().await), ["p_event 2"]);
    assert_eq!(erase::erase(&world.platform, &a, &[7], "test").await.unwrap(), 2);
    assert_eq!(some(&count().await), Vec::<String>::new());
    assert_eq!(some(&had(&world, "a").await), ["p_event 1", "p_tenant 1"]);
}

#[tokio::test]
async fn a_table_that_comes_later_is_erased_too() {
    let world = world().await;
    let owner = raw(&world.test.owner_url()).await.unwrap();
    let later = "
        create table later (tenant_id text collate \"C\" not null, id int not null,
            primary key (tenant_id, id));
        call tenant_table('later');";
    owner.batch_execute(later).await.unwrap();
    let app = raw(&world.test.app_url()).await.unwrap();
    let rows = "insert into later select 'a', i from generate_series(1, 12000) i";
    assert_eq!(run(&app, "a", rows).await.unwrap(), 12_000);
    run(&app, "b", "insert into later values ('b', 1)").await.unwrap();
    assert_eq!(some(&had(&world, "a").await), ["later 12000"]);
    // In pieces of 5,000.
    let erased = erase::erase(&world.platform, &tenant("a"), &[], "test").await.unwrap();
    assert_eq!(erased, 12_000);
    assert_eq!(some(&had(&world, "a").await), Vec::<String>::new());
    assert_eq!(some(&had(&world, "b").await), ["later 1"]);
}

#[tokio::test]
async fn without_the_purpose_nothing_is_erased() {
    let world = world().await;
    furnish(&world).await;
    let mut tx = world.platform.begin(Purpose::Rebuild, "test").await.unwrap();
    assert_eq!(tx.execute("delete from secret where tenant_id = 'a'", &[]).await.unwrap(), 0);
    drop(tx);
    let mut tx = world.platform.begin(Purpose::Erase, "olga@example.com").await.unwrap();
    assert!(tx.query("select sealed from secret", &[]).await.is_err(), "a row is only deleted");
    drop(tx);
    let admin = raw(&world.test.superuser_url()).await.unwrap();
    let sql = "
        select count(*) from platform_audit
         where purpose = 'erase' and actor = 'olga@example.com'";
    assert_eq!(admin.query_one(sql, &[]).await.unwrap().get::<_, i64>(0), 1);
}

#[tokio::test]
async fn a_key_is_there_until_it_is_forgotten() {
    let world = world().await;
    let acme = tenant("acme");
    assert!(!keys::is_there(&world.db, &acme).await.unwrap(), "none was made");
    let app = raw(&world.test.app_url()).await.unwrap();
    let made = "
        insert into tenant_key (tenant_id, wrapped, master_fingerprint, created_at_ms)
            values ('acme', 'x', 'x', 0)";
    run(&app, "acme", made).await.unwrap();
    assert!(keys::is_there(&world.db, &acme).await.unwrap());
    keys::forget(&world.db, &acme, at(0)).await.unwrap();
    assert!(!keys::is_there(&world.db, &acme).await.unwrap());
}

/// Somebody else's transaction has a row of the one table and waits for one of the other.
#[tokio::test]
async fn whoever_holds_a_table_keeps_no_other_one_waiting() {
    let world = world().await;
    let tables = furnish(&world).await;
    assert!(tables.iter().any(|table| table == "turn"));
    let mut held = raw(&world.test.superuser_url()).await.unwrap();
    let other = raw(&world.test.superuser_url()).await.unwrap();
    let tx = held.transaction().await.unwrap();
    tx.batch_execute("select from turn where tenant_id = 'a' for update").await.unwrap();
    let (platform, a) = (world.platform.clone(), tenant("a"));
    let erasing = tokio::spawn(async move { erase::erase(&platform, &a, &[], "test").await });
    // What comes before it is gone for good while it waits, and locks nothing any more.
    let gone = "select count(*) from secret where tenant_id = 'a'";
    let gone = || async { anyhow::Ok(other.query_one(gone, &[]).await?.get::<_, i64>(0) == 0) };
    until(PATIENCE, "a table before it is empty", gone).await.unwrap();
    let lock = "set local lock_timeout = '30s'; lock table secret in access exclusive mode";
    tx.batch_execute(lock).await.unwrap();
    tx.rollback().await.unwrap();
    assert!(0 < erasing.await.unwrap().unwrap());
    assert_eq!(some(&had(&world, "a").await), Vec::<String>::new());
}

#[tokio::test]
async fn what_was_erased_is_known_with_its_receipt() {
    let world = world().await;
    let (platform, a) = (&world.platform, tenant("a"));
    assert_eq!(erasures::of(platform, &a, "test").await.unwrap(), []);
    let first = erasures::begin(platform, &a, "olga", at(5)).await.unwrap();
    let second = erasures::begin(platform, &a, "olga", at(6)).await.unwrap();
    erasures::end(platform, (second, "olga"), "{ \"b\": 1, \"a\": 2 }", at(7)).await.unwrap();
    let known = erasures::of(platform, &a, "test").await.unwrap();
    let told: Vec<_> = known.iter().map(|it| (it.id, it.ended_at, it.receipt.as_deref())).collect();
    let receipt = Some("{ \"b\": 1, \"a\": 2 }");
    assert_eq!(told, [(second, Some(at(7)), receipt), (first, None, None)]);
    assert_eq!(erasures::of(platform, &tenant("b"), "test").await.unwrap(), []);
    let app = raw(&world.test.app_url()).await.unwrap();
    assert!(app.query("select from erasure", &[]).await.is_err(), "no service reads it");
}
