//! The order of a thread while one of its messages waits for its time.

use std::{collections::HashSet, sync::Mutex, time::Duration};

use konstruct_tests::installation::Installation;
use runtime::{Bus, Clock, Context, Delivery, Failure, Handler, Why, consume};
use schemas::{Envelope, Event, MessageRef, Place, PlaceKind, Timestamp, event::MessageDeleted};
use store::deferred::{self, Deferrals, Wait};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio_util::sync::CancellationToken;

use crate::PATIENCE;

/// Longer than any pause in place, so that it must be deferred.
const LEFT_ALONE: Duration = Duration::from_millis(5_500);

/// Handles everything, but each of `stubborn` only the second time, and says what it does.
struct Recorder {
    deferrals: Deferrals,
    stubborn: Mutex<HashSet<&'static str>>,
    says: UnboundedSender<String>,
}

impl Recorder {
    fn say(&self, what: &str, delivery: &Delivery) {
        self.says.send(format!("{what} {}", delivery.cause.id)).unwrap();
    }
}

impl Handler for Recorder {
    const CONSUMER: &'static nats::Consumer = &nats::COMPLETION;

    async fn handle(&self, batch: &[Delivery]) -> Vec<Result<Vec<Event>, Failure>> {
        let one = |delivery: &Delivery| {
            if self.stubborn.lock().unwrap().remove(delivery.cause.id.as_str()) {
                let until = Clock::system().now().plus(LEFT_ALONE);
                return Err(Failure::retry_at(until, anyhow::anyhow!("not now")));
            }
            self.say("handled", delivery);
            Ok(Vec::new())
        };
        batch.iter().map(one).collect()
    }

    async fn defer(&self, delivery: &Delivery, until: Timestamp, why: Why) -> Result<(), Failure> {
        let wait = Wait {
            cause: &delivery.cause,
            seq: delivery.first_sequence,
            until,
            reason: "a test",
            attempts: 1,
        };
        self.deferrals.defer(&wait).await.map_err(Failure::retry)?;
        self.say(if why == Why::Asked { "deferred" } else { "behind" }, delivery);
        Ok(())
    }

    async fn behind(&self, delivery: &Delivery) -> Result<Option<Timestamp>, Failure> {
        let (cause, seq) = (&delivery.cause, delivery.first_sequence);
        self.deferrals.behind(cause, seq).await.map_err(Failure::retry)
    }

    async fn settled(&self, delivery: &Delivery) -> Result<(), Failure> {
        let now = Clock::system().now();
        self.deferrals.settle(&delivery.cause, now).await.map_err(Failure::retry)
    }
}

/// Something about a message of that thread.
fn about(name: &str, thread: &str) -> Envelope {
    let message = MessageRef {
        id: name.parse().unwrap(),
        connection: "slack-T0ACME".parse().unwrap(),
        conversation: thread.parse().unwrap(),
        place: Place {
            workspace: "T0ACME".to_owned(),
            channel: "C1".to_owned(),
            kind: PlaceKind::Public,
            thread: "1700000000.000100".to_owned(),
        },
        ts: "1700000000.000100".to_owned(),
        sender: "U1".to_owned(),
    };
    Envelope {
        id: name.parse().unwrap(),
        source: "test".to_owned(),
        time: Clock::system().now(),
        tenant: "acme".parse().unwrap(),
        causation: None,
        correlation: (&message.id).into(),
        trace: None,
        event: Event::MessageDeleted(MessageDeleted { message }),
    }
}

async fn next(heard: &mut UnboundedReceiver<String>) -> String {
    tokio::time::timeout(PATIENCE, heard.recv()).await.expect("nothing more is done").unwrap()
}

#[tokio::test]
async fn a_deferred_message_keeps_its_place_in_its_thread_and_holds_up_no_other() {
    let mut it = Installation::prepare().await.unwrap();
    it.run("sweeper").await.unwrap();
    let bus = Bus::connect(&it.nats.url(), "test").await.unwrap();
    let stop = CancellationToken::new();
    let context = Context { bus: bus.clone(), clock: Clock::system(), stop: stop.clone() };
    let (says, mut heard) = unbounded_channel();
    let stubborn = Mutex::new(HashSet::from(["m1", "m2"]));
    let deferrals = Deferrals::open(it.database.database().await.unwrap(), "completion");
    let recorder = Recorder { deferrals, stubborn, says };
    let consumer =
        tokio::spawn(async move { consume(&context, std::sync::Arc::new(recorder)).await });

    bus.publish(&about("m1", "C1-1")).await.unwrap();
    assert_eq!(next(&mut heard).await, "deferred m1");
    for name in ["m2", "m3"] {
        bus.publish(&about(name, "C1-1")).await.unwrap();
        assert_eq!(next(&mut heard).await, format!("behind {name}"));
    }
    bus.publish(&about("n1", "C1-2")).await.unwrap();
    assert_eq!(next(&mut heard).await, "handled n1");

    // The second is deferred by itself once it comes, and the third waits on behind it.
    let mut handled = Vec::new();
    while handled.len() < 3 {
        let said = next(&mut heard).await;
        handled.extend(said.strip_prefix("handled ").map(str::to_owned));
    }
    assert_eq!(handled, ["m1", "m2", "m3"]);
    let platform = it.database.platform().await.unwrap();
    assert!(!consumer.is_finished());
    stop.cancel();
    consumer.await.unwrap().unwrap();
    assert_eq!(deferred::next_due(&platform).await.unwrap(), None, "nothing is left behind");
}
