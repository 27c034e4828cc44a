//! One change: a line for a person, and the events for the log.

mod forgets;
mod model;
mod tool;

use std::fmt;

use schemas::{
    Agent, AgentConfig, AgentId, Author, Budget, Claim, Connection, ConnectionStatus, Event,
    Limits, ModelGroup, Published, Tenant, TenantId, TenantStatus, Text, Timestamp, Tool,
    event::{AgentChanged, ConnectionChanged, TenantChanged},
};

use crate::{
    config::OpenConfig,
    seal::{Owner, Sealing},
    secret::Secret,
};

/// One thing to do. Texts are plain; [`Change::events`] seals them.
#[expect(missing_docs, reason = "the fields are the states before and after")]
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// A tenant comes; the shell makes its data key first.
    TenantCreate { tenant: Tenant },
    /// It has another name.
    TenantRename { tenant: Tenant, from: String },
    /// It has other limits.
    TenantLimits { tenant: Tenant, from: Limits },
    /// It may cost more or less.
    TenantBudget { tenant: Tenant, from: Budget },
    /// It is not served.
    TenantSuspend { tenant: Tenant },
    /// It is served again.
    TenantResume { tenant: Tenant },
    /// It leaves for good; its connections went before, and its key goes when this is heard.
    TenantDelete { tenant: Tenant },
    /// An agent comes, with what it begins as where nothing is published right after.
    AgentCreate { tenant: TenantId, agent: AgentId, name: String, draft: Option<OpenConfig> },
    /// What is being worked on is kept; what is published goes on answering.
    AgentDraftSave {
        tenant: TenantId,
        /// As it was.
        agent: Box<Agent>,
        /// Nothing where what is published is all there is.
        config: Option<OpenConfig>,
    },
    /// It may cost more or less; nothing of what it says changes.
    AgentBudget {
        tenant: TenantId,
        /// As it is from now on.
        agent: Box<Agent>,
        from: Budget,
    },
    /// A version of an agent answers from now on; `fields` are those that differ from the last.
    AgentPublish {
        tenant: TenantId,
        agent: AgentId,
        /// As it stays.
        budget: Budget,
        /// As it stays; unless it is what is published, publishing takes nobody's draft away.
        draft: Option<AgentConfig>,
        version: u32,
        config: OpenConfig,
        /// Why, not sealed yet.
        note: Option<Text>,
        fields: Vec<&'static str>,
    },
    /// An agent leaves.
    AgentRetire { tenant: TenantId, agent: Agent },
    /// A secret is kept, before the event that names it. What it replaces is of no use once that
    /// event is written.
    SecretSet {
        tenant: TenantId,
        /// What it is of, e.g. `slack-T0ACME/bot_token`.
        of: String,
        name: String,
        replaces: Option<String>,
        value: Secret,
    },
    /// A connection is made, or leads elsewhere; `claim` if the workspace is not held yet.
    ConnectionMake {
        tenant: TenantId,
        connection: Connection,
        from: Option<Connection>,
        claim: bool,
    },
    /// A connection is taken away and its workspace is free.
    ConnectionRemove { tenant: TenantId, connection: Connection },
    /// A tool is there from now on, or another than before.
    ToolSave { tenant: TenantId, tool: Box<Tool>, from: Option<Box<Tool>> },
    /// A tool is taken away.
    ToolRemove { tenant: TenantId, tool: Tool },
    /// A model group is there from now on, or another than before.
    ModelGroupSave { tenant: TenantId, group: Box<ModelGroup>, from: Option<Box<ModelGroup>> },
    /// A model group is taken away.
    ModelGroupRemove { tenant: TenantId, group: ModelGroup },
}

impl Change {
    /// Whose it is.
    pub fn tenant(&self) -> &TenantId {
        match self {
            Change::TenantCreate { tenant }
            | Change::TenantRename { tenant, .. }
            | Change::TenantLimits { tenant, .. }
            | Change::TenantBudget { tenant, .. }
            | Change::TenantSuspend { tenant }
            | Change::TenantResume { tenant }
            | Change::TenantDelete { tenant } => &tenant.id,
            Change::AgentCreate { tenant, .. }
            | Change::AgentDraftSave { tenant, .. }
            | Change::AgentBudget { tenant, .. }
            | Change::AgentPublish { tenant, .. }
            | Change::AgentRetire { tenant, .. }
            | Change::SecretSet { tenant, .. }
            | Change::ConnectionMake { tenant, .. }
            | Change::ConnectionRemove { tenant, .. }
            | Change::ToolSave { tenant, .. }
            | Change::ToolRemove { tenant, .. }
            | Change::ModelGroupSave { tenant, .. }
            | Change::ModelGroupRemove { tenant, .. } => tenant,
        }
    }

