//! An answer in OpenAI's shape.

use providers::{Answer, Completed, Finish, ToolCall};
use schemas::usage::Usage;
use serde_json::{Value, json};

/// What every piece of one answer says of itself.
#[derive(Clone, Debug)]
pub(crate) struct Header {
    /// `chatcmpl-…`
    pub id: String,
    /// Seconds since the epoch.
    pub created: i64,
    /// The model group, as it was asked for.
    pub model: String,
}

/// A whole answer.
pub(crate) fn whole(header: &Header, completed: &Completed) -> Value {
    let Header { id, created, model } = header;
    let Answer { text, calls, usage: count, finish: end, .. } = &completed.answer;
    let mut message = json!({ "role": "assistant", "content": text, "refusal": null });
    if let Some(message) = message.as_object_mut().filter(|_| !calls.is_empty()) {
        message.insert("tool_calls".to_owned(), calls.iter().map(call).collect());
    }
    json!({
        "id": id, "object": "chat.completion", "created": created, "model": model,
        "choices": [{
            "index": 0, "message": message, "logprobs": null, "finish_reason": finish(*end),
        }],
        "usage": count.as_ref().map(usage),
    })
}

/// Why it ended, in OpenAI's words.
pub(crate) fn finish(finish: Finish) -> &'static str {
    match finish {
        Finish::Stop | Finish::Other => "stop",
        Finish::Length => "length",
        Finish::Calls => "tool_calls",
    }
}

pub(crate) fn call(call: &ToolCall) -> Value {
    let ToolCall { id, name, arguments } = call;
    json!({ "id": id, "type": "function", "function": { "name": name, "arguments": arguments } })
}

pub(crate) fn usage(usage: &Usage) -> Value {
    let (read, written) = (usage.input_tokens.unwrap_or(0), usage.output_tokens.unwrap_or(0));
    json!({
        "prompt_tokens": read,
        "completion_tokens": written,
        "total_tokens": read.saturating_add(written),
        "prompt_tokens_details": { "cached_tokens": usage.cache_read_tokens.unwrap_or(0) },
        "completion_tokens_details": { "reasoning_tokens": usage.reasoning_tokens.unwrap_or(0) },
    })
}
