//! Reading a whole stream in order, from a place that the reader itself remembers.

use std::time::Duration;

use async_nats::jetstream::consumer::{DeliverPolicy, pull::OrderedConfig};
use futures::{FutureExt as _, StreamExt as _};
use nats::bounds::READ_PACE;
use schemas::{DecodeError, Envelope, Glimpse, TenantId, Timestamp, subject};
use tokio::time::Instant;
use tracing::warn;

use crate::{
    Bus, BusError, Context, Failure,
    bus::read_error,
    look::{Scan, Start, timestamp},
};

/// The pause before a broken reading is taken up again, and between attempts to write.
const RESUME_PAUSE: Duration = Duration::from_millis(500);

/// How many bytes a piece of [`Past`] has at most, but for its last event.
const PIECE_BYTES_MAX: usize = 8 * 1024 * 1024;

/// How long the server may be silent while events wait for [`Past`].
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
    /// What one that cannot be read still says.
    pub glimpse: Option<Glimpse>,
}

impl Read {
    fn of(sequence: u64, stored_at: Timestamp, payload: &[u8]) -> Self {
        let event = Envelope::decode(payload);
        let glimpse = event.is_err().then(|| Glimpse::of(payload));
        Self { sequence, stored_at, event, glimpse }
    }
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
    Ok(Read::of(place.stream_sequence, timestamp(place.published), &message.payload))
}

/// What is on a stream already, read once more in pieces. It publishes nothing, acknowledges nothing, and
/// its consumer goes with it. What is erased meanwhile is not waited for.
pub struct Past {
    scan: Scan,
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
        let start = Start::At(place.saturating_add(1));
        let scan = Scan::open(bus, stream, vec![filter_subject], start).await?;
        let is_over = scan.pending() == 0;
        Ok(Self { scan, stream: stream.name, is_over })
    }

    /// The next piece, of at most so many events and none beyond `until`; empty when there is no more.
    pub async fn piece(&mut self, until: u64, events_max: usize) -> Result<Vec<Read>, BusError> {
        let (mut piece, mut bytes) = (Vec::new(), 0);
        while !self.is_over && piece.len() < events_max && bytes < PIECE_BYTES_MAX {
            let next = self.scan.next_waiting(PIECE_WAIT_MAX).await;
            let Some(kept) = next.map_err(|error| read_error(self.stream, &error))? else {
                self.is_over = true;
                break;
            };
            self.is_over = self.scan.pending() == 0 || until <= kept.sequence;
            if kept.sequence <= until {
                bytes += kept.payload.len();
                piece.push(Read::of(kept.sequence, kept.stored, &kept.payload));
            }
        }
        Ok(piece)
    }
}
