//! The envelope: a CloudEvents 1.0 event in structured JSON mode, with our four extensions.
//!
//! Rules of the format: CloudEvents 1.0.2 core specification and its JSON event format §3.

mod glimpse;
mod reason;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use sha2::{Digest as _, Sha256};

pub use self::glimpse::Glimpse;
use crate::{CorrelationId, Event, EventId, Subject, TenantId, Timestamp, subject, upcast::Chain};

/// The longest envelope, in bytes: a mebibyte, which is the streams' bound, less its headers.
pub const LEN_MAX: usize = 1024 * 1024 - 4 * 1024;

/// A fact, with what every fact carries.
#[derive(Clone, Debug, PartialEq)]
pub struct Envelope {
    /// Unique for ever; see [`EventId`].
    pub id: EventId,
    /// The program that said it, e.g. `gateway`.
    pub source: String,
    /// When it was recorded.
    pub time: Timestamp,
    /// Whose fact it is.
    pub tenant: TenantId,
    /// The fact that led to this one: follow these to read a story backwards.
    pub causation: Option<EventId>,
    /// What all facts of one story share.
    pub correlation: CorrelationId,
    /// The W3C trace it belongs to.
    pub trace: Option<Trace>,
    /// What happened.
    pub event: Event,
}

/// A W3C `traceparent` of version 00.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Trace(String);

impl Trace {
    /// The trace of a story: derived, so that every program names the same one.
    pub fn of(story: &CorrelationId) -> Self {
        let digest = Sha256::digest(story.as_str().as_bytes());
        let number = |from: usize, to: usize| {
            let bytes = digest.get(from..to).unwrap_or_default();
            bytes.iter().fold(0_u128, |number, byte| number << 8 | u128::from(*byte))
        };
        Self(format!("00-{:032x}-{:016x}-01", number(0, 16), number(16, 24)))
    }

    /// As it stands in a header.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Trace {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let hex = |part: &str, len: usize| {
            part.len() == len && part.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
        };
        // Zeros alone mean that there is none: W3C Trace Context, §3.2.2.3 and §3.2.2.4.
        let id = |part: &str, len: usize| hex(part, len) && part.bytes().any(|b| b != b'0');
        let mut parts = text.split('-');
        let valid = parts.next() == Some("00")
            && parts.next().is_some_and(|trace| id(trace, 32))
            && parts.next().is_some_and(|parent| id(parent, 16))
            && parts.next().is_some_and(|flags| hex(flags, 2))
            && parts.next().is_none();
        if valid { Ok(Self(text)) } else { Err("not a traceparent") }
    }
}

impl From<Trace> for String {
    fn from(trace: Trace) -> String {
        trace.0
    }
}

/// Why bytes from the log are not an event we know.
#[derive(Debug, thiserror::Error)]
pub enum DecodeError {
    /// Not JSON, or not an envelope.
    #[error("not an envelope: {0}")]
    Envelope(#[source] serde_json::Error),
    /// A CloudEvents version we do not read.
    #[error("CloudEvents specversion `{0}` is not 1.0")]
    SpecVersion(String),
    /// An event that a newer program knows, or it is not ours.
    #[error("unknown event type `{0}`")]
    UnknownType(String),
    /// A newer program wrote it: an event we know, of a version we do not.
    #[error("`{type_name}` is of a newer program: the newest version this one reads is v{newest}")]
    NewerVersion {
        /// The type it claims to be.
        type_name: String,
        /// The version of it that is written today.
        newest: u32,
    },
    /// The type is known, its data does not fit: e.g. a word that a newer program knows.
    #[error("data of `{type_name}`{place}: {source}")]
    Data {
        /// The type it claims to be.
        type_name: String,
        /// The version it was read as, where that is another, and which field, where it is one.
        place: String,
        /// What does not fit.
        source: serde_json::Error,
    },
}

#[derive(Serialize)]
struct Written<'a> {
    specversion: &'static str,
    id: &'a EventId,
    source: String,
    r#type: &'static str,
    time: Timestamp,
    datacontenttype: &'static str,
    tenantid: &'a TenantId,
    #[serde(skip_serializing_if = "Option::is_none")]
    causationid: Option<&'a EventId>,
    correlationid: &'a CorrelationId,
    #[serde(skip_serializing_if = "Option::is_none")]
    traceparent: Option<&'a Trace>,
    data: Box<RawValue>,
}

#[derive(Deserialize)]
struct Read<'a> {
    specversion: String,
    id: EventId,
    source: String,
    r#type: String,
    time: Timestamp,
    tenantid: TenantId,
    #[serde(default)]
    causationid: Option<EventId>,
    correlationid: CorrelationId,
    #[serde(default)]
    traceparent: Option<Trace>,
    #[serde(borrow)]
    data: &'a RawValue,
}

impl Envelope {
    /// Where it is published.
    pub fn subject(&self) -> Subject {
        subject::of_event(&self.tenant, &self.event)
    }

    /// What follows from it: event `index` of `stage`. The id is derived, so that the same cause
    /// publishes the same event on every attempt. It belongs to the story of its message, where it
    /// names one, else to that of its cause.
    #[must_use]
    pub fn follow(&self, stage: &str, index: usize, time: Timestamp, event: Event) -> Self {
        let story = event.message().map(|message| CorrelationId::from(&message.id));
        let correlation = story.unwrap_or_else(|| self.correlation.clone());
        Self {
            id: EventId::derive(self.id.as_str(), stage, index),
            source: stage.to_owned(),
            time,
            tenant: self.tenant.clone(),
            causation: Some(self.id.clone()),
            trace: self.trace.as_ref().map(|_| Trace::of(&correlation)),
            correlation,
            event,
        }
    }

    /// The bytes on the log.
    pub fn encode(&self) -> serde_json::Result<Vec<u8>> {
        serde_json::to_vec(&Written {
            specversion: "1.0",
            id: &self.id,
            source: format!("konstruct/{}", self.source),
            r#type: self.event.kind().type_name(),
            time: self.time,
            datacontenttype: "application/json",
            tenantid: &self.tenant,
            causationid: self.causation.as_ref(),
            correlationid: &self.correlation,
            traceparent: self.trace.as_ref(),
            data: self.event.encode()?,
        })
    }

    /// Reads what [`Self::encode`] wrote, today or years ago. Unknown fields are passed over, old
    /// versions are brought up to today's.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        Self::decode_by(bytes, &Chain::TODAY)
    }

    /// The same with other versions and steps.
    pub(crate) fn decode_by(bytes: &[u8], chain: &Chain) -> Result<Self, DecodeError> {
        let read: Read<'_> = serde_json::from_slice(bytes).map_err(DecodeError::Envelope)?;
        if read.specversion != "1.0" {
            return Err(DecodeError::SpecVersion(read.specversion));
        }
        let event = chain.read(&read.r#type, read.data)?;
        Ok(Self {
            id: read.id,
            source: read.source.strip_prefix("konstruct/").unwrap_or(&read.source).to_owned(),
            time: read.time,
            tenant: read.tenantid,
            causation: read.causationid,
            correlation: read.correlationid,
            trace: read.traceparent,
            event,
        })
    }
}

#[cfg(test)]
mod tests;
