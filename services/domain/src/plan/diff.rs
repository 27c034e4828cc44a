//! A tenant's wishes against what is there.

use schemas::{
    Agent, Connection, ConnectionStatus, ModelGroup, Published, Tenant, TenantId, TenantStatus,
    Tool,
};

use super::{
    Change, Present,
    change::new_agent,
    check::{Wanted, Wish, WishedAgent, WishedConnection},
};
use crate::{command, config::OpenConfig, model, tool};

pub(super) fn tenant(wish: Wish, present: &Present<'_>) -> Vec<Change> {
    let id = wish.id.clone();
    let mut changes = tenant_itself(&wish, present);
    // Agents come before the connections that lead to them, and leave after those were moved.
    // Tools and models come before the agents that use them, and go when nobody does any more.
    let (groups, fewer_groups): (Vec<_>, Vec<_>) =
        wish.models.into_iter().partition(|group| group.made.is_some());
    for made in groups.into_iter().filter_map(|group| group.made) {
        let before = present.directory.model_group(&id, &made.group.id);
        changes.extend(command::model::saved(&id, made, before.map(AsRef::as_ref)));
    }
    let (coming, going): (Vec<_>, Vec<_>) =
        wish.tools.into_iter().partition(|tool| tool.made.is_some());
    for made in coming.into_iter().filter_map(|tool| tool.made) {
        let before = present.directory.tool(&id, &made.tool.id);
        changes.extend(command::tool::saved(&id, made, before.map(AsRef::as_ref)));
    }
    let (leaving, staying): (Vec<_>, Vec<_>) = wish.agents.into_iter().partition(|it| it.retired);
    changes.extend(staying.into_iter().flat_map(|wished| agent(&id, wished, present)));
    for wished in wish.connections {
        changes.extend(connection(&id, wished, present));
    }
    changes.extend(leaving.into_iter().filter_map(|wished| retire(&id, &wished, present)));
    changes.extend(going.into_iter().filter_map(|gone| {
        let tool = present.directory.tool(&id, &gone.id).filter(|tool| tool::is_active(tool))?;
        Some(Change::ToolRemove { tenant: id.clone(), tool: Tool::clone(tool) })
    }));
    changes.extend(fewer_groups.into_iter().filter_map(|gone| {
        let group = present.directory.model_group(&id, &gone.id);
        let group = ModelGroup::clone(group.filter(|group| model::is_active(group))?);
        Some(Change::ModelGroupRemove { tenant: id.clone(), group })
    }));
    changes
}

fn tenant_itself(wish: &Wish, present: &Present<'_>) -> Vec<Change> {
    let mut changes = Vec::new();
    let mut tenant = match present.directory.tenant(&wish.id) {
        Some(known) => Tenant::clone(known),
        None => {
            let tenant = Tenant {
                id: wish.id.clone(),
                name: wish.name.clone(),
                limits: wish.limits.clone(),
                budget: wish.budget,
                status: TenantStatus::Active,
            };
            changes.push(Change::TenantCreate { tenant: tenant.clone() });
            tenant
        }
    };
    if tenant.name != wish.name {
        let from = std::mem::replace(&mut tenant.name, wish.name.clone());
        changes.push(Change::TenantRename { tenant: tenant.clone(), from });
    }
    if tenant.limits != wish.limits {
        let from = std::mem::replace(&mut tenant.limits, wish.limits.clone());
        changes.push(Change::TenantLimits { tenant: tenant.clone(), from });
    }
    if tenant.budget != wish.budget {
        let from = std::mem::replace(&mut tenant.budget, wish.budget);
        changes.push(Change::TenantBudget { tenant: tenant.clone(), from });
    }
    match (wish.suspended, tenant.status) {
        (Some(true), TenantStatus::Active) => {
            tenant.status = TenantStatus::Suspended;
            changes.push(Change::TenantSuspend { tenant });
        }
        (Some(false), TenantStatus::Suspended) => {
            tenant.status = TenantStatus::Active;
            changes.push(Change::TenantResume { tenant });
        }
        (Some(true), TenantStatus::Suspended)
        | (Some(false), TenantStatus::Active)
        | (Some(_), TenantStatus::Deleted)
        | (None, _) => {}
    }
    changes
}

