//! The vocabulary of the log: ids, times, events, the envelope around them, and their subjects.
//!
//! Start at [`event::Event`]: the whole product is a conversation in that vocabulary.
//!
//! **Invariant:** no I/O, no clock, no randomness here; the crate builds for `wasm32-unknown-unknown`.
//! **Invariant:** a published event never changes shape. Fields are added with a default; anything
//! else is a new version and a step in [`upcast`], and a sample of every version ever published must
//! decode.
//! **Invariant:** what a person wrote is only ever a [`Text`], so that it can be sealed.

pub mod budget;
pub mod directory;
pub mod envelope;
pub mod event;
pub mod id;
pub mod message;
pub mod nul;
pub mod subject;
pub mod text;
pub mod time;
pub mod upcast;
pub mod usage;

pub use budget::{Budget, BudgetMet, BudgetPeriod};
pub use directory::{
    Agent, AgentConfig, Author, Claim, Connection, ConnectionStatus, Limits, ModelGroup,
    ModelGroupStatus, Published, Tenant, TenantStatus, Tool, ToolStatus,
};
pub use envelope::{DecodeError, Envelope, Glimpse, Trace};
pub use event::{Event, Kind, LimitScope};
pub use id::{
    AgentId, ConnectionId, ConversationId, CorrelationId, EffectId, EventId, InvalidId, MessageId,
    ModelGroupId, OperatorId, TenantId, ToolId,
};
pub use message::{
    Address, Attachment, ChannelKind, Message, MessageRef, Place, PlaceKind, Sender,
};
pub use subject::{Partition, Subject};
pub use text::Text;
pub use time::Timestamp;
