//! Why an event cannot be read, without a word of it: what is written down of it stays longer than the event.

use serde_json::error::Category;

use super::DecodeError;

/// The longest type that is named.
const TYPE_LEN_MAX: usize = 64;

impl DecodeError {
    /// What it says, but for what stands in the event: of a type that is not ours its name, if it looks like
    /// one of ours; of data that does not fit what was expected and where, and not what is there.
    pub fn reason(&self) -> String {
        match self {
            Self::Envelope(error) => format!("not an envelope: {}", plain(error)),
            Self::SpecVersion(_) => "CloudEvents specversion is not 1.0".to_owned(),
            Self::UnknownType(name) if !is_like_ours(name) => "unknown event type".to_owned(),
            Self::Data { type_name, place, source } => {
                let place = if is_of_fields(place) { place.as_str() } else { "" };
                format!("data of `{type_name}`{place}: {}", plain(source))
            }
            Self::UnknownType(_) | Self::NewerVersion { .. } => self.to_string(),
        }
    }
}

fn is_like_ours(name: &str) -> bool {
    let plain =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"._".contains(&byte);
    name.starts_with("konstruct.") && name.len() <= TYPE_LEN_MAX && name.bytes().all(plain)
}

/// Whether a place names nothing but fields, as ours are named: a key of a map is anybody's word.
fn is_of_fields(place: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    place.bytes().all(|byte| plain(byte) || b"_.[] ,`".contains(&byte))
}

/// What a parser says without what it read. What was expected, and names of fields, are ours.
fn plain(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let is_of_data = error.classify() == Category::Data;
    let names_ours = ["missing field `", "duplicate field `"].iter().any(|it| text.starts_with(it));
    if !is_of_data || names_ours {
        return text;
    }
    let heads =
        ["unknown variant", "unknown field", "invalid type", "invalid value", "invalid length"];
    let head = heads.into_iter().find(|head| text.starts_with(head));
    let expected = text.rsplit_once(", expected ").map(|(_, expected)| expected);
    match (head, expected) {
        (Some(head), Some(expected)) => format!("{head}, expected {expected}"),
        (head, _) => {
            let (what, line, column) =
                (head.unwrap_or("a value does not fit"), error.line(), error.column());
            if line == 0 {
                what.to_owned()
            } else {
                format!("{what} at line {line} column {column}")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::Envelope;

    const ADMITTED: &str = include_str!("../../samples/message.admitted.v1.json");

    /// Why this is no event, as it is written down.
    fn reason(bytes: &[u8]) -> String {
        Envelope::decode(bytes).unwrap_err().reason()
    }

    /// The same of one that was admitted, but for one thing.
    fn with(pointer: &str, value: Value) -> String {
        let mut event: Value = serde_json::from_str(ADMITTED).unwrap();
        *event.pointer_mut(pointer).unwrap() = value;
        reason(event.to_string().as_bytes())
    }

    #[test]
    fn what_is_written_down_says_where_it_does_not_fit() {
        let bare = reason(br#"{"specversion":"1.0","id":"x"}"#);
        assert!(bare.starts_with("not an envelope: missing field `source` at line 1"), "{bare}");
        assert_eq!(reason(b"words"), "not an envelope: expected value at line 1 column 1");
        let address = with("/data/message/address", json!("SECRET, expected SECRET"));
        assert!(address.starts_with("data of `konstruct.message.admitted.v1`"), "{address}");
        assert!(address.contains(": unknown variant, expected "), "{address}");
        let newer = with("/type", json!("konstruct.message.admitted.v9"));
        let want = "`konstruct.message.admitted.v9` is of a newer program: the newest version this one \
                    reads is v1";
        assert_eq!(newer, want);
        let unknown = with("/type", json!("konstruct.message.sung.v1"));
        assert_eq!(unknown, "unknown event type `konstruct.message.sung.v1`");
    }

    #[test]
    fn no_word_of_the_event_is_written_down() {
        let odd = "SECRET` , expected \"SECRET\" at line 1";
        let fields = [
            "/specversion",
            "/id",
            "/type",
            "/time",
            "/tenantid",
            "/correlationid",
            "/traceparent",
            "/data",
            "/data/message",
            "/data/message/id",
            "/data/message/place",
            "/data/message/place/kind",
            "/data/message/address",
            "/data/message/channel",
            "/data/message/text",
            "/data/message/attachments",
            "/data/message/sent_at",
        ];
        for field in fields {
            for value in [json!(odd), json!([odd]), json!({ odd: odd }), json!(-12_345)] {
                let mut event: Value = serde_json::from_str(ADMITTED).unwrap();
                *event.pointer_mut(field).unwrap() = value;
                let Err(error) = Envelope::decode(event.to_string().as_bytes()) else { continue };
                let reason = error.reason();
                assert!(
                    !reason.contains("SECRET") && !reason.contains("12345"),
                    "{field}: {reason}"
                );
            }
        }
    }
}
