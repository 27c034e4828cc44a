//! Chat completions.

use serde_json::{Value, json};

use super::{
    reply::{Dialect, Reply},
    script::Called,
};

pub(super) struct OpenAi;

impl Dialect for OpenAi {
    fn open(&self, reply: &Reply) -> String {
        chunk(reply, &json!({ "role": "assistant", "content": "" }), None)
    }

    fn token(&self, reply: &Reply, token: &str) -> String {
        chunk(reply, &json!({ "content": token }), None)
    }

    fn call(&self, reply: &Reply, at: usize, call: &Called) -> String {
        let (one, other) = halves(&call.arguments);
        let function = json!({ "name": call.name, "arguments": "" });
        let first = json!({ "index": at, "id": id(at), "type": "function", "function": function });
        let piece = |text: &str| {
            let function = json!({ "arguments": text });
            json!({ "tool_calls": [{ "index": at, "function": function }] })
        };
        let first = chunk(reply, &json!({ "tool_calls": [first] }), None);
        format!("{first}{}{}", chunk(reply, &piece(one), None), chunk(reply, &piece(other), None))
    }

    fn end(&self, reply: &Reply, reason: Option<&str>) -> String {
        let usual = if reply.calls.is_empty() { "stop" } else { "tool_calls" };
        chunk(reply, &json!({}), Some(reason.unwrap_or(usual)))
    }

    fn close(&self, reply: &Reply) -> String {
        let counted = json!({
            "id": format!("chatcmpl-{}", reply.id), "object": "chat.completion.chunk", "model": reply.model,
            "choices": [], "usage": usage(reply),
        });
        format!("data: {counted}\n\ndata: [DONE]\n\n")
    }

    fn error(&self, kind: &str, message: &str) -> String {
        let error = json!({ "error": { "message": message, "type": kind, "code": kind } });
        format!("data: {error}\n\n")
    }

    fn malformed(&self) -> &'static str {
        "data: {\"choices\":[{\"delta\":{\"cont\n\n"
    }

    fn whole(&self, reply: &Reply, reason: Option<&str>) -> Value {
        let calls = reply.calls.iter().enumerate().map(|(at, call)| {
            let function = json!({ "name": call.name, "arguments": call.arguments });
            json!({ "id": id(at), "type": "function", "function": function })
        });
        let calls: Vec<Value> = calls.collect();
        let usual = if calls.is_empty() { "stop" } else { "tool_calls" };
        let mut message = json!({ "role": "assistant", "content": reply.text });
        if let Some(message) = message.as_object_mut().filter(|_| !calls.is_empty()) {
            message.insert("tool_calls".to_owned(), Value::Array(calls));
        }
        json!({
            "id": format!("chatcmpl-{}", reply.id), "object": "chat.completion", "model": reply.model,
            "choices": [{
                "index": 0,
                "message": message,
                "finish_reason": reason.unwrap_or(usual),
            }],
            "usage": usage(reply),
        })
    }
}

fn chunk(reply: &Reply, delta: &Value, finish_reason: Option<&str>) -> String {
    let chunk = json!({
        "id": format!("chatcmpl-{}", reply.id), "object": "chat.completion.chunk", "model": reply.model,
        "choices": [{ "index": 0, "delta": delta, "finish_reason": finish_reason }],
        "usage": null,
    });
    format!("data: {chunk}\n\n")
}

/// The vendor's name for a call.
pub(super) fn id(at: usize) -> String {
    format!("call_fake_{at}")
}

/// A text in two pieces.
pub(super) fn halves(text: &str) -> (&str, &str) {
    text.split_at(text.floor_char_boundary(text.len() / 2))
}

fn usage(reply: &Reply) -> Value {
    json!({
        "prompt_tokens": reply.input_tokens,
        "completion_tokens": reply.output_tokens,
        "total_tokens": reply.input_tokens.saturating_add(reply.output_tokens),
        "prompt_tokens_details": { "cached_tokens": 0 },
        "completion_tokens_details": { "reasoning_tokens": 0 },
    })
}
