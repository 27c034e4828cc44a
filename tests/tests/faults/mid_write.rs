//! `kill -9` of those who copy: the sweeper from the database to the log, the projector from the
//! log to the database.

use anyhow::Context as _;
use konstruct_tests::{
    fake_slack::{Act, Fault},
    nats_proxy::Point,
    postgres::raw,
};

use crate::{
    ANSWER_WAIT, SERVICES, answered, ask,
    log::{self, CONSUMERS, handled},
    on_a_line, prepared, said, settled, until,
};

#[tokio::test]
async fn what_was_deferred_is_brought_back_twice_and_answered_once() {
    let mut it = prepared().await.unwrap();
    let line = on_a_line(&mut it, "sweeper").await.unwrap();
    // The event is on the log again, and nobody has written that down.
    line.hold(Point::Stored { stream: "EVENTS" });
    // Longer than anybody waits in place.
    let later = Act::RateLimited { retry_after_s: 6 };
    it.slack.fail(Fault::new(later).method("chat.update").times(1));
    let spoken = ask(&it, "in a while").await.unwrap();
    line.met(1, ANSWER_WAIT).await.with_context(|| said(&it)).unwrap();
    assert_eq!(log::count(&it, "completion.finished").await.unwrap(), 2);
    it.kill("sweeper").await.unwrap();
    let client = raw(&it.database.superuser_url()).await.unwrap();
    let waiting = || async {
        let row = client.query_one("select count(*) from deferred", &[]).await?;
        anyhow::Ok(row.try_get::<_, i64>(0)?)
    };

    it.run("sweeper").await.unwrap();
    let none = || async { Ok(waiting().await? == 0) };
    until(ANSWER_WAIT, "nothing is deferred", none).await.unwrap();
    answered(&it, &spoken, "in a while").await.unwrap();
    handled(&it, &CONSUMERS).await.unwrap();
    let states = settled(&it, 1).await.unwrap();
    assert!(states.iter().all(|(_, state)| state == "delivered"), "{states:?}");
    assert_eq!(log::count(&it, "completion.finished").await.unwrap(), 2);
    assert_eq!(log::count(&it, "reply.delivered").await.unwrap(), 1);
    let calls = it.slack.see(|world| (world.count("chat.postMessage"), world.count("chat.update")));
    assert_eq!(calls, (1, 2), "the refusal and the answer");
    assert_eq!(it.llm.requests().len(), 1);
}

#[tokio::test]
async fn the_projector_repeats_nothing_and_skips_nothing() {
    let mut it = prepared().await.unwrap();
    for service in SERVICES {
        it.run(service).await.unwrap();
    }
    // It is held in the middle of its transaction.
    let mut client = raw(&it.database.superuser_url()).await.unwrap();
    let lock = client.transaction().await.unwrap();
    lock.batch_execute("lock table p_message in access exclusive mode").await.unwrap();
    let spoken = ask(&it, "on record?").await.unwrap();
    answered(&it, &spoken, "on record?").await.unwrap();
    let held = || async {
        let sql = "select exists (select from pg_locks where not granted
                                   and relation = 'p_message'::regclass)";
        Ok(lock.query_one(sql, &[]).await?.try_get(0)?)
    };
    until(ANSWER_WAIT, "the projector is held", held).await.unwrap();
    it.kill("projector").await.unwrap();
    lock.rollback().await.unwrap();

    it.run("projector").await.unwrap();
    let states = settled(&it, 1).await.unwrap();
    assert!(states.iter().all(|(_, state)| state == "delivered"), "{states:?}");
    handled(&it, &CONSUMERS).await.unwrap();
    let events = i64::try_from(log::all(&it, "EVENTS").await.unwrap().len()).unwrap();
    let sql = "select count(*), count(distinct event_id) from p_event where stream = 'EVENTS'";
    let all = || async {
        let row = client.query_one(sql, &[]).await?;
        Ok((row.try_get::<_, i64>(0)?, row.try_get::<_, i64>(1)?) == (events, events))
    };
    until(ANSWER_WAIT, "every event is there once", all).await.unwrap();
}
