//! Reads a stream of lines. The end marker is `done: true`.

use schemas::usage::Usage;
use serde_json::Value;

use super::wire::{Call, Counters, Line};
use crate::{
    Answer, Failure,
    calls::Piece,
    classify::Report,
    reading::{End, Sketch, Stage, parse},
    vendor::Draft,
};

#[derive(Default)]
pub(super) struct Chat {
    sketch: Sketch,
    /// Each comes whole, so each is one more.
    calls: u64,
}

impl Draft for Chat {
    fn read(&mut self, frame: &[u8]) -> Result<(), Failure> {
        let line: Line = parse(frame)?;
        if line.error.is_some() || line.message.is_none() {
            let value: Value = parse(frame)?;
            if let Some(report) = Report::find(&value) {
                return Err(report.inside_success());
            }
        }
        self.sketch.name(line.model);
        if let Some(said) = line.message {
            self.sketch.spoke |= said.thinking.is_some_and(|thought| !thought.is_empty());
            self.sketch.say(&said.content.unwrap_or_default())?;
            for call in said.tool_calls.into_iter().flatten() {
                self.call(call)?;
            }
        }
        if line.done {
            let end = end(line.done_reason.as_deref());
            let called = end == End::Stop && !self.sketch.calls.is_empty();
            self.sketch.end = Some(if called { End::Calls } else { end });
            self.sketch.usage = usage(&line.counters);
            self.sketch.closed = true;
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
        self.sketch.finish()
    }
}

impl Chat {
    fn call(&mut self, call: Call) -> Result<(), Failure> {
        self.sketch.spoke = true;
        let arguments = call.function.arguments.filter(|it| !it.is_null());
        let arguments = arguments.map(|it| it.to_string()).unwrap_or_default();
        let id = call.id.unwrap_or_default();
        let index = Some(self.calls);
        self.calls = self.calls.saturating_add(1);
        let piece = Piece { index, id: &id, name: &call.function.name, arguments: &arguments };
        self.sketch.calls.take(&piece)
    }
}

/// Old versions give no reason for a plain end.
fn end(reason: Option<&str>) -> End {
    match reason {
        None | Some("stop") => End::Stop,
        Some("length") => End::Length,
        Some(_) => End::Other,
    }
}

fn usage(counters: &Counters) -> Option<Usage> {
    let known = counters.prompt_eval_count.is_some() || counters.eval_count.is_some();
    known.then(|| Usage {
        input_tokens: counters.prompt_eval_count,
        output_tokens: counters.eval_count,
        raw: serde_json::to_value(counters).unwrap_or_default(),
        ..Usage::default()
    })
}
