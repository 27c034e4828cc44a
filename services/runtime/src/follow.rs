//! Reading a whole stream in order, from a place that the reader itself remembers.

use std::time::Duration;

use async_nats::jetstream::consumer::{DeliverPolicy, pull::OrderedConfig};
use futures::{FutureExt as _, StreamExt as _};
use nats::bounds::READ_PACE;
use schemas::{DecodeError, Envelope, TenantId, Timestamp, subject};
use tokio::time::Instant;
use tracing::warn;

use crate::{Bus, BusError, Context, Failure};

/// The pause before a broken reading is taken up again, and between attempts to write.
const RESUME_PAUSE: Duration = Duration::from_millis(500);

/// How many bytes a piece of [`Past`] has at most, but for its last event.
const PIECE_BYTES_MAX: usize = 8 * 1024 * 1024;

/// How many events [`Past`] asks the server for at once. Half as many again may be on their way, each of up
/// to [`nats::bounds::MESSAGE_BYTES_MAX`]: a request is bounded by their number, and not by their bytes.
const ASKED_MAX: i64 = 32;

/// How long the next event of [`Past`] may take, which is there already.
const PIECE_WAIT_MAX: Duration = Duration::from_secs(10);

/// One event at its place.
#[derive(Debug)]
pub struct Read {
    /// Its sequence.
    pub sequence: u64,
    /// When the server stored it: by this it ages.
    pub stored_at: Timestamp,
    /// The event; what cannot be read is passed to the reader all the same, so that it moves on.
    pub event: Result<Envelope, DecodeError>,
}

/// One ordered reader.
pub trait Follower: Send + Sync {
    /// The row of the topology it answers to.
    const READER: &'static nats::Reader;

    /// The last sequence it has written.
    fn place(&self) -> impl Future<Output = Result<u64, Failure>> + Send;

    /// Writes what follows from these, and its new place, together or not at all.
    fn take(&self, batch: &[Read]) -> impl Future<Output = Result<(), Failure>> + Send;
}

/// Reads until the context says stop.
pub async fn follow<F: Follower>(context: &Context, follower: &F) {
    while !context.stop.is_cancelled() {
        let Err(failure) = read(context, follower).await else { return };
        warn!(reader = F::READER.name, error = %failure, "reading stopped, it goes on");
        _ = context.stop.run_until_cancelled(tokio::time::sleep(RESUME_PAUSE)).await;
    }
}

async fn read<F: Follower>(context: &Context, follower: &F) -> Result<(), Failure> {
    let start_sequence = follower.place().await?.saturating_add(1);
    let config = OrderedConfig {
        deliver_policy: DeliverPolicy::ByStartSequence { start_sequence },
        filter_subject: ">".to_owned(),
        ..OrderedConfig::default()
    };
    let stream = context.bus.jetstream.get_stream_no_info(F::READER.stream.name).await;
    let consumer = stream.map_err(Failure::wait)?.create_consumer(config).await;
    let mut messages = consumer.map_err(Failure::wait)?.messages().await.map_err(Failure::wait)?;
    let mut next_take = Instant::now();
    while let Some(Some(first)) = context.stop.run_until_cancelled(messages.next()).await {
        tokio::time::sleep_until(next_take).await;
        next_take = Instant::now() + READ_PACE;
        let mut batch = vec![one(&first.map_err(Failure::wait)?)?];
        while batch.len() < F::READER.batch_max {
            let Some(Some(next)) = messages.next().now_or_never() else { break };
            batch.push(one(&next.map_err(Failure::wait)?)?);
        }
        follower.take(&batch).await?;
    }
    Ok(())
}

fn one(message: &async_nats::jetstream::Message) -> Result<Read, Failure> {
    let place = message.info().map_err(|error| Failure::wait(anyhow::anyhow!("{error}")))?;
    Ok(read_at(&place, message))
}

fn read_at(
    place: &async_nats::jetstream::message::Info<'_>,
    message: &async_nats::jetstream::Message,
) -> Read {
    let millis = place.published.unix_timestamp_nanos().div_euclid(1_000_000);
    Read {
        sequence: place.stream_sequence,
        stored_at: Timestamp::from_millis(i64::try_from(millis).unwrap_or(i64::MAX)),
        event: Envelope::decode(&message.payload),
    }
}

/// What is on a stream already, read once more in pieces. It publishes nothing, acknowledges nothing, and
/// its consumer goes with it.
pub struct Past {
    messages: async_nats::jetstream::consumer::pull::Ordered,
    stream: &'static str,
    is_over: bool,
}

impl Past {
    /// From the event after `place` on.
    pub async fn open(
        bus: &Bus,
        stream: &'static nats::Stream,
        place: u64,
    ) -> Result<Self, BusError> {
        Self::found(bus, stream, place, ">".to_owned()).await
    }

    /// The same of one tenant, on `EVENTS`.
    pub async fn of_tenant(bus: &Bus, tenant: &TenantId, place: u64) -> Result<Self, BusError> {
        Self::found(bus, &nats::EVENTS, place, subject::filter_of_tenant(tenant)).await
    }

    async fn found(
        bus: &Bus,
        stream: &'static nats::Stream,
        place: u64,
        filter_subject: String,
    ) -> Result<Self, BusError> {
        let config = OrderedConfig {
            deliver_policy: DeliverPolicy::ByStartSequence {
                start_sequence: place.saturating_add(1),
            },
            filter_subject,
            max_batch: ASKED_MAX,
            ..OrderedConfig::default()
        };
        let handle = bus.jetstream.get_stream_no_info(stream.name).await;
        let handle = handle.map_err(|error| unread(stream.name, &error))?;
        let consumer = handle.create_consumer(config).await;
        let consumer = consumer.map_err(|error| unread(stream.name, &error))?;
        let is_over = consumer.cached_info().num_pending == 0;
        let messages = consumer.messages().await.map_err(|error| unread(stream.name, &error))?;
        Ok(Self { messages, stream: stream.name, is_over })
    }

    /// The next piece, of at most so many events and none beyond `until`; empty when there is no more.
    pub async fn piece(&mut self, until: u64, events_max: usize) -> Result<Vec<Read>, BusError> {
        let (mut piece, mut bytes) = (Vec::new(), 0);
        while !self.is_over && piece.len() < events_max && bytes < PIECE_BYTES_MAX {
            let next = tokio::time::timeout(PIECE_WAIT_MAX, self.messages.next()).await;
            let next = next.map_err(|error| unread(self.stream, &error))?;
            let message = next.ok_or_else(|| unread(self.stream, &"the reading ended"))?;
            let message = message.map_err(|error| unread(self.stream, &error))?;
            let place = message.info().map_err(|error| unread(self.stream, &error))?;
            self.is_over = place.pending == 0 || until <= place.stream_sequence;
            if place.stream_sequence <= until {
                bytes += message.payload.len();
                piece.push(read_at(&place, &message));
            }
        }
        Ok(piece)
    }
}

fn unread(what: &str, why: &dyn std::fmt::Display) -> BusError {
    BusError::Read { what: what.to_owned(), why: why.to_string() }
}
