//! What people wrote, taken out of JSON before it is shown: in its place stands how much it was, or what it
//! says once somebody opened it.

use schemas::{Event, Text, subject::Aggregate};
use serde_json::Value;

use crate::seal;

/// Puts what `say` says of each text in its place.
pub fn veil(value: &mut Value, say: &dyn Fn(&Text) -> String) {
    if let Some(text) = text_of(value) {
        *value = Value::String(say(&text));
        return;
    }
    match value {
        Value::Object(fields) => fields.values_mut().for_each(|field| veil(field, say)),
        Value::Array(items) => items.iter_mut().for_each(|item| veil(item, say)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// How much a text is: `sealed, 12 bytes`, or `not sealed, 12 bytes`.
pub fn size(text: &Text) -> String {
    match text {
        Text::Sealed(sealed) => format!("sealed, {} bytes", seal::sealed_len(sealed)),
        Text::Plain(plain) => format!("not sealed, {} bytes", plain.len()),
    }
}

/// Whom the texts of an event belong to; see [`seal::Owner`]. Nothing where it has none.
pub fn owner_of(event: &Event) -> Option<&str> {
    match event.aggregate() {
        Aggregate::Agent(agent) => Some(agent.as_str()),
        Aggregate::Conversation(..) => event.message().map(|message| message.id.as_str()),
        Aggregate::Wire(_)
        | Aggregate::Tenant
        | Aggregate::Tool(_)
        | Aggregate::ModelGroup(_)
        | Aggregate::Connection(_)
        | Aggregate::Claim(_) => None,
    }
}

/// A text as [`Text`] is written.
pub(crate) fn text_of(value: &Value) -> Option<Text> {
    let Value::Object(fields) = value else { return None };
    let mut fields = fields.iter();
    let (name, Value::String(text)) = fields.next()? else { return None };
    if fields.next().is_some() {
        return None;
    }
    match name.as_str() {
        "sealed" => Some(Text::Sealed(text.clone())),
        "plain" => Some(Text::Plain(text.clone())),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use schemas::{Envelope, Kind, TenantId};
    use serde_json::json;

    use super::*;
    use crate::seal::{DataKey, Owner, Sealing};

    fn sample(kind: Kind) -> Envelope {
        let name = kind.type_name().trim_start_matches("konstruct.");
        let file = format!("{}/../../schemas/samples/{name}.json", env!("CARGO_MANIFEST_DIR"));
        Envelope::decode(&std::fs::read(file).unwrap()).unwrap()
    }

    fn veiled(envelope: &Envelope) -> String {
        let mut value = serde_json::from_slice(&envelope.encode().unwrap()).unwrap();
        veil(&mut value, &size);
        value.to_string()
    }

    #[test]
    fn of_a_text_stands_how_much_it_was_and_everything_else_stays() {
        let sealed = Text::Sealed("A".repeat(60));
        let mut value = json!({
            "id": "m1",
            "text": sealed,
            "names": [{ "plain": "voice note" }, { "plain": "a", "sealed": "b" }],
            "plain": 7,
            "tokens": null,
        });
        veil(&mut value, &size);
        let want = json!({
            "id": "m1",
            "text": "sealed, 5 bytes",
            "names": ["not sealed, 10 bytes", { "plain": "a", "sealed": "b" }],
            "plain": 7,
            "tokens": null,
        });
        assert_eq!(value, want);
    }

    #[test]
    fn no_kind_of_event_shows_a_text() {
        for kind in Kind::ALL {
            let shown = veiled(&sample(*kind));
            for part in ["\"sealed\":", "\"plain\":", "voice note", "warm, brief"] {
                assert!(!shown.contains(part), "{}: {part} in {shown}", kind.topic());
            }
        }
    }

    #[test]
    fn whatever_holds_texts_says_whose_they_are() {
        for kind in Kind::ALL {
            let envelope = sample(*kind);
            let shown = veiled(&envelope);
            let has_texts = shown.contains("sealed, ");
            let owner = owner_of(&envelope.event);
            assert!(!has_texts || owner.is_some(), "{}: {shown}", kind.topic());
        }
        assert_eq!(owner_of(&sample(Kind::AgentPublished).event), Some("mara"));
        let received = sample(Kind::MessageReceived);
        assert_eq!(owner_of(&received.event), Some(received.correlation.as_str()));
    }

    proptest! {
        #[test]
        fn the_size_is_that_of_what_was_written(plain in "\\PC{0,200}") {
            let tenant: TenantId = "acme".parse().unwrap();
            let owner = Owner { tenant: &tenant, of: "m1" };
            let sealed = Sealing::On(DataKey::new([7; 32])).seal(owner, &plain);
            prop_assert_eq!(size(&sealed), format!("sealed, {} bytes", plain.len()));
        }
    }
}
