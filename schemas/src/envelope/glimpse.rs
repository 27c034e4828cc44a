//! What an event that cannot be read still says of itself.

use std::fmt;

use serde_json::Value;

use crate::{EffectId, EventId, MessageId, TenantId};

/// Bytes from the log, looked at as JSON. Each thing is looked for where the envelope and today's events have
/// it; what is not there, or does not fit, is not said.
#[derive(Clone, Default, PartialEq)]
pub struct Glimpse(Value);

/// What people wrote may stand in it.
impl fmt::Debug for Glimpse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Glimpse").field("id", &self.id()).finish_non_exhaustive()
    }
}

impl Glimpse {
    /// What is no JSON says nothing.
    pub fn of(bytes: &[u8]) -> Self {
        Self(serde_json::from_slice(bytes).unwrap_or_default())
    }

    /// Its own name.
    pub fn id(&self) -> Option<EventId> {
        self.text("/id")?.parse().ok()
    }

    /// Whose it is.
    pub fn tenant(&self) -> Option<TenantId> {
        self.text("/tenantid")?.parse().ok()
    }

    /// The story it belongs to.
    pub fn correlation(&self) -> Option<&str> {
        self.text("/correlationid")
    }

    /// The message it is about.
    pub fn message(&self) -> Option<MessageId> {
        self.text("/data/message/id")?.parse().ok()
    }

    /// Who wrote that.
    pub fn sender(&self) -> Option<&str> {
        self.text("/data/message/sender")
    }

    /// The message that was handed over before.
    pub fn handed_off(&self) -> Option<MessageId> {
        self.text("/data/handed_off")?.parse().ok()
    }

    /// Who gave the thread back.
    pub fn handed_back_by(&self) -> Option<&str> {
        self.text("/data/by/person")
    }

    /// What was sent, or was seen.
    pub fn effects(&self) -> Vec<EffectId> {
        let parts = self.0.pointer("/data/parts").and_then(Value::as_array);
        let parts = parts.into_iter().flatten().filter_map(|part| part.get("effect"));
        let all = self.0.pointer("/data/effect").into_iter().chain(parts);
        all.filter_map(|it| it.as_str()?.parse().ok()).collect()
    }

    /// Whether it says of no story and of no message that it belongs to it.
    pub fn is_about_nothing(&self) -> bool {
        self.correlation().is_none() && self.message().is_none() && self.effects().is_empty()
    }

    /// Whether this stands anywhere in it, as a whole word of its own.
    pub fn says(&self, text: &str) -> bool {
        stands_in(&self.0, text)
    }

    fn text(&self, pointer: &str) -> Option<&str> {
        self.0.pointer(pointer)?.as_str()
    }
}

fn stands_in(value: &Value, text: &str) -> bool {
    match value {
        Value::String(it) => it == text,
        Value::Array(items) => items.iter().any(|it| stands_in(it, text)),
        Value::Object(fields) => {
            fields.iter().any(|(name, it)| name == text || stands_in(it, text))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::Kind;

    fn glimpse(value: &Value) -> Glimpse {
        Glimpse::of(value.to_string().as_bytes())
    }

    fn sample(kind: Kind) -> Vec<u8> {
        let file = format!("{}/samples/{}.v1.json", env!("CARGO_MANIFEST_DIR"), kind.topic());
        std::fs::read(file).unwrap()
    }

    #[test]
    fn what_does_not_fit_is_not_said() {
        for bytes in [&b""[..], b"no JSON", b"\xff", b"[]", b"7", br#"{"data":7}"#] {
            let it = Glimpse::of(bytes);
            assert_eq!((it.id(), it.correlation(), it.message()), (None, None, None), "{bytes:?}");
            assert!(it.is_about_nothing() && !it.says("U1"), "{bytes:?}");
        }
        let odd = json!({
            "id": 7, "correlationid": ["m1"],
            "data": { "message": { "id": "a.b", "sender": null }, "parts": [7, { "effect": "x.1" }] },
        });
        let odd = glimpse(&odd);
        assert_eq!((odd.id(), odd.message(), odd.sender()), (None, None, None));
        assert!(odd.is_about_nothing() && odd.effects().is_empty());
        assert_eq!(format!("{odd:?}"), "Glimpse { id: None, .. }");
    }

    #[test]
    fn a_person_is_found_wherever_their_name_stands() {
        let cases = [
            (json!({ "data": { "by": { "person": "U1" } } }), true),
            (json!({ "data": { "people": [{ "U1": 7 }] } }), true),
            (json!({ "data": { "text": "ask <@U1>" } }), false),
            (json!({ "data": { "sender": "U12" } }), false),
        ];
        for (value, want) in cases {
            assert_eq!(glimpse(&value).says("U1"), want, "{value}");
        }
    }

    /// Were a field renamed, what cannot be read would not be found any more.
    #[test]
    fn every_event_that_is_read_says_the_same_at_a_glimpse() {
        for kind in Kind::ALL {
            let bytes = sample(*kind);
            let (read, it) = (crate::Envelope::decode(&bytes).unwrap(), Glimpse::of(&bytes));
            assert_eq!(it.id().as_ref(), Some(&read.id), "{kind:?}");
            assert_eq!(it.tenant().as_ref(), Some(&read.tenant), "{kind:?}");
            assert_eq!(it.correlation(), Some(read.correlation.as_str()), "{kind:?}");
            let message = read.event.message();
            assert_eq!(it.message().as_ref(), message.map(|it| &it.id), "{kind:?}");
            assert_eq!(it.sender(), message.map(|it| it.sender.as_str()), "{kind:?}");
            if let crate::Event::ConversationHandedBack(data) = &read.event {
                assert_eq!(it.handed_off().as_ref(), Some(&data.handed_off));
                assert_eq!(it.handed_back_by(), Some("U0TOM"));
            }
        }
        let effects = |kind| {
            let effects = Glimpse::of(&sample(kind)).effects();
            effects.iter().map(ToString::to_string).collect::<Vec<_>>()
        };
        let sent = ["xit7nrme8cpl0mki0kplrc7r64", "xgnui0fug13pijemc16bq4qm1d"];
        assert_eq!(effects(Kind::ReplyDelivered), sent);
        assert_eq!(effects(Kind::EffectObserved), ["xni5k6p2t6qkvrqjbmuorjcn86"]);
        assert_eq!(effects(Kind::ReplyUncertain).len(), 1);
    }
}
