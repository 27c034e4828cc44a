//! Addresses of our own pages: paths of ids, and queries of what was filled in.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use schemas::{AgentId, ConnectionId, ConversationId, MessageId, TenantId};
use views::{Standing, Target};

/// An address that grows by what is asked for. What is empty is left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Address {
    text: String,
    is_asking: bool,
}

impl Address {
    /// A path of words that need no escape.
    pub(crate) fn new(path: impl Into<String>) -> Self {
        Self { text: path.into(), is_asking: false }
    }

    /// A page of a tenant; each part is one step of the path.
    pub(crate) fn of_tenant(tenant: &TenantId, parts: &[&str]) -> Self {
        let mut text = format!("/t/{}", escape(tenant.as_str()));
        for part in parts {
            text.push('/');
            text.push_str(&escape(part));
        }
        Self::new(text)
    }

    /// The same, asking for more.
    #[must_use]
    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        if !value.is_empty() {
            self.text.push(if self.is_asking { '&' } else { '?' });
            self.is_asking = true;
            self.text.push_str(name);
            self.text.push('=');
            self.text.push_str(&escape(value));
        }
        self
    }

    /// As links have it.
    pub(crate) fn done(self) -> String {
        self.text
    }
}

/// Letters, digits and what ids are made of beside them stay as they are.
fn escape(text: &str) -> String {
    const KEPT: &percent_encoding::AsciiSet =
        &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');
    utf8_percent_encode(text, KEPT).to_string()
}

/// A thread.
pub(crate) fn conversation(
    tenant: &TenantId,
    connection: &ConnectionId,
    thread: &ConversationId,
) -> Address {
    Address::of_tenant(tenant, &["conversations", connection.as_str(), thread.as_str()])
}

/// Where a thread is given back to its agent.
pub(crate) fn hand_back(
    tenant: &TenantId,
    connection: &ConnectionId,
    thread: &ConversationId,
) -> Address {
    let parts = ["conversations", connection.as_str(), thread.as_str(), "hand-back"];
    Address::of_tenant(tenant, &parts)
}

/// The trace of a message.
pub(crate) fn message(tenant: &TenantId, message: &MessageId) -> String {
    Address::of_tenant(tenant, &["messages", message.as_str()]).done()
}

/// An agent.
pub(crate) fn agent(tenant: &TenantId, agent: &AgentId) -> String {
    Address::of_tenant(tenant, &["agents", agent.as_str()]).done()
}

/// A published version of an agent.
pub(crate) fn version(tenant: &TenantId, agent: &AgentId, version: u32) -> String {
    let version = version.to_string();
    Address::of_tenant(tenant, &["agents", agent.as_str(), "versions", &version]).done()
}

/// Where something that needs somebody is looked at.
pub(crate) fn target(tenant: &TenantId, target: &Target) -> String {
    let page = |parts: &[&str]| Address::of_tenant(tenant, parts);
    match target {
        Target::Tenant => page(&["settings"]).done(),
        Target::Agents => page(&["agents"]).done(),
        Target::Agent(id) => agent(tenant, id),
        Target::Connections => page(&["channels"]).done(),
        Target::Connection(id) => page(&["channels", id.as_str()]).done(),
        Target::Conversations(standing) => {
            page(&["conversations"]).with("state", standing.map_or("", word)).done()
        }
        Target::Message(id) => message(tenant, id),
    }
}

/// A standing as addresses have it.
pub(crate) const fn word(standing: Standing) -> &'static str {
    match standing {
        Standing::Open => "open",
        Standing::Answered => "answered",
        Standing::Throttled => "throttled",
        Standing::Failed => "failed",
        Standing::Uncertain => "uncertain",
        Standing::WithPerson => "with_person",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tenant() -> TenantId {
        "acme".parse().unwrap()
    }

    #[test]
    fn what_is_typed_stays_one_value_of_the_query() {
        let address = Address::of_tenant(&tenant(), &["conversations"])
            .with("q", "a&b=c #d/é")
            .with("agent", "")
            .with("state", "open");
        let want = "/t/acme/conversations?q=a%26b%3Dc%20%23d%2F%C3%A9&state=open";
        assert_eq!(address.done(), want);
    }

    #[test]
    fn a_part_of_a_path_stays_one_part() {
        let address = Address::of_tenant(&tenant(), &["channels", "a/../b?c"]);
        assert_eq!(address.done(), "/t/acme/channels/a%2F..%2Fb%3Fc");
    }

    #[test]
    fn a_version_has_a_page() {
        let mara = "mara".parse().unwrap();
        assert_eq!(version(&tenant(), &mara, 3), "/t/acme/agents/mara/versions/3");
    }

    #[test]
    fn whoever_is_sent_somewhere_arrives_at_what_needs_them() {
        let uncertain = Target::Conversations(Some(Standing::Uncertain));
        assert_eq!(target(&tenant(), &uncertain), "/t/acme/conversations?state=uncertain");
        assert_eq!(target(&tenant(), &Target::Conversations(None)), "/t/acme/conversations");
        assert_eq!(
            target(&tenant(), &Target::Agent("mara".parse().unwrap())),
            "/t/acme/agents/mara"
        );
    }
}
