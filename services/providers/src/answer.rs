//! What a model answers, the same for every vendor.

use std::fmt;

use schemas::usage::Usage;
use serde_json::Value;

use crate::Vendor;

/// Why the model stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Finish {
    /// It was done.
    Stop,
    /// It met the limit of tokens, so the text ends early.
    Length,
    /// It waits for the results of tools.
    Calls,
    /// Something else that its vendor counts as an end.
    Other,
}

/// A tool that the model wants called.
#[derive(Clone, PartialEq, Eq)]
pub struct ToolCall {
    /// The vendor's, or one of ours where it gave none; its result names it.
    pub id: String,
    /// One of the tools that were offered, or what the model made up.
    pub name: String,
    /// A JSON object, as text.
    pub arguments: String,
}

/// What a vendor wants back with the next turn, word for word: signed thoughts. For no other vendor
/// and no other model.
#[derive(Clone, PartialEq)]
pub struct Kept {
    /// Whose it is.
    pub vendor: Vendor,
    /// The model asked for.
    pub model: String,
    /// As it came.
    pub blocks: Vec<Value>,
}

/// A whole answer.
#[derive(Clone, PartialEq)]
pub struct Answer {
    /// The text; blank only where tools are called.
    pub text: String,
    /// The tools that it wants called, in order.
    pub calls: Vec<ToolCall>,
    /// What goes back with it when the conversation goes on.
    pub kept: Option<Kept>,
    /// The model, as the vendor reports it.
    pub model: String,
    /// The vendor's count of tokens, where it gave one.
    pub usage: Option<Usage>,
    /// Why it ended.
    pub finish: Finish,
}

// `Debug` by hand: people's words must not reach a log through `{:?}`.

impl fmt::Debug for ToolCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ToolCall({}, {} bytes)", self.name, self.arguments.len())
    }
}

impl fmt::Debug for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Kept({}, {} blocks)", self.vendor, self.blocks.len())
    }
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answer")
            .field("text_bytes", &self.text.len())
            .field("calls", &self.calls)
            .field("model", &self.model)
            .field("finish", &self.finish)
            .finish_non_exhaustive()
    }
}
