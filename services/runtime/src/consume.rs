//! The loop: take deliveries, let the handler decide, publish what it said, then acknowledge.
//!
//! The order makes a crash harmless: an event is acknowledged only after its consequences are
//! stored, and publishing them a second time stores nothing, since their ids are derived.
//!
//! Deliveries wait in lanes. Those of one lane are handled one after the other, in the order of the
//! stream, and the lane waits behind a head that is tried again; different lanes run side by side.

mod hold;
mod item;
mod lanes;
mod parked;
mod step;
mod work;

use std::{future::Future, sync::Arc, time::Duration};

use async_nats::jetstream::consumer::{PullConsumer, pull};
use futures::StreamExt as _;
use schemas::{Envelope, Event, Timestamp};
use tokio_util::sync::CancellationToken;
use tracing::warn;

pub use self::{item::Delivery, lanes::Lane};
use self::{item::Item, lanes::Lanes};
use crate::{Bus, Clock, Failure};

/// The pause before a broken stream of deliveries is taken up again.
const RESUME_PAUSE: Duration = Duration::from_secs(1);

/// What every loop of a process shares.
#[derive(Clone, Debug)]
pub struct Context {
    /// The connection.
    pub bus: Bus,
    /// The clock.
    pub clock: Clock,
    /// Cancelled when the process should stop.
    pub stop: CancellationToken,
}

/// Why an event is deferred.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// The other side asked for it.
    Asked,
    /// An earlier one of its lane is deferred.
    Behind,
}

/// One consumer's logic.
pub trait Handler: Send + Sync + 'static {
    /// The row of the topology it answers to.
    const CONSUMER: &'static nats::Consumer;

    /// What keeps its order; a conversation unless the handler says otherwise.
    fn lane(&self, cause: &Envelope) -> Lane {
        Lane::conversation(cause)
    }

    /// Says what follows from each, in their order. May be called again for the same event.
    fn handle(
        &self,
        batch: &[Delivery],
    ) -> impl Future<Output = Vec<Result<Vec<Event>, Failure>>> + Send;

    /// Remembers that it is to be published again at `until`, so that it need not hold the
    /// consumer's window until then. Later events of its lane wait behind it.
    fn defer(
        &self,
        delivery: &Delivery,
        until: Timestamp,
        why: Why,
    ) -> impl Future<Output = Result<(), Failure>> + Send {
        _ = (delivery, until, why);
        async { Err(Failure::retry(anyhow::anyhow!("this consumer cannot defer"))) }
    }

    /// Until when it must wait behind an earlier event of its lane that was deferred.
    fn behind(
        &self,
        delivery: &Delivery,
    ) -> impl Future<Output = Result<Option<Timestamp>, Failure>> + Send {
        _ = delivery;
        async { Ok(None) }
    }

    /// It was deferred before, and is settled now: whoever waits behind it may come.
    fn settled(&self, delivery: &Delivery) -> impl Future<Output = Result<(), Failure>> + Send {
        _ = delivery;
        async { Ok(()) }
    }

    /// What still follows when it is set aside, e.g. word to the person.
    fn give_up(
        &self,
        delivery: &Delivery,
        reason: &str,
    ) -> impl Future<Output = Result<Vec<Event>, Failure>> + Send {
        _ = (delivery, reason);
        async { Ok(Vec::new()) }
    }
}

/// Runs `handler` until the context says stop, then finishes what has begun, within bounds.
pub async fn consume<H: Handler>(context: &Context, handler: Arc<H>) -> anyhow::Result<()> {
    let mut lanes = Lanes::new(context.clone(), handler);
    while !context.stop.is_cancelled() {
        if let Err(error) = pull(context, &mut lanes).await {
            warn!(consumer = H::CONSUMER.name, error = format!("{error:#}"), "reading stopped");
            let pause = tokio::time::sleep(RESUME_PAUSE);
            _ = context.stop.run_until_cancelled(pause).await;
        }
    }
    lanes.drain().await;
    context.bus.flush().await;
    Ok(())
}

/// Reads until the stream of deliveries breaks or the context says stop.
async fn pull<H: Handler>(context: &Context, lanes: &mut Lanes<H>) -> anyhow::Result<()> {
    let consumer = open(&context.bus, H::CONSUMER).await?;
    let out = consumer.get_info().await?;
    lanes.expect_again(out.delivered.stream_sequence, out.num_ack_pending);
    let batch = usize::try_from(H::CONSUMER.in_flight_max)?.min(512);
    let mut messages = consumer.stream().max_messages_per_batch(batch).messages().await?;
    let mut keep_alive = tokio::time::interval(H::CONSUMER.ack_wait / 3);
    keep_alive.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = context.stop.cancelled() => return Ok(()),
            message = messages.next(), if lanes.has_room() => {
                let message = message.ok_or_else(|| anyhow::anyhow!("the stream ended"))??;
                match Item::read(message) {
                    Ok(item) => lanes.take(item).await,
                    Err(unreadable) => unreadable.set_aside::<H>(context).await,
                }
            }
            () = lanes.finished(), if lanes.is_busy() => {}
            _ = keep_alive.tick() => lanes.keep_alive().await,
        }
    }
}

pub(crate) async fn open(bus: &Bus, row: &nats::Consumer) -> anyhow::Result<PullConsumer> {
    let found =
        bus.jetstream.get_consumer_from_stream::<pull::Config, _, _>(row.name, row.stream.name);
    Ok(found.await?)
}
