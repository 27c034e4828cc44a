//! Threads that a person has, as operators see them: from one event on until another, or until they are
//! old.

use konstruct_tests::postgres::raw;
use store::{
    Purpose,
    projections::{self, HandedOff},
    prune::prune,
};

use crate::{
    World, at, event,
    projections::dump,
    tenant,
    usage::{Story, Told, project},
    world,
};

const DAY_MS: i64 = 24 * 3_600_000;

/// The hand-off of the story's message begins or ends.
fn handed_off(story: &Story, seq: u64, kind: &str, since_ms: Option<i64>) -> Told {
    let mut told = story.event(kind, seq, 0);
    told.changes.events[0].event_id = event(&format!("e{seq}"));
    told.changes.handed_off.push(HandedOff {
        connection_id: story.of.connection.clone(),
        conversation_id: story.of.conversation.clone(),
        message_id: story.of.id.clone(),
        since_ms,
        last_seq: seq,
    });
    told
}

pub(crate) fn handed_over(story: &Story, seq: u64) -> Told {
    handed_off(story, seq, "completion.handed_off", Some(at(story.ms).as_millis()))
}

pub(crate) fn given_back(story: &Story, seq: u64) -> Told {
    handed_off(story, seq, "conversation.handed_back", None)
}

/// Each thread with the message by which a person has it.
async fn with_person(world: &World) -> String {
    let admin = raw(&world.test.superuser_url()).await.unwrap();
    let sql = "
        select coalesce(string_agg(
                   concat_ws(' ', conversation_id, handed_off_message_id,
                             handed_off_at_ms - 1700000000000),
                   ', ' order by conversation_id), '')
          from p_conversation";
    admin.query_one(sql, &[]).await.unwrap().get(0)
}

/// Three messages of one thread.
fn stories() -> [Story; 3] {
    let acme = tenant("acme");
    [("m1", 1_000), ("m2", 2_000), ("m3", 3_000)].map(|(m, ms)| Story::new(&acme, m, "t1", ms))
}

#[tokio::test]
async fn word_of_a_hand_off_that_is_over_ends_no_other() {
    let world = world().await;
    let [first, second, _] = stories();
    let log = [
        (first.accepted(1), "t1"),
        (handed_over(&first, 2), "t1 m1 1000"),
        (second.accepted(3), "t1 m1 1000"),
        // Whoever gives it back may be handed over at once, and word of the first comes later.
        (handed_over(&second, 4), "t1 m2 2000"),
        (given_back(&first, 5), "t1 m2 2000"),
        (given_back(&second, 6), "t1"),
        (given_back(&second, 7), "t1"),
    ];
    for (told, want) in log {
        let seq = told.seq;
        project(&world, &[told], 1).await;
        assert_eq!(with_person(&world).await, want, "after {seq}");
    }
}

/// Pieces that end in the middle of a hand-off, and two of them in one piece.
fn log() -> Vec<Told> {
    let [first, second, third] = stories();
    vec![
        first.accepted(1),
        handed_over(&first, 2),
        second.accepted(3),
        handed_over(&second, 4),
        given_back(&second, 5),
        third.accepted(6),
        given_back(&first, 7),
        handed_over(&third, 8),
        given_back(&second, 9),
        given_back(&third, 10),
        given_back(&first, 11),
    ]
}

#[tokio::test]
async fn however_the_log_is_cut_the_same_person_has_the_thread() {
    for until in [5, 9, 11] {
        let all = log();
        let log = &all[..until];
        let one = world().await;
        project(&one, log, 1).await;
        let before = dump(&one).await;
        for size in [2, 3, 4, 100] {
            let mut tx = one.platform.begin(Purpose::Rebuild, "test").await.unwrap();
            projections::clear(&mut tx, &["events"]).await.unwrap();
            tx.commit().await.unwrap();
            project(&one, log, size).await;
            assert_eq!(dump(&one).await, before, "{until} events in pieces of {size}");
        }
    }
}

#[tokio::test]
async fn after_31_days_the_thread_is_the_agents_again() {
    let world = world().await;
    let acme = tenant("acme");
    let [old, _, _] = stories();
    let late = Story::new(&acme, "late", "t1", 30 * DAY_MS);
    let young = Story::new(&acme, "young", "t2", 2 * DAY_MS);
    let log = [
        old.accepted(1),
        handed_over(&old, 2),
        young.accepted(3),
        handed_over(&young, 4),
        late.accepted(5),
    ];
    project(&world, &log, 2).await;
    assert_eq!(with_person(&world).await, "t1 m1 1000, t2 young 172800000");

    let now = at(32 * DAY_MS);
    let pruned = prune(&world.platform, "test", now).await.unwrap();
    assert_eq!((pruned.handed_off, pruned.conversations), (1, 0));
    assert_eq!(with_person(&world).await, "t1, t2 young 172800000", "it goes on, with its agent");
    assert_eq!(prune(&world.platform, "test", now).await.unwrap().handed_off, 0);
    // Word of the old one may still come.
    project(&world, &[given_back(&old, 6)], 1).await;
    assert_eq!(with_person(&world).await, "t1, t2 young 172800000");
}
