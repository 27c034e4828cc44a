use konstruct_tests::postgres::raw;
use store::prune::prune;
use tokio_postgres::error::SqlState;

use super::{HOUR, MARA, OTHER, PASSWORD, house, secret, visit};
use crate::at;

const TABLES: [&str; 10] = [
    "api_answer",
    "api_key",
    "oidc_returned",
    "one_use_token",
    "operator",
    "operator_identity",
    "operator_log",
    "operator_session",
    "recovery_code",
    "sign_in_throttle",
];

#[tokio::test]
async fn whoever_serves_tenants_reads_nothing_of_operators() {
    let house = house().await;
    let app = raw(&house.world.test.app_url()).await.unwrap();
    for table in TABLES {
        for sql in [format!("select from {table}"), format!("delete from {table}")] {
            let error = app.execute(&sql, &[]).await.unwrap_err();
            assert_eq!(error.code(), Some(&SqlState::INSUFFICIENT_PRIVILEGE), "{sql}: {error}");
        }
    }
}

#[tokio::test]
async fn nobody_rewrites_the_log_of_operators() {
    let house = house().await;
    let platform = raw(&house.world.test.platform_url()).await.unwrap();
    for sql in ["delete from operator_log", "update operator_log set action = 'x'"] {
        let error = platform.execute(sql, &[]).await.unwrap_err();
        assert_eq!(error.code(), Some(&SqlState::INSUFFICIENT_PRIVILEGE), "{sql}: {error}");
    }
}

#[tokio::test]
async fn a_request_leaves_no_row_in_the_audit_and_a_sign_in_changes_no_role() {
    let house = house().await;
    let session = house.enter(MARA, PASSWORD, 0).await;
    house.who(&session, 1).await.unwrap();
    let platform = raw(&house.world.test.platform_url()).await.unwrap();
    let sql = "select count(*) from platform_audit";
    assert_eq!(platform.query_one(sql, &[]).await.unwrap().get::<_, i64>(0), 0);
    platform.batch_execute("set app.platform_reason = 'sign-in'").await.unwrap();
    let sql = "insert into membership values ('acme', 'o1', 'operator', 1)";
    assert!(platform.execute(sql, &[]).await.is_err());
    assert_eq!(platform.execute("delete from membership", &[]).await.unwrap(), 0);
}

#[tokio::test]
async fn sessions_and_links_that_ended_long_ago_are_forgotten() {
    let house = house().await;
    let day = 24 * HOUR;
    let gone = prune(&house.world.platform, "test", at(20 * day)).await.unwrap();
    assert_eq!(gone.accounts, 0);
    let gone = prune(&house.world.platform, "test", at(40 * day)).await.unwrap();
    assert_eq!(gone.accounts, 2, "a session and the link that was used");
}

#[tokio::test]
async fn tries_are_forgotten_once_they_count_no_more() {
    let house = house().await;
    house.accounts.sign_in("nobody@example.com", &secret(OTHER), &visit(0)).await.unwrap();
    for (millis, want) in [(24 * HOUR, 0), (24 * HOUR + 1, 2)] {
        let gone = prune(&house.world.platform, "test", at(millis)).await.unwrap();
        assert_eq!(gone.accounts, want, "the account's, and that from there");
    }
}
