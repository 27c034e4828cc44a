//! Who exists, in memory: what every service knows without asking a database.
//!
//! A fold of the directory's events. Each event carries the whole state of its subject, so only the
//! last of a subject counts and subjects may arrive in any order; applying one again changes nothing.
//!
//! A clone shares everything with its original until one of them changes: hand clones to readers,
//! and apply events in batches.

use std::{
    collections::{HashMap, hash_map::DefaultHasher},
    hash::BuildHasherDefault,
    sync::Arc,
};

use schemas::{
    Agent, AgentId, ChannelKind, Claim, Connection, ConnectionId, ConnectionStatus, Envelope,
    ModelGroup, ModelGroupId, Published, Tenant, TenantId, TenantStatus, Tool, ToolId,
    event::{Entry, FailureReason},
};

use crate::model;

/// The installation's own app: where a workspace has no app of its own, its connection holds.
pub const APP_DEFAULT: &str = "default";

/// A hash map without a random seed. Its keys come from operators, and no order of it is shown.
type Map<K, V> = HashMap<K, V, BuildHasherDefault<DefaultHasher>>;

/// Tenants, agents, tools, model groups, connections, and who holds which workspace.
#[derive(Clone, Default)]
pub struct Directory(Arc<Maps>);

#[derive(Clone, Default)]
struct Maps {
    tenants: Map<TenantId, Arc<Known>>,
    /// By channel, app and workspace, so that a lookup allocates nothing.
    claims: Map<ChannelKind, Map<String, Map<String, Holder>>>,
}

/// What is known of one tenant; the parts may come before the tenant itself.
#[derive(Clone, Default)]
struct Known {
    tenant: Option<Arc<Tenant>>,
    agents: Map<AgentId, KnownAgent>,
    connections: Map<ConnectionId, Arc<Connection>>,
    tools: Map<ToolId, Arc<Tool>>,
    model_groups: Map<ModelGroupId, Arc<ModelGroup>>,
}

#[derive(Clone)]
struct KnownAgent {
    agent: Arc<Agent>,
    published: Option<Arc<Published>>,
}

#[derive(Clone, PartialEq, Eq)]
struct Holder {
    tenant: TenantId,
    connection: ConnectionId,
}

/// Who answers behind a connection.
#[derive(Clone, Debug)]
pub struct Routed {
    /// The customer.
    pub tenant: Arc<Tenant>,
    /// The employee.
    pub agent: Arc<Agent>,
    /// Its configuration in force.
    pub published: Arc<Published>,
    /// The way in and out.
    pub connection: Arc<Connection>,
}

impl Directory {
    /// Takes in one event. Events of the pipeline are passed over.
    pub fn apply(&mut self, envelope: &Envelope) {
        let tenant = &envelope.tenant;
        match envelope.event.entry() {
            Some(Entry::Tenant(data)) => {
                self.entry(tenant).tenant = Some(Arc::new(data.clone()));
            }
            Some(Entry::Agent(data)) => {
                self.entry(tenant).agents.insert(data.id.clone(), KnownAgent::from(data));
            }
            Some(Entry::Connection(data)) => {
                let connection = Arc::new(data.clone());
                self.entry(tenant).connections.insert(data.id.clone(), connection);
            }
            Some(Entry::Tool(data)) => {
                self.entry(tenant).tools.insert(data.id.clone(), Arc::new(data.clone()));
            }
            Some(Entry::ModelGroup(data)) => {
                let groups = &mut self.entry(tenant).model_groups;
                groups.insert(data.id.clone(), Arc::new(data.clone()));
            }
            Some(Entry::Claim(claim)) => self.claim(tenant, claim),
            None => {}
        }
    }

    /// A customer, deleted ones included.
    pub fn tenant(&self, tenant: &TenantId) -> Option<&Arc<Tenant>> {
        self.0.tenants.get(tenant)?.tenant.as_ref()
    }

    /// One of a tenant's employees, retired ones included.
    pub fn agent(&self, tenant: &TenantId, agent: &AgentId) -> Option<&Arc<Agent>> {
        Some(&self.0.tenants.get(tenant)?.agents.get(agent)?.agent)
    }

    /// One of a tenant's connections, removed ones included.
    pub fn connection(&self, tenant: &TenantId, id: &ConnectionId) -> Option<&Arc<Connection>> {
        self.0.tenants.get(tenant)?.connections.get(id)
    }

    /// One of a tenant's tools, removed ones included.
    pub fn tool(&self, tenant: &TenantId, id: &ToolId) -> Option<&Arc<Tool>> {
        self.0.tenants.get(tenant)?.tools.get(id)
    }

    /// One of a tenant's own model groups, removed ones included.
    pub fn model_group(&self, tenant: &TenantId, id: &ModelGroupId) -> Option<&Arc<ModelGroup>> {
        self.0.tenants.get(tenant)?.model_groups.get(id)
    }

    /// The connection that holds a workspace: that of the app itself, else of the default app.
    pub fn by_workspace(
        &self,
        channel: ChannelKind,
        app: &str,
        workspace: &str,
    ) -> Option<(&TenantId, &Arc<Connection>)> {
        [app, APP_DEFAULT].into_iter().find_map(|app| self.held(channel, app, workspace))
    }

