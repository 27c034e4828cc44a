//! The JSON of `POST /api/chat`.
//!
//! Source: `docs/api.md` and `api/types.go` (`ChatRequest`) of <https://github.com/ollama/ollama>.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::Turn;

#[derive(Serialize)]
pub(super) struct Ask<'a> {
    pub model: &'a str,
    pub messages: Vec<Value>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tools: Vec<Value>,
    /// The JSON schema of the answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub format: Option<&'a Value>,
    pub stream: bool,
    /// How long the model stays loaded after this call.
    pub keep_alive: String,
    /// Whether the oldest messages are dropped when the prompt does not fit.
    pub truncate: bool,
    /// Whether the oldest tokens are dropped when the answer does not fit.
    pub shift: bool,
    pub options: Options<'a>,
}

#[derive(Serialize)]
pub(super) struct Options<'a> {
    pub num_ctx: u32,
    pub num_predict: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub temperature: Option<f32>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub stop: Vec<&'a str>,
}

pub(super) fn message(turn: &Turn) -> Value {
    match turn {
        Turn::User { text, images } if images.is_empty() => {
            json!({ "role": "user", "content": text })
        }
        Turn::User { text, images } => {
            let images: Vec<&str> = images.iter().map(|image| image.base64.as_str()).collect();
            json!({ "role": "user", "content": text, "images": images })
        }
        Turn::Assistant { text, calls, .. } if calls.is_empty() => {
            json!({ "role": "assistant", "content": text })
        }
        Turn::Assistant { text, calls, .. } => {
            let calls = calls.iter().map(|call| {
                let arguments: Value = serde_json::from_str(&call.arguments).unwrap_or_default();
                json!({ "function": { "name": call.name, "arguments": arguments } })
            });
            let calls: Vec<Value> = calls.collect();
            json!({ "role": "assistant", "content": text, "tool_calls": calls })
        }
        Turn::Tool { name, content, .. } => {
            json!({ "role": "tool", "tool_name": name, "content": content })
        }
    }
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
    pub tool_calls: Option<Vec<Call>>,
}

/// A call of a tool, whole. The id is missing before Ollama 0.12.10.
#[derive(Deserialize)]
pub(super) struct Call {
    pub id: Option<String>,
    pub function: Function,
}

#[derive(Deserialize)]
pub(super) struct Function {
    pub name: String,
    pub arguments: Option<Value>,
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