    /// The events to publish, all of them or none; a secret has none.
    pub fn events(&self, by: &Author, sealing: &Sealing, now: Timestamp) -> Vec<Event> {
        let tenant = |tenant: &Tenant| TenantChanged { tenant: tenant.clone(), by: by.clone() };
        let agent = |agent: Agent| AgentChanged { agent, by: by.clone() };
        let changed = |connection: Connection| ConnectionChanged { connection, by: by.clone() };
        match self {
            Change::TenantCreate { tenant: to } => vec![Event::TenantCreated(tenant(to))],
            Change::TenantRename { tenant: to, .. } => vec![Event::TenantRenamed(tenant(to))],
            Change::TenantLimits { tenant: to, .. } => {
                vec![Event::TenantLimitsChanged(tenant(to))]
            }
            Change::TenantBudget { tenant: to, .. } => {
                vec![Event::TenantBudgetChanged(tenant(to))]
            }
            Change::TenantSuspend { tenant: to } => vec![Event::TenantSuspended(tenant(to))],
            Change::TenantResume { tenant: to } => vec![Event::TenantResumed(tenant(to))],
            Change::TenantDelete { tenant: to } => {
                let to = Tenant { status: TenantStatus::Deleted, ..to.clone() };
                vec![Event::TenantDeleted(tenant(&to))]
            }
            Change::AgentCreate { tenant, agent: id, draft, .. } => {
                let draft = draft.as_ref().map(|draft| draft.seal(tenant, id, sealing));
                vec![Event::AgentCreated(agent(Agent { draft, ..new_agent(id) }))]
            }
            Change::AgentDraftSave { tenant, agent: from, config } => {
                let draft = config.as_ref().map(|config| config.seal(tenant, &from.id, sealing));
                vec![Event::AgentDraftSaved(agent(Agent { draft, ..Agent::clone(from) }))]
            }
            Change::AgentBudget { agent: to, .. } => {
                vec![Event::AgentBudgetChanged(agent(Agent::clone(to)))]
            }
            Change::AgentPublish {
                tenant,
                agent: id,
                draft,
                budget,
                version,
                config,
                note,
                ..
            } => {
                let owner = Owner { tenant, of: id.as_str() };
                let note = note.as_ref().map(|note| seal(sealing, owner, note));
                let config = config.seal(tenant, id, sealing);
                let published = Published { version: *version, config, note };
                let (draft, published) = (draft.clone(), Some(published));
                let published = Agent { draft, published, budget: *budget, ..new_agent(id) };
                vec![Event::AgentPublished(agent(published))]
            }
            Change::AgentRetire { agent: to, .. } => vec![Event::AgentRetired(agent(to.clone()))],
            Change::SecretSet { .. } => Vec::new(),
            Change::ConnectionMake { connection, claim, .. } => {
                let made = Event::ConnectionMade(changed(connection.clone()));
                let held = claim.then(|| claim_of(connection, true));
                [made].into_iter().chain(held).collect()
            }
            Change::ConnectionRemove { connection, .. } => {
                let status = ConnectionStatus::Removed { reason: "operator".to_owned(), at: now };
                let removed = Connection { status, ..connection.clone() };
                vec![Event::ConnectionRemoved(changed(removed)), claim_of(connection, false)]
            }
            Change::ToolSave { tool, .. } => vec![tool::saved(tool, by)],
            Change::ToolRemove { tool, .. } => vec![tool::removed(tool, by, now)],
            Change::ModelGroupSave { group, .. } => vec![model::saved(group, by)],
            Change::ModelGroupRemove { group, .. } => vec![model::removed(group, by, now)],
        }
    }
}

/// What is sealed already stays as it is.
fn seal(sealing: &Sealing, owner: Owner<'_>, text: &Text) -> Text {
    match text {
        Text::Plain(plain) => sealing.seal(owner, plain),
        Text::Sealed(_) => text.clone(),
    }
}

/// An agent that has nothing yet.
pub(super) fn new_agent(id: &AgentId) -> Agent {
    let budget = Budget::default();
    Agent { id: id.clone(), draft: None, published: None, budget, retired: false }
}

fn claim_of(connection: &Connection, held: bool) -> Event {
    Event::WorkspaceClaimed(Claim {
        channel: connection.channel,
        app: connection.app.clone(),
        workspace: connection.workspace.clone(),
        holder: held.then(|| connection.id.clone()),
    })
}

