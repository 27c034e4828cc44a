//! Streams as they stand, for whoever looks: what is on them, who reads them, one message, or a stretch of
//! them in order.
//!
//! **Invariant:** a look changes nothing. It acknowledges nothing, and what reads for it is an ephemeral
//! consumer, which the server forgets by itself.

mod newest;
mod scan;
mod was;
mod what;

use async_nats::{HeaderMap, datetime::DateTime, jetstream::stream::RawMessageErrorKind};
use bytes::Bytes;
use domain::look::Place;
use futures::StreamExt as _;
use schemas::Timestamp;

pub use self::{
    newest::{Newest, PAGE_MAX, SPAN_MAX, newest},
    scan::{Scan, Silent, Start},
    was::{Was, was},
    what::{Line, RAW_BYTES_MAX, What},
};
use crate::{Bus, BusError, bus::read_error, setup::is_missing};

/// A stream as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Messages it has.
    pub messages: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Bytes it may have; 0 where nothing bounds it.
    pub bytes_max: u64,
    /// The oldest sequence that it keeps; one after the last where it keeps none.
    pub first: u64,
    /// When that was stored, where there is one.
    pub first_at: Option<Timestamp>,
    /// The newest sequence; 0 where there never was one.
    pub last: u64,
    /// When that was stored, where there was one.
    pub last_at: Option<Timestamp>,
    /// Its durable consumers by their names, those included that nobody declared.
    pub consumers: Vec<Durable>,
}

/// A durable consumer as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Durable {
    /// Its name.
    pub name: String,
    /// Messages that were not delivered to it yet.
    pub pending: u64,
    /// Messages that were, and are not acknowledged.
    pub unacknowledged: u64,
    /// Those of them that were delivered more than once.
    pub redelivered: u64,
    /// Everything up to here is acknowledged.
    pub acknowledged_to: u64,
}

/// A message as a stream keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// Its sequence.
    pub sequence: u64,
    /// When the server stored it.
    pub stored: Timestamp,
    /// Its subject.
    pub subject: String,
    /// Its headers, by their names.
    pub headers: Vec<(String, String)>,
    /// Its bytes.
    pub payload: Bytes,
}

impl Kept {
    /// Where it stands.
    pub const fn place(&self) -> Place {
        Place { sequence: self.sequence, stored: self.stored }
    }
}

/// How a stream stands; nothing if the server has none of that name.
pub async fn standing(bus: &Bus, row: &nats::Stream) -> Result<Option<Standing>, BusError> {
    let found = match bus.jetstream.get_stream(row.name).await {
        Ok(found) => found,
        Err(error) if is_missing(&error.kind()) => return Ok(None),
        Err(error) => return Err(read_error(row.name, &error)),
    };
    let (config, state) = (&found.cached_info().config, &found.cached_info().state);
    let mut consumers = Vec::new();
    let mut listed = found.consumers();
    while let Some(consumer) = listed.next().await {
        let consumer = consumer.map_err(|error| read_error(row.name, &error))?;
        if consumer.config.durable_name.is_none() {
            continue;
        }
        let count = |number: usize| u64::try_from(number).unwrap_or(u64::MAX);
        consumers.push(Durable {
            pending: consumer.num_pending,
            unacknowledged: count(consumer.num_ack_pending),
            redelivered: count(consumer.num_redelivered),
            acknowledged_to: consumer.ack_floor.stream_sequence,
            name: consumer.name,
        });
    }
    consumers.sort_unstable_by(|a, b| a.name.cmp(&b.name));
    Ok(Some(Standing {
        messages: state.messages,
        bytes: state.bytes,
        bytes_max: u64::try_from(config.max_bytes).unwrap_or(0),
        first: state.first_sequence,
        first_at: (0 < state.messages).then(|| timestamp(state.first_timestamp)),
        last: state.last_sequence,
        last_at: (0 < state.last_sequence).then(|| timestamp(state.last_timestamp)),
        consumers,
    }))
}

/// The message at a sequence, from the stream's leader; nothing if there is none.
pub async fn at(bus: &Bus, row: &nats::Stream, sequence: u64) -> Result<Option<Kept>, BusError> {
    match bus.stream(row).await?.get_raw_message(sequence).await {
        Ok(found) => Ok(Some(Kept {
            sequence: found.sequence,
            stored: timestamp(found.time),
            subject: found.subject.to_string(),
            headers: headers(Some(&found.headers)),
            payload: found.payload,
        })),
        Err(error) if error.kind() == RawMessageErrorKind::NoMessageFound => Ok(None),
        Err(error) => Err(read_error(row.name, &error)),
    }
}

fn headers(headers: Option<&HeaderMap>) -> Vec<(String, String)> {
    let each = headers.into_iter().flat_map(HeaderMap::iter);
    let lines = each.flat_map(|(name, values)| {
        values.iter().map(move |value| (name.to_string(), value.to_string()))
    });
    let mut lines: Vec<_> = lines.collect();
    lines.sort_unstable();
    lines
}

pub(crate) fn timestamp(at: DateTime) -> Timestamp {
    let millis = at.unix_timestamp_nanos().div_euclid(1_000_000);
    Timestamp::from_millis(i64::try_from(millis).unwrap_or(i64::MAX))
}
