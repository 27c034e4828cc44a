//! How things of the directory stood, in a few words, for whoever looks back at them.

use schemas::{
    Agent, Connection, ConnectionStatus, ModelGroup, ModelGroupStatus, Tenant, TenantStatus, Tool,
    ToolStatus,
};

/// How something stood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stood {
    /// In a word or two, e.g. `version 3`.
    pub state: String,
    /// What else there is to say; nothing of what was said to anybody.
    pub more: String,
}

impl Stood {
    fn new(state: impl Into<String>, more: String) -> Self {
        Self { state: state.into(), more }
    }
}

/// How a tenant stood.
pub fn of_tenant(tenant: &Tenant) -> Stood {
    let state = match tenant.status {
        TenantStatus::Active => "active",
        TenantStatus::Suspended => "suspended",
        TenantStatus::Deleted => "deleted",
    };
    Stood::new(state, format!("{}, {} a minute", tenant.name, tenant.limits.messages_per_minute))
}

/// How an agent stood.
pub fn of_agent(agent: &Agent) -> Stood {
    let state = match (&agent.published, agent.retired) {
        (_, true) => "retired".to_owned(),
        (Some(published), false) => format!("version {}", published.version),
        (None, false) => "not published".to_owned(),
    };
    let more = agent.published.as_ref().map(|it| {
        let config = &it.config;
        let tools =
            if config.tools.is_empty() { "none".to_owned() } else { config.tools.join(", ") };
        format!("{}, {}, model {}, tools: {tools}", config.name, config.role, config.model)
    });
    Stood::new(state, more.unwrap_or_default())
}

/// How a connection stood.
pub fn of_connection(connection: &Connection) -> Stood {
    let state = match &connection.status {
        ConnectionStatus::Active => "active".to_owned(),
        ConnectionStatus::Removed { reason, .. } => format!("removed: {reason}"),
    };
    let Connection { workspace, agent, .. } = connection;
    Stood::new(state, format!("workspace {workspace}, agent {agent}"))
}

/// How a tool stood.
pub fn of_tool(tool: &Tool) -> Stood {
    let state = match tool.status {
        ToolStatus::Active => "active",
        ToolStatus::Removed { .. } => "removed",
    };
    Stood::new(state, tool.url().to_owned())
}

/// How a model group stood.
pub fn of_group(group: &ModelGroup) -> Stood {
    let state = match group.status {
        ModelGroupStatus::Active => "active",
        ModelGroupStatus::Removed { .. } => "removed",
    };
    let names: Vec<_> = group.deployments.iter().map(|it| it.name.as_str()).collect();
    Stood::new(state, format!("{}: {}", group.choose.as_str(), names.join(", ")))
}

#[cfg(test)]
mod tests;
