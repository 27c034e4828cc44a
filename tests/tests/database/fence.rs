use std::time::Duration;

use konstruct_tests::{postgres::raw, wait::until};
use store::{
    StoreError,
    alone::{Alone, Busy},
    fence::Leadership,
};
use tokio::time::timeout;

use crate::{tenant, world};

const PATIENCE: Duration = Duration::from_mins(1);

#[tokio::test]
async fn one_leads_and_the_next_one_takes_over_when_it_dies() {
    let world = world().await;
    let first = Leadership::acquire(&world.db, "delivery", "one").await.unwrap();
    let db = world.db.clone();
    let second =
        tokio::spawn(async move { Leadership::acquire(&db, "delivery", "two").await.unwrap() });
    // Another stage is nobody's business.
    Leadership::acquire(&world.db, "completion", "one").await.unwrap();
    tokio::time::sleep(Duration::from_millis(600)).await;
    assert!(!second.is_finished(), "two lead at once");

    let admin = raw(&world.test.superuser_url()).await.unwrap();
    let kill = "
        select count(pg_terminate_backend(l.pid)) from pg_locks l join pg_stat_activity a using (pid)
         where l.locktype = 'advisory' and l.granted and a.application_name = 'konstruct-lead-delivery'
           and a.datname = current_database()";
    let killed: i64 = admin.query_one(kill, &[]).await.unwrap().get(0);
    assert_eq!(killed, 1);

    timeout(PATIENCE, first.lost()).await.expect("the first one learns that it lost");
    let second = timeout(PATIENCE, second).await.expect("the second one takes over").unwrap();
    assert!(first.fence().epoch() < second.fence().epoch());

    let mut tx = world.db.tenant(&tenant("acme")).await.unwrap();
    assert!(matches!(first.fence().check(&mut tx).await, Err(StoreError::Fenced(_))));
    second.fence().check(&mut tx).await.unwrap();
}

#[tokio::test]
async fn a_leader_that_stops_hands_over_at_once() {
    let world = world().await;
    let first = Leadership::acquire(&world.db, "projector", "one").await.unwrap();
    let epoch = first.fence().epoch();
    drop(first);
    let second = Leadership::acquire(&world.db, "projector", "two");
    let second = timeout(PATIENCE, second).await.unwrap().unwrap();
    assert_eq!(second.fence().epoch(), epoch + 1);
    assert!(timeout(Duration::from_millis(300), second.lost()).await.is_err());
}

#[tokio::test]
async fn one_is_at_a_work_and_the_next_is_told_who() {
    let world = world().await;
    let take = async |work: &str, owner: &str| Alone::take(&world.db, work, owner).await.unwrap();
    let first = take("erase/acme", "host/1").await.unwrap();
    let second = take("erase/acme", "host/2").await.unwrap_err();
    assert_eq!(second, Busy { by: "host/1".to_owned() });
    assert_eq!(second.to_string(), "host/1 is at it just now");
    // Another tenant is nobody's business.
    take("erase/beta", "host/2").await.unwrap();
    drop(first);
    let free = async || anyhow::Ok(take("erase/acme", "host/2").await.is_ok());
    until(PATIENCE, "the work is free", free).await.unwrap();
}

#[tokio::test]
async fn whoever_loses_its_session_is_at_nothing_any_more() {
    let world = world().await;
    let first = Alone::take(&world.db, "erase/acme", "host/1").await.unwrap().unwrap();
    let admin = raw(&world.test.superuser_url()).await.unwrap();
    let kill = "
        select count(pg_terminate_backend(pid)) from pg_stat_activity
         where application_name = 'konstruct-alone host/1' and datname = current_database()";
    assert_eq!(admin.query_one(kill, &[]).await.unwrap().get::<_, i64>(0), 1);
    timeout(PATIENCE, first.lost()).await.expect("the first one learns of it");
}
