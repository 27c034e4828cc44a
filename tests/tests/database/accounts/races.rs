//! What happens while somebody signs in. The other one's transaction is held open by hand.

use accounts::{AccountsError, SignIn};
use konstruct_tests::postgres::raw;
use tokio_postgres::Client;

use super::{House, MARA, PASSWORD, house, secret, visit};

/// What a reset does to Mara's row, and then to her sessions.
const RESET: [&str; 2] = [
    "begin; update operator set password = '$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHQ$aGFzaA'",
    "update operator_session set revoked_at_ms = 1; commit",
];

/// Begins a reset, begins `task`, and ends the reset once that waits or is done.
async fn beside_a_reset<T: Send + 'static>(
    house: &House,
    task: impl Future<Output = T> + Send + 'static,
) -> T {
    let database = raw(&house.world.test.superuser_url()).await.unwrap();
    let watch = raw(&house.world.test.superuser_url()).await.unwrap();
    database.batch_execute(RESET[0]).await.unwrap();
    let task = tokio::spawn(task);
    while !task.is_finished() && !is_waited_for(&watch).await {}
    database.batch_execute(RESET[1]).await.unwrap();
    task.await.unwrap()
}

/// Whether anybody waits for a lock in this database.
async fn is_waited_for(watch: &Client) -> bool {
    let sql = "
        select exists (
            select from pg_locks l join pg_stat_activity a using (pid)
             where not l.granted and a.datname = current_database())";
    watch.query_one(sql, &[]).await.unwrap().get(0)
}

#[tokio::test]
async fn a_sign_in_under_way_does_not_survive_another_password() {
    for has_app in [false, true] {
        let mut house = house().await;
        if has_app {
            house.app(0).await;
        }
        let accounts = house.accounts.clone();
        let sign_in = async move { accounts.sign_in(MARA, &secret(PASSWORD), &visit(1)).await };
        let tried = beside_a_reset(&house, sign_in).await.unwrap();
        assert!(matches!(tried, SignIn::Refused), "with an app: {has_app}: {tried:?}");
        let database = raw(&house.world.test.superuser_url()).await.unwrap();
        let sql = "select count(*) from one_use_token where purpose = 'second-factor'";
        assert_eq!(database.query_one(sql, &[]).await.unwrap().get::<_, i64>(0), 0);
    }
}

#[tokio::test]
async fn a_session_is_not_made_fresh_while_all_sessions_end() {
    let house = house().await;
    let (accounts, session) = (house.accounts.clone(), house.session.clone());
    let freshen = async move { accounts.freshen(&session, &secret(PASSWORD), "", &visit(1)).await };
    let tried = beside_a_reset(&house, freshen).await;
    assert!(matches!(tried, Err(AccountsError::SessionEnded)), "{tried:?}");
}
