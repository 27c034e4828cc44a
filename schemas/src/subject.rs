//! Every NATS subject and key there is. Nothing else in the workspace spells one.
//!
//! A tenant's subject can only be built from a [`TenantId`], and every other token from a type that
//! is a token or nothing.

use std::fmt::{self, Write as _};

use sha2::{Digest as _, Sha256};

use crate::{AgentId, Claim, ConnectionId, ConversationId, Event, Kind, TenantId};

/// How many partitions the event stream has. Never changes: ids of conversations map to it.
pub const PARTITIONS: u16 = 16;

/// The share of the event stream a conversation belongs to, `00` to `15`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Partition(u16);

impl Partition {
    /// The same conversation is always in the same partition.
    pub fn of(tenant: &TenantId, connection: &ConnectionId, thread: &str) -> Self {
        let mut hash = Sha256::new();
        for part in [tenant.as_str(), connection.as_str(), thread] {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part.as_bytes());
        }
        let digest = hash.finalize();
        let first = digest.first().copied().unwrap_or_default();
        Self(u16::from(first) % PARTITIONS)
    }

    /// Its number.
    pub const fn number(self) -> u16 {
        self.0
    }
}

impl fmt::Display for Partition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}", self.0)
    }
}

/// Where an event is published.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Subject(String);

impl Subject {
    /// As NATS wants it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What one sequence of events is about: they keep their order among themselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Aggregate<'a> {
    /// A thread.
    Conversation(&'a ConnectionId, &'a ConversationId),
    /// A connection, as the pipeline sees it.
    Wire(&'a ConnectionId),
    /// The tenant itself, in the directory.
    Tenant,
    /// An agent, in the directory.
    Agent(&'a AgentId),
    /// A connection, in the directory.
    Connection(&'a ConnectionId),
    /// Who holds a workspace, in the directory.
    Claim(&'a Claim),
}

impl Event {
    /// What it is about.
    pub fn aggregate(&self) -> Aggregate<'_> {
        let message = match self {
            Event::MessageReceived(data) => &data.message.key,
            Event::MessageAccepted(data) => &data.message.key,
            Event::MessageAdmitted(data) => &data.message.key,
            Event::MessageDuplicate(data) => &data.message,
            Event::MessageThrottled(data) => &data.message,
            Event::CompletionFinished(data) => &data.message,
            Event::CompletionFailed(data) => &data.message,
            Event::ReplyDelivered(data) => &data.message,
            Event::ReplyUncertain(data) => &data.message,
            Event::ReplyFailed(data) => &data.message,
            Event::MessageEdited(data) => &data.message,
            Event::MessageDeleted(data) => &data.message,
            Event::EffectObserved(data) => {
                return Aggregate::Conversation(&data.connection, &data.conversation);
            }
            Event::ConnectionRevoked(data) => return Aggregate::Wire(&data.connection),
            Event::TenantCreated(_)
            | Event::TenantRenamed(_)
            | Event::TenantLimitsChanged(_)
            | Event::TenantSuspended(_)
            | Event::TenantResumed(_)
            | Event::TenantDeleted(_) => return Aggregate::Tenant,
            Event::AgentCreated(data)
            | Event::AgentDraftSaved(data)
            | Event::AgentPublished(data)
            | Event::AgentRetired(data) => return Aggregate::Agent(&data.agent.id),
            Event::ConnectionMade(data) | Event::ConnectionRemoved(data) => {
                return Aggregate::Connection(&data.connection.id);
            }
            Event::WorkspaceClaimed(claim) => return Aggregate::Claim(claim),
        };
        Aggregate::Conversation(&message.connection, &message.conversation)
    }
}

/// Where `event` of `tenant` is published.
pub fn of_event(tenant: &TenantId, event: &Event) -> Subject {
    let topic = event.kind().topic();
    Subject(match event.aggregate() {
        Aggregate::Conversation(connection, conversation) => {
            let partition = Partition::of(tenant, connection, conversation.as_str());
            format!("events.{partition}.{tenant}.{topic}")
        }
        Aggregate::Wire(connection) => {
            let partition = Partition::of(tenant, connection, "");
            format!("events.{partition}.{tenant}.{topic}")
        }
        Aggregate::Tenant => format!("directory.{tenant}.tenant"),
        Aggregate::Agent(agent) => format!("directory.{tenant}.agent.{agent}"),
        Aggregate::Connection(connection) => format!("directory.{tenant}.connection.{connection}"),
        Aggregate::Claim(claim) => return claim_of(claim.channel, &claim.app, &claim.workspace),
    })
}

/// Where it is settled who holds a workspace. Not under a tenant: two tenants must meet there.
pub fn claim_of(channel: crate::ChannelKind, app: &str, workspace: &str) -> Subject {
    let channel = channel.as_str();
    Subject(format!("claims.{channel}.{}.{}", encode(app), encode(workspace)))
}

/// Every event of these kinds, of all tenants and partitions.
pub fn filter(kind: Kind) -> String {
    format!("events.*.*.{}", kind.topic())
}

/// Every event of one tenant.
pub fn filter_of_tenant(tenant: &TenantId) -> String {
    format!("events.*.{tenant}.>")
}

/// Where the events are kept that `consumer` could not handle.
pub fn dead_letter(consumer: &str, tenant: Option<&TenantId>) -> Subject {
    let tenant = tenant.map_or("-", TenantId::as_str);
    Subject(format!("deadletters.{consumer}.{tenant}"))
}

/// The key of a thread that a tenant's agent follows.
pub fn engagement(
    tenant: &TenantId,
    connection: &ConnectionId,
    conversation: &ConversationId,
) -> String {
    format!("{tenant}.{connection}.{conversation}")
}

/// Makes any text one token: bytes that may not stand in one become `=` and two hex digits.
fn encode(text: &str) -> String {
    let mut token = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_') {
            token.push(char::from(byte));
        } else {
            _ = write!(token, "={byte:02x}");
        }
    }
    if token.is_empty() { "=".to_owned() } else { token }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::ChannelKind;

    #[test]
    fn a_claim_is_the_same_for_every_tenant_and_one_token_per_part() {
        let got = claim_of(ChannelKind::Slack, "default", "T0.ACME");
        assert_eq!(got.as_str(), "claims.slack.default.T0=2eACME");
    }

    #[test]
    fn partitions_never_change() {
        let tenant: TenantId = "acme".parse().unwrap();
        let connection: ConnectionId = "slack-T0ACME".parse().unwrap();
        let got: Vec<_> = ["C1-1_1", "C1-1_2", "C2-1_1"]
            .iter()
            .map(|thread| Partition::of(&tenant, &connection, thread).to_string())
            .collect();
        expect_test::expect!["12 05 06"].assert_eq(&got.join(" "));
    }

    proptest! {
        #[test]
        fn any_text_becomes_one_token_and_no_two_the_same(a in "\\PC{0,12}", b in "\\PC{0,12}") {
            let token = encode(&a);
            prop_assert!(!token.is_empty());
            prop_assert!(!token.contains(['.', '*', '>', ' ']));
            prop_assert_eq!(token == encode(&b), a == b);
        }
    }
}
