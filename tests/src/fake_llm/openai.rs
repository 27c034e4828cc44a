//! Chat completions.

use serde_json::{Value, json};

use super::reply::{Dialect, Reply};

pub(super) struct OpenAi;

impl Dialect for OpenAi {
    fn open(&self, reply: &Reply) -> String {
        chunk(reply, &json!({ "role": "assistant", "content": "" }), None)
    }

    fn token(&self, reply: &Reply, token: &str) -> String {
        chunk(reply, &json!({ "content": token }), None)
    }

    fn end(&self, reply: &Reply, reason: Option<&str>) -> String {
        chunk(reply, &json!({}), Some(reason.unwrap_or("stop")))
    }

    fn close(&self, reply: &Reply) -> String {
        let counted = json!({
            "id": "chatcmpl-1", "object": "chat.completion.chunk", "model": reply.model,
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
        json!({
            "id": "chatcmpl-1", "object": "chat.completion", "model": reply.model,
            "choices": [{
                "index": 0,
                "message": { "role": "assistant", "content": reply.text },
                "finish_reason": reason.unwrap_or("stop"),
            }],
            "usage": usage(reply),
        })
    }
}

fn chunk(reply: &Reply, delta: &Value, finish_reason: Option<&str>) -> String {
    let chunk = json!({
        "id": "chatcmpl-1", "object": "chat.completion.chunk", "model": reply.model,
        "choices": [{ "index": 0, "delta": delta, "finish_reason": finish_reason }],
        "usage": null,
    });
    format!("data: {chunk}\n\n")
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
