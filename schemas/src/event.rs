//! Everything that can be said on the log, in the past tense.
//!
//! To add an event: a line in the table below, its data, and a sample in `samples/`; the compiler
//! and the tests list the rest.

mod entry;
mod hand_off;
mod pipeline;
mod repair;
mod tool;

use schemars::{JsonSchema, Schema, schema_for};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::value::RawValue;

pub use self::entry::Entry;
pub use self::hand_off::{
    CompletionHandedOff, ConversationHandedBack, HandOffReason, HandedBackBy, MessageHeld,
};
pub use self::pipeline::{
    CompletionFailed, CompletionFinished, ConnectionRevoked, DuplicateReason, EffectObserved,
    FailureReason, LimitScope, MessageAccepted, MessageAdmitted, MessageDeleted, MessageDuplicate,
    MessageEdited, MessageReceived, MessageThrottled, PromptRecord, ReplyDelivered, ReplyFailed,
    ReplyKind, ReplyUncertain, SentPart, TurnUsed,
};
pub use self::repair::{MessageReopened, ReplyDecided, ReplyDecision};
pub use self::tool::{ToolCalled, ToolOutcome, ToolRound};
pub use crate::budget::BudgetNear;
use crate::{Agent, Author, Claim, Connection, ModelGroup, Tenant, Tool};

