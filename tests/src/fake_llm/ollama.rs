//! `/api/chat`.

use serde_json::{Value, json};

use super::{
    reply::{Dialect, Reply},
    script::Called,
};

pub(super) struct Ollama;

impl Dialect for Ollama {
    fn open(&self, _reply: &Reply) -> String {
        String::new()
    }

    fn token(&self, reply: &Reply, token: &str) -> String {
        line(&json!({
            "model": reply.model, "created_at": "2026-11-21T09:30:00Z",
            "message": { "role": "assistant", "content": token }, "done": false,
        }))
    }

    fn call(&self, reply: &Reply, _at: usize, call: &Called) -> String {
        let call = called(call);
        line(&json!({
            "model": reply.model, "created_at": "2026-11-21T09:30:00Z",
            "message": { "role": "assistant", "content": "", "tool_calls": [call] }, "done": false,
        }))
    }

    fn comment(&self) -> &'static str {
        "\n"
    }

    fn end(&self, reply: &Reply, reason: Option<&str>) -> String {
        line(&done(reply, "", reason))
    }

    fn close(&self, _reply: &Reply) -> String {
        String::new()
    }

    fn error(&self, _kind: &str, message: &str) -> String {
        line(&json!({ "error": message }))
    }

    fn malformed(&self) -> &'static str {
        "{\"model\":\"m\",\"mess\n"
    }

    fn whole(&self, reply: &Reply, reason: Option<&str>) -> Value {
        let mut whole = done(reply, &reply.text, reason);
        let calls: Vec<Value> = reply.calls.iter().map(called).collect();
        let message = whole.get_mut("message").and_then(Value::as_object_mut);
        if let Some(message) = message.filter(|_| !calls.is_empty()) {
            message.insert("tool_calls".to_owned(), Value::Array(calls));
        }
        whole
    }
}

/// Arguments are an object here, and there is no id.
fn called(call: &Called) -> Value {
    let arguments: Value = serde_json::from_str(&call.arguments).unwrap_or_default();
    json!({ "function": { "name": call.name, "arguments": arguments } })
}

fn line(data: &Value) -> String {
    format!("{data}\n")
}

fn done(reply: &Reply, text: &str, reason: Option<&str>) -> Value {
    json!({
        "model": reply.model, "created_at": "2026-11-21T09:30:00Z",
        "message": { "role": "assistant", "content": text },
        "done": true, "done_reason": reason.unwrap_or("stop"),
        "total_duration": 1_000_000, "load_duration": 1000,
        "prompt_eval_count": reply.input_tokens, "prompt_eval_duration": 1000,
        "eval_count": reply.output_tokens, "eval_duration": 1000,
    })
}
