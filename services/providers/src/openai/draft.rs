//! Reads a stream of chunks. The end marker is a `finish_reason`; `[DONE]` only closes the stream,
//! and servers forget it.

use schemas::usage::Usage;
use serde_json::Value;

use super::wire::{CallPiece, Choice, Chunk};
use crate::{
    Answer, Failure, FailureClass,
    calls::Piece,
    classify::Report,
    reading::{End, Sketch, Stage, bounded, count, parse},
    vendor::Draft,
};

#[derive(Default)]
pub(super) struct Completion {
    sketch: Sketch,
    refused: bool,
}

impl Draft for Completion {
    fn read(&mut self, frame: &[u8]) -> Result<(), Failure> {
        if frame.trim_ascii() == b"[DONE]" {
            self.sketch.closed = true;
            return Ok(());
        }
        let chunk: Chunk = parse(frame)?;
        let odd = chunk.error.is_some() || (chunk.choices.is_none() && chunk.usage.is_none());
        if odd {
            let value: Value = parse(frame)?;
            if let Some(report) = Report::find(&value) {
                return Err(report.inside_success());
            }
        }
        self.sketch.identify(chunk.id)?;
        self.sketch.name(chunk.model);
        if let Some(raw) = chunk.usage.filter(Value::is_object) {
            self.sketch.usage = Some(usage(raw));
        }
        let choices = chunk.choices.into_iter().flatten();
        for choice in choices.filter(|choice| choice.index.unwrap_or(0) == 0) {
            self.hear(choice)?;
        }
        Ok(())
    }

    fn stage(&self) -> Stage {
        self.sketch.stage()
    }

    fn text(&self) -> &str {
        &self.sketch.text
    }

    fn usage(&self) -> Option<Usage> {
        self.sketch.usage.clone()
    }

    fn finish(self: Box<Self>) -> Result<Answer, Failure> {
        if self.refused && self.sketch.end.is_some() {
            return Err(Failure::new(FailureClass::Refused, "the model declined to answer"));
        }
        self.sketch.finish()
    }
}

impl Completion {
    fn hear(&mut self, choice: Choice) -> Result<(), Failure> {
        if let Some(delta) = choice.delta {
            let said = |text: &Option<String>| text.as_ref().is_some_and(|text| !text.is_empty());
            self.refused |= said(&delta.refusal);
            self.sketch.spoke |= said(&delta.reasoning_content) || said(&delta.refusal);
            self.sketch.say(&delta.content.unwrap_or_default())?;
            for piece in delta.tool_calls.into_iter().flatten() {
                self.call(&piece)?;
            }
        }
        if let Some(reason) = choice.finish_reason.filter(|reason| !reason.is_empty()) {
            self.sketch.end = Some(end(&reason));
        }
        Ok(())
    }

    fn call(&mut self, piece: &CallPiece) -> Result<(), Failure> {
        let function = piece.function.as_ref();
        let name = function.and_then(|function| function.name.as_deref()).unwrap_or_default();
        let arguments = function.and_then(|function| function.arguments.as_ref());
        let arguments = match arguments {
            Some(Value::String(text)) => text.clone(),
            Some(Value::Null) | None => String::new(),
            Some(whole) => whole.to_string(),
        };
        self.sketch.spoke = true;
        self.sketch.calls.take(&Piece {
            index: piece.index,
            id: piece.id.as_deref().unwrap_or_default(),
            name,
            arguments: &arguments,
        })
    }
}

fn end(reason: &str) -> End {
    match reason {
        "stop" => End::Stop,
        "length" => End::Length,
        "tool_calls" | "function_call" => End::Calls,
        "content_filter" => End::Refused,
        _ => End::Other,
    }
}

/// OpenAI counts cached tokens inside `prompt_tokens`, and reasoning inside `completion_tokens`.
fn usage(raw: Value) -> Usage {
    Usage {
        input_tokens: count(&raw, "/prompt_tokens"),
        output_tokens: count(&raw, "/completion_tokens"),
        cache_read_tokens: count(&raw, "/prompt_tokens_details/cached_tokens"),
        cache_write_tokens: count(&raw, "/prompt_tokens_details/cache_write_tokens"),
        reasoning_tokens: count(&raw, "/completion_tokens_details/reasoning_tokens"),
        raw: bounded(raw),
    }
}
