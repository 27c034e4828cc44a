//! The connection to NATS, and publishing.

mod servers;
mod wire;

use std::{fmt, time::Duration};

use async_nats::{
    connection::State,
    jetstream::{
        self,
        context::{ContextBuilder, PublishAckFuture, PublishErrorKind},
        message::PublishMessage,
        stream::{LastRawMessageErrorKind, RawMessageErrorKind},
    },
};
use bytes::Bytes;
use nats::bounds::{PUBLISH_ACK_WAIT, PUBLISH_IN_FLIGHT_MAX};
use schemas::{Envelope, Subject, Timestamp};

use self::wire::{batch_headers, encode};

/// How long one attempt to connect may take.
const CONNECT_WAIT: Duration = Duration::from_secs(5);

/// The header of an event that was brought back: its first place on the stream.
pub(crate) const FIRST_SEQUENCE: &str = "Konstruct-First-Sequence";

/// A connection to NATS with JetStream.
#[derive(Clone)]
pub struct Bus {
    pub(crate) client: async_nats::Client,
    pub(crate) jetstream: jetstream::Context,
}

/// Where a published event stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stored {
    /// Its sequence in the stream.
    pub sequence: u64,
    /// Whether it had been there before.
    pub duplicate: bool,
}

/// An event as it stands on a stream.
#[derive(Clone, Debug)]
pub struct Recorded {
    /// Its sequence in the stream.
    pub sequence: u64,
    /// Where it stood first, if it was brought back.
    pub first_sequence: u64,
    /// Its subject.
    pub subject: String,
    /// Its bytes.
    pub payload: Bytes,
}

/// What a stream has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// The sequence of the first event that is there; the next one's where there is none.
    pub first: u64,
    /// The last sequence that was given.
    pub last: u64,
    /// How many events there are.
    pub events: u64,
    /// When the first one was stored.
    pub first_at: Timestamp,
}

/// NATS did not do what we asked. Names no credentials.
#[derive(Debug, thiserror::Error)]
pub enum BusError {
    /// No connection.
    #[error("NATS is away: {0}")]
    Away(String),
    /// The event was not confirmed as stored.
    #[error("not stored: {0}")]
    NotStored(String),
    /// Somebody else wrote that aggregate first.
    #[error("it was changed by somebody else meanwhile")]
    Conflict,
    /// The event cannot be written as JSON, or is longer than an event may be.
    #[error("not publishable: {0}")]
    Unpublishable(String),
    /// Reading back failed.
    #[error("cannot read `{what}`: {why}")]
    Read {
        /// What was asked for.
        what: String,
        /// What the server said.
        why: String,
    },
}

impl Bus {
    /// Connects, and keeps reconnecting for as long as it lives.
    pub async fn connect(url: &str, name: &str) -> Result<Self, BusError> {
        let (servers, options) = servers::servers(url)?;
        let client = options
            .name(name)
            .connection_timeout(CONNECT_WAIT)
            .request_timeout(Some(PUBLISH_ACK_WAIT))
            .reconnect_delay_callback(|tries| {
                Duration::from_millis((tries as u64).saturating_mul(50).min(1_000))
            })
            .connect(servers)
            .await
            .map_err(|error| BusError::Away(error.to_string()))?;
        let jetstream = ContextBuilder::new()
            .timeout(PUBLISH_ACK_WAIT)
            .ack_timeout(PUBLISH_ACK_WAIT)
            .max_ack_inflight(PUBLISH_IN_FLIGHT_MAX)
            .backpressure_on_inflight(true)
            .build(client.clone());
        Ok(Self { client, jetstream })
    }

    /// Whether there is a connection right now.
    pub fn is_connected(&self) -> bool {
        self.client.connection_state() == State::Connected
    }

    /// The version of the server, e.g. `2.15.1`.
    pub fn server_version(&self) -> String {
        self.client.server_info().version
    }

    /// Whether the server is part of a cluster.
    pub fn is_clustered(&self) -> bool {
        self.client.server_info().cluster.is_some()
    }

    /// Publishes and waits, bounded, until the event is stored.
    pub async fn publish(&self, envelope: &Envelope) -> Result<Stored, BusError> {
        self.begin(envelope).await?.stored().await
    }

    /// Publishes without waiting for the ack, so that several can be under way.
    pub(crate) async fn begin(&self, envelope: &Envelope) -> Result<Pending, BusError> {
        let payload = encode(envelope)?;
        let message = PublishMessage::build().message_id(envelope.id.as_str()).payload(payload);
        self.send(&envelope.subject(), message).await
    }

    /// Publishes if the subject's last sequence is still `last`.
    pub async fn publish_expecting(
        &self,
        envelope: &Envelope,
        last: u64,
    ) -> Result<Stored, BusError> {
        let message = PublishMessage::build()
            .message_id(envelope.id.as_str())
            .expected_last_subject_sequence(last)
            .payload(encode(envelope)?);
        self.send(&envelope.subject(), message).await?.stored().await
    }

    pub(crate) async fn send(
        &self,
        subject: &Subject,
        message: PublishMessage,
    ) -> Result<Pending, BusError> {
        if !self.is_connected() {
            return Err(BusError::Away("not connected".to_owned()));
        }
        let sent = self.jetstream.send_publish(subject.as_str().to_owned(), message).await;
        sent.map(Pending).map_err(|error| refusal(&error))
    }