    /// Who holds a workspace of exactly that app, whether or not the connection is known yet.
    pub fn holder(
        &self,
        channel: ChannelKind,
        app: &str,
        workspace: &str,
    ) -> Option<(&TenantId, &ConnectionId)> {
        let holder = self.0.claims.get(&channel)?.get(app)?.get(workspace)?;
        Some((&holder.tenant, &holder.connection))
    }

    /// Who answers a message of that connection, or why nobody does.
    pub fn route(&self, tenant: &TenantId, id: &ConnectionId) -> Result<Routed, FailureReason> {
        let entry = self.0.tenants.get(tenant).ok_or(FailureReason::TenantSuspended)?;
        let tenant = entry.tenant.as_ref().ok_or(FailureReason::TenantSuspended)?;
        match tenant.status {
            TenantStatus::Active => {}
            TenantStatus::Suspended | TenantStatus::Deleted => {
                return Err(FailureReason::TenantSuspended);
            }
        }
        let connection = entry.connections.get(id).ok_or(FailureReason::ConnectionRemoved)?;
        match connection.status {
            ConnectionStatus::Active => {}
            ConnectionStatus::Removed { .. } => return Err(FailureReason::ConnectionRemoved),
        }
        let known = entry.agents.get(&connection.agent).ok_or(FailureReason::NoAgent)?;
        let published = known.published.as_ref().filter(|_| !known.agent.retired);
        Ok(Routed {
            tenant: Arc::clone(tenant),
            agent: Arc::clone(&known.agent),
            published: Arc::clone(published.ok_or(FailureReason::NoAgent)?),
            connection: Arc::clone(connection),
        })
    }

    /// All tenants by their ids, deleted ones included.
    pub fn tenants(&self) -> Vec<&Arc<Tenant>> {
        let mut tenants: Vec<_> =
            self.0.tenants.values().filter_map(|entry| entry.tenant.as_ref()).collect();
        tenants.sort_unstable_by(|a, b| a.id.cmp(&b.id));
        tenants
    }

    /// A tenant's employees by their ids.
    pub fn agents(&self, tenant: &TenantId) -> Vec<&Arc<Agent>> {
        let entry = self.0.tenants.get(tenant);
        let mut agents: Vec<_> =
            entry.iter().flat_map(|entry| entry.agents.values()).map(|it| &it.agent).collect();
        agents.sort_unstable_by(|a, b| a.id.cmp(&b.id));
        agents
    }

    /// A tenant's connections by their ids.
    pub fn connections(&self, tenant: &TenantId) -> Vec<&Arc<Connection>> {
        let entry = self.0.tenants.get(tenant);
        let mut connections: Vec<_> =
            entry.iter().flat_map(|entry| entry.connections.values()).collect();
        connections.sort_unstable_by(|a, b| a.id.cmp(&b.id));
        connections
    }

    /// A tenant's tools by their ids, removed ones included.
    pub fn tools(&self, tenant: &TenantId) -> Vec<&Arc<Tool>> {
        let entry = self.0.tenants.get(tenant);
        let mut tools: Vec<_> = entry.iter().flat_map(|entry| entry.tools.values()).collect();
        tools.sort_unstable_by(|a, b| a.id.cmp(&b.id));
        tools
    }

    /// A tenant's own model groups by their ids, without those that were taken away; a tenant that was
    /// deleted has none.
    pub fn model_groups(&self, tenant: &TenantId) -> Vec<&Arc<ModelGroup>> {
        let is_there = |known: &&Arc<Known>| {
            let tenant = known.tenant.as_ref();
            tenant.is_none_or(|tenant| tenant.status != TenantStatus::Deleted)
        };
        let entry = self.0.tenants.get(tenant).filter(is_there);
        let groups = entry.iter().flat_map(|entry| entry.model_groups.values());
        let mut groups: Vec<_> = groups.filter(|group| model::is_active(group)).collect();
        groups.sort_unstable_by(|a, b| a.id.cmp(&b.id));
        groups
    }

    fn held(
        &self,
        channel: ChannelKind,
        app: &str,
        workspace: &str,
    ) -> Option<(&TenantId, &Arc<Connection>)> {
        let (tenant, id) = self.holder(channel, app, workspace)?;
        let connection = self.connection(tenant, id)?;
        // The claim names the connection, and the connection must say the same of itself.
        let agree = connection.channel == channel
            && connection.app == app
            && connection.workspace == workspace;
        agree.then_some((tenant, connection))
    }

    fn entry(&mut self, tenant: &TenantId) -> &mut Known {
        let maps = Arc::make_mut(&mut self.0);
        Arc::make_mut(maps.tenants.entry(tenant.clone()).or_default())
    }

    fn claim(&mut self, tenant: &TenantId, claim: &Claim) {
        let claims = &mut Arc::make_mut(&mut self.0).claims;
        let apps = claims.entry(claim.channel).or_default();
        let workspaces = apps.entry(claim.app.clone()).or_default();
        match &claim.holder {
            Some(connection) => {
                let holder = Holder { tenant: tenant.clone(), connection: connection.clone() };
                workspaces.insert(claim.workspace.clone(), holder);
            }
            None => {
                workspaces.remove(&claim.workspace);
            }
        }
    }
}

impl From<&Agent> for KnownAgent {
    fn from(agent: &Agent) -> Self {
        Self { agent: Arc::new(agent.clone()), published: agent.published.clone().map(Arc::new) }
    }
}

impl std::fmt::Debug for Directory {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Directory({} tenants)", self.0.tenants.len())
    }
}

#[cfg(test)]
mod tests;
