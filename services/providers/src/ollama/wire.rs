//! The JSON of `POST /api/chat`.
//!
//! Source: `docs/api.md` and `api/types.go` (`ChatRequest`) of <https://github.com/ollama/ollama>.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::messages::Message;

#[derive(Serialize)]
pub(super) struct Ask<'a> {
    pub model: &'a str,
    pub messages: Vec<Message<'a>>,
    pub stream: bool,
    /// How long the model stays loaded after this call.
    pub keep_alive: String,
    /// Whether the oldest messages are dropped when the prompt does not fit.
    pub truncate: bool,
    /// Whether the oldest tokens are dropped when the answer does not fit.
    pub shift: bool,
    pub options: Options,
}

#[derive(Serialize)]
pub(super) struct Options {
    pub num_ctx: u32,
    pub num_predict: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub temperature: Option<f32>,
}

/// A line of the stream.
#[derive(Deserialize)]
pub(super) struct Line {
    pub error: Option<Value>,
    pub model: Option<String>,
    pub message: Option<Said>,
    #[serde(default)]
    pub done: bool,
    pub done_reason: Option<String>,
    #[serde(flatten)]
    pub counters: Counters,
}

#[derive(Deserialize)]
pub(super) struct Said {
    pub content: Option<String>,
    pub thinking: Option<String>,
}

/// What the last line counts; durations in nanoseconds.
#[derive(Default, Deserialize, Serialize)]
pub(super) struct Counters {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prompt_eval_count: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub eval_count: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total_duration: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub load_duration: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prompt_eval_duration: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub eval_duration: Option<u64>,
}
