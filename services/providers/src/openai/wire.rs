//! The JSON of `POST /chat/completions`.
//!
//! Source: <https://developers.openai.com/api/reference/resources/chat>.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{Request, Schema, Tool, ToolChoice, Turn};

#[derive(Serialize)]
pub(super) struct Ask<'a> {
    pub model: &'a str,
    pub messages: Vec<Value>,
    pub stream: bool,
    pub stream_options: StreamOptions,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_tokens: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_completion_tokens: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub temperature: Option<f32>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub stop: Vec<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tools: Vec<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tool_choice: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub response_format: Option<Value>,
}

#[derive(Serialize)]
pub(super) struct StreamOptions {
    pub include_usage: bool,
}

/// The instructions as the first message, then the turns as `message` writes them; none of them blank.
pub(crate) fn with_system(ask: &Request, message: fn(&Turn) -> Value) -> Vec<Value> {
    let system = json!({ "role": "system", "content": ask.system });
    let system = Some(system).filter(|_| !ask.system.trim().is_empty());
    let turns = ask.turns.iter().filter(|turn| !turn.is_blank()).map(message);
    system.into_iter().chain(turns).collect()
}

pub(super) fn message(turn: &Turn) -> Value {
    match turn {
        Turn::User { text, images } if images.is_empty() => {
            json!({ "role": "user", "content": text })
        }
        Turn::User { text, images } => {
            let words = (!text.trim().is_empty()).then(|| json!({ "type": "text", "text": text }));
            let shown = images.iter().map(|image| {
                let url = format!("data:{};base64,{}", image.media_type, image.base64);
                json!({ "type": "image_url", "image_url": { "url": url } })
            });
            let parts: Vec<Value> = words.into_iter().chain(shown).collect();
            json!({ "role": "user", "content": parts })
        }
        Turn::Assistant { text, calls, .. } if calls.is_empty() => {
            json!({ "role": "assistant", "content": text })
        }
        Turn::Assistant { text, calls, .. } => {
            let calls = calls.iter().map(|call| {
                let function = json!({ "name": call.name, "arguments": call.arguments });
                json!({ "id": call.id, "type": "function", "function": function })
            });
            let calls: Vec<Value> = calls.collect();
            json!({ "role": "assistant", "content": text, "tool_calls": calls })
        }
        Turn::Tool { call, content, .. } => {
            json!({ "role": "tool", "tool_call_id": call, "content": content })
        }
    }
}

pub(crate) fn tool(tool: &Tool) -> Value {
    let Tool { name, description, parameters } = tool;
    let function = json!({ "name": name, "description": description, "parameters": parameters });
    json!({ "type": "function", "function": function })
}

pub(super) fn choice(ask: &Request) -> Option<Value> {
    let choice = match &ask.tool_choice {
        ToolChoice::Auto => return None,
        ToolChoice::None => json!("none"),
        ToolChoice::Required => json!("required"),
        ToolChoice::Named(name) => json!({ "type": "function", "function": { "name": name } }),
    };
    Some(choice).filter(|_| !ask.tools.is_empty())
}

pub(super) fn format(schema: &Schema) -> Value {
    let Schema { name, schema } = schema;
    json!({ "type": "json_schema", "json_schema": { "name": name, "schema": schema } })
}

/// A chunk of a stream, or a whole completion: the one has `delta`, the other `message`.
#[derive(Deserialize)]
pub(super) struct Chunk {
    pub id: Option<String>,
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
    pub tool_calls: Option<Vec<CallPiece>>,
}

#[derive(Deserialize)]
pub(super) struct CallPiece {
    pub index: Option<u64>,
    pub id: Option<String>,
    pub function: Option<FunctionPiece>,
}

#[derive(Deserialize)]
pub(super) struct FunctionPiece {
    pub name: Option<String>,
    /// Text in pieces; some servers send the object itself.
    pub arguments: Option<Value>,
}
