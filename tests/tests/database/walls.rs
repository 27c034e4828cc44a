//! The walls between tenants, found in the catalogue and tried one by one.

use konstruct_tests::postgres::raw;
use store::{
    Database, Platform, Settings,
    check::{self, walls},
};
use tokio_postgres::{Client, error::SqlState};

use crate::{World, world};

#[tokio::test]
async fn every_tenant_table_is_walled() {
    let world = world().await;
    let client = raw(&world.test.superuser_url()).await.unwrap();
    assert_eq!(walls::gaps(&client).await.unwrap(), []);
    let tables = walls::tenant_tables(&client).await.unwrap();
    assert!(tables.contains(&"turn".to_owned()), "{tables:?}");
    assert!(tables.contains(&"models_base.p_event".to_owned()), "{tables:?}");
    for finding in check::check(&world.db).await.unwrap() {
        assert!(finding.is_good(), "{finding:?}");
    }
}

#[tokio::test]
async fn a_table_without_walls_is_found() {
    let world = world().await;
    let owner = raw(&world.test.owner_url()).await.unwrap();
    let leaky = "
        create table leaky (tenant_id text, id int primary key);
        grant all on leaky to public;
        create view peek as select * from turn;
        create table half (tenant_id text primary key, id int unique);
        call tenant_table('half');
        create policy open on half to konstruct_app using (true);";
    owner.batch_execute(leaky).await.unwrap();
    let gaps: Vec<_> = walls::gaps(&owner).await.unwrap().iter().map(ToString::to_string).collect();
    let want = [
        "half: a unique key that does not start with tenant_id",
        "half: policy open says something else",
        "leaky: row-level security is not enabled",
        "leaky: row-level security is not forced on the owner",
        "leaky: its primary key does not start with tenant_id",
        "leaky: a unique key that does not start with tenant_id",
        "leaky: tenant_id is missing or may be null",
        "leaky: everybody may use it",
        "leaky: the app role has no policy with USING and WITH CHECK",
        "peek: views and foreign tables pass row-level security by",
        "peek: the app role has no policy with USING and WITH CHECK",
    ];
    assert_eq!(gaps, want);
    let findings = check::check(&world.db).await.unwrap();
    assert!(findings.iter().any(|finding| !finding.is_good()));
}

#[tokio::test]
async fn no_tenant_reaches_another_in_any_table() {
    let world = world().await;
    let app = raw(&world.test.app_url()).await.unwrap();
    for table in walls::tenant_tables(&app).await.unwrap() {
        let columns = columns(&app, &table).await;
        let insert = |tenant: &str| insert(&table, &columns, tenant);

        run(&app, "a", &insert("a")).await.unwrap();
        // The same key is free for another tenant: its existence is not told.
        run(&app, "b", &insert("b")).await.unwrap();
        for bound in ["a", "b"] {
            let seen = count(&app, bound, &table, "true").await;
            assert_eq!(seen, 1, "{table}: {bound} sees its own row");
        }
        assert_eq!(count(&app, "b", &table, "tenant_id = 'a'").await, 0, "{table}: SELECT");

        refused(&run(&app, "b", &insert("a")).await, &table, "INSERT");
        refused(
            &run(&app, "b", &format!("update {table} set tenant_id = 'a'")).await,
            &table,
            "UPDATE to another",
        );
        let touched = run(&app, "b", &format!("update {table} set tenant_id = tenant_id")).await;
        assert_eq!(touched.unwrap(), 1, "{table}: UPDATE reaches its own row only");
        let other = format!("update {table} set tenant_id = 'b' where tenant_id = 'a'");
        assert_eq!(run(&app, "b", &other).await.unwrap(), 0, "{table}: UPDATE of another");
        let other = format!("delete from {table} where tenant_id = 'a'");
        none_deleted(&run(&app, "b", &other).await, &table);
        refused(&run(&app, "b", &format!("truncate {table}")).await, &table, "TRUNCATE");

        assert_eq!(count(&app, "", &table, "true").await, 0, "{table}: bound to nobody");
        refused(&run(&app, "", &insert("")).await, &table, "INSERT of nobody");
        refused(&run(&app, "", &insert("c")).await, &table, "INSERT while bound to nobody");
        none_deleted(&run(&app, "", &format!("delete from {table}")).await, &table);
        assert_eq!(count(&app, "a", &table, "true").await, 1, "{table}: nothing was lost");
    }
}