    /// Publishes all of these or none; those with a number, only if it is still their subject's
    /// last sequence. One round trip; at most 1,000 (server 2.12, ADR-50).
    pub async fn publish_all_or_none(
        &self,
        batch: &[(Envelope, Option<u64>)],
    ) -> Result<Stored, BusError> {
        let Some(((last, expected), before)) = batch.split_last() else {
            return Err(BusError::Unpublishable("an empty batch".to_owned()));
        };
        if let (true, Some(expected)) = (before.is_empty(), expected) {
            return self.publish_expecting(last, *expected).await;
        }
        for (index, (envelope, expected)) in before.iter().enumerate() {
            let headers = batch_headers(&last.id, index, envelope, *expected);
            let subject = envelope.subject().as_str().to_owned();
            let sent = self.client.publish_with_headers(subject, headers, encode(envelope)?).await;
            sent.map_err(|error| BusError::Away(error.to_string()))?;
        }
        let mut headers = batch_headers(&last.id, before.len(), last, *expected);
        headers.insert("Nats-Batch-Commit", "1");
        let message = PublishMessage::build().headers(headers).payload(encode(last)?);
        self.send(&last.subject(), message).await?.stored().await
    }

    /// Publishes what is recorded once more, under another message id so that it is stored. It says
    /// where it stood first, so that its lane takes it in that place.
    pub async fn publish_again(&self, recorded: &Recorded, id: &str) -> Result<Stored, BusError> {
        let first = recorded.first_sequence.to_string();
        let message = PublishMessage::build()
            .message_id(id)
            .header(FIRST_SEQUENCE, first.as_str())
            .payload(recorded.payload.clone());
        let sent = self.jetstream.send_publish(recorded.subject.clone(), message).await;
        sent.map(Pending).map_err(|error| refusal(&error))?.stored().await
    }

    /// The last event of a subject, from the stream's leader: what was just written is seen.
    pub async fn last(
        &self,
        stream: &nats::Stream,
        subject: &Subject,
    ) -> Result<Option<Recorded>, BusError> {
        let handle = self.stream(stream).await?;
        match handle.get_last_raw_message_by_subject(subject.as_str()).await {
            Ok(found) => Ok(Some(recorded(found))),
            Err(error) if error.kind() == LastRawMessageErrorKind::NoMessageFound => Ok(None),
            Err(error) => Err(read_error(subject.as_str(), &error)),
        }
    }

    /// The event at a sequence, unless it has aged out.
    pub async fn at(
        &self,
        stream: &nats::Stream,
        sequence: u64,
    ) -> Result<Option<Recorded>, BusError> {
        let handle = self.stream(stream).await?;
        match handle.get_raw_message(sequence).await {
            Ok(found) => Ok(Some(recorded(found))),
            Err(error) if error.kind() == RawMessageErrorKind::NoMessageFound => Ok(None),
            Err(error) => Err(read_error(stream.name, &error)),
        }
    }

    /// The sequence of the stream's last event.
    pub async fn last_sequence(&self, stream: &nats::Stream) -> Result<u64, BusError> {
        Ok(self.state(stream).await?.last_sequence)
    }

    /// From where to where the stream goes.
    pub async fn span(&self, stream: &nats::Stream) -> Result<Span, BusError> {
        let state = self.state(stream).await?;
        let millis = state.first_timestamp.unix_timestamp_nanos().div_euclid(1_000_000);
        Ok(Span {
            first: if state.messages == 0 { state.last_sequence + 1 } else { state.first_sequence },
            last: state.last_sequence,
            events: state.messages,
            first_at: Timestamp::from_millis(i64::try_from(millis).unwrap_or(i64::MAX)),
        })
    }

    /// How many bytes the stream has.
    pub async fn bytes(&self, stream: &nats::Stream) -> Result<u64, BusError> {
        Ok(self.state(stream).await?.bytes)
    }

    async fn state(&self, stream: &nats::Stream) -> Result<jetstream::stream::State, BusError> {
        let found = self.jetstream.get_stream(stream.name).await;
        Ok(found.map_err(|error| read_error(stream.name, &error))?.cached_info().state.clone())
    }

    pub(crate) async fn stream(
        &self,
        row: &nats::Stream,
    ) -> Result<jetstream::stream::Stream<()>, BusError> {
        let found = self.jetstream.get_stream_no_info(row.name).await;
        found.map_err(|error| read_error(row.name, &error))
    }

    /// Sends what is still in the client's buffer.
    pub async fn flush(&self) {
        if let Err(error) = self.client.flush().await {
            tracing::warn!(%error, "the last acks may not have left; their events come again");
        }
    }
}

impl fmt::Debug for Bus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Bus")
    }
}

/// A publish that has left and is not confirmed.
#[must_use = "an event is stored only when its ack has come"]
pub(crate) struct Pending(PublishAckFuture);

impl Pending {
    pub(crate) async fn stored(self) -> Result<Stored, BusError> {
        let ack = self.0.await.map_err(|error| refusal(&error))?;
        Ok(Stored { sequence: ack.sequence, duplicate: ack.duplicate })
    }
}

fn refusal(error: &jetstream::context::PublishError) -> BusError {
    if error.kind() == PublishErrorKind::WrongLastSequence {
        return BusError::Conflict;
    }
    BusError::NotStored(error.to_string())
}

fn recorded(message: jetstream::message::StreamMessage) -> Recorded {
    let first = message.headers.get(FIRST_SEQUENCE).and_then(|it| it.as_str().parse().ok());
    Recorded {
        sequence: message.sequence,
        first_sequence: first.unwrap_or(message.sequence),
        subject: message.subject.to_string(),
        payload: message.payload,
    }
}

pub(crate) fn read_error(what: &str, why: &dyn fmt::Display) -> BusError {
    BusError::Read { what: what.to_owned(), why: why.to_string() }
}
