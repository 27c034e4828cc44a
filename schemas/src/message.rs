//! A person's message, the same for every chat system.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{ConnectionId, ConversationId, MessageId, Text, Timestamp};

/// The chat systems we speak with.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum ChannelKind {
    /// Slack's Events API and Web API.
    Slack,
}

impl ChannelKind {
    /// The token that stands for it in subjects, paths and settings.
    pub const fn as_str(self) -> &'static str {
        match self {
            ChannelKind::Slack => "slack",
        }
    }
}

/// What every event about a message says of it: enough to answer it, nothing of what it said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MessageRef {
    /// Which message.
    pub id: MessageId,
    /// Through which connection it came; the answer leaves the same way.
    pub connection: ConnectionId,
    /// The thread it belongs to.
    pub conversation: ConversationId,
    /// Where that is in the chat system.
    pub place: Place,
    /// Its own timestamp there, e.g. Slack's `ts`.
    pub ts: String,
    /// Who wrote it: the chat system's user id.
    pub sender: String,
}

/// A normalized message addressed to an AI employee.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Message {
    /// Which message, where.
    #[serde(flatten)]
    pub key: MessageRef,
    /// Through which chat system.
    pub channel: ChannelKind,
    /// Who wrote it.
    pub author: Sender,
    /// Why it is ours to answer.
    pub address: Address,
    /// What it says: plain text, entities decoded, the mention of the employee taken off.
    pub text: Text,
    /// What was attached; only metadata is kept.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attachments: Vec<Attachment>,
    /// The delivery that brought it, e.g. Slack's `event_id`.
    pub delivery: String,
    /// When it was written, by the chat system's clock.
    pub sent_at: Timestamp,
}

/// A thread in a channel of a workspace, in the chat system's own words.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct Place {
    /// The workspace the connection is installed in, e.g. Slack's `T…` (never a guest's).
    pub workspace: String,
    /// The channel, e.g. `C…` or `D…`.
    pub channel: String,
    /// What kind of channel.
    pub kind: PlaceKind,
    /// The timestamp of the thread's first message: where the answer goes.
    pub thread: String,
}

/// What kind of channel a message came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PlaceKind {
    /// Open to the workspace.
    Public,
    /// By invitation.
    Private,
    /// One person and the employee.
    Direct,
    /// A few people and the employee.
    Group,
}

/// Who wrote a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Sender {
    /// Display name where the chat system sent one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Their home workspace when it is not the connection's (Slack Connect).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub home: Option<String>,
}

/// Why a message is ours to answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Address {
    /// It mentions the employee.
    Mention,
    /// It was written to the employee alone.
    Direct,
    /// It follows in a thread the employee has joined.
    Thread,
}

/// Something attached to a message. Its bytes are never fetched.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Attachment {
    /// The chat system's id of it.
    pub id: String,
    /// Its name; people put much into names, so it is sealed like text.
    pub name: Text,
    /// IANA media type, where known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub media_type: Option<String>,
    /// Bytes, where known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
}
