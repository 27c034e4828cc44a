//! The JSON of `POST /v1/messages`.
//!
//! Source: <https://platform.claude.com/docs/en/build-with-claude/streaming>.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{Image, Kept, Request, Schema, Tool, ToolChoice, Turn, Vendor};

/// Stands for what was cut off when a conversation opens with the assistant: the first message must
/// be the user's, and an empty one is refused.
const EARLIER: &str = "(Earlier messages are left out.)";

#[derive(Serialize)]
pub(super) struct Ask<'a> {
    pub model: &'a str,
    pub max_tokens: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub system: Option<&'a str>,
    pub messages: Vec<Value>,
    pub stream: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub temperature: Option<f32>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub stop_sequences: Vec<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tools: Vec<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tool_choice: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output_config: Option<Value>,
}

/// The turns as messages that take turns: results of tools are the user's, and those that follow each
/// other are one message.
pub(super) fn messages(ask: &Request, model: &str) -> Vec<Value> {
    let mut messages: Vec<(&'static str, Vec<Value>)> = Vec::new();
    for turn in ask.turns.iter().filter(|turn| !turn.is_blank()) {
        let (role, blocks) = blocks(turn, model);
        match messages.last_mut() {
            Some((last, held)) if *last == role => held.extend(blocks),
            Some(_) | None => messages.push((role, blocks)),
        }
    }
    if messages.first().is_some_and(|(role, _)| *role == "assistant") {
        messages.insert(0, ("user", vec![text_block(EARLIER)]));
    }
    let message = |(role, blocks): (&str, Vec<Value>)| json!({ "role": role, "content": blocks });
    messages.into_iter().map(message).collect()
}

fn text_block(text: &str) -> Value {
    json!({ "type": "text", "text": text })
}

fn blocks(turn: &Turn, model: &str) -> (&'static str, Vec<Value>) {
    match turn {
        Turn::User { text, images } => {
            let shown = images.iter().map(|Image { media_type, base64 }| {
                let source = json!({ "type": "base64", "media_type": media_type, "data": base64 });
                json!({ "type": "image", "source": source })
            });
            let words = (!text.trim().is_empty()).then(|| text_block(text));
            ("user", shown.chain(words).collect())
        }
        Turn::Assistant { text, calls, kept } => {
            // Signed thoughts go back to the model that had them, before anything else, word for word.
            let own = |kept: &&Kept| kept.vendor == Vendor::Anthropic && kept.model == model;
            let thoughts = kept.iter().filter(own).flat_map(|kept| kept.blocks.clone());
            let words = (!text.trim().is_empty()).then(|| text_block(text));
            let calls = calls.iter().map(|call| {
                let input: Value = serde_json::from_str(&call.arguments).unwrap_or_default();
                json!({ "type": "tool_use", "id": call.id, "name": call.name, "input": input })
            });
            ("assistant", thoughts.chain(words).chain(calls).collect())
        }
        Turn::Tool { call, content, failed, .. } => {
            let mut block =
                json!({ "type": "tool_result", "tool_use_id": call, "content": content });
            if let Some(block) = block.as_object_mut().filter(|_| *failed) {
                block.insert("is_error".to_owned(), Value::Bool(true));
            }
            ("user", vec![block])
        }
    }
}

pub(super) fn tool(tool: &Tool) -> Value {
    let Tool { name, description, parameters } = tool;
    json!({ "name": name, "description": description, "input_schema": parameters })
}

pub(super) fn choice(ask: &Request) -> Option<Value> {
    let choice = match &ask.tool_choice {
        ToolChoice::Auto => return None,
        ToolChoice::None => json!({ "type": "none" }),
        ToolChoice::Required => json!({ "type": "any" }),
        ToolChoice::Named(name) => json!({ "type": "tool", "name": name }),
    };
    Some(choice).filter(|_| !ask.tools.is_empty())
}

/// <https://platform.claude.com/docs/en/build-with-claude/structured-outputs>
pub(super) fn format(schema: &Schema) -> Value {
    json!({ "format": { "type": "json_schema", "schema": schema.schema } })
}

/// An event of a stream, or a whole message.
#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum Event {
    MessageStart {
        message: Start,
    },
    ContentBlockStart {
        #[serde(default)]
        index: u64,
        content_block: Value,
    },
    ContentBlockDelta {
        #[serde(default)]
        index: u64,
        delta: Piece,
    },
    MessageDelta {
        delta: Delta,
        usage: Option<Value>,
    },
    MessageStop,
    Error {},
    /// The answer of a server that does not stream.
    Message {
        model: Option<String>,
        content: Vec<Value>,
        stop_reason: Option<String>,
        usage: Option<Value>,
    },
    /// `ping`, `content_block_stop`, and what is yet to come.
    #[serde(other)]
    Other,
}

#[derive(Deserialize)]
pub(super) struct Start {
    pub id: Option<String>,
    pub model: Option<String>,
    pub usage: Option<Value>,
}

/// A content block, as it begins or whole.
#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum Block {
    Text {
        #[serde(default)]
        text: String,
    },
    ToolUse {
        id: String,
        name: String,
        #[serde(default)]
        input: Value,
    },
    /// Goes back as it came.
    Thinking {},
    /// Goes back as it came.
    RedactedThinking {},
    #[serde(other)]
    Other,
}

/// A piece of a content block.
#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum Piece {
    TextDelta {
        text: String,
    },
    InputJsonDelta {
        partial_json: String,
    },
    ThinkingDelta {
        thinking: String,
    },
    SignatureDelta {
        signature: String,
    },
    #[serde(other)]
    Other,
}

#[derive(Deserialize)]
pub(super) struct Delta {
    pub stop_reason: Option<String>,
}
