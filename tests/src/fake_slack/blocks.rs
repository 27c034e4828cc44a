//! What Slack takes for blocks, as far as they are sent to it here: sections and contexts.

use serde_json::Value;

/// Blocks of a message.
const BLOCKS_MAX: usize = 50;

/// The longest text of a section or an element, in characters.
const TEXT_MAX: usize = 3_000;

/// Elements of a context.
const ELEMENTS_MAX: usize = 10;

pub(super) fn are_valid(blocks: &Value) -> bool {
    let blocks = blocks.as_array();
    blocks.is_some_and(|blocks| blocks.len() <= BLOCKS_MAX && blocks.iter().all(is_valid))
}

fn is_valid(block: &Value) -> bool {
    match block.get("type").and_then(Value::as_str) {
        Some("section") => block.get("text").is_some_and(is_text),
        Some("context") => {
            let elements = block.get("elements").and_then(Value::as_array);
            elements.is_some_and(|elements| {
                (1..=ELEMENTS_MAX).contains(&elements.len()) && elements.iter().all(is_text)
            })
        }
        Some(_) | None => false,
    }
}

fn is_text(object: &Value) -> bool {
    let kind = object.get("type").and_then(Value::as_str);
    let text = object.get("text").and_then(Value::as_str).unwrap_or_default();
    matches!(kind, Some("mrkdwn" | "plain_text")) && (1..=TEXT_MAX).contains(&text.chars().count())
}
