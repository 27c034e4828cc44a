//! One delivery on its way through the loop.

use async_nats::jetstream::{self, AckKind};
use schemas::{DecodeError, Envelope};
use tracing::warn;

use super::{Context, Handler};
use crate::{DeadLetter, bus::FIRST_SEQUENCE};

/// What a handler is shown of a delivery.
#[derive(Clone, Debug)]
pub struct Delivery {
    /// The event.
    pub cause: Envelope,
    /// Its sequence on the stream: a second delivery of the same event has the same, a second
    /// publication has another.
    pub sequence: u64,
    /// Where it stood on the stream first: its place in its lane, also after it was deferred or retried.
    pub first_sequence: u64,
    /// Counts from 1: attempts in place that failed, less those that waited for something away.
    pub attempt: u32,
}

/// A delivery with its way back to the server.
pub(super) struct Item {
    pub(super) delivery: Delivery,
    /// How often it waited for something that was away.
    pub(super) waits: u32,
    message: Box<jetstream::Message>,
}

/// A delivery that is not an event we know.
pub(super) struct Unreadable {
    message: jetstream::Message,
    error: DecodeError,
}

impl Delivery {
    /// Whether it was deferred, and comes again.
    pub fn is_brought_back(&self) -> bool {
        self.first_sequence != self.sequence
    }
}

impl Item {
    pub(super) fn read(message: jetstream::Message) -> Result<Self, Box<Unreadable>> {
        match Envelope::decode(&message.payload) {
            Err(error) => Err(Box::new(Unreadable { message, error })),
            Ok(cause) => {
                let (sequence, _) = place(&message);
                let first_sequence = first_place(&message).unwrap_or(sequence);
                let delivery = Delivery { cause, sequence, first_sequence, attempt: 1 };
                Ok(Self { delivery, waits: 0, message: Box::new(message) })
            }
        }
    }

    /// Tells the server that it is still in hand.
    pub(super) async fn keep_alive(&self) {
        tell(&self.message, AckKind::Progress).await;
    }

    /// It is settled: never deliver it again.
    pub(super) async fn done(self) {
        tell(&self.message, AckKind::Ack).await;
    }

    /// It goes back to the server, which delivers it again at once.
    pub(super) async fn leave(self) {
        tell(&self.message, AckKind::Nak(None)).await;
    }
}

impl Unreadable {
    /// No retry can help: keeps it for a person, with the reason.
    pub(super) async fn set_aside<H: Handler>(self: Box<Self>, context: &Context) {
        let (sequence, attempts) = place(&self.message);
        let letter = DeadLetter {
            consumer: H::CONSUMER.name.to_owned(),
            stream: H::CONSUMER.stream.name.to_owned(),
            sequence,
            subject: self.message.subject.to_string(),
            tenant: None,
            event: None,
            attempts,
            reason: crate::deadletter::bounded(&self.error.reason()),
            at: context.clock.now(),
        };
        let error = letter.reason.as_str();
        warn!(consumer = letter.consumer, sequence, error, "unreadable, set aside");
        match letter.keep(&context.bus).await {
            Ok(()) => tell(&self.message, AckKind::Term).await,
            Err(error) => warn!(%error, "not kept; the server delivers it again"),
        }
    }
}

fn first_place(message: &jetstream::Message) -> Option<u64> {
    message.headers.as_ref()?.get(FIRST_SEQUENCE)?.as_str().parse().ok()
}

fn place(message: &jetstream::Message) -> (u64, i64) {
    message.info().map_or((0, 1), |info| (info.stream_sequence, info.delivered))
}

/// Acks are not waited for: a confirmed one is not durable either (a single node forgets it on
/// `kill -9`), so the handlers' own records are what makes a second delivery harmless.
async fn tell(message: &jetstream::Message, word: AckKind) {
    if let Err(error) = message.ack_with(word).await {
        warn!(%error, "the server was not told; the event comes again");
    }
}
