//! A recorded turn that is asked again: what that takes, how two answers compare, and what is expected
//! of one.
//!
//! **Invariant:** what a model wants of a tool is answered from the record or not at all.

pub mod check;
pub mod history;
pub mod judge;
pub mod measure;
mod tape;

use std::{fmt, str::FromStr};

use schemas::{MessageId, event::HandOffReason};
use serde::{Deserialize, Serialize};

pub use self::tape::{Played, Tape, canonical};
use crate::prompt::{Speaker, Turn};

/// A turn of a thread as a model was shown it, and all that asking it again takes. It holds what people
/// wrote: kept, it is sealed.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Frozen {
    /// The customer, by name.
    pub tenant_name: String,
    /// The turns that the model was shown before the message, oldest first.
    pub history: Vec<Said>,
    /// The message that was answered.
    pub newest: Said,
    /// Whether older turns were left out.
    pub older_exist: bool,
    /// The most tokens that the answer could have.
    pub max_output_tokens: u32,
    /// The tools that the model was offered, by name.
    pub offered: Vec<String>,
    /// What it called of them, with what it read.
    pub calls: Vec<Call>,
    /// The version that answered.
    pub version: u32,
    /// The version of the builder that made its prompt.
    pub builder: u32,
    /// What came of it then.
    pub recorded: Outcome,
}

/// One turn.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Said {
    /// The message it belongs to.
    pub message: MessageId,
    /// How often it had been edited.
    pub revision: u32,
    /// Who spoke; the agent, where nobody is named.
    pub person: Option<Person>,
    /// The words.
    pub text: String,
}

/// A human being in a thread.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// The chat system's user id.
    pub id: String,
    /// Their display name, where known.
    pub name: Option<String>,
}

/// A call of a tool that is on record.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Call {
    /// The tool, by the name that the model was offered.
    pub tool: String,
    /// What it was called with.
    pub arguments: String,
    /// What the model read.
    pub text: String,
    /// Why it did not work, in one word.
    pub failed: Option<String>,
}

/// What came of asking.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    /// How it ended.
    pub end: End,
    /// The tools that the model called, in the order of time.
    pub calls: Vec<Called>,
    /// The version that was asked; nothing for one that was never published.
    pub version: Option<u32>,
    /// The model, as its vendor reports it; empty where none answered.
    pub model: String,
    /// What all calls to models cost, in millionths of a dollar, where that is known.
    pub cost_micros: Option<u64>,
    /// From the question to the end.
    pub latency_ms: u64,
}

/// How asking ended.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum End {
    /// With an answer.
    Answered(String),
    /// A person would have taken over.
    HandedOff {
        /// Why.
        why: HandOffReason,
        /// What the model said beside; may be empty.
        said: String,
    },
    /// The vendor declined to answer, by its own word.
    Refused,
    /// The model wanted a call of a tool that is not on record.
    Unrecorded(Called),
    /// No model answered, for a reason in our words.
    Failed(String),
}

/// A tool that a model wanted called.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Called {
    /// The tool.
    pub tool: String,
    /// Its arguments; see [`canonical`].
    pub arguments: String,
}

impl Called {
    /// A call, by what it comes to.
    pub fn new(tool: &str, arguments: &str) -> Self {
        Self { tool: tool.to_owned(), arguments: canonical(arguments) }
    }
}

/// Why a turn cannot be asked again as it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Unplayable {
    /// What came of it is not on record any more.
    NoRecord,
    /// The log does not have the message any more.
    NoMessage,
    /// The message, or a turn before it, is not remembered any more.
    NoTurn,
    /// The message, or a turn before it, was taken back.
    Erased,
    /// A turn before it was edited.
    Edited,
    /// A text of it does not open.
    Unreadable,
    /// The thread cannot be put together as it was.
    Changed,
}

impl Unplayable {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::NoRecord,
        Self::NoMessage,
        Self::NoTurn,
        Self::Erased,
        Self::Edited,
        Self::Unreadable,
        Self::Changed,
    ];

    /// As it stands in tables and in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NoRecord => "no_record",
            Self::NoMessage => "no_message",
            Self::NoTurn => "no_turn",
            Self::Erased => "erased",
            Self::Edited => "edited",
            Self::Unreadable => "unreadable",
            Self::Changed => "changed",
        }
    }
}