macro_rules! events {
    ($($(#[$doc:meta])* $name:ident($data:ty) = $topic:literal v $version:literal;)+) => {
        /// What happened.
        #[derive(Clone, Debug, PartialEq)]
        pub enum Event {
            $($(#[$doc])* $name($data),)+
        }

        /// The name of an [`Event`], without its data.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Kind {
            $(#[doc = concat!("See [`Event::", stringify!($name), "`].")] $name,)+
        }

        impl Kind {
            /// Every kind, in the order of the table.
            pub const ALL: &'static [Kind] = &[$(Kind::$name),+];

            /// The last tokens of the subject, e.g. `message.received`.
            pub const fn topic(self) -> &'static str {
                match self { $(Kind::$name => $topic,)+ }
            }

            /// The version that is written today; it counts from 1.
            pub const fn version(self) -> u32 {
                match self { $(Kind::$name => $version,)+ }
            }

            /// The CloudEvents type, e.g. `konstruct.message.received.v1`.
            pub const fn type_name(self) -> &'static str {
                match self { $(Kind::$name => concat!("konstruct.", $topic, ".v", $version),)+ }
            }

            /// The kind of a topic, if we know it.
            pub fn from_topic(topic: &str) -> Option<Self> {
                match topic {
                    $($topic => Some(Kind::$name),)+
                    _ => None,
                }
            }

            /// The JSON Schema of its data.
            pub fn data_schema(self) -> Schema {
                match self { $(Kind::$name => schema_for!($data),)+ }
            }

            pub(crate) fn decode(
                self,
                data: &RawValue,
            ) -> Result<Event, serde_path_to_error::Error<serde_json::Error>> {
                match self { $(Kind::$name => decode(data).map(Event::$name),)+ }
            }
        }

        impl Event {
            /// Its name.
            pub const fn kind(&self) -> Kind {
                match self { $(Event::$name(_) => Kind::$name,)+ }
            }

            pub(crate) fn encode(&self) -> serde_json::Result<Box<RawValue>> {
                match self { $(Event::$name(data) => serde_json::value::to_raw_value(data),)+ }
            }
        }
    };
}

/// Reads twice where it fails, and only then: the second time says where.
fn decode<T: DeserializeOwned>(
    data: &RawValue,
) -> Result<T, serde_path_to_error::Error<serde_json::Error>> {
    serde_json::from_str(data.get()).or_else(|_| {
        serde_path_to_error::deserialize(&mut serde_json::Deserializer::from_str(data.get()))
    })
}

events! {
    /// A chat system delivered a message addressed to an agent.
    MessageReceived(MessageReceived) = "message.received" v 1;
    /// It is the first delivery of that message.
    MessageAccepted(MessageAccepted) = "message.accepted" v 1;
    /// It had been delivered before.
    MessageDuplicate(MessageDuplicate) = "message.duplicate" v 1;
    /// It may go on to the model.
    MessageAdmitted(MessageAdmitted) = "message.admitted" v 1;
    /// The tenant has spent its quota.
    MessageThrottled(MessageThrottled) = "message.throttled" v 1;
    /// A model answered.
    CompletionFinished(CompletionFinished) = "completion.finished" v 1;
    /// No model answered.
    CompletionFailed(CompletionFailed) = "completion.failed" v 1;
    /// The agent hands the conversation over to a person.
    CompletionHandedOff(CompletionHandedOff) = "completion.handed_off" v 1;
    /// A person has the conversation: the agent does not answer.
    MessageHeld(MessageHeld) = "message.held" v 1;
    /// The agent has the conversation again.
    ConversationHandedBack(ConversationHandedBack) = "conversation.handed_back" v 1;
    /// An operator has it answered, or answered again.
    MessageReopened(MessageReopened) = "message.reopened" v 1;
    /// A budget is used to 80 per cent; once for each budget and period.
    BudgetNear(BudgetNear) = "budget.near" v 1;
    /// The person has the answer, the apology or the notice.
    ReplyDelivered(ReplyDelivered) = "reply.delivered" v 1;
    /// The chat system did not say whether the person has it.
    ReplyUncertain(ReplyUncertain) = "reply.uncertain" v 1;
    /// The person cannot be told.
    ReplyFailed(ReplyFailed) = "reply.failed" v 1;
    /// An operator decided what becomes of a reply.
    ReplyDecided(ReplyDecided) = "reply.decided" v 1;
    /// Something we sent was seen in the chat system.
    EffectObserved(EffectObserved) = "effect.observed" v 1;
    /// A person changed what they wrote.
    MessageEdited(MessageEdited) = "message.edited" v 1;
    /// A person took back what they wrote.
    MessageDeleted(MessageDeleted) = "message.deleted" v 1;
    /// The workspace took its permission back.
    ConnectionRevoked(ConnectionRevoked) = "connection.revoked" v 1;

    /// A tenant came.
    TenantCreated(TenantChanged) = "tenant.created" v 1;
    /// It has another name.
    TenantRenamed(TenantChanged) = "tenant.renamed" v 1;
    /// It has other limits.
    TenantLimitsChanged(TenantChanged) = "tenant.limits_changed" v 1;
    /// It may cost more or less.
    TenantBudgetChanged(TenantChanged) = "tenant.budget_changed" v 1;
    /// It is not served.
    TenantSuspended(TenantChanged) = "tenant.suspended" v 1;
    /// It is served again.
    TenantResumed(TenantChanged) = "tenant.resumed" v 1;
    /// It left.
    TenantDeleted(TenantChanged) = "tenant.deleted" v 1;
    /// An agent came; it answers nobody yet.
    AgentCreated(AgentChanged) = "agent.created" v 1;
    /// Its draft was saved by name.
    AgentDraftSaved(AgentChanged) = "agent.draft_saved" v 1;
    /// A version of it answers people from now on.
    AgentPublished(AgentChanged) = "agent.published" v 1;
    /// It may cost more or less.
    AgentBudgetChanged(AgentChanged) = "agent.budget_changed" v 1;
    /// It answers nobody any more.
    AgentRetired(AgentChanged) = "agent.retired" v 1;
    /// A workspace was connected.
    ConnectionMade(ConnectionChanged) = "connection.made" v 1;
    /// A workspace was disconnected.
    ConnectionRemoved(ConnectionChanged) = "connection.removed" v 1;
    /// A tool came, or is another from now on.
    ToolSaved(ToolChanged) = "tool.saved" v 1;
    /// A tool was taken away.
    ToolRemoved(ToolChanged) = "tool.removed" v 1;
    /// A model group of the tenant's own came, or is another from now on.
    ModelGroupSaved(ModelGroupChanged) = "model_group.saved" v 1;
    /// It was taken away.
    ModelGroupRemoved(ModelGroupChanged) = "model_group.removed" v 1;
    /// A connection holds a workspace, or nobody does.
    WorkspaceClaimed(Claim) = "workspace.claimed" v 1;
}

/// A tenant, as it is from now on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TenantChanged {
    /// The whole new state.
    pub tenant: Tenant,
    /// Who changed it.
    pub by: Author,
}

/// An agent, as it is from now on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AgentChanged {
    /// The whole new state.
    pub agent: Agent,
    /// Who changed it.
    pub by: Author,
}

/// A connection, as it is from now on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ConnectionChanged {
    /// The whole new state.
    pub connection: Connection,
    /// Who changed it.
    pub by: Author,
}

/// A tool, as it is from now on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ToolChanged {
    /// The whole new state.
    pub tool: Tool,
    /// Who changed it.
    pub by: Author,
}

/// A model group, as it is from now on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ModelGroupChanged {
    /// The whole new state.
    pub group: ModelGroup,
    /// Who changed it.
    pub by: Author,
}

#[cfg(test)]
mod tests;
