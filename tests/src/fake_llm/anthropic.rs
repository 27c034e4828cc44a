//! Messages.

use serde_json::{Value, json};

use super::{
    openai::{halves, id},
    reply::{Dialect, Reply},
    script::Called,
};

pub(super) struct Anthropic;

impl Dialect for Anthropic {
    fn open(&self, reply: &Reply) -> String {
        let message = json!({
            "id": format!("msg_{}", reply.id), "type": "message", "role": "assistant", "model": reply.model,
            "content": [], "stop_reason": null, "stop_sequence": null,
            "usage": usage(reply, 1),
        });
        let start = event(&json!({ "type": "message_start", "message": message }));
        let block = event(&json!({
            "type": "content_block_start", "index": 0,
            "content_block": { "type": "text", "text": "" },
        }));
        format!("{start}{block}{}", event(&json!({ "type": "ping" })))
    }

    fn token(&self, _reply: &Reply, token: &str) -> String {
        event(&json!({
            "type": "content_block_delta", "index": 0,
            "delta": { "type": "text_delta", "text": token },
        }))
    }

    fn call(&self, _reply: &Reply, at: usize, call: &Called) -> String {
        let index = at.saturating_add(1);
        let block = json!({ "type": "tool_use", "id": id(at), "name": call.name, "input": {} });
        let start =
            json!({ "type": "content_block_start", "index": index, "content_block": block });
        let piece = |text: &str| {
            let delta = json!({ "type": "input_json_delta", "partial_json": text });
            event(&json!({ "type": "content_block_delta", "index": index, "delta": delta }))
        };
        let (one, other) = halves(&call.arguments);
        let stop = event(&json!({ "type": "content_block_stop", "index": index }));
        format!("{}{}{}{stop}", event(&start), piece(one), piece(other))
    }

    fn end(&self, reply: &Reply, reason: Option<&str>) -> String {
        let usual = usual_end(reply);
        let stop = event(&json!({ "type": "content_block_stop", "index": 0 }));
        let delta = event(&json!({
            "type": "message_delta",
            "delta": { "stop_reason": reason.unwrap_or(usual), "stop_sequence": null },
            "usage": { "output_tokens": reply.output_tokens },
        }));
        format!("{stop}{delta}{}", event(&json!({ "type": "message_stop" })))
    }

    fn close(&self, _reply: &Reply) -> String {
        String::new()
    }

    fn error(&self, kind: &str, message: &str) -> String {
        event(&json!({ "type": "error", "error": { "type": kind, "message": message } }))
    }

    fn malformed(&self) -> &'static str {
        "event: content_block_delta\ndata: {\"type\":\"content_block_del\n\n"
    }

    fn whole(&self, reply: &Reply, reason: Option<&str>) -> Value {
        let words = json!({ "type": "text", "text": reply.text });
        let words = Some(words).filter(|_| !reply.text.is_empty());
        let calls = reply.calls.iter().enumerate().map(|(at, call)| {
            let input: Value = serde_json::from_str(&call.arguments).unwrap_or_default();
            json!({ "type": "tool_use", "id": id(at), "name": call.name, "input": input })
        });
        let content: Vec<Value> = words.into_iter().chain(calls).collect();
        json!({
            "id": format!("msg_{}", reply.id), "type": "message", "role": "assistant", "model": reply.model,
            "content": content,
            "stop_reason": reason.unwrap_or(usual_end(reply)), "stop_sequence": null,
            "usage": usage(reply, reply.output_tokens),
        })
    }
}

fn usual_end(reply: &Reply) -> &'static str {
    if reply.calls.is_empty() { "end_turn" } else { "tool_use" }
}

fn event(data: &Value) -> String {
    let kind = data.get("type").and_then(Value::as_str).unwrap_or_default();
    format!("event: {kind}\ndata: {data}\n\n")
}

fn usage(reply: &Reply, output_tokens: usize) -> Value {
    json!({
        "input_tokens": reply.input_tokens,
        "cache_creation_input_tokens": 0,
        "cache_read_input_tokens": 0,
        "output_tokens": output_tokens,
    })
}
