//! What the model is told: the agent, the platform's rules, and the thread as far as it fits.
//!
//! **Invariant:** the same input builds the same prompt. A change of a word here is a new
//! [`BUILDER_VERSION`], since a replay must know which builder spoke.

mod middle;
mod results;
mod shorter;
mod system;
mod turns;

use std::{fmt, time::Duration};

use schemas::{MessageId, event::TurnUsed};

pub use self::{
    results::{RESULT_TOKENS_MIN, fit_results},
    shorter::shorter,
};
use crate::config::OpenConfig;

/// The version of this builder; recorded with every answer.
pub const BUILDER_VERSION: u32 = 2;

/// The tokens of a thread that a model is shown, by [`estimate_tokens`].
pub const THREAD_TOKENS_MAX: u32 = 3_000;

/// The tokens of an answer.
pub const ANSWER_TOKENS_MAX: u32 = 1_024;

/// How long an answer may take, all attempts together.
pub const ANSWER_TIME_MAX: Duration = Duration::from_mins(2);

/// The smallest budget for a thread; a smaller one counts as this.
pub const BUDGET_TOKENS_MIN: u32 = 64;

/// What every turn costs besides its words: role and separators, in the vendors' formats.
pub const TURN_TOKENS: u32 = 4;

/// Everything a prompt is made of.
#[derive(Clone, Copy, Debug)]
pub struct PromptInput<'a> {
    /// Who answers.
    pub agent: &'a OpenConfig,
    /// The customer it works for, by name.
    pub tenant_name: &'a str,
    /// The thread before the message, oldest first.
    pub history: &'a [Turn],
    /// The message to answer.
    pub newest: &'a Turn,
    /// Whether the thread has older turns than `history`.
    pub older_exist: bool,
    /// The most tokens the turns may take, by [`estimate_tokens`]; the system text comes on top.
    pub budget_tokens: u32,
    /// Whether the agent may be told when to hand over by its own judgement: not where it is not offered
    /// the tool for it.
    pub may_hand_over: bool,
}

/// One turn of a thread, opened.
#[derive(Clone, PartialEq, Eq)]
pub struct Turn {
    /// The message it belongs to: the person's words, or the answer to them.
    pub message: MessageId,
    /// How often it has been edited.
    pub revision: u32,
    /// Who spoke.
    pub speaker: Speaker,
    /// The latest words.
    pub text: String,
    /// Whether they were taken back.
    pub deleted: bool,
}

/// Who spoke.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Speaker {
    /// A human being.
    Person {
        /// The chat system's user id.
        id: String,
        /// Their display name, where known.
        name: Option<String>,
    },
    /// The agent.
    Agent,
}

/// Which side of the talk a turn is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// The people.
    User,
    /// The agent.
    Assistant,
}

/// What the model is asked.
#[derive(Clone, PartialEq, Eq)]
pub struct Prompt {
    /// The system text.
    pub system: String,
    /// The talk: it starts and ends with the user's side, and the sides alternate.
    pub turns: Vec<PromptTurn>,
    /// The turns it is made of, oldest first, the message to answer last.
    pub record: Vec<TurnUsed>,
    /// Whether older turns were left out.
    pub truncated: bool,
}

/// One side's words.
#[derive(Clone, PartialEq, Eq)]
pub struct PromptTurn {
    /// Whose.
    pub role: Role,
    /// The words.
    pub text: String,
}

/// Builds the prompt.
pub fn build(input: PromptInput<'_>) -> Prompt {
    let chosen = turns::choose(&input);
    let truncated = chosen.truncated || input.older_exist;
    let record = chosen
        .used
        .iter()
        .map(|turn| TurnUsed { message: turn.message.clone(), revision: turn.revision })
        .collect();
    Prompt { system: system::text(&input, truncated), turns: chosen.turns, record, truncated }
}

/// A guess at how many tokens a text takes, without the vendor's tokenizer: a token for each 4 bytes
/// of ASCII, and for each 2 bytes of anything else, which is on the safe side (a Chinese character
/// counts 1.5, an emoji 2, a Cyrillic letter 1).
pub fn estimate_tokens(text: &str) -> u32 {
    let other = text.bytes().filter(|byte| !byte.is_ascii()).count();
    let ascii = text.len() - other;
    u32::try_from((ascii + 2 * other).div_ceil(4)).unwrap_or(u32::MAX)
}

/// What people wrote does not belong into logs.
impl fmt::Debug for Turn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Turn")
            .field("message", &self.message)
            .field("revision", &self.revision)
            .field("deleted", &self.deleted)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Prompt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Prompt")
            .field("turns", &self.turns.len())
            .field("truncated", &self.truncated)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for PromptTurn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PromptTurn").field("role", &self.role).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
