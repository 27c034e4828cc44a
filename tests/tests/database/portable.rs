//! What a tenant takes along: no table is forgotten, each row once.

use std::collections::BTreeSet;

use domain::export::Row;
use konstruct_tests::postgres::raw;
use serde_json::Value;
use store::{
    check::walls,
    portable::{self, LEFT_OUT, ROWS_MAX, TABLES},
};

use crate::{
    tenant,
    walls::{columns, insert, run},
    world,
};

/// A table that comes later is exported, or it says why not.
#[tokio::test]
async fn every_table_of_tenants_is_exported_or_left_out_on_purpose() {
    let world = world().await;
    let client = raw(&world.test.superuser_url()).await.unwrap();
    let tables = walls::tenant_tables(&client).await.unwrap();
    let mut want: BTreeSet<_> = tables.into_iter().filter(|table| !table.contains('.')).collect();
    // Sums of all tenants.
    want.insert("p_day".to_owned());
    let mut known = BTreeSet::new();
    for name in TABLES.iter().map(|it| it.name).chain(LEFT_OUT.map(|(name, _)| name)) {
        assert!(known.insert(name.to_owned()), "{name} stands there twice");
    }
    assert_eq!(known, want);
    for table in &TABLES {
        let columns = columns(&client, table.name).await;
        let columns: Vec<_> = columns.iter().map(|it| it.name.as_str()).collect();
        for name in table.texts.iter().chain([&table.owner]) {
            assert!(columns.contains(name), "{}: {name}", table.name);
        }
    }
}

/// As they are written for another tenant.
fn renamed(rows: &[Row], slug: &str) -> Vec<Row> {
    let mut rows = rows.to_vec();
    for row in &mut rows {
        row.insert("tenant_id".to_owned(), Value::from(slug));
    }
    rows
}

#[tokio::test]
async fn what_is_read_of_every_table_is_written_once() {
    let world = world().await;
    let app = raw(&world.test.app_url()).await.unwrap();
    let (a, b) = (tenant("a"), tenant("b"));
    for table in &TABLES {
        let columns = columns(&app, table.name).await;
        run(&app, "a", &insert(table.name, &columns, "a")).await.unwrap();
    }
    let counts = portable::count(&world.db, &a).await.unwrap();
    assert!(counts.values().all(|count| *count == 1), "{counts:?}");
    for table in &TABLES {
        let rows = portable::page(&world.db, &a, table, None).await.unwrap();
        assert_eq!(rows.len(), 1, "{}", table.name);
        let after = portable::page(&world.db, &a, table, rows.last()).await.unwrap();
        assert_eq!(after, Vec::<Row>::new(), "{}", table.name);
        let theirs = renamed(&rows, "b");
        let written = portable::insert(&world.db, &b, table, &theirs).await.unwrap();
        assert_eq!(written, 1, "{}", table.name);
        let again = portable::insert(&world.db, &b, table, &theirs).await.unwrap();
        assert_eq!(again, 0, "{}", table.name);
        assert_eq!(portable::page(&world.db, &b, table, None).await.unwrap(), rows);
        // Nobody writes rows of a tenant who is not bound to it.
        let foreign = portable::insert(&world.db, &a, table, &renamed(&rows, "c")).await;
        assert!(foreign.is_err(), "{}", table.name);
    }
    let admin = raw(&world.test.superuser_url()).await.unwrap();
    for table in ["p_message", "p_conversation", "p_usage", "p_month"] {
        let sql = format!("select count(*) from models_base.{table} where tenant_id = 'b'");
        let rows: i64 = admin.query_one(&sql, &[]).await.unwrap().get(0);
        assert_eq!(rows, 1, "{table}: a rebuild has it too");
    }
    // The tenant's own sum, and none of this installation's days.
    for (sql, want) in [
        ("select count(*) from trial_month where tenant_id = 'b'", 1),
        ("select count(*) from trial_change", 1),
    ] {
        assert_eq!(admin.query_one(sql, &[]).await.unwrap().get::<_, i64>(0), want, "{sql}");
    }
}

#[tokio::test]
async fn a_long_table_is_read_in_pages_and_each_row_once() {
    let world = world().await;
    let app = raw(&world.test.app_url()).await.unwrap();
    let rows = "
        insert into attempt (tenant_id, message_id, index, deployment, started_at_ms)
        select 'a', 'm' || (i % 7), i, 'x', 0 from generate_series(-3, 1196) i";
    assert_eq!(run(&app, "a", rows).await.unwrap(), 1_200);
    let (a, table) = (tenant("a"), portable::table("attempt").unwrap());
    let (mut seen, mut pages) = (BTreeSet::new(), 0);
    let mut page = portable::page(&world.db, &a, table, None).await.unwrap();
    while let Some(last) = page.last().cloned() {
        assert!(page.len() <= ROWS_MAX);
        pages += 1;
        for row in &page {
            assert!(!row.contains_key("tenant_id"));
            let key = (row["message_id"].to_string(), row["index"].as_i64().unwrap());
            assert!(seen.insert(key), "{row:?} came twice");
        }
        page = portable::page(&world.db, &a, table, Some(&last)).await.unwrap();
    }
    assert_eq!((seen.len(), pages), (1_200, 3));
}

#[tokio::test]
async fn while_there_is_another_generation_nothing_is_written() {
    let world = world().await;
    let app = raw(&world.test.app_url()).await.unwrap();
    let (a, b, table) = (tenant("a"), tenant("b"), portable::table("p_month").unwrap());
    run(&app, "a", &insert("p_month", &columns(&app, "p_month").await, "a")).await.unwrap();
    let rows = renamed(&portable::page(&world.db, &a, table, None).await.unwrap(), "b");
    let owner = raw(&world.test.owner_url()).await.unwrap();
    let next = "
        insert into generation (name, readers, models, workers) values ('next', '{}', '{}', 1)";
    owner.batch_execute(next).await.unwrap();
    let why = portable::insert(&world.db, &b, table, &rows).await.unwrap_err().to_string();
    assert_eq!(
        why,
        "there is a next generation of the read models, which would not have what is imported: \
         `konstruct replay projections --swap` or `--drop` first"
    );
    assert_eq!(portable::count(&world.db, &b).await.unwrap()["p_month"], 0);
}
