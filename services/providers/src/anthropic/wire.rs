//! The JSON of `POST /v1/messages`.
//!
//! Source: <https://platform.claude.com/docs/en/build-with-claude/streaming>.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{Request, Role, messages::Message};

/// Stands for what was cut off when a conversation opens with the assistant: the first message must
/// be the user's, and an empty one is refused.
const EARLIER: &str = "(Earlier messages are left out.)";

#[derive(Serialize)]
pub(super) struct Ask<'a> {
    pub model: &'a str,
    pub max_tokens: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub system: Option<&'a str>,
    pub messages: Vec<Message<'a>>,
    pub stream: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub temperature: Option<f32>,
}

pub(super) fn messages(ask: &Request) -> Vec<Message<'_>> {
    let turns: Vec<_> = ask.turns.iter().filter(|turn| !turn.text.trim().is_empty()).collect();
    let opens_late = turns.first().is_some_and(|turn| turn.role == Role::Assistant);
    let opening = opens_late.then(|| Message::user(EARLIER));
    opening.into_iter().chain(turns.into_iter().map(Message::from)).collect()
}

/// An event of a stream, or a whole message.
#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum Event {
    MessageStart {
        message: Start,
    },
    ContentBlockStart {
        content_block: Block,
    },
    ContentBlockDelta {
        delta: Block,
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
        content: Vec<Block>,
        stop_reason: Option<String>,
        usage: Option<Value>,
    },
    /// `ping`, `content_block_stop`, and what is yet to come.
    #[serde(other)]
    Other,
}

#[derive(Deserialize)]
pub(super) struct Start {
    pub model: Option<String>,
    pub usage: Option<Value>,
}

/// A content block or a piece of one.
#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum Block {
    #[serde(alias = "text_delta")]
    Text { text: String },
    #[serde(alias = "thinking_delta")]
    Thinking { thinking: String },
    #[serde(other)]
    Other,
}

#[derive(Deserialize)]
pub(super) struct Delta {
    pub stop_reason: Option<String>,
}
