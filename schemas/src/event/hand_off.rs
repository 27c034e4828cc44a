//! Handing a conversation over to a person, and back.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    AgentId, Author, BudgetMet, ConnectionId, ConversationId, MessageId, MessageRef, Text,
    event::ToolRound,
    usage::{Attempt, Cost},
};

/// See [`Event::CompletionHandedOff`](super::Event::CompletionHandedOff). From here on the agent is
/// silent in that thread, until [`ConversationHandedBack`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CompletionHandedOff {
    /// The message that is handed over.
    pub message: MessageRef,
    /// Who hands over.
    pub agent: AgentId,
    /// With which version of its configuration.
    pub version: u32,
    /// Why.
    pub why: HandOffReason,
    /// The channel of the workspace that is told, as the rule names it.
    pub to_channel: String,
    /// What the person wrote.
    pub asked: Text,
    /// What the agent has to say of it for whoever takes over, in standard Markdown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub summary: Option<Text>,
    /// What it says to the person, in standard Markdown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub said: Option<Text>,
    /// Every attempt.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attempts: Vec<Attempt>,
    /// What all attempts cost.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost: Option<Cost>,
    /// The tools that were called before, in the order of time.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tools: Vec<ToolRound>,
    /// The budget that has no room for an answer, where that is why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub over: Option<BudgetMet>,
}

/// Why an agent hands over to a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum HandOffReason {
    /// One of the words was said that a rule names.
    Keyword,
    /// The person asks for a human being.
    AskedForHuman,
    /// The person sounds upset.
    Sentiment,
    /// A tool failed.
    ToolFailure,
    /// A budget has no room for an answer.
    Budget,
    /// The agent cannot or must not help.
    CannotHelp,
}

impl HandOffReason {
    /// The token that stands for it in tables and counters.
    pub const fn as_str(self) -> &'static str {
        match self {
            HandOffReason::Keyword => "keyword",
            HandOffReason::AskedForHuman => "asked_for_human",
            HandOffReason::Sentiment => "sentiment",
            HandOffReason::ToolFailure => "tool_failure",
            HandOffReason::Budget => "budget",
            HandOffReason::CannotHelp => "cannot_help",
        }
    }
}

/// See [`Event::MessageHeld`](super::Event::MessageHeld).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MessageHeld {
    /// The message that nobody answers but a person.
    pub message: MessageRef,
    /// Who is silent.
    pub agent: AgentId,
    /// Whether the person is told, for their eyes only: where they wrote to the agent itself.
    pub tell: bool,
}

/// See [`Event::ConversationHandedBack`](super::Event::ConversationHandedBack).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ConversationHandedBack {
    /// Through which connection it goes.
    pub connection: ConnectionId,
    /// The thread.
    pub conversation: ConversationId,
    /// The message it had been handed over with.
    pub handed_off: MessageId,
    /// Who gave it back.
    pub by: HandedBackBy,
}

/// Who gave a conversation back to its agent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum HandedBackBy {
    /// Somebody in the thread, by the chat system's user id.
    Person(String),
    /// An operator.
    Operator(Author),
    /// Nobody took over: the channel could not be told, for this reason, by the chat system's code.
    Unreached(String),
}
