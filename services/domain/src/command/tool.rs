//! Changes of a tool.

use std::sync::Arc;

use schemas::{Agent, AgentConfig, AgentId, TenantId, Tool, ToolId};

use super::{Decided, Refused, Seen, known, valid};
use crate::{
    directory::Directory,
    fields::FieldProblem,
    plan::Change,
    tool::{self, Making, TOOLS_OF_TENANT_MAX, WishedTool},
};

/// A tool is there from now on, as it is wished; one of that slug that was there is another, if it is the
/// one that was seen.
pub fn save(
    directory: &Directory,
    tenant: &TenantId,
    (slug, seen): (&str, Seen<'_>),
    (wish, making): (WishedTool, &Making<'_>),
) -> Decided {
    known(directory, tenant)?;
    let id = slug.parse::<ToolId>();
    let id = id.map_err(|error| Refused::Invalid(vec![FieldProblem::of_id("slug", &error)]))?;
    let before = directory.tool(tenant, &id).map(AsRef::as_ref);
    let made = tool::make(&id, wish, before, making).map_err(Refused::Invalid)?;
    seen.check(before.filter(|tool| tool::is_active(tool)))?;
    valid(too_many(directory, tenant, &id).into_iter().collect())?;
    Ok(saved(tenant, made, before))
}

/// A tool is taken away, unless an agent that answers people uses it. One that is gone stays so.
pub fn remove(directory: &Directory, tenant: &TenantId, id: &ToolId) -> Decided {
    known(directory, tenant)?;
    let tool = directory.tool(tenant, id).ok_or(Refused::NotFound)?;
    if !tool::is_active(tool) {
        return Ok(Vec::new());
    }
    let agents = directory.agents(tenant).into_iter();
    let mut users = agents.filter(|agent| uses(agent, id)).map(|agent| format!("`{}`", agent.id));
    if let Some(first) = users.next() {
        let all = users.fold(first, |all, next| format!("{all}, {next}"));
        return Err(Refused::conflict(format!(
            "tool `{id}` is used by {all}: publish without it first"
        )));
    }
    Ok(vec![Change::ToolRemove { tenant: tenant.clone(), tool: Tool::clone(tool) }])
}

/// An agent that has a tool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToolUser {
    /// The agent.
    pub agent: AgentId,
    /// What people call it.
    pub name: String,
    /// Whether what answers people has the tool; else only a draft that was saved by name has it.
    pub answers: bool,
}

/// The agents that have a tool, those that answer people and those that are being shaped.
pub fn users(directory: &Directory, tenant: &TenantId, id: &ToolId) -> Vec<ToolUser> {
    let names = |config: &AgentConfig| config.tools.iter().any(|name| name == id.as_str());
    let agents = directory.agents(tenant).into_iter().filter(|agent| !agent.retired);
    let user = |agent: &Arc<Agent>| {
        let answers = uses(agent, id);
        let published = agent.published.as_ref().map(|it| &it.config);
        let has_it = answers || agent.draft.as_ref().is_some_and(names);
        let name = published.or(agent.draft.as_ref()).map(|it| it.name.trim()).unwrap_or_default();
        let name = if name.is_empty() { agent.id.as_str() } else { name };
        has_it.then(|| ToolUser { agent: agent.id.clone(), name: name.to_owned(), answers })
    };
    agents.filter_map(user).collect()
}

/// Whether what answers people may use it.
pub(crate) fn uses(agent: &Agent, id: &ToolId) -> bool {
    let published = agent.published.as_ref().filter(|_| !agent.retired);
    published.is_some_and(|it| it.config.tools.iter().any(|name| name == id.as_str()))
}

/// The secrets first: a tool never names one that is not there.
pub(crate) fn saved(tenant: &TenantId, made: tool::Made, before: Option<&Tool>) -> Vec<Change> {
    let tool::Made { tool, secrets } = made;
    let set = |(header, name, value)| Change::SecretSet {
        tenant: tenant.clone(),
        of: format!("tool:{}/{header}", tool.id),
        name,
        replaces: None,
        value,
    };
    let mut changes: Vec<_> = secrets.into_iter().map(set).collect();
    if before != Some(&tool) {
        let (tenant, from) = (tenant.clone(), before.cloned().map(Box::new));
        changes.push(Change::ToolSave { tenant, tool: Box::new(tool), from });
    }
    changes
}

fn too_many(directory: &Directory, tenant: &TenantId, id: &ToolId) -> Option<FieldProblem> {
    let others = directory.tools(tenant).into_iter().filter(|it| tool::is_active(it));
    let is_full = TOOLS_OF_TENANT_MAX <= others.filter(|it| it.id != *id).count();
    let problem = format!("would be one more than the {TOOLS_OF_TENANT_MAX} tools a tenant has");
    is_full.then(|| FieldProblem::new("slug", problem))
}
