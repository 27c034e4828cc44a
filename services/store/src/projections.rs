//! The read models: what portal and command line show. They derive from the log and nothing else,
//! and move with the projector's checkpoint, so that a crash repeats nothing and skips nothing.

mod conversation;
mod read;
pub mod sent;
mod usage;
mod write;

use schemas::{
    Agent, AgentId, Connection, ConnectionId, ConversationId, CorrelationId, EffectId, Envelope,
    Event, EventId, MessageId, MessageRef, Tenant, Timestamp,
};
use serde::{Deserialize, Serialize};

use crate::changes::ChangeRow;

pub use self::{
    read::{find, find_anywhere, message, messages, story, tenants},
    usage::{Counts, Under, UsageRow},
    write::{apply, clear},
};

/// One event in the life of a message, or of an entry of the directory.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventRow {
    /// The stream it is on.
    pub stream: String,
    /// Its place there.
    pub seq: u64,
    /// Which event.
    pub event_id: EventId,
    /// Whose story it belongs to.
    pub correlation_id: CorrelationId,
    /// What led to it.
    pub causation_id: Option<EventId>,
    /// Its topic, e.g. `message.received`.
    pub kind: String,
    /// The program that said it.
    pub source: String,
    /// When, in milliseconds.
    pub time_ms: i64,
    /// A word for people, e.g. the reason of a failure.
    pub note: Option<String>,
    /// The effect that was seen, if it is that. Through it, it belongs to the story of a message.
    pub effect_id: Option<EffectId>,
}

impl EventRow {
    /// The event at `seq` of `stream`.
    pub fn new(stream: &str, seq: u64, envelope: &Envelope, note: Option<String>) -> Self {
        let seen = if let Event::EffectObserved(data) = &envelope.event {
            Some(&data.effect)
        } else {
            None
        };
        Self {
            stream: stream.to_owned(),
            seq,
            event_id: envelope.id.clone(),
            correlation_id: envelope.correlation.clone(),
            causation_id: envelope.causation.clone(),
            kind: envelope.event.kind().topic().to_owned(),
            source: envelope.source.clone(),
            time_ms: envelope.time.as_millis(),
            note,
            effect_id: seen.cloned(),
        }
    }
}

/// Where a message stands. As a change, what is `None` stays as it was.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MessageRow {
    /// Which message.
    pub message_id: MessageId,
    /// Through which connection it came.
    pub connection_id: ConnectionId,
    /// Its thread.
    pub conversation_id: ConversationId,
    /// Where that is.
    pub reference: MessageRef,
    /// A word for where it stands: `accepted`, `admitted`, `throttled`, `completed`, `no answer`,
    /// `delivered`, `told`, `uncertain`, `failed`, `handing over`, `handed over` or `held`.
    pub state: String,
    /// More of it, e.g. a code.
    pub detail: Option<String>,
    /// What the chat system said of a reply in doubt. Unlike the rest, it goes with the next change.
    pub doubt: Option<String>,
    /// Who answers.
    pub agent_id: Option<AgentId>,
    /// With which version.
    pub agent_version: Option<u32>,
    /// The model that answered.
    pub model: Option<String>,
    /// Tokens of the prompt.
    pub input_tokens: Option<u64>,
    /// Tokens of the answer.
    pub output_tokens: Option<u64>,
    /// What it cost, in millionths of a dollar.
    pub cost_micros: Option<u64>,
    /// By which prices.
    pub price_version: Option<String>,
    /// When it came.
    pub received_at_ms: Option<i64>,
    /// When it was admitted or throttled.
    pub decided_at_ms: Option<i64>,
    /// When the model was done.
    pub completed_at_ms: Option<i64>,
    /// When the person had the reply.
    pub answered_at_ms: Option<i64>,
    /// The last event that changed it.
    pub last_event_id: EventId,
    /// The place of that.
    pub last_seq: u64,
}

impl MessageRow {
    /// A change of `message` by the event at `seq`, which sets nothing but the state yet.
    pub fn new(message: &MessageRef, state: &str, event: &EventId, seq: u64) -> Self {
        Self {
            message_id: message.id.clone(),
            connection_id: message.connection.clone(),
            conversation_id: message.conversation.clone(),
            reference: message.clone(),
            state: state.to_owned(),
            detail: None,
            doubt: None,
            agent_id: None,
            agent_version: None,
            model: None,
            input_tokens: None,
            output_tokens: None,
            cost_micros: None,
            price_version: None,
            received_at_ms: None,
            decided_at_ms: None,
            completed_at_ms: None,
            answered_at_ms: None,
            last_event_id: event.clone(),
            last_seq: seq,
        }
    }

    /// This change, and `later` after it.
    #[must_use]
    pub fn then(self, later: Self) -> Self {
        Self {
            detail: later.detail.or(self.detail),
            agent_id: later.agent_id.or(self.agent_id),
            agent_version: later.agent_version.or(self.agent_version),
            model: later.model.or(self.model),
            input_tokens: later.input_tokens.or(self.input_tokens),
            output_tokens: later.output_tokens.or(self.output_tokens),
            cost_micros: later.cost_micros.or(self.cost_micros),
            price_version: later.price_version.or(self.price_version),
            received_at_ms: later.received_at_ms.or(self.received_at_ms),
            decided_at_ms: later.decided_at_ms.or(self.decided_at_ms),
            completed_at_ms: later.completed_at_ms.or(self.completed_at_ms),
            answered_at_ms: later.answered_at_ms.or(self.answered_at_ms),
            ..later
        }
    }
}

/// An entry of the directory, as it is from an event on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Entry {
    /// The tenant itself.
    Tenant(Tenant),
    /// One of its agents.
    Agent(Box<Agent>),
    /// One of its connections.
    Connection(Connection),
}

/// A hand-off of a thread to a person begins or ends with an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HandedOff {
    /// Through which connection it goes.
    pub connection_id: ConnectionId,
    /// The thread.
    pub conversation_id: ConversationId,
    /// Which hand-off: the message that the thread was handed over with.
    pub message_id: MessageId,
    /// Since when a person has the thread; nothing where that hand-off ends. One that ends ends no other.
    pub since_ms: Option<i64>,
    /// The place of the event.
    pub last_seq: u64,
}

/// What a piece of the log changes for one tenant, in the order of the log.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// Every event.
    pub events: Vec<EventRow>,
    /// What they change of messages.
    pub messages: Vec<MessageRow>,
    /// Which hand-offs begin and end with them.
    pub handed_off: Vec<HandedOff>,
    /// What they change of the directory, with the place of the event.
    pub entries: Vec<(Entry, u64)>,
    /// Who changed it.
    pub changes: Vec<ChangeRow>,
    /// What they add to what was used.
    pub usage: Vec<UsageRow>,
}

/// A tenant, as operators see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TenantRow {
    /// The tenant.
    pub tenant: Tenant,
    /// How many messages it has.
    pub messages: u64,
    /// When the last one came.
    pub last_message_at: Option<Timestamp>,
}
