//! Words as Slack shows them. A signature is a context block, and where there are blocks, the text
//! shows in notifications only, so the words become blocks as well.

use domain::reply::split;
use serde_json::{Value, json};

use crate::Wording;

/// The longest text of a section, in characters.
const SECTION_CHARS_MAX: usize = 3_000;

/// A call's body with the words in it.
pub(super) fn with_words(mut body: Value, wording: Wording<'_>) -> Value {
    let Wording { text, signature } = wording;
    let Some(fields) = body.as_object_mut() else { return body };
    let Some(signature) = signature else {
        fields.insert("text".to_owned(), text.into());
        return body;
    };
    fields.insert("text".to_owned(), format!("{text}\n{signature}").into());
    let sections = split(text, SECTION_CHARS_MAX).into_iter().map(|text| section(&text));
    let blocks: Vec<Value> = sections.chain([context(signature)]).collect();
    fields.insert("blocks".to_owned(), blocks.into());
    body
}

/// Shown whole: a longer one would end in "See more".
fn section(text: &str) -> Value {
    json!({ "type": "section", "text": { "type": "mrkdwn", "text": text }, "expand": true })
}

fn context(text: &str) -> Value {
    json!({ "type": "context", "elements": [{ "type": "mrkdwn", "text": text }] })
}

#[cfg(test)]
mod tests;