#[tokio::test]
async fn the_owner_and_the_platform_see_no_row_either() {
    let world = world().await;
    let app = raw(&world.test.app_url()).await.unwrap();
    let owner = raw(&world.test.owner_url()).await.unwrap();
    let platform = raw(&world.test.platform_url()).await.unwrap();
    for table in walls::tenant_tables(&app).await.unwrap() {
        let columns = columns(&app, &table).await;
        run(&app, "a", &insert(&table, &columns, "a")).await.unwrap();
        assert_eq!(count(&owner, "a", &table, "true").await, 0, "{table}: owner");
        let sql = format!("select count(*) from {table}");
        let seen = match platform.query_one(&sql, &[]).await {
            Ok(row) => row.get(0),
            Err(error) if error.code() == Some(&SqlState::INSUFFICIENT_PRIVILEGE) => 0,
            Err(error) => panic!("{table}: {error}"),
        };
        assert_eq!(seen, 0_i64, "{table}: the platform role without a purpose");
    }
}

#[tokio::test]
async fn the_roles_can_pass_nothing_and_own_nothing() {
    let world = world().await;
    let client = raw(&world.test.superuser_url()).await.unwrap();
    let sql = "
        select rolname::text, rolsuper or rolbypassrls or rolcreaterole or rolcreatedb,
            (select count(*) from pg_class where relowner = r.oid)
          from pg_roles r where rolname in ('konstruct_app', 'konstruct_platform')";
    let rows = client.query(sql, &[]).await.unwrap();
    assert_eq!(rows.len(), 2);
    for row in rows {
        assert!(!row.get::<_, bool>(1), "{} is too strong", row.get::<_, String>(0));
        assert_eq!(row.get::<_, i64>(2), 0, "{} owns something", row.get::<_, String>(0));
    }
    for url in [world.test.app_url(), world.test.platform_url()] {
        let client = raw(&url).await.unwrap();
        for sql in [
            "create table mine (id int)",
            "alter table turn disable row level security",
            "drop policy bound_tenant on turn",
            "call tenant_table('turn')",
            "set role konstruct_owner",
        ] {
            assert!(client.batch_execute(sql).await.is_err(), "{sql}");
        }
    }
}

#[tokio::test]
async fn whoever_is_not_bound_is_refused_at_start_up() {
    let World { test, .. } = world().await;
    let admin = raw(&test.superuser_url()).await.unwrap();
    let refused = async |url: String| {
        let app = Database::connect(&Settings::new(url.clone())).await.err().unwrap().to_string();
        let platform = Platform::connect(&Settings::new(url)).await.err().unwrap().to_string();
        [app, platform]
    };
    let [app, platform] = refused(test.superuser_url()).await;
    assert_eq!(
        app,
        "refusing to serve: `postgres` is a superuser, whom row-level security does not bind. \
         Point KONSTRUCT_DATABASE_URL at the role `konstruct_app`, which `konstruct doctor` \
         describes"
    );
    assert!(platform.contains("Point KONSTRUCT_PLATFORM_DATABASE_URL at the role"), "{platform}");

    let tables: i64 = admin
        .query_one(
            "select count(*) from pg_tables where schemaname in ('public', 'models_base')",
            &[],
        )
        .await
        .unwrap()
        .get(0);
    let [app, _] = refused(test.owner_url()).await;
    assert_eq!(
        app,
        format!(
            "refusing to serve: `konstruct_owner` owns {tables} tables, so it could turn \
             row-level security off. Point KONSTRUCT_DATABASE_URL at the role `konstruct_app`, \
             which `konstruct doctor` describes"
        )
    );

    let wrong = Platform::connect(&Settings::new(test.app_url())).await.err().unwrap();
    assert_eq!(
        wrong.to_string(),
        "KONSTRUCT_PLATFORM_DATABASE_URL connects as `konstruct_app`, which is not \
         `konstruct_platform` nor a member of it"
    );
}

