//! A stretch of a stream, in order.

use std::time::Duration;

use async_nats::{
    datetime,
    jetstream::{
        Message,
        consumer::{
            DeliverPolicy,
            pull::{Ordered, OrderedConfig},
        },
    },
};
use futures::StreamExt as _;
use schemas::Timestamp;
use tokio::time::{Instant, timeout};
use tracing::warn;

use super::{Kept, headers, timestamp};
use crate::{Bus, BusError, bus::read_error};

/// How many messages the server is asked for at once. Half as many again may be on their way, each of up to
/// [`nats::bounds::MESSAGE_BYTES_MAX`]: a request is bounded by their number, and not by their bytes.
const ASKED_MAX: i64 = 32;

/// The pause before a broken reading is taken up again.
const RESUME_PAUSE: Duration = Duration::from_millis(500);

/// After so much silence the server is asked whether anything is left.
const ASK_AFTER: Duration = Duration::from_secs(1);

/// Messages wait, and none comes.
#[derive(Clone, Copy, Debug, thiserror::Error, PartialEq, Eq)]
#[error("messages wait, and none came for {} s: NATS may be away", .0.as_secs())]
pub struct Silent(Duration);

/// Where a reading begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// With the oldest message that is kept.
    First,
    /// With that sequence, or the first after it.
    At(u64),
    /// With what was stored then or later. What is older may come all the same, where a connection is lost
    /// before the first message: whoever reads passes over it.
    Since(Timestamp),
    /// With what comes from now on.
    Now,
}

/// A reader of a stream, by an ordered consumer that nobody sees afterwards. A lost connection is taken up
/// where it was: nothing is missed, nothing comes twice.
pub struct Scan {
    bus: Bus,
    stream: &'static nats::Stream,
    subjects: Vec<String>,
    policy: DeliverPolicy,
    messages: Option<Ordered>,
    /// The lowest sequence that has not been read.
    next: u64,
    /// The newest sequence as the reading began.
    last: u64,
    pending: u64,
}

impl Scan {
    /// Begins to read what is published to these subjects.
    pub async fn open(
        bus: &Bus,
        stream: &'static nats::Stream,
        subjects: Vec<String>,
        start: Start,
    ) -> Result<Self, BusError> {
        let last = bus.last_sequence(stream).await?;
        let (policy, next) = match start {
            Start::First => (DeliverPolicy::All, 0),
            Start::At(sequence) => (from(sequence), sequence),
            Start::Since(at) => (since(at), 0),
            Start::Now => (from(last + 1), last + 1),
        };
        let bus = bus.clone();
        let (messages, pending) = (None, 0);
        let mut it = Self { bus, stream, subjects, policy, messages, next, last, pending };
        it.begin().await?;
        Ok(it)
    }

    /// How many messages wait to be read, those included that came meanwhile.
    pub const fn pending(&self) -> u64 {
        self.pending
    }

    /// Whether everything was read that was there as the reading began.
    pub const fn is_level(&self) -> bool {
        self.pending == 0 || self.last < self.next
    }

    /// The next message, once there is one. Asked again after it was not waited for, it has lost nothing.
    pub async fn next(&mut self) -> Kept {
        loop {
            let Some(messages) = &mut self.messages else {
                if let Err(error) = self.begin().await {
                    warn!(stream = self.stream.name, %error, "reading is not taken up yet");
                    tokio::time::sleep(RESUME_PAUSE).await;
                }
                continue;
            };
            let next = messages.next().await;
            let kept = match next {
                Some(Ok(message)) => self.take(message),
                Some(Err(error)) => Err(error.to_string()),
                None => Err("the reading ended".to_owned()),
            };
            match kept {
                Ok(Some(kept)) => return kept,
                Ok(None) => {}
                Err(error) => {
                    warn!(stream = self.stream.name, error, "reading stopped, it goes on");
                    self.messages = None;
                    tokio::time::sleep(RESUME_PAUSE).await;
                }
            }
        }
    }

    /// The next message of those that wait; nothing if they are gone, since what is purged meanwhile comes no
    /// more. Silence of the server is borne for so long.
    pub async fn next_waiting(&mut self, silence_max: Duration) -> Result<Option<Kept>, Silent> {
        let begun = Instant::now();
        while begun.elapsed() < silence_max {
            if let Ok(kept) = timeout(ASK_AFTER, self.next()).await {
                return Ok(Some(kept));
            }
            // It begins where it was, and learns anew how many wait from there on.
            match self.begin().await {
                Ok(()) if self.is_level() => return Ok(None),
                Ok(()) => {}
                Err(error) => warn!(stream = self.stream.name, %error, "it is silent"),
            }
        }
        Err(Silent(silence_max))
    }

    async fn begin(&mut self) -> Result<(), BusError> {
        let name = self.stream.name;
        let fails = |error: &dyn std::fmt::Display| read_error(name, error);
        let mut config = OrderedConfig {
            deliver_policy: self.policy,
            max_batch: ASKED_MAX,
            ..OrderedConfig::default()
        };
        match self.subjects.as_slice() {
            [one] => config.filter_subject.clone_from(one),
            several => config.filter_subjects = several.to_vec(),
        }
        let stream = self.bus.stream(self.stream).await?;
        let consumer = stream.create_consumer(config).await.map_err(|error| fails(&error))?;
        let pending = consumer.cached_info().num_pending;
        let messages = consumer.messages().await.map_err(|error| fails(&error))?;
        (self.pending, self.messages) = (pending, Some(messages));
        Ok(())
    }

    /// The message with its place, unless it was read before: a consumer that the driver had to make anew
    /// before its first message begins with the stream.
    fn take(&mut self, message: Message) -> Result<Option<Kept>, String> {
        let place = message.info().map_err(|error| error.to_string())?;
        let (sequence, stored) = (place.stream_sequence, timestamp(place.published));
        self.pending = place.pending;
        if sequence < self.next {
            return Ok(None);
        }
        self.next = sequence + 1;
        self.policy = from(self.next);
        let message = message.message;
        Ok(Some(Kept {
            sequence,
            stored,
            subject: message.subject.to_string(),
            headers: headers(message.headers.as_ref()),
            payload: message.payload,
        }))
    }
}

const fn from(sequence: u64) -> DeliverPolicy {
    // Streams count from 1.
    let start_sequence = if sequence == 0 { 1 } else { sequence };
    DeliverPolicy::ByStartSequence { start_sequence }
}

/// An instant that no server can have stored anything at is the beginning.
fn since(at: Timestamp) -> DeliverPolicy {
    match datetime::from_nanos(i128::from(at.as_millis()) * 1_000_000) {
        Ok(start_time) => DeliverPolicy::ByStartTime { start_time },
        Err(_) => DeliverPolicy::All,
    }
}
