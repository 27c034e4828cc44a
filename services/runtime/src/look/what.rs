//! What a message of a stream is, and what of it is shown.

use domain::{look::word, veil::veil};
use schemas::{Envelope, Text};
use serde_json::{Map, Value, json};

use super::Kept;
use crate::DeadLetter;

/// The most bytes that are shown of what cannot be read.
pub const RAW_BYTES_MAX: usize = 4096;

/// What a message is.
#[derive(Clone, Debug)]
pub enum What {
    /// An event.
    Event(Box<Envelope>),
    /// What was set aside, and why.
    SetAside(Box<DeadLetter>),
    /// The server's word that it gave a delivery up.
    Advisory(Value),
    /// Not what it should be, for this reason.
    Unreadable(String),
}

/// A message in a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Whose it is; `-` where that is not known.
    pub tenant: String,
    /// Its kind.
    pub kind: &'static str,
    /// The story that it belongs to, or the event that it is about; `-` where there is none.
    pub story: String,
    /// What it says, in a few words; nothing of what was said.
    pub word: String,
}

impl What {
    /// What a message of a stream is.
    pub fn of(stream: &nats::Stream, kept: &Kept) -> Self {
        let bytes = &kept.payload;
        let read = match stream.name {
            name if name == nats::DEADLETTERS.name => {
                serde_json::from_slice(bytes).map(|it| What::SetAside(Box::new(it)))
            }
            name if name == nats::ADVISORIES.name => {
                serde_json::from_slice(bytes).map(What::Advisory)
            }
            _ => Ok(match Envelope::decode(bytes) {
                Ok(envelope) => What::Event(Box::new(envelope)),
                Err(why) => What::Unreadable(why.to_string()),
            }),
        };
        read.unwrap_or_else(|why| What::Unreadable(why.to_string()))
    }

    /// The event that it is, if it is one.
    pub fn event(&self) -> Option<&Envelope> {
        match self {
            What::Event(event) => Some(event),
            What::SetAside(_) | What::Advisory(_) | What::Unreadable(_) => None,
        }
    }

    /// It as JSON, by a name that says which kind of thing it is. `say` says what stands in the place of a
    /// text.
    pub fn body(
        &self,
        kept: &Kept,
        say: &dyn Fn(&Text) -> String,
    ) -> serde_json::Result<Map<String, Value>> {
        let (name, body) = match self {
            What::Event(envelope) => {
                let mut event = serde_json::from_slice(&envelope.encode()?)?;
                veil(&mut event, say);
                ("event", event)
            }
            What::SetAside(letter) => ("set_aside", serde_json::to_value(letter)?),
            What::Advisory(value) => ("advisory", value.clone()),
            What::Unreadable(why) => ("unreadable", raw(why, &kept.payload)),
        };
        Ok(std::iter::once((name.to_owned(), body)).collect())
    }

    /// It in a line.
    pub fn line(&self, kept: &Kept) -> Line {
        let none = || "-".to_owned();
        match self {
            What::Event(it) => Line {
                tenant: it.tenant.to_string(),
                kind: it.event.kind().topic(),
                story: it.correlation.to_string(),
                word: word(&it.event),
            },
            What::SetAside(it) => Line {
                tenant: it.tenant.as_ref().map_or_else(none, ToString::to_string),
                kind: "set aside",
                story: it.event.clone().unwrap_or_else(none),
                word: format!("{} {} by {}: {}", it.stream, it.sequence, it.consumer, it.reason),
            },
            What::Advisory(it) => {
                let field = |name: &str| match it.get(name) {
                    Some(Value::String(text)) => text.clone(),
                    Some(other) => other.to_string(),
                    None => none(),
                };
                let (stream, sequence) = (field("stream"), field("stream_seq"));
                let word = format!("{stream} {sequence} by {}", field("consumer"));
                Line { tenant: none(), kind: "given up", story: none(), word }
            }
            What::Unreadable(why) => {
                let word = format!("{}: {why}", kept.subject);
                Line { tenant: none(), kind: "unreadable", story: none(), word }
            }
        }
    }
}

/// What cannot be read, with its bytes as far as they are shown. Where they are JSON, texts are not in it.
fn raw(why: &str, payload: &[u8]) -> Value {
    let text = match serde_json::from_slice::<Value>(payload) {
        Ok(mut value) => {
            veil(&mut value, &domain::veil::size);
            value.to_string()
        }
        Err(_) => String::from_utf8_lossy(payload).into_owned(),
    };
    let end = text.floor_char_boundary(RAW_BYTES_MAX.min(text.len()));
    json!({
        "why": why,
        "bytes": payload.len(),
        "raw": text.get(..end).unwrap_or_default(),
        "is_cut": end < text.len(),
    })
}
