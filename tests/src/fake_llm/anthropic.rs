//! Messages.

use serde_json::{Value, json};

use super::reply::{Dialect, Reply};

pub(super) struct Anthropic;

impl Dialect for Anthropic {
    fn open(&self, reply: &Reply) -> String {
        let message = json!({
            "id": "msg_1", "type": "message", "role": "assistant", "model": reply.model,
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

    fn end(&self, reply: &Reply, reason: Option<&str>) -> String {
        let stop = event(&json!({ "type": "content_block_stop", "index": 0 }));
        let delta = event(&json!({
            "type": "message_delta",
            "delta": { "stop_reason": reason.unwrap_or("end_turn"), "stop_sequence": null },
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
        json!({
            "id": "msg_1", "type": "message", "role": "assistant", "model": reply.model,
            "content": [{ "type": "text", "text": reply.text }],
            "stop_reason": reason.unwrap_or("end_turn"), "stop_sequence": null,
            "usage": usage(reply, reply.output_tokens),
        })
    }
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