/// A column and a value that fits it.
pub(crate) struct Column {
    pub(crate) name: String,
    value: String,
}

/// A value for every column, from its type, or from the list that a CHECK allows.
pub(crate) async fn columns(client: &Client, table: &str) -> Vec<Column> {
    let sql = "
        select a.attname::text, format_type(a.atttypid, null),
            (select substring(pg_get_constraintdef(c.oid) from '''([^'']+)''::text')
               from pg_constraint c
              where c.conrelid = a.attrelid and c.contype = 'c' and c.conkey = array[a.attnum]
              limit 1)
          from pg_attribute a
         where a.attrelid = $1::text::regclass and a.attnum > 0 and not a.attisdropped
           and a.attgenerated = ''
         order by a.attnum";
    let rows = client.query(sql, &[&table]).await.unwrap();
    let column = |row: &tokio_postgres::Row| {
        let (kind, allowed): (String, Option<String>) = (row.get(1), row.get(2));
        let value = match kind.as_str() {
            "text" => format!("'{}'", allowed.unwrap_or_else(|| "x".to_owned())),
            "bigint" | "integer" => "1".to_owned(),
            "boolean" => "false".to_owned(),
            "jsonb" | "text[]" | "bigint[]" => "'{}'".to_owned(),
            "timestamp with time zone" => "now()".to_owned(),
            other => panic!("{table}: how does one make a {other}?"),
        };
        Column { name: row.get(0), value }
    };
    rows.iter().map(column).collect()
}

pub(crate) fn insert(table: &str, columns: &[Column], tenant: &str) -> String {
    let value = |column: &Column| match column.name.as_str() {
        "tenant_id" => format!("'{tenant}'"),
        _ => column.value.clone(),
    };
    let names: Vec<_> = columns.iter().map(|column| format!("\"{}\"", column.name)).collect();
    let values: Vec<_> = columns.iter().map(value).collect();
    format!("insert into {table} ({}) values ({})", names.join(", "), values.join(", "))
}

/// No row of theirs, or no right to delete at all.
fn none_deleted(done: &Result<u64, tokio_postgres::Error>, table: &str) {
    match done {
        Ok(count) => assert_eq!(*count, 0, "{table}: DELETE"),
        Err(_) => refused(done, table, "DELETE"),
    }
}

/// One statement, bound to `tenant` as a service would be.
pub(crate) async fn run(
    client: &Client,
    tenant: &str,
    sql: &str,
) -> Result<u64, tokio_postgres::Error> {
    client.batch_execute("begin").await.unwrap();
    bind(client, tenant).await;
    let done = client.execute(sql, &[]).await;
    client.batch_execute(if done.is_ok() { "commit" } else { "rollback" }).await.unwrap();
    done
}

async fn count(client: &Client, tenant: &str, table: &str, condition: &str) -> i64 {
    client.batch_execute("begin").await.unwrap();
    bind(client, tenant).await;
    let sql = format!("select count(*) from {table} where {condition}");
    let count = client.query_one(&sql, &[]).await.unwrap().get(0);
    client.batch_execute("commit").await.unwrap();
    count
}

async fn bind(client: &Client, tenant: &str) {
    let sql = "select set_config('app.current_tenant', $1, true)";
    client.execute(sql, &[&tenant]).await.unwrap();
}

fn refused(done: &Result<u64, tokio_postgres::Error>, table: &str, what: &str) {
    let error = done.as_ref().expect_err(&format!("{table}: {what} was not refused"));
    assert_eq!(error.code(), Some(&SqlState::INSUFFICIENT_PRIVILEGE), "{table}: {what}: {error}");
}
