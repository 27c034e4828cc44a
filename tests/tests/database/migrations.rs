use konstruct_tests::postgres::{TestDatabase, raw};
use store::{Database, Settings, migrate, migrate::MIGRATIONS};

use crate::world;

/// Everything the catalogue says of our tables, policies, rights and routines.
const SHAPE: &str = "
    select string_agg(line, E'\n' order by line) from (
        select format('%s %s %s %s', attrelid::regclass, attname, format_type(atttypid, atttypmod),
                      attnotnull) as line
          from pg_attribute a join pg_class c on c.oid = attrelid
         where relnamespace = 'public'::regnamespace and attnum > 0
        union all select format('%s %s %s', tablename, policyname, qual) from pg_policies
        union all select format('%s %s', relname, relacl) from pg_class
         where relnamespace = 'public'::regnamespace
        union all select format('%s %s', proname, proacl) from pg_proc
         where pronamespace = 'public'::regnamespace
    ) lines";

#[tokio::test]
async fn run_twice_they_change_nothing() {
    let test = TestDatabase::create_bare().await.unwrap();
    let (owner, client) = (Settings::new(test.owner_url()), raw(&test.owner_url()).await.unwrap());
    let all: Vec<_> = MIGRATIONS.iter().map(|migration| migration.name).collect();

    assert_eq!(migrate(&owner).await.unwrap(), all);
    let shape: String = client.query_one(SHAPE, &[]).await.unwrap().get(0);
    assert!(migrate(&owner).await.unwrap().is_empty());
    assert_eq!(client.query_one(SHAPE, &[]).await.unwrap().get::<_, String>(0), shape);
}

#[tokio::test]
async fn several_at_once_run_each_once() {
    let test = TestDatabase::create_bare().await.unwrap();
    let owner = Settings::new(test.owner_url());
    let (a, b, c) = tokio::join!(migrate(&owner), migrate(&owner), migrate(&owner));
    let done: usize = [a, b, c].into_iter().map(|names| names.unwrap().len()).sum();
    assert_eq!(done, MIGRATIONS.len());
}

#[tokio::test]
async fn a_file_that_changed_is_an_error() {
    let world = world().await;
    let owner = raw(&world.test.owner_url()).await.unwrap();
    let sql = "update konstruct_migration set checksum = 'other' where number = 2";
    owner.execute(sql, &[]).await.unwrap();
    let error = migrate(&Settings::new(world.test.owner_url())).await.unwrap_err();
    let want = "migration 0002_keys was changed after it was run: put it back and add a new one";
    assert_eq!(error.to_string(), want);
}

#[tokio::test]
async fn a_service_does_not_start_on_an_older_schema_and_does_on_a_newer() {
    let world = world().await;
    let owner = raw(&world.test.owner_url()).await.unwrap();
    let app = Settings::new(world.test.app_url());
    let newer = "insert into konstruct_migration (number, name, checksum) values (999, 'x', 'x')";
    owner.execute(newer, &[]).await.unwrap();
    Database::connect(&app).await.unwrap();

    owner.execute("delete from konstruct_migration where number = 7", &[]).await.unwrap();
    let error = Database::connect(&app).await.err().unwrap().to_string();
    let want = "migration 0007_projections is missing in the database: run `konstruct migrate`";
    assert_eq!(error, want);
}

#[tokio::test]
async fn a_database_of_somebody_else_is_refused_with_the_way_out() {
    let test = TestDatabase::create_bare().await.unwrap();
    let admin = raw(&test.superuser_url()).await.unwrap();
    let name = test.name();
    admin.batch_execute(&format!("alter database {name} owner to postgres")).await.unwrap();
    let error = migrate(&Settings::new(test.owner_url())).await.unwrap_err().to_string();
    let want = format!(
        "the database is not ours: a superuser must once run `alter database {name} owner to \
         konstruct_owner`"
    );
    assert_eq!(error, want);
}

#[tokio::test]
async fn what_was_used_before_there_were_sums_of_months_is_in_them() {
    let world = world().await;
    let admin = raw(&world.test.superuser_url()).await.unwrap();
    let before = "
        drop table trial_month, trial_day, trial_change;
        drop function add_up_trials cascade;
        drop index p_month_list;
        insert into trial_usage values ('acme', 20231030, 'mara', 'm', 1, 1, 10, 5, 7),
                                       ('acme', 20231031, '', 'm', 2, 0, 20, 6, 8),
                                       ('other', 20231101, '', 'm', 1, 0, 1, 1, 9);";
    admin.batch_execute(before).await.unwrap();
    let months = MIGRATIONS.iter().find(|migration| migration.name == "0022_months").unwrap();
    let owner = raw(&world.test.owner_url()).await.unwrap();
    owner.batch_execute(&format!("begin; {}; commit", months.sql)).await.unwrap();
    let found = "select string_agg(format('%s', m), ' ' order by m) from trial_month m union all
                 select string_agg(format('%s', d), ' ' order by d) from trial_day d";
    let found = admin.query(found, &[]).await.unwrap();
    let found: Vec<String> = found.iter().map(|row| row.get(0)).collect();
    let months = "(acme,202310,1,30,11,15) (other,202311,0,1,1,9)";
    let days = "(20231030,m,1,10,5,7) (20231031,m,0,20,6,8) (20231101,m,0,1,1,9)";
    assert_eq!(found, [months, days]);
}