/// In a sentence.
impl fmt::Display for Unplayable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoRecord => "what came of it is not on record any more",
            Self::NoMessage => "the log does not have the message any more",
            Self::NoTurn => "it, or a turn before it, is not remembered any more",
            Self::Erased => "it, or a turn before it, was taken back since",
            Self::Edited => "a turn before it was edited since",
            Self::Unreadable => "a text of it does not open",
            Self::Changed => "its thread cannot be put together as it was",
        })
    }
}

impl FromStr for Unplayable {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|it| it.as_str() == text);
        found.ok_or_else(|| "a reason that is not known".to_owned())
    }
}

impl Frozen {
    /// The turns before the message, as the builder of prompts takes them.
    pub fn turns(&self) -> Vec<Turn> {
        self.history.iter().map(Said::turn).collect()
    }
}

impl Said {
    /// A turn of a prompt, to be kept.
    pub fn of(turn: &Turn) -> Self {
        let person = match &turn.speaker {
            Speaker::Person { id, name } => Some(Person { id: id.clone(), name: name.clone() }),
            Speaker::Agent => None,
        };
        let (message, text) = (turn.message.clone(), turn.text.clone());
        Self { message, revision: turn.revision, person, text }
    }

    /// The same as the builder of prompts takes it.
    pub fn turn(&self) -> Turn {
        let person = self.person.clone();
        Turn {
            message: self.message.clone(),
            revision: self.revision,
            speaker: person
                .map_or(Speaker::Agent, |Person { id, name }| Speaker::Person { id, name }),
            text: self.text.clone(),
            deleted: false,
        }
    }
}

impl Outcome {
    /// What a person would have read; nothing where there is no answer.
    pub fn said(&self) -> Option<&str> {
        match &self.end {
            End::Answered(text) => Some(text),
            End::HandedOff { said, .. } => Some(said),
            End::Refused | End::Unrecorded(_) | End::Failed(_) => None,
        }
    }
}

// `Debug` by hand: people's words must not reach a log through `{:?}`.

impl fmt::Debug for Frozen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Frozen")
            .field("message", &self.newest.message)
            .field("history", &self.history.len())
            .field("calls", &self.calls.len())
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outcome")
            .field("end", &self.end)
            .field("calls", &self.calls.len())
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Answered(text) => write!(f, "Answered({} bytes)", text.len()),
            Self::HandedOff { why, .. } => write!(f, "HandedOff({})", why.as_str()),
            Self::Refused => f.write_str("Refused"),
            Self::Unrecorded(_) => f.write_str("Unrecorded"),
            Self::Failed(why) => write!(f, "Failed({why})"),
        }
    }
}

impl fmt::Debug for Called {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Called({} bytes)", self.tool.len() + self.arguments.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_is_read_as_it_was_written() {
        for reason in Unplayable::ALL {
            assert_eq!(reason.as_str().parse(), Ok(reason));
        }
        assert!("".parse::<Unplayable>().is_err());
    }

    #[test]
    fn what_people_wrote_is_in_no_debug() {
        let outcome = Outcome {
            end: End::Answered("moon".to_owned()),
            calls: vec![Called::new("orders", r#"{"of":"moon"}"#)],
            version: Some(1),
            model: String::new(),
            cost_micros: None,
            latency_ms: 1,
        };
        let unrecorded = End::Unrecorded(Called::new("orders", "moon"));
        assert!(!format!("{outcome:?} {unrecorded:?}").contains("moon"));
    }

    #[test]
    fn a_turn_that_is_kept_is_the_same_turn() {
        let person = Speaker::Person { id: "U1".to_owned(), name: Some("Ann".to_owned()) };
        for speaker in [person, Speaker::Agent] {
            let (message, text) = ("m1".parse().unwrap(), "hello".to_owned());
            let turn = Turn { message, revision: 2, speaker, text, deleted: false };
            assert_eq!(Said::of(&turn).turn(), turn);
        }
    }
}