/// One line: `+` comes, `~` changes, `-` goes.
impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Change::TenantCreate { tenant } => {
                write!(f, "+ tenant {} {:?}", tenant.id, tenant.name)
            }
            Change::TenantRename { tenant, from } => {
                write!(f, "~ tenant {}: name {from:?} -> {:?}", tenant.id, tenant.name)
            }
            Change::TenantLimits { tenant, from } => {
                write!(f, "~ tenant {}: {}", tenant.id, limits_line(from, &tenant.limits))
            }
            Change::TenantBudget { tenant, from } => {
                write!(f, "~ tenant {}: {}", tenant.id, budget_line(*from, tenant.budget))
            }
            Change::TenantSuspend { tenant } => write!(f, "~ tenant {}: suspended", tenant.id),
            Change::TenantResume { tenant } => write!(f, "~ tenant {}: resumed", tenant.id),
            Change::TenantDelete { tenant } => write!(f, "- tenant {}: deleted", tenant.id),
            Change::AgentCreate { tenant, agent, name, .. } => {
                write!(f, "+ agent {tenant}/{agent} {name:?}")
            }
            Change::AgentDraftSave { tenant, agent, config } => {
                let what = if config.is_some() { "saved" } else { "discarded" };
                write!(f, "~ agent {tenant}/{}: draft {what}", agent.id)
            }
            Change::AgentBudget { tenant, agent, from } => {
                write!(f, "~ agent {tenant}/{}: {}", agent.id, budget_line(*from, agent.budget))
            }
            Change::AgentPublish { tenant, agent, version, fields, .. } => {
                write!(f, "~ agent {tenant}/{agent}: publish version {version}")?;
                if fields.is_empty() { Ok(()) } else { write!(f, " ({})", fields.join(", ")) }
            }
            Change::AgentRetire { tenant, agent } => {
                write!(f, "- agent {tenant}/{}: retired", agent.id)
            }
            Change::SecretSet { tenant, of, .. } => write!(f, "~ secret {tenant}/{of}"),
            Change::ConnectionMake { tenant, connection, from, .. } => match from {
                Some(from) if from.status == ConnectionStatus::Active => {
                    let line = connection_line(from, connection);
                    write!(f, "~ connection {tenant}/{}: {line}", connection.id)
                }
                Some(_) | None => {
                    write!(f, "+ connection {tenant}/{} -> {}", connection.id, connection.agent)
                }
            },
            Change::ConnectionRemove { tenant, connection } => {
                write!(f, "- connection {tenant}/{}", connection.id)
            }
            Change::ToolSave { tenant, tool: to, from } => {
                tool::write_saved(f, tenant, to, from.as_deref())
            }
            Change::ToolRemove { tenant, tool } => write!(f, "- tool {tenant}/{}", tool.id),
            Change::ModelGroupSave { tenant, group: to, from } => {
                model::write_saved(f, tenant, to, from.as_deref())
            }
            Change::ModelGroupRemove { tenant, group } => {
                write!(f, "- model group {tenant}/{}", group.id)
            }
        }
    }
}

fn limits_line(from: &Limits, to: &Limits) -> String {
    let mut parts = Vec::new();
    if from.messages_per_minute != to.messages_per_minute {
        let (from, to) = (from.messages_per_minute, to.messages_per_minute);
        parts.push(format!("messages_per_minute {from} -> {to}"));
    }
    let mut channels: Vec<_> = from.per_channel.keys().chain(to.per_channel.keys()).collect();
    channels.sort_unstable();
    channels.dedup();
    for channel in channels {
        let (from, to) = (from.per_channel.get(channel), to.per_channel.get(channel));
        if from != to {
            let show = |limit: Option<&u32>| limit.map_or("none".to_owned(), u32::to_string);
            parts.push(format!("per_channel.{} {} -> {}", channel.as_str(), show(from), show(to)));
        }
    }
    if from.keep_days != to.keep_days {
        let show = |days: Option<u32>| days.map_or("none".to_owned(), |days| days.to_string());
        parts.push(format!("keep_days {} -> {}", show(from.keep_days), show(to.keep_days)));
    }
    parts.join(", ")
}

fn budget_line(from: Budget, to: Budget) -> String {
    let fields = [
        ("daily_micros", from.daily_micros, to.daily_micros),
        ("monthly_micros", from.monthly_micros, to.monthly_micros),
    ];
    let show = |micros: Option<u64>| micros.map_or("none".to_owned(), |micros| micros.to_string());
    let changed = fields.into_iter().filter(|(_, from, to)| from != to);
    let changed =
        changed.map(|(name, from, to)| format!("budget.{name} {} -> {}", show(from), show(to)));
    changed.collect::<Vec<_>>().join(", ")
}

fn connection_line(from: &Connection, to: &Connection) -> String {
    let fields = [
        ("agent", from.agent.as_str(), to.agent.as_str()),
        ("bot_user_id", from.bot_user.as_str(), to.bot_user.as_str()),
    ];
    let changed = fields.into_iter().filter(|(_, from, to)| from != to);
    let mut changed: Vec<_> =
        changed.map(|(name, from, to)| format!("{name} {from} -> {to}")).collect();
    if from.token != to.token {
        changed.push("another token".to_owned());
    }
    if changed.is_empty() { "claim the workspace".to_owned() } else { changed.join(", ") }
}
