//! Where a line is held.

use serde_json::Value;

use super::frame::Message;

/// An operation that a test waits for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Point {
    /// The service acknowledges an event of that topic, e.g. `message.admitted`, to that consumer.
    Ack {
        /// The consumer's name.
        consumer: &'static str,
        /// The end of the event's subject.
        topic: &'static str,
    },
    /// The server says that this stream has stored what the service published.
    Stored {
        /// The stream's name.
        stream: &'static str,
    },
    /// The server brings the service something of this stream.
    Brought {
        /// The stream's name.
        stream: &'static str,
    },
    /// The service asks JetStream for that, e.g. `STREAM.RESTORE.EVENTS`.
    Asked {
        /// The subject after `$JS.API.`.
        what: &'static str,
    },
}

impl Point {
    /// Whether the message is at this point. `about` is the subject of the event it acknowledges.
    pub(super) fn is_at(&self, message: &Message, about: Option<&str>) -> bool {
        match *self {
            Point::Ack { consumer, topic } => {
                let place = place(&message.subject);
                !message.is_delivered
                    // An empty one is an ack as well.
                    && (message.payload == "+ACK" || message.payload.is_empty())
                    && place.is_some_and(|(_, known)| known == consumer)
                    && about.is_some_and(|subject| subject.ends_with(topic))
            }
            Point::Stored { stream } => {
                message.is_delivered
                    && serde_json::from_slice::<Value>(&message.payload).is_ok_and(|said| {
                        let names_it = said.get("stream").and_then(Value::as_str) == Some(stream);
                        names_it && said.get("seq").is_some() && said.get("type").is_none()
                    })
            }
            Point::Brought { stream } => {
                let place = message.reply.as_deref().and_then(place);
                message.is_delivered && place.is_some_and(|(known, _)| known == stream)
            }
            Point::Asked { what } => {
                !message.is_delivered && message.subject.strip_prefix("$JS.API.") == Some(what)
            }
        }
    }
}

/// Stream and consumer of `$JS.ACK.[domain.account.]stream.consumer.deliveries.…`.
fn place(ack: &str) -> Option<(&str, &str)> {
    let words: Vec<&str> = ack.strip_prefix("$JS.ACK.")?.split('.').collect();
    let at = if words.len() <= 7 { 0 } else { 2 };
    Some((words.get(at)?, words.get(at + 1)?))
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    const ACK: &str = "$JS.ACK.EVENTS.delivery.1.7.3.1700000000000000000.0";

    fn message(is_delivered: bool, subject: &str, payload: &'static str) -> Message {
        let (subject, reply) = if is_delivered && subject.starts_with("$JS") {
            ("events.x".to_owned(), Some(subject.to_owned()))
        } else {
            (subject.to_owned(), None)
        };
        Message { is_delivered, subject, reply, payload: Bytes::from_static(payload.as_bytes()) }
    }

    #[test]
    fn each_point_is_one_kind_of_operation() {
        let ack = Point::Ack { consumer: "delivery", topic: "completion.finished" };
        let stored = Point::Stored { stream: "EVENTS" };
        let brought = Point::Brought { stream: "EVENTS" };
        let asked = Point::Asked { what: "STREAM.RESTORE.EVENTS" };
        let about = Some("events.01.acme.completion.finished");
        let other = Some("events.01.acme.message.admitted");
        let long = "$JS.ACK._.hash.EVENTS.delivery.1.7.3.1700000000000000000.0.token";
        let puback = r#"{"stream":"EVENTS", "seq":7}"#;
        let info = r#"{"type":"io.nats.stream","stream":"EVENTS","seq":7}"#;
        let cases = [
            (&ack, message(false, ACK, "+ACK"), about, true),
            (&ack, message(false, long, "+ACK"), about, true),
            (&ack, message(false, ACK, ""), about, true),
            (&ack, message(false, ACK, "+WPI"), about, false),
            (&ack, message(false, ACK, "+ACK"), other, false),
            (&ack, message(false, "$JS.ACK.EVENTS.dedup.1.7.3.9.0", "+ACK"), about, false),
            (&stored, message(true, "_INBOX.1", puback), None, true),
            (&stored, message(false, "_INBOX.1", puback), None, false),
            (&stored, message(true, "_INBOX.1", info), None, false),
            (&stored, message(true, "_INBOX.1", r#"{"stream":"KV_x","seq":7}"#), None, false),
            (&brought, message(true, ACK, "{}"), None, true),
            (&brought, message(true, "_INBOX.1", puback), None, false),
            (&asked, message(false, "$JS.API.STREAM.RESTORE.EVENTS", "{}"), None, true),
            (&asked, message(false, "$JS.API.STREAM.RESTORE.EVENTS2", "{}"), None, false),
            (&asked, message(true, "$JS.API.STREAM.RESTORE.EVENTS", "{}"), None, false),
        ];
        for (point, message, about, want) in cases {
            assert_eq!(point.is_at(&message, about), want, "{point:?} {message:?} {about:?}");
        }
    }
}
