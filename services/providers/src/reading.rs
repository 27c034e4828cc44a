//! Reads one vendor's stream into one answer. Pure: bytes in, stage or answer out.

use schemas::usage::Usage;
use serde_json::Value;

use crate::{
    Answer, Failure, FailureClass, Finish, Kept,
    calls::Calls,
    classify::Report,
    frames::{Frames, TooLong},
    vendor::{Dialect, Draft},
};

/// The longest answer, in bytes of text.
pub(crate) const TEXT_BYTES_MAX: usize = 512 << 10;

/// The longest model name kept, in bytes.
const MODEL_BYTES_MAX: usize = 200;

/// The longest name of an answer that is compared, in bytes.
const ID_BYTES_MAX: usize = 200;

/// The largest usage object kept raw, in bytes of JSON. Vendors' own are under 1 KiB.
const RAW_USAGE_BYTES_MAX: usize = 8 << 10;

/// How far an answer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Stage {
    /// Nothing generated yet.
    Silent,
    /// The first token is there, be it only reasoning.
    Speaking,
    /// The end marker is there; a count of tokens may follow.
    Complete,
    /// Nothing can follow.
    Closed,
}

/// One stream being read.
pub(crate) struct Reading {
    frames: Frames,
    draft: Box<dyn Draft>,
}

impl Reading {
    pub(crate) fn new(dialect: &dyn Dialect) -> Self {
        Self { frames: Frames::new(dialect.framing()), draft: dialect.draft() }
    }

    /// Takes the next piece of the stream. What comes after the close is not read.
    pub(crate) fn push(&mut self, mut bytes: &[u8]) -> Result<Stage, Failure> {
        while self.draft.stage() != Stage::Closed {
            let Some(frame) = self.frames.next(&mut bytes).map_err(too_long)? else { break };
            self.draft.read(&frame)?;
        }
        Ok(self.draft.stage())
    }

    /// The stream is over: a whole answer, or why it is none.
    pub(crate) fn finish(self) -> Result<Answer, Failure> {
        let Self { frames, mut draft } = self;
        if draft.stage() != Stage::Closed
            && let Some(frame) = frames.finish().map_err(too_long)?
        {
            draft.read(&frame)?;
        }
        let usage = draft.usage();
        draft.finish().map_err(|failure| Failure { usage: usage.map(Box::new), ..failure })
    }

    /// The text so far; it only grows.
    pub(crate) fn text(&self) -> &str {
        self.draft.text()
    }

    /// What the vendor has counted so far.
    pub(crate) fn usage(&self) -> Option<Usage> {
        self.draft.usage()
    }
}

fn too_long(_: TooLong) -> Failure {
    Failure::new(FailureClass::Transient, "the stream is longer than we accept")
}

/// Reads a frame as `T`, unless it reports an error or cannot be read at all.
pub(crate) fn parse<T: serde::de::DeserializeOwned>(frame: &[u8]) -> Result<T, Failure> {
    serde_json::from_slice(frame).map_err(|_not_the_shape_we_know| {
        let report = serde_json::from_slice(frame).ok().as_ref().and_then(Report::find);
        report.map_or_else(
            || Failure::new(FailureClass::Transient, "a frame of the stream cannot be read"),
            Report::inside_success,
        )
    })
}

/// How an answer ended, in the words of all vendors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    Stop,
    Length,
    Calls,
    Refused,
    Other,
}

/// What every vendor's draft collects.
#[derive(Default)]
pub(crate) struct Sketch {
    pub text: String,
    pub calls: Calls,
    pub kept: Option<Kept>,
    pub spoke: bool,
    pub model: String,
    /// The vendor's name for this one answer.
    pub id: String,
    pub usage: Option<Usage>,
    pub end: Option<End>,
    pub closed: bool,
}

impl Sketch {
    /// Adds text.
    pub(crate) fn say(&mut self, text: &str) -> Result<(), Failure> {
        if TEXT_BYTES_MAX < self.text.len().saturating_add(text.len()) {
            return Err(Failure::new(
                FailureClass::Transient,
                "the answer is longer than we accept",
            ));
        }
        self.text.push_str(text);
        self.spoke |= !text.is_empty();
        Ok(())
    }

    /// Notes the answer's own name. Another one in the same stream is another answer, and what was said
    /// is no longer known to be one text.
    pub(crate) fn identify(&mut self, id: Option<String>) -> Result<(), Failure> {
        let Some(id) = id.filter(|id| !id.is_empty() && id.len() <= ID_BYTES_MAX) else {
            return Ok(());
        };
        if self.id.is_empty() {
            self.id = id;
        } else if self.id != id {
            return Err(Failure::new(
                FailureClass::Transient,
                "another answer began in the stream",
            ));
        }
        Ok(())
    }

    /// Notes the model's name, the first time it is given.
    pub(crate) fn name(&mut self, model: Option<String>) {
        let Some(model) = model.filter(|_| self.model.is_empty()) else { return };
        self.model = model;
        self.model.truncate(self.model.floor_char_boundary(MODEL_BYTES_MAX));
    }

    pub(crate) fn stage(&self) -> Stage {
        match (self.closed, self.end, self.spoke) {
            (true, _, _) => Stage::Closed,
            (false, Some(_), _) => Stage::Complete,
            (false, None, true) => Stage::Speaking,
            (false, None, false) => Stage::Silent,
        }
    }

    /// The answer, if there was an end and something before it.
    pub(crate) fn finish(self) -> Result<Answer, Failure> {
        let finish = match self.end {
            None => {
                let detail = "the stream ended before the answer did";
                return Err(Failure::new(FailureClass::Transient, detail));
            }
            Some(End::Refused) => {
                return Err(Failure::new(FailureClass::Refused, "the model declined to answer"));
            }
            Some(End::Stop) => Finish::Stop,
            Some(End::Length) => Finish::Length,
            Some(End::Calls) => Finish::Calls,
            Some(End::Other) => Finish::Other,
        };
        // Cut in the middle of a call, its arguments would be a guess.
        let starved = finish == Finish::Length;
        let calls = self.calls.finish().map_err(|failure| Failure { starved, ..failure })?;
        if self.text.trim().is_empty() && calls.is_empty() {
            let failure = Failure::new(FailureClass::Empty, "the answer has no text");
            return Err(Failure { starved, ..failure });
        }
        let Self { text, kept, model, usage, .. } = self;
        Ok(Answer { text, calls, kept, model, usage, finish })
    }
}

/// The vendor's usage object as it is, unless it is absurdly large.
pub(crate) fn bounded(raw: Value) -> Value {
    if raw.to_string().len() <= RAW_USAGE_BYTES_MAX { raw } else { Value::Null }
}

/// The count at that place, if the vendor gives one.
pub(crate) fn count(raw: &Value, pointer: &str) -> Option<u64> {
    raw.pointer(pointer).and_then(Value::as_u64)
}

#[cfg(test)]
mod tests;
