//! Agents and connections of a tenant.

use domain::{
    access::{Permission, Principal},
    day::Day,
};
use schemas::{Agent, AgentId, TenantId, Timestamp};
use serde::{Deserialize, Serialize};
use store::views::roster::{self, ConnectionLine, LastError};

use crate::{ViewError, Views};

/// How many days the roster adds up, today included.
pub const ROSTER_DAYS: i64 = 7;

/// An agent in the roster.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgentLine {
    /// The slug.
    pub id: AgentId,
    /// What people call it.
    pub name: String,
    /// Its position.
    pub role: String,
    /// Whether it answers.
    pub state: AgentState,
    /// The version that answers, where one does.
    pub version: Option<u32>,
    /// Whether a draft was saved by name.
    pub has_draft: bool,
    /// The model group that answers for it.
    pub model: String,
    /// Messages of the last 7 days, today included.
    pub messages_week: u64,
    /// What they cost, in millionths of a dollar.
    pub cost_micros_week: u64,
    /// The newest message that failed, of these days.
    pub last_error: Option<LastError>,
}

/// Whether an agent answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AgentState {
    /// Not yet: it was never published.
    Draft,
    /// It does.
    Published,
    /// Not any more.
    Retired,
}

impl Views {
    /// A tenant's agents, those that have left last.
    pub async fn agents(
        &self,
        principal: &Principal,
        tenant: &TenantId,
        now: Timestamp,
    ) -> Result<Vec<AgentLine>, ViewError> {
        principal.require(Permission::AgentsRead, tenant)?;
        let since = Day::of(now).plus(1 - ROSTER_DAYS);
        let lines = roster::agents(&mut self.tx(tenant).await?, since).await?;
        Ok(lines.into_iter().map(AgentLine::from).collect())
    }

    /// A tenant's connections, those that were removed last.
    pub async fn connections(
        &self,
        principal: &Principal,
        tenant: &TenantId,
        now: Timestamp,
    ) -> Result<Vec<ConnectionLine>, ViewError> {
        principal.require(Permission::ChannelsRead, tenant)?;
        let since = Day::of(now).plus(1 - ROSTER_DAYS).start();
        Ok(roster::connections(&mut self.tx(tenant).await?, since).await?)
    }
}

impl From<roster::AgentLine> for AgentLine {
    fn from(line: roster::AgentLine) -> Self {
        let state = AgentState::of(&line.agent);
        let Agent { id, draft, published, .. } = line.agent;
        let version = published.as_ref().map(|it| it.version);
        let has_draft = draft.is_some();
        let config = published.map(|it| it.config).or(draft);
        let (name, role, model) = config.map(|it| (it.name, it.role, it.model)).unwrap_or_default();
        Self {
            name: if name.is_empty() { id.to_string() } else { name },
            id,
            role,
            state,
            version,
            has_draft,
            model,
            messages_week: line.messages,
            cost_micros_week: line.cost_micros,
            last_error: line.last_error,
        }
    }
}

impl AgentState {
    pub(crate) fn of(agent: &Agent) -> Self {
        match (agent.retired, &agent.published) {
            (true, _) => AgentState::Retired,
            (false, Some(_)) => AgentState::Published,
            (false, None) => AgentState::Draft,
        }
    }
}
