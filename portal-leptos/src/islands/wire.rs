//! What the server and an island tell each other.

use serde::{Deserialize, Serialize};

/// A turn of a trial. Whoever asks keeps them; the server forgets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TryTurn {
    /// Whether the operator said it, in the part of a person.
    pub person: bool,
    /// What was said.
    pub text: String,
    /// What an answer took, in words.
    pub facts: String,
    /// What the model was shown.
    pub prompt: String,
}

/// A line of a trial's answer as it comes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TryEvent {
    /// More text, right behind what came.
    Text(String),
    /// What came is void: another model starts anew.
    Restart,
    /// The whole answer.
    Done(TryTurn),
    /// There is none, and why.
    Failed(String),
}

/// What became of an autosave.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kept {
    /// It is kept.
    Saved {
        /// The next save says it.
        revision: u32,
        /// E.g. "2 changes since version 3".
        since: String,
    },
    /// It is kept, with what somebody else had saved in other fields.
    Merged {
        /// The next save says it.
        revision: u32,
        /// As for `Saved`.
        since: String,
        /// What the form's controls hold now, by name, where theirs is kept.
        theirs: Vec<(String, String)>,
        /// Those fields, for people.
        labels: String,
        /// Whether there is more of theirs than controls can be given.
        reload: bool,
    },
    /// Somebody else saved the same fields; pressing Save asks which stays.
    Conflict {
        /// Those fields, for people.
        labels: String,
    },
    /// It cannot be kept as it is.
    Wrong(String),
}
