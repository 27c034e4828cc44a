//! The JSON of `POST /chat/completions`.
//!
//! Source: <https://developers.openai.com/api/reference/resources/chat>.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::messages::Message;

#[derive(Serialize)]
pub(super) struct Ask<'a> {
    pub model: &'a str,
    pub messages: Vec<Message<'a>>,
    pub stream: bool,
    pub stream_options: StreamOptions,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_tokens: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_completion_tokens: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub temperature: Option<f32>,
}

#[derive(Serialize)]
pub(super) struct StreamOptions {
    pub include_usage: bool,
}

/// A chunk of a stream, or a whole completion: the one has `delta`, the other `message`.
#[derive(Deserialize)]
pub(super) struct Chunk {
    pub error: Option<Value>,
    pub model: Option<String>,
    pub choices: Option<Vec<Choice>>,
    pub usage: Option<Value>,
}

#[derive(Deserialize)]
pub(super) struct Choice {
    pub index: Option<u32>,
    #[serde(alias = "message")]
    pub delta: Option<Delta>,
    pub finish_reason: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct Delta {
    pub content: Option<String>,
    pub refusal: Option<String>,
    /// What reasoning models of compatible servers think aloud.
    #[serde(alias = "reasoning")]
    pub reasoning_content: Option<String>,
}
