//! `konstruct tenant|agent|connection list|show`: the directory, as the log has it.

use anyhow::{Context as _, anyhow};
use domain::directory::Directory;
use runtime::{Bus, DirectoryWatch, setup};
use schemas::{Agent, AgentId, Connection, ConnectionId, ConnectionStatus, Tenant, TenantId};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::{
    cli::{Of, Verb},
    output::{Output, table},
    settings::Asked,
};

async fn directory(asked: &Asked<'_>) -> anyhow::Result<DirectoryWatch> {
    let bus = Bus::connect(&asked.nats_url()?, "konstruct-list").await?;
    setup::verify(&bus, asked.sizes()?).await?;
    let watch = DirectoryWatch::start(&bus, &CancellationToken::new());
    watch.ready().await;
    Ok(watch)
}

/// `konstruct tenant list`.
pub(crate) async fn tenants(asked: &Asked<'_>, output: Output) -> anyhow::Result<()> {
    let directory = directory(asked).await?.read(Directory::clone);
    let tenants = directory.tenants();
    let row = |tenant: &&std::sync::Arc<Tenant>| {
        let limit = tenant.limits.messages_per_minute;
        let status = word(&tenant.status);
        vec![tenant.id.to_string(), tenant.name.clone(), status, limit.to_string()]
    };
    let rows: Vec<_> = tenants.iter().map(row).collect();
    let text = table(&["TENANT", "NAME", "STATUS", "PER MINUTE"], &rows);
    output.print(&text, &tenants.iter().map(|it| json!(***it)).collect::<Vec<_>>())
}

/// `konstruct tenant show`.
pub(crate) async fn tenant(
    asked: &Asked<'_>,
    tenant: &TenantId,
    output: Output,
) -> anyhow::Result<()> {
    let directory = directory(asked).await?.read(Directory::clone);
    let found = directory.tenant(tenant).with_context(|| no_tenant(tenant))?;
    let shown = json!({
        "tenant": **found,
        "agents": directory.agents(tenant).iter().map(|it| agent_json(it)).collect::<Vec<_>>(),
        "connections": directory.connections(tenant).iter().map(|it| json!(***it)).collect::<Vec<_>>(),
    });
    output.print(&serde_json::to_string_pretty(&shown)?, &shown)
}

/// `konstruct agent …`.
pub(crate) async fn agents(asked: &Asked<'_>, args: Of, output: Output) -> anyhow::Result<()> {
    let directory = directory(asked).await?.read(Directory::clone);
    match args.verb {
        Verb::List { tenant } => {
            directory.tenant(&tenant).with_context(|| no_tenant(&tenant))?;
            let agents = directory.agents(&tenant);
            let row = |agent: &&std::sync::Arc<Agent>| {
                let config = agent.published.as_ref();
                let version = config.map_or("-".to_owned(), |it| it.version.to_string());
                let name = config.map_or(String::new(), |it| it.config.name.clone());
                let model = config.map_or(String::new(), |it| it.config.model.clone());
                vec![agent.id.to_string(), name, version, model]
            };
            let rows: Vec<_> = agents.iter().map(row).collect();
            let text = table(&["AGENT", "NAME", "VERSION", "MODEL"], &rows);
            output.print(&text, &agents.iter().map(|it| agent_json(it)).collect::<Vec<_>>())
        }
        Verb::Show { tenant, id } => {
            let id: AgentId = id.parse()?;
            let found = directory.agent(&tenant, &id);
            let found = found.ok_or_else(|| anyhow!("tenant `{tenant}` has no agent `{id}`"))?;
            let shown = agent_json(found);
            output.print(&serde_json::to_string_pretty(&shown)?, &shown)
        }
    }
}

/// `konstruct connection …`.
pub(crate) async fn connections(asked: &Asked<'_>, args: Of, output: Output) -> anyhow::Result<()> {
    let directory = directory(asked).await?.read(Directory::clone);
    match args.verb {
        Verb::List { tenant } => {
            directory.tenant(&tenant).with_context(|| no_tenant(&tenant))?;
            let connections = directory.connections(&tenant);
            let row = |it: &&std::sync::Arc<Connection>| {
                let status = match &it.status {
                    ConnectionStatus::Active => "active".to_owned(),
                    ConnectionStatus::Removed { reason, .. } => format!("removed: {reason}"),
                };
                vec![it.id.to_string(), it.workspace.clone(), it.agent.to_string(), status]
            };
            let rows: Vec<_> = connections.iter().map(row).collect();
            let text = table(&["CONNECTION", "WORKSPACE", "AGENT", "STATUS"], &rows);
            output.print(&text, &connections.iter().map(|it| json!(***it)).collect::<Vec<_>>())
        }
        Verb::Show { tenant, id } => {
            let id: ConnectionId = id.parse()?;
            let found = directory.connection(&tenant, &id);
            let found =
                found.ok_or_else(|| anyhow!("tenant `{tenant}` has no connection `{id}`"))?;
            output.print(&serde_json::to_string_pretty(&**found)?, &**found)
        }
    }
}

/// An agent with its texts left out: they are sealed, and a terminal is no place for them.
fn agent_json(agent: &Agent) -> Value {
    let published = agent.published.as_ref().map(|it| {
        json!({
            "version": it.version,
            "name": it.config.name,
            "role": it.config.role,
            "model": it.config.model,
            "tools": it.config.tools,
            "follow_minutes": it.config.follow_minutes,
        })
    });
    json!({
        "id": agent.id,
        "retired": agent.retired,
        "has_draft": agent.draft.is_some(),
        "published": published,
    })
}

pub(crate) fn no_tenant(tenant: &TenantId) -> String {
    format!("there is no tenant `{tenant}`")
}

fn word(value: &impl serde::Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(Value::String(text)) => text,
        Ok(other) => other.to_string(),
        Err(_) => String::new(),
    }
}
