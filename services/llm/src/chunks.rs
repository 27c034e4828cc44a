//! An answer as server-sent events, in OpenAI's shape.

use providers::Completed;
use serde::Serialize;
use serde_json::{Value, json};

use crate::{
    answer::{self, Header},
    problem::Problem,
};

/// The end of a stream.
pub(crate) const DONE: &str = "data: [DONE]\n\n";

/// A stream being written.
pub(crate) struct Chunks {
    header: Header,
    /// Whether a word was sent: from then on the answer is this model's or none.
    pub committed: bool,
}

impl Chunks {
    pub(crate) fn new(header: Header) -> Self {
        Self { header, committed: false }
    }

    /// More text; nothing of none.
    pub(crate) fn texts(&mut self, text: &str) -> String {
        if text.is_empty() {
            return String::new();
        }
        let opening = if self.committed { String::new() } else { self.opening() };
        self.committed = true;
        opening + &self.chunk(&Content { content: text }, None)
    }

    /// The end of a whole answer.
    pub(crate) fn end(&mut self, completed: &Completed, count: bool) -> String {
        let mut out = if self.committed { String::new() } else { self.opening() };
        let calls = &completed.answer.calls;
        if !calls.is_empty() {
            let calls = calls.iter().enumerate().map(|(at, call)| {
                let mut call = answer::call(call);
                if let Some(call) = call.as_object_mut() {
                    call.insert("index".to_owned(), Value::from(at));
                }
                call
            });
            let calls: Vec<Value> = calls.collect();
            out += &self.chunk(&json!({ "tool_calls": calls }), None);
        }
        out += &self.chunk(&json!({}), Some(answer::finish(completed.answer.finish)));
        if count {
            let usage = completed.answer.usage.as_ref().map(answer::usage);
            let Header { id, created, model } = &self.header;
            out += &event(&json!({
                "id": id, "object": "chat.completion.chunk", "created": created, "model": model,
                "choices": [], "usage": usage,
            }));
        }
        out + DONE
    }

    /// There is no more of the answer.
    pub(crate) fn broken(problem: &Problem) -> String {
        event(&problem.json())
    }

    fn opening(&self) -> String {
        self.chunk(&json!({ "role": "assistant", "content": "" }), None)
    }

    fn chunk(&self, delta: &impl Serialize, finish_reason: Option<&'static str>) -> String {
        let Header { id, created, model } = &self.header;
        let choice = Choice { index: 0, delta, logprobs: None, finish_reason };
        let object = "chat.completion.chunk";
        event(&Piece { id, object, created: *created, model, choices: [choice] })
    }
}

/// A piece of an answer. Written as it is: there may be one for each word.
#[derive(Serialize)]
struct Piece<'a, D> {
    id: &'a str,
    object: &'static str,
    created: i64,
    model: &'a str,
    choices: [Choice<'a, D>; 1],
}

#[derive(Serialize)]
struct Choice<'a, D> {
    index: u32,
    delta: &'a D,
    logprobs: Option<()>,
    finish_reason: Option<&'static str>,
}

#[derive(Serialize)]
struct Content<'a> {
    content: &'a str,
}

/// Plain data has always a form in JSON.
fn event(data: &impl Serialize) -> String {
    let data = serde_json::to_string(data).unwrap_or_default();
    format!("data: {data}\n\n")
}
