use schemas::{Envelope, Event, MessageRef, event::MessageDeleted};
use store::{
    PlatformTx, Purpose,
    deferred::{self, Deferrals, Wait},
};

use crate::{World, at, event, reference, tenant, world};

/// An event about a message of the one thread, or of another.
pub(crate) fn about(slug: &str, name: &str, thread: &str) -> Envelope {
    let message = MessageRef {
        conversation: thread.parse().unwrap(),
        ..reference(name, "1700000001.000100")
    };
    Envelope {
        id: event(name),
        source: "test".to_owned(),
        time: at(0),
        tenant: tenant(slug),
        causation: None,
        correlation: (&message.id).into(),
        trace: None,
        event: Event::MessageDeleted(MessageDeleted { message }),
    }
}

pub(crate) async fn defer(
    world: &World,
    consumer: &'static str,
    cause: &Envelope,
    seq: u64,
    until_ms: i64,
) {
    let until = at(until_ms);
    let wait = Wait { cause, seq, until, reason: "later", attempts: 1 };
    Deferrals::open(world.db.clone(), consumer).defer(&wait).await.unwrap();
}

/// Until when it waits, in milliseconds.
async fn behind(world: &World, consumer: &'static str, cause: &Envelope, seq: u64) -> Option<i64> {
    let until = Deferrals::open(world.db.clone(), consumer).behind(cause, seq).await.unwrap();
    until.map(|until| until.since(at(0)).as_millis().try_into().unwrap())
}

#[tokio::test]
async fn whoever_is_later_in_a_thread_waits_until_the_earlier_one_is_handled() {
    let world = world().await;
    let completion = Deferrals::open(world.db.clone(), "completion");
    let [first, second, third] = ["m1", "m2", "m3"].map(|name| about("acme", name, "C1-1"));
    defer(&world, "completion", &first, 10, 900).await;
    assert_eq!(behind(&world, "completion", &first, 10).await, None, "the head waits for nobody");
    assert_eq!(behind(&world, "completion", &second, 12).await, Some(900));
    defer(&world, "completion", &second, 12, 900).await;
    assert_eq!(behind(&world, "completion", &third, 15).await, Some(900));

    assert_eq!(behind(&world, "delivery", &second, 12).await, None, "another consumer");
    let elsewhere = about("acme", "m4", "C1-2");
    assert_eq!(behind(&world, "completion", &elsewhere, 15).await, None, "another thread");
    let theirs = about("beta", "m2", "C1-1");
    assert_eq!(behind(&world, "completion", &theirs, 15).await, None, "another tenant");

    completion.settle(&first, at(100)).await.unwrap();
    assert_eq!(behind(&world, "completion", &second, 12).await, None);
    assert_eq!(behind(&world, "completion", &third, 15).await, Some(100), "the second is due now");
    completion.settle(&second, at(200)).await.unwrap();
    assert_eq!(behind(&world, "completion", &third, 15).await, None);
    completion.settle(&third, at(200)).await.unwrap();
    assert_eq!(deferred::next_due(&world.platform).await.unwrap(), None, "nothing is left behind");
}

#[tokio::test]
async fn the_sweeper_takes_the_first_of_each_thread_that_is_due_and_loses_nothing() {
    let world = world().await;
    let waiting =
        [("a", "e1", "C1-1", 5, 100), ("a", "e2", "C1-1", 6, 100), ("b", "e3", "C1-1", 4, 50)];
    for (slug, name, thread, seq, due) in waiting {
        defer(&world, "completion", &about(slug, name, thread), seq, due).await;
    }
    defer(&world, "completion", &about("a", "e4", "C1-2"), 7, 900).await;
    assert_eq!(deferred::next_due(&world.platform).await.unwrap(), Some(at(50)));

    let due = async |tx: &mut PlatformTx, millis: i64| {
        let due = deferred::take_due(tx, at(millis), 10).await.unwrap();
        let told = due.iter().map(|it| format!("{} {} {}", it.event, it.seq, it.brought_back));
        told.collect::<Vec<_>>().join(", ")
    };
    let mut tx = world.platform.begin(Purpose::Sweep, "test").await.unwrap();
    assert_eq!(due(&mut tx, 100).await, "e3 4 1, e1 5 1", "in the order of the stream");
    drop(tx);

    let mut tx = world.platform.begin(Purpose::Sweep, "test").await.unwrap();
    assert_eq!(due(&mut tx, 100).await, "e3 4 1, e1 5 1", "not committed, so taken again");
    tx.commit().await.unwrap();
    let mut tx = world.platform.begin(Purpose::Sweep, "test").await.unwrap();
    assert_eq!(due(&mut tx, 100).await, "", "e2 waits behind e1");
    let minutes = |count: i64| count * 60_000;
    let again = due(&mut tx, 100 + minutes(5)).await;
    assert_eq!(again, "e3 4 2, e1 5 2, e4 7 1", "nobody said a word of them");
    tx.commit().await.unwrap();

    let completion = Deferrals::open(world.db.clone(), "completion");
    completion.settle(&about("a", "e1", "C1-1"), at(200)).await.unwrap();
    let mut tx = world.platform.begin(Purpose::Sweep, "test").await.unwrap();
    assert_eq!(due(&mut tx, 200).await, "e2 6 1", "the next one's turn");
    let taken = deferred::take_due(&mut tx, at(200 + minutes(5)), 10).await.unwrap();
    deferred::let_go(&mut tx, &taken[0]).await.unwrap();
    tx.commit().await.unwrap();
}
