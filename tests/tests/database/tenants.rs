use konstruct_tests::postgres::raw;
use store::{Database, Settings, TenantTx};

use crate::{at, tenant, world};

const PUT: &str = "
    insert into secret (tenant_id, name, sealed, updated_at_ms) values ($1, $2, '', 0)";
const NAMES: &str =
    "select coalesce(string_agg(tenant_id || '.' || name, ' ' order by 1), '') from secret";
const SETTING: &str = "select coalesce(current_setting('app.current_tenant', true), '')";

async fn names(tx: &mut TenantTx) -> String {
    tx.query_opt(NAMES, &[]).await.unwrap().unwrap().get(0)
}

async fn put(db: &Database, slug: &str, name: &str) {
    let mut tx = db.tenant(&tenant(slug)).await.unwrap();
    assert_eq!(tx.execute(PUT, &[&slug, &name]).await.unwrap(), 1);
    tx.commit().await.unwrap();
}

#[tokio::test]
async fn a_pooled_connection_keeps_nothing_of_the_tenant_before() {
    let world = world().await;
    let one = Settings::new(world.test.app_url()).pool_size(1);
    let db = Database::connect(&one).await.unwrap();
    put(&db, "acme", "token").await;

    let mut tx = db.tenant(&tenant("other")).await.unwrap();
    assert_eq!(names(&mut tx).await, "");
    // Even somebody who sets it for the session leaves nothing behind.
    let sticky = "select set_config('app.current_tenant', 'acme', false)";
    tx.query(sticky, &[]).await.unwrap();
    tx.commit().await.unwrap();
    let findings = store::check::check(&db).await.unwrap();
    assert!(findings.iter().all(store::check::Finding::is_good), "{findings:?}");
    let mut tx = db.tenant(&tenant("other")).await.unwrap();
    assert_eq!(names(&mut tx).await, "");
}

#[tokio::test]
async fn what_is_not_committed_leaves_nothing_behind() {
    let world = world().await;
    let one = Settings::new(world.test.app_url()).pool_size(1);
    let db = Database::connect(&one).await.unwrap();
    let acme = tenant("acme");

    let mut tx = db.tenant(&acme).await.unwrap();
    tx.execute(PUT, &[&"acme", &"dropped"]).await.unwrap();
    drop(tx);
    let mut tx = db.tenant(&acme).await.unwrap();
    assert_eq!(names(&mut tx).await, "", "rolled back before the connection is used again");

    assert!(tx.query("select 1/0", &[]).await.is_err());
    let error = tx.commit().await.unwrap_err().to_string();
    assert!(error.contains("failed"), "a failed transaction never commits quietly: {error}");
    put(&db, "acme", "kept").await;
    let mut tx = db.tenant(&acme).await.unwrap();
    assert_eq!(names(&mut tx).await, "acme.kept");
}

#[tokio::test]
async fn one_that_is_cut_off_in_the_middle_is_not_used_again() {
    let world = world().await;
    let one = Settings::new(world.test.app_url()).pool_size(1);
    let db = Database::connect(&one).await.unwrap();
    let acme = tenant("acme");
    {
        let mut tx = db.tenant(&acme).await.unwrap();
        tx.execute(PUT, &[&"acme", &"half"]).await.unwrap();
        let slow = tx.query("select pg_sleep(30)", &[]);
        let wait = std::time::Duration::from_millis(100);
        assert!(tokio::time::timeout(wait, slow).await.is_err());
    }
    let begun = std::time::Instant::now();
    let mut tx = db.tenant(&acme).await.unwrap();
    assert_eq!(names(&mut tx).await, "");
    assert!(begun.elapsed().as_secs() < 5, "nobody waited for the statement that was cut off");
}

#[tokio::test]
async fn a_batch_goes_from_tenant_to_tenant_in_one_transaction() {
    let world = world().await;
    put(&world.db, "a", "x").await;
    let (a, b) = (tenant("a"), tenant("b"));
    let mut tx = world.db.tenant(&a).await.unwrap();
    assert_eq!(names(&mut tx).await, "a.x");
    tx.rebind(&b);
    assert_eq!(names(&mut tx).await, "");
    tx.execute(PUT, &[&"b", &"y"]).await.unwrap();
    assert_eq!(names(&mut tx).await, "b.y");
    tx.rebind(&a);
    assert_eq!(names(&mut tx).await, "a.x");
    drop(tx);
    let mut tx = world.db.tenant(&b).await.unwrap();
    assert_eq!(names(&mut tx).await, "", "one transaction: all of it or nothing");
}

#[tokio::test]
async fn the_first_statement_is_already_bound() {
    let world = world().await;
    let mut tx = world.db.tenant(&tenant("acme")).await.unwrap();
    let bound: String = tx.query_opt(SETTING, &[]).await.unwrap().unwrap().get(0);
    assert_eq!(bound, "acme");
}

#[tokio::test]
async fn a_connection_that_broke_is_replaced() {
    let world = world().await;
    let one = Settings::new(world.test.app_url()).pool_size(1);
    let db = Database::connect(&one).await.unwrap();
    put(&db, "acme", "before").await;
    let admin = raw(&world.test.superuser_url()).await.unwrap();
    let kill = "
        select count(pg_terminate_backend(pid)) from pg_stat_activity
         where usename = 'konstruct_app' and datname = current_database()";
    admin.query_one(kill, &[]).await.unwrap();
    let mut tx = loop {
        let mut tx = match db.tenant(&tenant("acme")).await {
            Ok(tx) => tx,
            Err(error) => {
                assert!(error.is_transient(), "{error}");
                continue;
            }
        };
        match tx.query("select 1", &[]).await {
            Ok(_) => break tx,
            Err(error) => assert!(error.is_transient(), "{error}"),
        }
    };
    assert_eq!(names(&mut tx).await, "acme.before");
}

#[tokio::test]
async fn an_error_says_nothing_of_the_row() {
    let world = world().await;
    put(&world.db, "acme", "hush").await;
    let mut tx = world.db.tenant(&tenant("acme")).await.unwrap();
    let error = tx.execute(PUT, &[&"acme", &"hush"]).await.unwrap_err();
    let text = format!("{error} {error:?}");
    assert!(text.contains("23505") && !text.contains("hush"), "{text}");

    let mut tx = world.db.tenant(&tenant("acme")).await.unwrap();
    let error = tx.query("select $1::text::int", &[&"hush"]).await.unwrap_err();
    let text = format!("{error} {error:?}");
    assert!(text.contains("22P02") && !text.contains("hush"), "{text}");
    assert_eq!(at(0).as_millis(), 1_700_000_000_000);
}

#[tokio::test]
async fn a_migration_under_a_running_service_costs_one_retry() {
    let world = world().await;
    let one = Settings::new(world.test.app_url()).pool_size(1);
    let db = Database::connect(&one).await.unwrap();
    let all = "select * from secret where tenant_id = $1";
    let mut tx = db.tenant(&tenant("acme")).await.unwrap();
    tx.query(all, &[&"acme"]).await.unwrap();
    tx.commit().await.unwrap();
    let owner = raw(&world.test.owner_url()).await.unwrap();
    owner.batch_execute("alter table secret add column more text").await.unwrap();

    let mut tx = db.tenant(&tenant("acme")).await.unwrap();
    let error = tx.query(all, &[&"acme"]).await.unwrap_err();
    assert!(error.is_transient(), "{error}");
    drop(tx);
    let mut tx = db.tenant(&tenant("acme")).await.unwrap();
    tx.query(all, &[&"acme"]).await.unwrap();
}
