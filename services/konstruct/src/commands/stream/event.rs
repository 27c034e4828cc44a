//! One message of a stream, as it is shown.

use domain::{look::word, veil::veil};
use runtime::{DeadLetter, look::Kept};
use schemas::{Envelope, Text};
use serde_json::{Value, json};

/// The most bytes that are shown of what cannot be read.
const RAW_BYTES_MAX: usize = 4096;

/// What a message is.
pub(super) enum What {
    /// An event.
    Event(Box<Envelope>),
    /// What was set aside, and why.
    SetAside(Box<DeadLetter>),
    /// The server's word.
    Advisory(Value),
    /// Not what it should be, for this reason.
    Unreadable(String),
}

/// What a message of a stream is.
pub(super) fn read(stream: &nats::Stream, kept: &Kept) -> What {
    let bytes = &kept.payload;
    let read = match stream.name {
        name if name == nats::DEADLETTERS.name => {
            serde_json::from_slice(bytes).map(|it| What::SetAside(Box::new(it)))
        }
        name if name == nats::ADVISORIES.name => serde_json::from_slice(bytes).map(What::Advisory),
        _ => Ok(match Envelope::decode(bytes) {
            Ok(envelope) => What::Event(Box::new(envelope)),
            Err(why) => What::Unreadable(why.to_string()),
        }),
    };
    read.unwrap_or_else(|why| What::Unreadable(why.to_string()))
}

impl What {
    /// It, and where it stands, as JSON. `say` says what stands in the place of a text.
    pub(super) fn json(
        &self,
        stream: &nats::Stream,
        kept: &Kept,
        say: &dyn Fn(&Text) -> String,
    ) -> anyhow::Result<Value> {
        let headers: serde_json::Map<_, _> = headers(kept).collect();
        let mut shown = json!({
            "stream": stream.name,
            "sequence": kept.sequence,
            "stored": kept.stored,
            "subject": kept.subject,
            "headers": headers,
        });
        if let Value::Object(fields) = &mut shown {
            fields.extend(self.body(kept, say)?);
        }
        Ok(shown)
    }

    /// What it is, by a name that says which kind of thing that is.
    pub(super) fn body(
        &self,
        kept: &Kept,
        say: &dyn Fn(&Text) -> String,
    ) -> anyhow::Result<serde_json::Map<String, Value>> {
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

    /// A line for people: when, where, whose, what, which story, and a word.
    pub(super) fn line(&self, kept: &Kept) -> String {
        let (tenant, kind, story, word) = match self {
            What::Event(it) => {
                let (tenant, story) = (it.tenant.to_string(), it.correlation.to_string());
                (tenant, it.event.kind().topic(), story, word(&it.event))
            }
            What::SetAside(it) => {
                let tenant = it.tenant.as_ref().map_or("-".to_owned(), ToString::to_string);
                let story = it.event.clone().unwrap_or_else(|| "-".to_owned());
                let word =
                    format!("{} {} by {}: {}", it.stream, it.sequence, it.consumer, it.reason);
                (tenant, "set aside", story, word)
            }
            What::Advisory(it) => {
                let field = |name: &str| match it.get(name) {
                    Some(Value::String(text)) => text.clone(),
                    Some(other) => other.to_string(),
                    None => "-".to_owned(),
                };
                let word =
                    format!("{} {} by {}", field("stream"), field("stream_seq"), field("consumer"));
                ("-".to_owned(), "given up", "-".to_owned(), word)
            }
            What::Unreadable(why) => {
                let word = format!("{}: {why}", kept.subject);
                ("-".to_owned(), "unreadable", "-".to_owned(), word)
            }
        };
        let Kept { stored, sequence, .. } = kept;
        let stored = stored.to_string();
        let line =
            format!("{stored:<24}  {sequence:>8}  {tenant:<16}  {kind:<24}  {story:<26}  {word}");
        line.trim_end().to_owned()
    }
}

/// The headers, those that stand there several times with commas.
fn headers(kept: &Kept) -> impl Iterator<Item = (String, Value)> {
    let mut lines: Vec<(String, String)> = Vec::new();
    for (name, value) in &kept.headers {
        match lines.last_mut() {
            Some((last, values)) if *last == *name => {
                values.push_str(", ");
                values.push_str(value);
            }
            _ => lines.push((name.clone(), value.clone())),
        }
    }
    lines.into_iter().map(|(name, value)| (name, Value::String(value)))
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

#[cfg(test)]
mod tests;
