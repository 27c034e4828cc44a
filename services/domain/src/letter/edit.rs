//! What may be edited of an event that is handled once more.

use std::collections::BTreeSet;

use schemas::Envelope;
use serde_json::Value;

/// The event as somebody wrote it, or everything that is wrong with it. It stays its tenant's, its
/// message's and its subject's, and nothing in it is in the clear that was not so before.
pub fn check(original: &[u8], subject: &str, edited: &[u8]) -> Result<Envelope, Vec<String>> {
    let value: Value = match serde_json::from_slice(edited) {
        Ok(value) => value,
        Err(error) => return Err(vec![format!("it is not JSON: {error}")]),
    };
    let mut problems = Vec::new();
    let before: Value = serde_json::from_slice(original).unwrap_or(Value::Null);
    for field in ["tenantid", "correlationid", "type"] {
        let (was, is) = (before.get(field), value.get(field));
        if was.is_some() && was != is {
            problems.push(format!("`{field}` is not that of the original"));
        }
    }
    let mut known = BTreeSet::new();
    texts(&before, "", &mut |_, text| {
        known.insert(text.to_string());
    });
    texts(&value, "", &mut |path, text| {
        if !known.contains(&text.to_string()) {
            problems.push(format!("`{path}` is a text that the original does not have"));
        }
    });
    let envelope = match Envelope::decode(edited) {
        Ok(envelope) => envelope,
        Err(error) => {
            problems.push(error.to_string());
            return Err(problems);
        }
    };
    if let Ok(before) = Envelope::decode(original) {
        let message = |it: &Envelope| it.event.message().map(|message| message.id.clone());
        if message(&before) != message(&envelope) {
            problems.push("it is about another message".to_owned());
        }
    }
    let published = envelope.subject();
    if published.as_str() != subject {
        problems.push(format!("it belongs to `{published}`, and the original to `{subject}`"));
    }
    if problems.is_empty() { Ok(envelope) } else { Err(problems) }
}

/// Every text in it, sealed or in the clear, with where it stands.
fn texts(value: &Value, path: &str, found: &mut dyn FnMut(&str, &Value)) {
    match value {
        Value::Object(fields) => {
            let is_text = fields.len() == 1
                && fields.iter().any(|(name, value)| {
                    ["sealed", "plain"].contains(&name.as_str()) && value.is_string()
                });
            if is_text {
                return found(path.trim_start_matches('.'), value);
            }
            for (name, value) in fields {
                texts(value, &format!("{path}.{name}"), found);
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                texts(item, &format!("{path}.{index}"), found);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ORIGINAL: &str = include_str!("../../../../schemas/samples/message.admitted.v1.json");
    const SUBJECT: &str = "events.11.acme.message.admitted";

    fn problems(edited: &str) -> String {
        let checked = check(ORIGINAL.as_bytes(), SUBJECT, edited.as_bytes());
        checked.map_or_else(|problems| problems.join("; "), |_| "none".to_owned())
    }

    #[test]
    fn an_edited_event_stays_where_it_was_and_every_problem_is_named() {
        let sealed = "ls6ScBxRfJR6wdjYUe6J2oUlyVr8";
        let cases = [
            (ORIGINAL.to_owned(), "none"),
            (ORIGINAL.replace("Anna Berg", "Anna Bergmann"), "none"),
            (ORIGINAL.replace("\"mention\"", "\"direct\""), "none"),
            (
                ORIGINAL.replace(sealed, "AAAA"),
                "`data.message.text` is a text that the original does not have",
            ),
            (
                ORIGINAL.replace("\"tenantid\": \"acme\"", "\"tenantid\": \"beta\""),
                "`tenantid` is not that of the original; it belongs to \
                 `events.",
            ),
            (
                ORIGINAL.replace("\"address\": \"mention\"", "\"address\": \"shout\""),
                "data of `konstruct.message.admitted.v1`, `message",
            ),
            ("{".to_owned(), "it is not JSON"),
        ];
        for (edited, want) in cases {
            let got = problems(&edited);
            assert!(got.starts_with(want), "{got}\n{want}");
        }
    }
}
