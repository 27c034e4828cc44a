//! Every NATS subject and key there is. Nothing else in the workspace spells one.
//!
//! A tenant's subject can only be built from a [`TenantId`], and every other token from a type that
//! is a token or nothing.

use std::fmt::{self, Write as _};

use sha2::{Digest as _, Sha256};

use crate::{
    AgentId, Claim, ConnectionId, ConversationId, Event, Kind, MessageRef, ModelGroupId, TenantId,
    ToolId,
};

/// How many partitions the event stream has. Never changes: ids of conversations map to it.
pub const PARTITIONS: u16 = 16;

/// Who holds which workspace: every event of it.
pub const CLAIMS: &str = "claims.>";

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
    /// A tool, in the directory.
    Tool(&'a ToolId),
    /// A model group, in the directory.
    ModelGroup(&'a ModelGroupId),
    /// A connection, in the directory.
    Connection(&'a ConnectionId),
    /// Who holds a workspace, in the directory.
    Claim(&'a Claim),
}

impl Event {
    /// What it is about.
    pub fn aggregate(&self) -> Aggregate<'_> {
        match self.about() {
            Ok(message) => Aggregate::Conversation(&message.connection, &message.conversation),
            Err(aggregate) => aggregate,
        }
    }

    /// The message whose story it belongs to, if it names one.
    pub fn message(&self) -> Option<&MessageRef> {
        self.about().ok()
    }

    fn about(&self) -> Result<&MessageRef, Aggregate<'_>> {
        match self {
            Event::MessageReceived(data) => Ok(&data.message.key),
            Event::MessageAccepted(data) => Ok(&data.message.key),
            Event::MessageAdmitted(data) => Ok(&data.message.key),
            Event::MessageReopened(data) => Ok(&data.message.key),
            Event::MessageDuplicate(data) => Ok(&data.message),
            Event::MessageThrottled(data) => Ok(&data.message),
            Event::CompletionFinished(data) => Ok(&data.message),
            Event::CompletionFailed(data) => Ok(&data.message),
            Event::CompletionHandedOff(data) => Ok(&data.message),
            Event::MessageHeld(data) => Ok(&data.message),
            Event::BudgetNear(data) => Ok(&data.message),
            Event::ReplyDelivered(data) => Ok(&data.message),
            Event::ReplyUncertain(data) => Ok(&data.message),
            Event::ReplyFailed(data) => Ok(&data.message),
            Event::ReplyDecided(data) => Ok(&data.message),
            Event::MessageEdited(data) => Ok(&data.message),
            Event::MessageDeleted(data) => Ok(&data.message),
            Event::EffectObserved(data) => {
                Err(Aggregate::Conversation(&data.connection, &data.conversation))
            }
            Event::ConversationHandedBack(data) => {
                Err(Aggregate::Conversation(&data.connection, &data.conversation))
            }
            Event::ConnectionRevoked(data) => Err(Aggregate::Wire(&data.connection)),
            Event::TenantCreated(_)
            | Event::TenantRenamed(_)
            | Event::TenantLimitsChanged(_)
            | Event::TenantBudgetChanged(_)
            | Event::TenantSuspended(_)
            | Event::TenantResumed(_)
            | Event::TenantDeleted(_) => Err(Aggregate::Tenant),
            Event::AgentCreated(data)
            | Event::AgentDraftSaved(data)
            | Event::AgentPublished(data)
            | Event::AgentBudgetChanged(data)
            | Event::AgentRetired(data) => Err(Aggregate::Agent(&data.agent.id)),
            Event::ConnectionMade(data) | Event::ConnectionRemoved(data) => {
                Err(Aggregate::Connection(&data.connection.id))
            }
            Event::ToolSaved(data) | Event::ToolRemoved(data) => {
                Err(Aggregate::Tool(&data.tool.id))
            }
            Event::ModelGroupSaved(data) | Event::ModelGroupRemoved(data) => {
                Err(Aggregate::ModelGroup(&data.group.id))
            }
            Event::WorkspaceClaimed(claim) => Err(Aggregate::Claim(claim)),
        }
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
        Aggregate::Tenant => return of_tenant(tenant),
        Aggregate::Agent(agent) => format!("directory.{tenant}.agent.{agent}"),
        Aggregate::Connection(connection) => format!("directory.{tenant}.connection.{connection}"),
        Aggregate::Tool(tool) => format!("directory.{tenant}.tool.{tool}"),
        Aggregate::ModelGroup(group) => format!("directory.{tenant}.model_group.{group}"),
        Aggregate::Claim(claim) => return claim_of(claim.channel, &claim.app, &claim.workspace),
    })
}

