use schemas::{Envelope, Event, MessageRef, event::MessageDeleted};
use store::deferred::{self, Wait};

use crate::{World, at, event, reference, tenant, world};

/// An event about a message of the one thread, or of another.
fn about(slug: &str, name: &str, thread: &str) -> Envelope {
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

async fn defer(world: &World, consumer: &'static str, cause: &Envelope, seq: u64, until_ms: i64) {
    let until = at(until_ms);
    let wait = Wait { consumer, cause, seq, until, reason: "later", attempts: 1 };
    deferred::defer(&world.db, &wait).await.unwrap();
}

/// Until when it waits, in milliseconds.
async fn behind(world: &World, consumer: &str, cause: &Envelope, seq: u64) -> Option<i64> {
    let until = deferred::behind(&world.db, consumer, cause, seq).await.unwrap();
    until.map(|until| until.since(at(0)).as_millis().try_into().unwrap())
}

#[tokio::test]
async fn whoever_is_later_in_a_thread_waits_until_the_earlier_one_is_handled() {
    let world = world().await;
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

    deferred::settle(&world.db, "completion", &first, at(100)).await.unwrap();
    assert_eq!(behind(&world, "completion", &second, 12).await, None);
    assert_eq!(behind(&world, "completion", &third, 15).await, Some(100), "the second is due now");
    deferred::settle(&world.db, "completion", &second, at(200)).await.unwrap();
    assert_eq!(behind(&world, "completion", &third, 15).await, None);
    deferred::settle(&world.db, "completion", &third, at(200)).await.unwrap();
    assert_eq!(deferred::next_due(&world.platform).await.unwrap(), None, "nothing is left behind");
}
