//! What the events of the pipeline carry, in the order a message meets them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    AgentId, BudgetMet, ConnectionId, ConversationId, EffectId, EventId, Message, MessageId,
    MessageRef, Text, Timestamp,
    event::ToolRound,
    usage::{Attempt, Cost, Usage},
};

/// See [`Event::MessageReceived`](super::Event::MessageReceived).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MessageReceived {
    /// The message.
    pub message: Message,
}

/// See [`Event::MessageAccepted`](super::Event::MessageAccepted).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MessageAccepted {
    /// The message.
    pub message: Message,
}

/// See [`Event::MessageDuplicate`](super::Event::MessageDuplicate).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MessageDuplicate {
    /// The message.
    pub message: MessageRef,
    /// The `message.received` that won.
    pub first: EventId,
    /// What was seen before.
    pub reason: DuplicateReason,
}

/// What made a delivery a duplicate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DuplicateReason {
    /// The same delivery came again.
    Delivery,
    /// Another delivery brought the same message, e.g. `app_mention` beside `message`.
    Message,
}

/// See [`Event::MessageAdmitted`](super::Event::MessageAdmitted).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MessageAdmitted {
    /// The message.
    pub message: Message,
}

/// See [`Event::MessageThrottled`](super::Event::MessageThrottled).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MessageThrottled {
    /// The message.
    pub message: MessageRef,
    /// Which limit.
    pub limit: LimitScope,
    /// That limit, in messages a minute; 0 for the log's, which counts bytes.
    pub per_minute: u32,
    /// When the next message will pass.
    pub retry_at: Timestamp,
    /// Whether this is the one that tells the person; once for each reset.
    pub tell: bool,
}

/// Which limit a message met.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LimitScope {
    /// The tenant's.
    Tenant,
    /// The tenant's for that kind of channel.
    Channel,
    /// The tenant's share of the log, or a person's part of it.
    Log,
}

/// See [`Event::CompletionFinished`](super::Event::CompletionFinished). Holds what a replay needs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CompletionFinished {
    /// The message answered.
    pub message: MessageRef,
    /// Who answered.
    pub agent: AgentId,
    /// With which version of its configuration.
    pub version: u32,
    /// What it answered, in standard Markdown.
    pub answer: Text,
    /// The model, as the vendor reports it.
    pub model: String,
    /// The deployment that gave the answer.
    pub deployment: String,
    /// The vendor's count of tokens.
    pub usage: Usage,
    /// What all attempts cost.
    pub cost: Cost,
    /// Every attempt, the last one the winner.
    pub attempts: Vec<Attempt>,
    /// From the start of the stage to the whole answer, in milliseconds.
    pub latency_ms: u64,
    /// What the prompt was made of.
    pub prompt: PromptRecord,
    /// The tools that were called for it, in the order of time.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tools: Vec<ToolRound>,
    /// The budgets that this answer brought to 80 per cent; each is told of once in its period.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub near: Vec<BudgetMet>,
}

/// What a prompt was made of, so that it can be made again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PromptRecord {
    /// The version of the prompt builder.
    pub builder: u32,
    /// The turns it showed the model, oldest first; the last one is the message answered.
    pub turns: Vec<TurnUsed>,
    /// Whether older turns were left out for want of room.
    pub truncated: bool,
    /// The model group asked.
    pub group: String,
    /// The tools that it was offered, by name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tools: Vec<String>,
    /// The most tokens the answer could have.
    pub max_output_tokens: u32,
}

/// One turn in a prompt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TurnUsed {
    /// The message it belongs to: the person's words, or the answer to them.
    pub message: MessageId,
    /// How often it had been edited.
    pub revision: u32,
}

/// See [`Event::CompletionFailed`](super::Event::CompletionFailed).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CompletionFailed {
    /// The message that has no answer.
    pub message: MessageRef,
    /// Who should have answered, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<AgentId>,
    /// Why there is none.
    pub reason: FailureReason,
    /// What the person can quote; leads an operator to this event.
    pub reference: String,
    /// Every attempt.
    #[serde(default)]
    pub attempts: Vec<Attempt>,
    /// What all attempts cost.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost: Option<Cost>,
    /// The tools that were called all the same, in the order of time.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tools: Vec<ToolRound>,
    /// The budget that has no room for it, where that is why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub over: Option<BudgetMet>,
}