/// Where the directory keeps what a tenant itself is.
pub fn of_tenant(tenant: &TenantId) -> Subject {
    Subject(format!("directory.{tenant}.tenant"))
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

/// Every event of a kind on the event stream, of one tenant or of all; nothing for a kind that is in the
/// directory.
pub fn filter_in_events(tenant: Option<&TenantId>, kind: Kind) -> Option<String> {
    let of = tenant.map_or("*", TenantId::as_str);
    let is_there = filter_in_directory(tenant, kind).is_none();
    is_there.then(|| format!("events.*.{of}.{}", kind.topic()))
}

/// Every event in the directory that is about what a kind is about, of one tenant or of all; nothing for a
/// kind of the event stream. Kinds have no subject of their own there, and workspaces none of a tenant's.
pub fn filter_in_directory(tenant: Option<&TenantId>, kind: Kind) -> Option<String> {
    let tenant = tenant.map_or("*", TenantId::as_str);
    let about = match kind {
        Kind::TenantCreated
        | Kind::TenantRenamed
        | Kind::TenantLimitsChanged
        | Kind::TenantBudgetChanged
        | Kind::TenantSuspended
        | Kind::TenantResumed
        | Kind::TenantDeleted => "tenant",
        Kind::AgentCreated
        | Kind::AgentDraftSaved
        | Kind::AgentPublished
        | Kind::AgentBudgetChanged
        | Kind::AgentRetired => "agent.*",
        Kind::ConnectionMade | Kind::ConnectionRemoved => "connection.*",
        Kind::ToolSaved | Kind::ToolRemoved => "tool.*",
        Kind::ModelGroupSaved | Kind::ModelGroupRemoved => "model_group.*",
        Kind::WorkspaceClaimed => return Some(CLAIMS.to_owned()),
        Kind::MessageReceived
        | Kind::MessageAccepted
        | Kind::MessageDuplicate
        | Kind::MessageAdmitted
        | Kind::MessageThrottled
        | Kind::CompletionFinished
        | Kind::CompletionFailed
        | Kind::CompletionHandedOff
        | Kind::MessageHeld
        | Kind::ConversationHandedBack
        | Kind::MessageReopened
        | Kind::BudgetNear
        | Kind::ReplyDelivered
        | Kind::ReplyUncertain
        | Kind::ReplyFailed
        | Kind::ReplyDecided
        | Kind::EffectObserved
        | Kind::MessageEdited
        | Kind::MessageDeleted
        | Kind::ConnectionRevoked => return None,
    };
    Some(format!("directory.{tenant}.{about}"))
}

/// Everything that the directory has of one tenant; its claims are beside it.
pub fn directory_of_tenant(tenant: &TenantId) -> String {
    format!("directory.{tenant}.>")
}

/// What of one tenant could not be handled, by any consumer.
pub fn dead_letters_of_tenant(tenant: &TenantId) -> String {
    format!("deadletters.*.{tenant}")
}

/// What could not be handled and was set aside without a tenant, since it could not be read.
pub const DEAD_LETTERS_OF_NOBODY: &str = "deadletters.*.-";

/// Whether a dead letter stands there.
pub fn is_of_nobody(subject: &str) -> bool {
    subject.starts_with("deadletters.") && subject.ends_with(".-")
}

/// The keys of all threads that a tenant's agents follow.
pub fn engagements_of_tenant(tenant: &TenantId) -> String {
    format!("{tenant}.>")
}

/// Whose event a subject of the log names, also where the event itself cannot be read.
pub fn tenant_of_event(subject: &str) -> Option<TenantId> {
    let mut tokens = subject.strip_prefix("events.")?.split('.');
    tokens.nth(1)?.parse().ok()
}

/// What a subject of the log says has happened, e.g. `message.received`.
pub fn topic_of_event(subject: &str) -> Option<&str> {
    subject.strip_prefix("events.")?.splitn(3, '.').nth(2)
}

/// The dead letters of a consumer; of all where none is named.
pub fn filter_dead_letters(consumer: Option<&str>) -> String {
    format!("deadletters.{}.*", consumer.unwrap_or("*"))
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
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;
    use crate::{ChannelKind, event::ConnectionRevoked};

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

    #[test]
    fn every_subject_and_key_is_spelled_like_this() {
        let tenant: TenantId = "acme".parse().unwrap();
        let connection: ConnectionId = "slack-T0ACME".parse().unwrap();
        let thread: ConversationId = "C1-1700000000_123456".parse().unwrap();
        let lines = [
            filter(Kind::MessageReceived),
            filter_of_tenant(&tenant),
            of_tenant(&tenant).to_string(),
            directory_of_tenant(&tenant),
            CLAIMS.to_owned(),
            filter_in_events(Some(&tenant), Kind::ReplyFailed).unwrap(),
            filter_in_directory(Some(&tenant), Kind::AgentRetired).unwrap(),
            filter_in_directory(None, Kind::ToolSaved).unwrap(),
            dead_letter("rate-limit", Some(&tenant)).to_string(),
            dead_letter("rate-limit", None).to_string(),
            dead_letters_of_tenant(&tenant),
            DEAD_LETTERS_OF_NOBODY.to_owned(),
            filter_dead_letters(Some("dedup")),
            filter_dead_letters(None),
            engagement(&tenant, &connection, &thread),
            engagements_of_tenant(&tenant),
            claim_of(ChannelKind::Slack, "A1", "").to_string(),
        ];
        expect_test::expect![[r#"
            events.*.*.message.received
            events.*.acme.>
            directory.acme.tenant
            directory.acme.>
            claims.>
            events.*.acme.reply.failed
            directory.acme.agent.*
            directory.*.tool.*
            deadletters.rate-limit.acme
            deadletters.rate-limit.-
            deadletters.*.acme
            deadletters.*.-
            deadletters.dedup.*
            deadletters.*.*
            acme.slack-T0ACME.C1-1700000000_123456
            acme.>
            claims.slack.A1.="#]]
        .assert_eq(&lines.join("\n"));
    }

    #[test]
    fn a_subject_says_whose_its_event_is_and_what_has_happened() {
        let told = |subject| tenant_of_event(subject).map(|tenant| tenant.to_string());
        assert_eq!(told("events.00.acme.message.received").as_deref(), Some("acme"));
        let topic = topic_of_event("events.00.acme.message.received");
        assert_eq!(topic, Some("message.received"));
        assert_eq!(topic_of_event("directory.acme.tenant"), None);
        let acme = "acme".parse().unwrap();
        let apart = |tenant| is_of_nobody(dead_letter("dedup", tenant).as_str());
        assert_eq!((apart(None), apart(Some(&acme))), (true, false));
        for other in ["events.00", "events.00.No Slug.x", "directory.acme.tenant", ""] {
            assert_eq!(told(other), None, "{other}");
        }
    }

    /// A consumer that filters by kind must see the kind from every tenant and partition.
    #[test]
    fn an_event_is_found_by_the_filters_of_its_kind_and_of_its_tenant() {
        let tenant: TenantId = "acme".parse().unwrap();
        let other: TenantId = "acme-2".parse().unwrap();
        for number in 0..100 {
            let connection = format!("slack-T{number}").parse().unwrap();
            let reason = String::new();
            let event = Event::ConnectionRevoked(ConnectionRevoked { connection, reason });
            let subject = of_event(&tenant, &event);
            assert!(matches(&filter(Kind::ConnectionRevoked), subject.as_str()), "{subject}");
            assert!(matches(&filter_of_tenant(&tenant), subject.as_str()), "{subject}");
            assert!(!matches(&filter(Kind::MessageEdited), subject.as_str()), "{subject}");
            assert!(!matches(&filter_of_tenant(&other), subject.as_str()), "{subject}");
        }
    }

    #[test]
    fn every_kind_is_found_where_it_is_published_and_nowhere_else() {
        let (tenant, other): (TenantId, TenantId) =
            ("acme".parse().unwrap(), "beta".parse().unwrap());
        for kind in Kind::ALL {
            let name = kind.type_name().trim_start_matches("konstruct.");
            let sample = format!("{}/samples/{name}.json", env!("CARGO_MANIFEST_DIR"));
            let event = crate::Envelope::decode(&std::fs::read(sample).unwrap()).unwrap().event;
            let subject = of_event(&tenant, &event);
            let topic = kind.topic();
            let found = |tenant: Option<&TenantId>| {
                let filters = [filter_in_events(tenant, *kind), filter_in_directory(tenant, *kind)];
                let filters: Vec<_> = filters.into_iter().flatten().collect();
                assert_eq!(filters.len(), 1, "{topic} is on one stream");
                matches(&filters[0], subject.as_str())
            };
            assert!(found(None) && found(Some(&tenant)), "{topic}: {subject}");
            let is_claim = *kind == Kind::WorkspaceClaimed;
            assert_eq!(found(Some(&other)), is_claim, "{topic}: {subject}");
        }
    }

    /// As NATS does: `*` is one token, `>` one or more.
    fn matches(filter: &str, subject: &str) -> bool {
        let mut tokens = subject.split('.');
        for want in filter.split('.') {
            match (want, tokens.next()) {
                (">", got) => return got.is_some(),
                ("*", Some(_)) => {}
                (want, got) if got == Some(want) => {}
                _ => return false,
            }
        }
        tokens.next().is_none()
    }

    #[test]
    fn every_partition_is_used_and_there_are_no_others() {
        let tenant: TenantId = "acme".parse().unwrap();
        let connection: ConnectionId = "slack-T0ACME".parse().unwrap();
        let threads = (0..1_000).map(|number| format!("C1-{number}"));
        let used: BTreeSet<_> =
            threads.map(|thread| Partition::of(&tenant, &connection, &thread).number()).collect();
        assert!(used.into_iter().eq(0..PARTITIONS));
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
