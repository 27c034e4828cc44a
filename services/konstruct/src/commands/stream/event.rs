//! One message of a stream, as it is printed.

use runtime::look::{Kept, Line, What};
use schemas::Text;
use serde_json::{Value, json};

/// It, and where it stands, as JSON. `say` says what stands in the place of a text.
pub(super) fn json(
    stream: &nats::Stream,
    (kept, what): (&Kept, &What),
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
        fields.extend(what.body(kept, say)?);
    }
    Ok(shown)
}

/// A line for people: when, where, whose, what, which story, and a word.
pub(super) fn line(kept: &Kept, what: &What) -> String {
    let Line { tenant, kind, story, word } = what.line(kept);
    let (stored, sequence) = (kept.stored.to_string(), kept.sequence);
    let line =
        format!("{stored:<24}  {sequence:>8}  {tenant:<16}  {kind:<24}  {story:<26}  {word}");
    line.trim_end().to_owned()
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

#[cfg(test)]
mod tests;
