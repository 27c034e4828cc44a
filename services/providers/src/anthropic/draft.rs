//! Reads a stream of events. The end marker is two: a `stop_reason` and `message_stop`.

use std::collections::BTreeMap;

use schemas::usage::Usage;
use serde_json::Value;

use super::wire::{Block, Event, Piece};
use crate::{
    Answer, Failure, FailureClass, Kept, Vendor, calls,
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
    /// Thoughts by the index of their block, as they go back.
    thoughts: BTreeMap<u64, Value>,
    /// How many bytes they have.
    thought_bytes: usize,
}

/// The longest thoughts that are kept for one answer, in bytes.
const THOUGHT_BYTES_MAX: usize = 512 << 10;

impl Draft for Message {
    fn read(&mut self, frame: &[u8]) -> Result<(), Failure> {
        match parse(frame)? {
            Event::MessageStart { message } => {
                self.sketch.identify(message.id)?;
                self.sketch.name(message.model);
                self.count(message.usage);
            }
            Event::ContentBlockStart { index, content_block } => {
                self.begin(index, content_block)?;
            }
            Event::ContentBlockDelta { index, delta } => self.hear(index, delta)?,
            Event::MessageDelta { delta, usage } => {
                self.count(usage);
                self.stop_reason = delta.stop_reason.or(self.stop_reason.take());
            }
            Event::MessageStop => self.stop(),
            Event::Message { model, content, stop_reason, usage } => {
                self.sketch.name(model);
                self.count(usage);
                for (index, block) in (0..).zip(content) {
                    self.begin(index, block)?;
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
        let counted = (!self.counted.is_empty()).then(|| Value::Object(self.counted.clone()));
        let usage = counted.map(usage)?;
        // A message begins with a count of one or so: only its last word counts what was written.
        let is_last = self.stop_reason.is_some();
        let (output_tokens, reasoning_tokens) = (usage.output_tokens, usage.reasoning_tokens);
        Some(Usage {
            output_tokens: output_tokens.filter(|_| is_last),
            reasoning_tokens: reasoning_tokens.filter(|_| is_last),
            ..usage
        })
    }

    fn finish(self: Box<Self>) -> Result<Answer, Failure> {
        let usage = self.usage();
        let blocks: Vec<Value> = self.thoughts.into_values().collect();
        // The model is the one asked for: whoever asks knows it.
        let kept = Kept { vendor: Vendor::Anthropic, model: String::new(), blocks };
        let kept = Some(kept).filter(|kept| !kept.blocks.is_empty());
        Sketch { kept, usage, ..self.sketch }.finish()
    }
}

impl Message {
    /// A block begins, or comes whole.
    fn begin(&mut self, index: u64, raw: Value) -> Result<(), Failure> {
        match serde_json::from_value(raw.clone()).unwrap_or(Block::Other) {
            Block::Text { text } => self.sketch.say(&text)?,
            Block::ToolUse { id, name, input } => {
                self.sketch.spoke = true;
                // Whole in a whole message; while it streams, an empty object stands for what comes.
                let whole = input.as_object().is_some_and(|input| !input.is_empty());
                let arguments = if whole { input.to_string() } else { String::new() };
                let (id, name) = (id.as_str(), name.as_str());
                let piece = calls::Piece { index: Some(index), id, name, arguments: &arguments };
                self.sketch.calls.take(&piece)?;
            }
            Block::Thinking {} | Block::RedactedThinking {} => {
                self.sketch.spoke = true;
                self.think(raw.to_string().len())?;
                self.thoughts.insert(index, raw);
            }
            Block::Other => {}
        }
        Ok(())
    }

    /// A block goes on.
    fn hear(&mut self, index: u64, piece: Piece) -> Result<(), Failure> {
        match piece {
            Piece::TextDelta { text } => self.sketch.say(&text)?,
            Piece::InputJsonDelta { partial_json } => {
                let piece = calls::Piece {
                    index: Some(index),
                    arguments: &partial_json,
                    ..calls::Piece::default()
                };
                self.sketch.calls.take(&piece)?;
            }
            Piece::ThinkingDelta { thinking } => {
                self.sketch.spoke |= !thinking.is_empty();
                self.add(index, "thinking", &thinking)?;
            }
            Piece::SignatureDelta { signature } => self.add(index, "signature", &signature)?,
            Piece::Other => {}
        }
        Ok(())
    }

    /// More of a thought.
    fn add(&mut self, index: u64, field: &str, more: &str) -> Result<(), Failure> {
        self.think(more.len())?;
        let thought = self.thoughts.get_mut(&index).and_then(Value::as_object_mut);
        let Some(thought) = thought else { return Ok(()) };
        match thought.get_mut(field) {
            Some(Value::String(text)) => text.push_str(more),
            Some(_) | None => drop(thought.insert(field.to_owned(), Value::from(more))),
        }
        Ok(())
    }

    fn think(&mut self, bytes: usize) -> Result<(), Failure> {
        self.thought_bytes = self.thought_bytes.saturating_add(bytes);
        if self.thought_bytes <= THOUGHT_BYTES_MAX {
            return Ok(());
        }
        Err(Failure::new(FailureClass::Transient, "the thoughts are longer than we accept"))
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
        "tool_use" => End::Calls,
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
