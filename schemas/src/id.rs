//! Identifiers. Each kind is its own type, so two kinds cannot be swapped by accident, and each is
//! one token of a NATS subject or it is not an id at all: there is no other way in, serde included.

use std::{borrow::Cow, fmt};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// The longest id, in bytes: subjects and keys built from five of them stay well under 512 bytes.
pub const LEN_MAX: usize = 64;

/// Derived ids carry this much of their hash: 125 bits, so two causes never meet.
const DERIVED_LEN: usize = 25;

/// The text cannot stand as one token of a NATS subject.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
#[error("`{text}` is not a valid {kind}: {problem}")]
pub struct InvalidId {
    kind: &'static str,
    text: String,
    problem: &'static str,
}

impl InvalidId {
    /// What is wrong with it, without the text itself.
    pub fn problem(&self) -> &'static str {
        self.problem
    }
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident: $rule:ident, $pattern:literal;)+) => { $(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// The identifier as it stands in a subject.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidId;

            fn try_from(text: String) -> Result<Self, InvalidId> {
                match $rule(&text) {
                    None => Ok(Self(text)),
                    Some(problem) => {
                        let text = text.chars().take(LEN_MAX).collect();
                        Err(InvalidId { kind: stringify!($name), text, problem })
                    }
                }
            }
        }

        impl std::str::FromStr for $name {
            type Err = InvalidId;

            fn from_str(text: &str) -> Result<Self, InvalidId> {
                Self::try_from(text.to_owned())
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> String {
                id.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl JsonSchema for $name {
            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!({ "type": "string", "pattern": $pattern })
            }
        }
    )+ };
}

ids! {
    /// A customer. It is the slug people type, so logs and subjects read without a table.
    TenantId: slug_problem, "^[a-z0-9][a-z0-9-]{0,39}$";
    /// An AI employee of a tenant; a slug, unique within the tenant.
    AgentId: slug_problem, "^[a-z0-9][a-z0-9-]{0,39}$";
    /// A tenant's presence in one workspace of a chat system, e.g. `slack-T0ACME`.
    ConnectionId: token_problem, "^[A-Za-z0-9_-]{1,64}$";
    /// A tool of a tenant; a slug, unique within the tenant.
    ToolId: slug_problem, "^[a-z0-9][a-z0-9-]{0,39}$";
    /// A model group of a tenant; a slug, unique within the tenant.
    ModelGroupId: slug_problem, "^[a-z0-9][a-z0-9-]{0,39}$";
    /// A thread within a connection, e.g. `C1-1700000000_123456`.
    ConversationId: token_problem, "^[A-Za-z0-9_-]{1,64}$";
    /// One message from a person. Derived from tenant, connection, channel and timestamp.
    MessageId: token_problem, "^[A-Za-z0-9_-]{1,64}$";
    /// One fact on the log. Doubles as the `Nats-Msg-Id`, so publishing twice stores once.
    EventId: token_problem, "^[A-Za-z0-9_-]{1,64}$";
    /// One call to the outside world that somebody could notice.
    EffectId: token_problem, "^[A-Za-z0-9_-]{1,64}$";
    /// Someone who signs in to the portal, or a key of the API; drawn, never reused.
    OperatorId: token_problem, "^[A-Za-z0-9_-]{1,64}$";
    /// What all events of one story share: the message id in the pipeline.
    CorrelationId: token_problem, "^[A-Za-z0-9_-]{1,64}$";
}

impl MessageId {
    /// The same message is the same id, however it is delivered and by whichever event.
    pub fn derive(tenant: &TenantId, connection: &ConnectionId, channel: &str, ts: &str) -> Self {
        Self(derive('m', &[tenant.as_str(), connection.as_str(), channel, ts]))
    }

    /// What is said when a draft is tried: no message of any chat system, but a turn of a prompt.
    pub fn of_trial(turn: usize) -> Self {
        Self(derive('m', &["trial", &turn.to_string()]))
    }
}

impl EventId {
    /// Derived, not drawn: the same cause at the same stage gives the same event on every attempt.
    pub fn derive(cause: &str, stage: &str, index: usize) -> Self {
        Self(derive('e', &[cause, stage, &index.to_string()]))
    }

    /// The event a chat system's delivery becomes; its redelivery is the same event.
    pub fn of_delivery(tenant: &TenantId, connection: &ConnectionId, delivery: &str) -> Self {
        Self(derive('e', &[tenant.as_str(), connection.as_str(), delivery]))
    }
}

impl EffectId {
    /// Part `index` of what `cause` makes the world see, e.g. `("e…", "answer", 0)`.
    pub fn derive(cause: &EventId, what: &str, index: usize) -> Self {
        Self(derive('x', &[cause.as_str(), what, &index.to_string()]))
    }
}

impl From<&MessageId> for CorrelationId {
    fn from(id: &MessageId) -> Self {
        Self(id.0.clone())
    }
}

impl From<&EventId> for CorrelationId {
    fn from(id: &EventId) -> Self {
        Self(id.0.clone())
    }
}

/// Hashes the parts, each with its length before it, so that `["ab", "c"]` is not `["a", "bc"]`.
fn derive(prefix: char, parts: &[&str]) -> String {
    const ALPHABET: &[u8; 32] = b"0123456789abcdefghijklmnopqrstuv";
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part.as_bytes());
    }
    let digest = hash.finalize();
    let bytes = digest.first_chunk::<16>().copied().unwrap_or_default();
    let mut bits = u128::from_be_bytes(bytes);
    let mut id = String::with_capacity(1 + DERIVED_LEN);
    id.push(prefix);
    for _ in 0..DERIVED_LEN {
        let digit = ALPHABET.get((bits & 31) as usize).copied().unwrap_or(b'0');
        id.push(char::from(digit));
        bits >>= 5;
    }
    id
}

fn token_problem(text: &str) -> Option<&'static str> {
    if text.is_empty() {
        return Some("it is empty");
    }
    if LEN_MAX < text.len() {
        return Some("it is longer than 64 bytes");
    }
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
    (!text.bytes().all(plain)).then_some("only letters, digits, `-` and `_` may stand in it")
}

fn slug_problem(text: &str) -> Option<&'static str> {
    if text.is_empty() {
        return Some("it is empty");
    }
    if 40 < text.len() {
        return Some("it is longer than 40 bytes");
    }
    if text.starts_with('-') {
        return Some("it starts with `-`");
    }
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    (!text.bytes().all(plain)).then_some("only a-z, 0-9 and `-` may stand in it")
}

#[cfg(test)]
mod tests;
