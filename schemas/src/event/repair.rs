//! What operators decide where something went wrong.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Author, Message, MessageRef};

/// See [`Event::MessageReopened`](super::Event::MessageReopened). It is its own cause: what follows from
/// it has ids of its own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MessageReopened {
    /// The message, as its person left it.
    pub message: Message,
    /// Whether it is answered though it has an answer, which the person may have read.
    #[serde(default)]
    pub anew: bool,
    /// Who decided that.
    pub by: Author,
}

/// See [`Event::ReplyDecided`](super::Event::ReplyDecided).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ReplyDecided {
    /// The message replied to.
    pub message: MessageRef,
    /// What becomes of the reply.
    pub decision: ReplyDecision,
    /// Who decided that.
    pub by: Author,
}

/// What becomes of a reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReplyDecision {
    /// What is in doubt has arrived.
    Sent,
    /// What is in doubt, was refused or was never sent is sent; what has arrived is not.
    Again,
    /// All of it is sent once more, whatever the person has.
    Anew,
}

impl ReplyDecision {
    /// The token that stands for it in traces.
    pub const fn as_str(self) -> &'static str {
        match self {
            ReplyDecision::Sent => "sent",
            ReplyDecision::Again => "again",
            ReplyDecision::Anew => "anew",
        }
    }
}
