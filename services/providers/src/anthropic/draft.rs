//! Reads a stream of events. The end marker is two: a `stop_reason` and `message_stop`.

use schemas::usage::Usage;
use serde_json::Value;

use super::wire::{Block, Event};
use crate::{
    Answer, Failure,
    classify::Report,
    reading::{End, Sketch, Stage, bounded, count, parse},
    vendor::Draft,
};

#[derive(Default)]
pub(super) struct Message {
    sketch: Sketch,
    /// Becomes the end once the message stops.
    stop_reason: Option<String>,
    /// What `message_start` and each `message_delta` say, the later over the earlier: they are
    /// running totals.
    counted: serde_json::Map<String, Value>,
}

impl Draft for Message {
    fn read(&mut self, frame: &[u8]) -> Result<(), Failure> {
        match parse(frame)? {
            Event::MessageStart { message } => {
                self.sketch.name(message.model);
                self.count(message.usage);
            }
            Event::ContentBlockStart { content_block: block }
            | Event::ContentBlockDelta { delta: block } => self.hear(block)?,
            Event::MessageDelta { delta, usage } => {
                self.count(usage);
                self.stop_reason = delta.stop_reason.or(self.stop_reason.take());
            }
            Event::MessageStop => self.stop(),
            Event::Message { model, content, stop_reason, usage } => {
                self.sketch.name(model);
                self.count(usage);
                for block in content {
                    self.hear(block)?;
                }
                self.stop_reason = stop_reason;
                self.stop();
            }
            Event::Error {} | Event::Other => {
                let value: Value = parse(frame)?;
                return Report::find(&value).map_or(Ok(()), |report| Err(report.inside_success()));
            }
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
        (!self.counted.is_empty()).then(|| usage(Value::Object(self.counted.clone())))
    }

    fn finish(self: Box<Self>) -> Result<Answer, Failure> {
        let usage = self.usage();
        Sketch { usage, ..self.sketch }.finish()
    }
}

impl Message {
    fn hear(&mut self, block: Block) -> Result<(), Failure> {
        match block {
            Block::Text { text } => self.sketch.say(&text)?,
            Block::Thinking { thinking } => self.sketch.spoke |= !thinking.is_empty(),
            Block::Other => {}
        }
        Ok(())
    }

    fn count(&mut self, usage: Option<Value>) {
        if let Some(Value::Object(usage)) = usage {
            self.counted.extend(usage.into_iter().filter(|(_, count)| !count.is_null()));
        }
    }

    fn stop(&mut self) {
        self.sketch.closed = true;
        self.sketch.end = self.stop_reason.as_deref().map(end);
    }
}

/// <https://platform.claude.com/docs/en/build-with-claude/handling-stop-reasons>
fn end(reason: &str) -> End {
    match reason {
        "end_turn" | "stop_sequence" => End::Stop,
        "max_tokens" | "model_context_window_exceeded" => End::Length,
        "refusal" => End::Refused,
        _ => End::Other,
    }
}

/// Anthropic counts what its cache holds outside `input_tokens`; ours is the whole prompt.
fn usage(raw: Value) -> Usage {
    let fresh = count(&raw, "/input_tokens");
    let cache_read_tokens = count(&raw, "/cache_read_input_tokens");
    let cache_write_tokens = count(&raw, "/cache_creation_input_tokens");
    let cached = cache_read_tokens.unwrap_or(0).saturating_add(cache_write_tokens.unwrap_or(0));
    Usage {
        input_tokens: fresh.map(|fresh| fresh.saturating_add(cached)),
        output_tokens: count(&raw, "/output_tokens"),
        cache_read_tokens,
        cache_write_tokens,
        reasoning_tokens: count(&raw, "/output_tokens_details/thinking_tokens"),
        raw: bounded(raw),
    }
}
