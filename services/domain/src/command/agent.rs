//! Changes of an agent.

use schemas::{Agent, AgentConfig, AgentId, Budget, ConnectionStatus, TenantId, Text, ToolId};

use super::{Decided, Refused, known, valid};
use crate::{
    config::OpenConfig,
    directory::Directory,
    fields::{self, FieldProblem},
    plan::Change,
    tool::unknown_tools,
};

/// A version that is to answer people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Publication {
    /// What it is.
    pub config: OpenConfig,
    /// Why, if anybody says; plain.
    pub note: Option<Text>,
    /// The version that answers while this is asked for; 0 for none. Another one is a conflict.
    pub expected: u32,
    /// What is being worked on afterwards.
    pub draft: DraftAfter,
}

/// What becomes of the draft when a version is published.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DraftAfter {
    /// It is what was published.
    Published,
    /// It stays as it is.
    Stays,
}

/// An agent comes. It answers nobody yet; `config` is what it begins as.
pub fn create(directory: &Directory, tenant: &TenantId, slug: &str, config: OpenConfig) -> Decided {
    known(directory, tenant)?;
    let id = slug.parse::<AgentId>();
    let mut problems = match &id {
        Err(error) => vec![FieldProblem::of_id("slug", error)],
        Ok(id) if directory.agent(tenant, id).is_some() => {
            vec![FieldProblem::new("slug", "is taken")]
        }
        Ok(id) => fields::agent_slug(id).into_iter().collect(),
    };
    problems.extend(fields::config(&config));
    let Ok(agent) = id else { return Err(Refused::Invalid(problems)) };
    valid(problems)?;
    let (tenant, name) = (tenant.clone(), config.name.clone());
    Ok(vec![Change::AgentCreate { tenant, agent, name, draft: Some(config) }])
}

/// What is being worked on is kept on the log; it may be unfinished. `kept` is what is there by now.
pub fn save_draft(
    directory: &Directory,
    (tenant, agent): (&TenantId, &AgentId),
    kept: Option<&OpenConfig>,
    config: OpenConfig,
) -> Decided {
    let agent = Box::new(found(directory, tenant, agent)?.clone());
    valid(fields::draft(&config))?;
    if kept == Some(&config) {
        return Ok(Vec::new());
    }
    let config = Some(config);
    Ok(vec![Change::AgentDraftSave { tenant: tenant.clone(), agent, config }])
}

/// What is being worked on is given up for what is published.
pub fn discard_draft(directory: &Directory, tenant: &TenantId, agent: &AgentId) -> Decided {
    let found = found(directory, tenant, agent)?;
    if found.published.is_none() {
        return Err(Refused::conflict(format!(
            "agent `{agent}` was never published: there is nothing to go back to"
        )));
    }
    if found.draft.is_none() {
        return Ok(Vec::new());
    }
    let agent = Box::new(found.clone());
    Ok(vec![Change::AgentDraftSave { tenant: tenant.clone(), agent, config: None }])
}

/// A version answers people from now on. An agent that had retired is back. Its tools must be there;
/// while it is being worked on, they need not.
pub fn publish(
    directory: &Directory,
    tenant: &TenantId,
    id: &AgentId,
    publication: Publication,
) -> Decided {
    let agent = found(directory, tenant, id)?;
    let Publication { config, note, expected, draft } = publication;
    let mut problems = fields::config(&config);
    let find = |id: &ToolId| directory.tool(tenant, id).map(AsRef::as_ref);
    problems.extend(unknown_tools(&config.tools, find));
    if let Some(Text::Plain(note)) = &note {
        problems.extend(fields::note(note));
    }
    valid(problems)?;
    let version = version_of(agent);
    if version != expected {
        return Err(Refused::conflict(format!(
            "version {version} of agent `{id}` was published meanwhile"
        )));
    }
    let draft = match draft {
        DraftAfter::Published => None,
        DraftAfter::Stays => agent.draft.clone(),
    };
    Ok(vec![published(tenant, agent, draft, (config, note))])
}

/// It may cost more or less from now on; what answers is not published anew.
pub fn set_budget(
    directory: &Directory,
    tenant: &TenantId,
    id: &AgentId,
    budget: Budget,
) -> Decided {
    let agent = found(directory, tenant, id)?;
    if agent.budget == budget {
        return Ok(Vec::new());
    }
    let (from, agent) = (agent.budget, Box::new(Agent { budget, ..agent.clone() }));
    Ok(vec![Change::AgentBudget { tenant: tenant.clone(), agent, from }])
}

/// It answers nobody any more. Whoever would be left without an answer gets another agent first.
pub fn retire(directory: &Directory, tenant: &TenantId, id: &AgentId) -> Decided {
    let agent = found(directory, tenant, id)?;
    if agent.retired {
        return Ok(Vec::new());
    }
    let connections = directory.connections(tenant).into_iter();
    let mut leading = connections
        .filter(|it| it.agent == *id && it.status == ConnectionStatus::Active)
        .map(|it| format!("`{}`", it.id));
    if let Some(first) = leading.next() {
        let all = leading.fold(first, |all, next| format!("{all}, {next}"));
        return Err(Refused::conflict(format!(
            "agent `{id}` still answers {all}: give it another agent or disconnect it first"
        )));
    }
    let agent = Agent { retired: true, ..agent.clone() };
    Ok(vec![Change::AgentRetire { tenant: tenant.clone(), agent }])
}

/// The version that answers; 0 where none does.
pub fn version_of(agent: &Agent) -> u32 {
    agent.published.as_ref().map_or(0, |published| published.version)
}

fn published(
    tenant: &TenantId,
    agent: &Agent,
    draft: Option<AgentConfig>,
    (config, note): (OpenConfig, Option<Text>),
) -> Change {
    Change::AgentPublish {
        tenant: tenant.clone(),
        agent: agent.id.clone(),
        draft,
        budget: agent.budget,
        version: version_of(agent) + 1,
        config,
        note,
        fields: Vec::new(),
    }
}

fn found<'a>(
    directory: &'a Directory,
    tenant: &TenantId,
    agent: &AgentId,
) -> Result<&'a Agent, Refused> {
    known(directory, tenant)?;
    directory.agent(tenant, agent).map(AsRef::as_ref).ok_or(Refused::NotFound)
}