fn agent(tenant: &TenantId, wished: WishedAgent, present: &Present<'_>) -> Vec<Change> {
    let WishedAgent { id, config, budget, .. } = wished;
    let known = present.directory.agent(tenant, &id);
    let from = known.map(|agent| agent.budget).unwrap_or_default();
    let budget = budget.unwrap_or(from);
    let mut changes = Vec::new();
    if known.is_none() {
        let (tenant, agent, name) = (tenant.clone(), id.clone(), config.name.clone());
        changes.push(Change::AgentCreate { tenant, agent, name, draft: None });
    }
    if budget != from {
        let known = known.map_or_else(|| new_agent(&id), |known| Agent::clone(known));
        let agent = Box::new(Agent { budget, ..known });
        changes.push(Change::AgentBudget { tenant: tenant.clone(), agent, from });
    }
    let published = known.and_then(|agent| agent.published.as_ref());
    let open = |text: &_| (present.open)(tenant, &id, text).ok_or(());
    let before = published.map(|it| OpenConfig::open_with(&it.config, open));
    let mut fields = match &before {
        Some(Ok(before)) => before.difference(&config),
        Some(Err(())) => vec!["texts that could not be opened"],
        None => Vec::new(),
    };
    if known.is_some_and(|agent| agent.retired) {
        fields.push("back from retirement");
    }
    if before.is_none() || !fields.is_empty() {
        let version = published.map_or(0, |published: &Published| published.version) + 1;
        let draft = known.and_then(|agent| agent.draft.clone());
        changes.push(Change::AgentPublish {
            tenant: tenant.clone(),
            agent: id,
            draft,
            budget,
            version,
            config,
            note: None,
            fields,
        });
    }
    changes
}

/// An agent that was never there has nothing to leave.
fn retire(tenant: &TenantId, wished: &WishedAgent, present: &Present<'_>) -> Option<Change> {
    let known = present.directory.agent(tenant, &wished.id)?;
    let agent = Agent { retired: true, ..Agent::clone(known) };
    (!known.retired).then(|| Change::AgentRetire { tenant: tenant.clone(), agent })
}

/// What makes a connection as it is wished.
pub(crate) fn connection(
    tenant: &TenantId,
    wished: WishedConnection,
    present: &Present<'_>,
) -> Vec<Change> {
    let known = present.directory.connection(tenant, &wished.id);
    let active = known.filter(|known| known.status == ConnectionStatus::Active);
    let Some(Wanted { agent, bot_user, token }) = wished.wanted else {
        let removal = active.map(|known| Change::ConnectionRemove {
            tenant: tenant.clone(),
            connection: Connection::clone(known),
        });
        return removal.into_iter().collect();
    };
    let holder = present.directory.holder(wished.channel, &wished.app, &wished.workspace);
    let claim = holder != Some((tenant, &wished.id));
    let before = known.map(|known| known.token.clone());
    let kept =
        |token: &_| before.as_ref().is_some_and(|it| (present.has_secret)(tenant, it, token));
    let value = token.filter(|token| !kept(token));
    let name = match (&before, &value) {
        (Some(before), None) => before.clone(),
        (_, _) => format!("{}/bot_token/{}", wished.id, present.unique),
    };
    let connection = Connection {
        id: wished.id,
        channel: wished.channel,
        app: wished.app,
        workspace: wished.workspace,
        bot_user,
        agent,
        token: name,
        status: ConnectionStatus::Active,
    };

    let mut changes = Vec::new();
    // The secret first: a connection never points to a token that is not there.
    if let Some(value) = value {
        let (tenant, of) = (tenant.clone(), format!("{}/bot_token", connection.id));
        let (name, replaces) = (connection.token.clone(), before);
        changes.push(Change::SecretSet { tenant, of, name, replaces, value });
    }
    if claim || known.is_none_or(|known| **known != connection) {
        let (tenant, from) = (tenant.clone(), known.map(|known| Connection::clone(known)));
        changes.push(Change::ConnectionMake { tenant, connection, from, claim });
    }
    changes
}