/// Why a message has no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FailureReason {
    /// Every model that may answer failed.
    ModelsFailed,
    /// The tenant is suspended or deleted. The person is told nothing.
    TenantSuspended,
    /// Nobody is published behind the connection.
    NoAgent,
    /// The connection was removed meanwhile. The person cannot be told.
    ConnectionRemoved,
    /// It was set aside after too many attempts.
    SetAside,
    /// A budget has no room for a call: see [`CompletionFailed::over`]. An agent's rule
    /// [`Budget`](crate::directory::EscalationTrigger::Budget) is met by it.
    OverBudget,
}

impl FailureReason {
    /// The token that stands for it in tables and counters.
    pub const fn as_str(self) -> &'static str {
        match self {
            FailureReason::ModelsFailed => "models_failed",
            FailureReason::TenantSuspended => "tenant_suspended",
            FailureReason::NoAgent => "no_agent",
            FailureReason::ConnectionRemoved => "connection_removed",
            FailureReason::SetAside => "set_aside",
            FailureReason::OverBudget => "over_budget",
        }
    }
}

/// See [`Event::ReplyDelivered`](super::Event::ReplyDelivered).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ReplyDelivered {
    /// The message replied to.
    pub message: MessageRef,
    /// What the person got.
    pub reply: ReplyKind,
    /// Where it stands; the parts of a long answer in their order.
    pub parts: Vec<SentPart>,
}

/// What a person got in reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReplyKind {
    /// The agent's answer.
    Answer,
    /// An apology with a reference.
    Apology,
    /// Word that a limit was met, for their eyes only.
    Notice,
    /// Word that a person takes over, who is told in a channel of their own.
    HandOff,
    /// Word that a person has the conversation, for their eyes only.
    Held,
}

impl ReplyKind {
    /// The token that stands for it in ids and tables.
    pub const fn as_str(self) -> &'static str {
        match self {
            ReplyKind::Answer => "answer",
            ReplyKind::Apology => "apology",
            ReplyKind::Notice => "notice",
            ReplyKind::HandOff => "hand_off",
            ReplyKind::Held => "held",
        }
    }

    /// Whether only the person who wrote sees it.
    pub const fn is_for_one(self) -> bool {
        match self {
            ReplyKind::Notice | ReplyKind::Held => true,
            ReplyKind::Answer | ReplyKind::Apology | ReplyKind::HandOff => false,
        }
    }
}

/// One message we sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SentPart {
    /// The effect it was.
    pub effect: EffectId,
    /// Its timestamp in the chat system.
    pub ts: String,
}

/// See [`Event::ReplyUncertain`](super::Event::ReplyUncertain).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ReplyUncertain {
    /// The message replied to.
    pub message: MessageRef,
    /// What the person may have got.
    pub reply: ReplyKind,
    /// The effect in doubt.
    pub effect: EffectId,
    /// What the chat system said, or did not.
    pub detail: String,
}

/// See [`Event::ReplyFailed`](super::Event::ReplyFailed).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ReplyFailed {
    /// The message nobody could reply to.
    pub message: MessageRef,
    /// What the person should have got.
    pub reply: ReplyKind,
    /// The chat system's code, e.g. `channel_not_found`, or ours, e.g. `tenant_suspended`.
    pub code: String,
}

/// See [`Event::EffectObserved`](super::Event::EffectObserved).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EffectObserved {
    /// Through which connection it was seen.
    pub connection: ConnectionId,
    /// In which thread.
    pub conversation: ConversationId,
    /// The effect named in its metadata.
    pub effect: EffectId,
    /// Its channel.
    pub channel: String,
    /// Its timestamp there.
    pub ts: String,
}

/// See [`Event::MessageEdited`](super::Event::MessageEdited).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MessageEdited {
    /// The message.
    pub message: MessageRef,
    /// What it says now.
    pub text: Text,
    /// When it was changed, by the chat system's clock.
    pub edited_at: Timestamp,
}

/// See [`Event::MessageDeleted`](super::Event::MessageDeleted).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MessageDeleted {
    /// The message.
    pub message: MessageRef,
}

/// See [`Event::ConnectionRevoked`](super::Event::ConnectionRevoked).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ConnectionRevoked {
    /// Which connection.
    pub connection: ConnectionId,
    /// The chat system's word for it, e.g. `app_uninstalled`.
    pub reason: String,
}
