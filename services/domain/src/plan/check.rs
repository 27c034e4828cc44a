//! Whether the wishes can be had at all; every problem is named, not the first.

mod agent;
mod model;
mod tool;

use std::collections::BTreeSet;

use schemas::{
    AgentId, Budget, ChannelKind, Connection, ConnectionId, ConnectionStatus, InvalidId, Limits,
    ModelGroupId, TenantId, TenantStatus, ToolId,
};

use super::{Desired, DesiredConnection, DesiredTenant, Present, Problems};
use crate::{config::OpenConfig, directory::APP_DEFAULT, fields, secret::Secret, tool::Made};

/// A tenant's wishes, checked.
pub(super) struct Wish {
    pub(super) id: TenantId,
    pub(super) name: String,
    pub(super) limits: Limits,
    pub(super) budget: Budget,
    pub(super) suspended: Option<bool>,
    pub(super) models: Vec<WishedGroup>,
    pub(super) tools: Vec<WishedTool>,
    pub(super) agents: Vec<WishedAgent>,
    pub(super) connections: Vec<WishedConnection>,
}

pub(super) struct WishedAgent {
    pub(super) id: AgentId,
    pub(super) config: OpenConfig,
    /// `None` where it stays as it is.
    pub(super) budget: Option<Budget>,
    pub(super) retired: bool,
}

pub(super) struct WishedTool {
    pub(super) id: ToolId,
    /// `None` where it is taken away.
    pub(super) made: Option<Made>,
}

pub(super) struct WishedGroup {
    pub(super) id: ModelGroupId,
    /// `None` where it is taken away.
    pub(super) made: Option<crate::model::Made>,
}

pub(crate) struct WishedConnection {
    pub(crate) id: ConnectionId,
    pub(crate) channel: ChannelKind,
    pub(crate) app: String,
    pub(crate) workspace: String,
    /// `None` where it is taken away.
    pub(crate) wanted: Option<Wanted>,
}

pub(crate) struct Wanted {
    pub(crate) agent: AgentId,
    pub(crate) bot_user: String,
    /// `None` where it stays as it is.
    pub(crate) token: Option<Secret>,
}

/// Collects problems, each with the place it is in.
struct Checker<'a> {
    present: &'a Present<'a>,
    problems: Vec<String>,
    tenants: BTreeSet<String>,
    workspaces: BTreeSet<(ChannelKind, String, String)>,
}

pub(super) fn check(desired: Desired, present: &Present<'_>) -> Result<Vec<Wish>, Problems> {
    let mut checker = Checker {
        present,
        problems: Vec::new(),
        tenants: BTreeSet::new(),
        workspaces: BTreeSet::new(),
    };
    let wishes: Vec<_> = desired.tenants.into_iter().map(|it| checker.tenant(it)).collect();
    if checker.problems.is_empty() {
        return Ok(wishes.into_iter().flatten().collect());
    }
    Err(Problems(checker.problems))
}

impl Checker<'_> {
    fn tenant(&mut self, desired: DesiredTenant) -> Option<Wish> {
        let place = format!("tenant `{}`", shorten(&desired.slug));
        let id = self.id::<TenantId>(&place, &desired.slug);
        if !self.tenants.insert(desired.slug) {
            self.problem(&place, "it is named twice");
        }
        self.name(&place, "name", &desired.name);
        let known = id.as_ref().and_then(|id| self.present.directory.tenant(id));
        if known.is_some_and(|tenant| tenant.status == TenantStatus::Deleted) {
            self.problem(&place, "it was deleted, and its slug is not used again");
        }
        let mut slugs = BTreeSet::new();
        for agent in &desired.agents {
            if !slugs.insert(agent.slug.clone()) {
                self.problem(&place, &format!("agent `{}` is named twice", shorten(&agent.slug)));
            }
        }
        let mut workspaces = BTreeSet::new();
        for it in &desired.connections {
            if !workspaces.insert((it.channel, it.app.clone(), it.team_id.clone())) {
                let workspace = shorten(&it.team_id);
                self.problem(&place, &format!("the connection to `{workspace}` is named twice"));
            }
        }
        let limits = desired.limits.over(known.map(|it| it.limits.clone()).unwrap_or_default());
        if let Some(problem) = fields::keep_days(limits.keep_days) {
            self.problem(&place, &problem.to_string());
        }
        let known_budget = known.map(|it| it.budget).unwrap_or_default();
        let budget = desired.budget.map_or(known_budget, Budget::from);
        let declared: BTreeSet<_> = desired.models.iter().map(|it| it.slug.clone()).collect();
        let models = self.models(&place, id.as_ref(), desired.models);
        let tools = self.tools(&place, id.as_ref(), desired.tools);
        let agents = desired.agents.into_iter();
        let agents: Vec<_> = agents.filter_map(|it| self.agent(&place, id.as_ref(), it)).collect();
        self.tools_of_agents(&place, id.as_ref(), (&agents, &tools));
        self.models_of_agents(&place, id.as_ref(), (&agents, &declared));
        self.models_in_use(&place, id.as_ref(), (&agents, &models));
        let connections = desired.connections.into_iter();
        let connections: Vec<_> =
            connections.map(|it| self.connection(&place, id.as_ref(), &agents, it)).collect();
        Some(Wish {
            id: id?,
            name: desired.name,
            limits,
            budget,
            suspended: desired.suspended,
            models,
            tools,
            agents,
            connections: connections.into_iter().flatten().collect(),
        })
    }

    fn connection(
        &mut self,
        place: &str,
        tenant: Option<&TenantId>,
        agents: &[WishedAgent],
        desired: DesiredConnection,
    ) -> Option<WishedConnection> {
        let (channel, app) = (desired.channel, desired.app.clone());
        let workspace = desired.team_id.clone();
        let place = format!("{place}, connection to `{}`", shorten(&workspace));
        for (field, text) in [("app", &app), ("team_id", &workspace)] {
            if text.is_empty() {
                self.problem(&place, &format!("`{field}` is empty"));
            }
        }
        let id = self.id::<ConnectionId>(&place, &connection_id(channel, &app, &workspace));
        let wanted = if desired.removed {
            None
        } else {
            self.free(&place, tenant, &desired);
            let known = tenant.zip(id.as_ref()).and_then(|(tenant, id)| self.active(tenant, id));
            Some(self.wanted(&place, (tenant, known), agents, desired)?)
        };
        Some(WishedConnection { id: id?, channel, app, workspace, wanted })
    }

    /// Nobody else may have the workspace, in the file or already.
    fn free(&mut self, place: &str, tenant: Option<&TenantId>, desired: &DesiredConnection) {
        let (channel, app, workspace) = (desired.channel, &desired.app, &desired.team_id);
        if !self.workspaces.insert((channel, app.clone(), workspace.clone())) {
            self.problem(place, "another connection of this file has that workspace");
        }
        let holder = self.present.directory.holder(channel, app, workspace);
        if let (Some((holder, _)), Some(tenant)) = (holder, tenant)
            && holder != tenant
        {
            let problem = format!("tenant `{holder}` has that workspace; remove it there first");
            self.problem(place, &problem);
        }
    }

    /// The connection as it is, where it is in use.
    fn active(&self, tenant: &TenantId, id: &ConnectionId) -> Option<Connection> {
        let known = self.present.directory.connection(tenant, id)?;
        (known.status == ConnectionStatus::Active).then(|| Connection::clone(known))
    }

    fn wanted(
        &mut self,
        place: &str,
        (tenant, known): (Option<&TenantId>, Option<Connection>),
        agents: &[WishedAgent],
        desired: DesiredConnection,
    ) -> Option<Wanted> {
        let token = match (&known, desired.bot_token) {
            (Some(_), None) => Some(None),
            (_, written) => {
                let written = written.unwrap_or_else(|| Secret::from(String::new()));
                self.secret(place, "bot_token", &written).map(Some)
            }
        };
        let (bot_user, agent) = known.map(|it| (it.bot_user, it.agent.to_string())).unzip();
        let bot_user = desired.bot_user_id.or(bot_user).unwrap_or_default();
        if bot_user.is_empty() {
            self.problem(place, "`bot_user_id` is empty");
        }
        let Some(agent) = desired.agent.or(agent) else {
            self.problem(place, "`agent` is not set");
            return None;
        };
        let agent = self.id::<AgentId>(place, &agent)?;
        let wished = agents.iter().find(|wished| wished.id == agent);
        let known = tenant.and_then(|tenant| self.present.directory.agent(tenant, &agent));
        match wished.map(|it| it.retired).or_else(|| known.map(|it| it.retired)) {
            Some(false) => {}
            Some(true) => self.problem(place, &format!("agent `{agent}` is retired")),
            None => self.problem(place, &format!("there is no agent `{agent}`")),
        }
        Some(Wanted { agent, bot_user, token: token? })
    }

    /// The secret with every `${NAME}` in it looked up. Neither it nor a value is ever in a problem.
    fn secret(&mut self, place: &str, field: &str, written: &Secret) -> Option<Secret> {
        let mut secret = String::new();
        let mut rest = written.expose();
        let mut whole = true;
        while let Some((before, after)) = rest.split_once("${") {
            secret.push_str(before);
            let Some((name, left)) = after.split_once('}') else {
                self.problem(place, &format!("`{field}` has a `${{` without its `}}`"));
                return None;
            };
            match (self.present.env)(name) {
                Some(value) => secret.push_str(&value),
                None => {
                    let name = shorten(name);
                    self.problem(place, &format!("environment variable `{name}` is not set"));
                    whole = false;
                }
            }
            rest = left;
        }
        secret.push_str(rest);
        let secret = Secret::from(secret);
        if whole && secret.is_empty() {
            self.problem(place, &format!("`{field}` is empty"));
            return None;
        }
        whole.then_some(secret)
    }

    fn name(&mut self, place: &str, field: &'static str, name: &str) {
        for problem in fields::name(field, name) {
            self.problem(place, &problem.to_string());
        }
    }

    fn id<T: std::str::FromStr<Err = InvalidId>>(&mut self, place: &str, text: &str) -> Option<T> {
        text.parse().map_err(|error: InvalidId| self.problem(place, &error.to_string())).ok()
    }

    fn problem(&mut self, place: &str, problem: &str) {
        self.problems.push(format!("{place}: {problem}"));
    }
}

/// `slack-T0ACME`, or `slack-{app}-T0ACME` where the app is one of its own.
pub fn connection_id(channel: ChannelKind, app: &str, workspace: &str) -> String {
    let channel = channel.as_str();
    if app == APP_DEFAULT {
        return format!("{channel}-{workspace}");
    }
    format!("{channel}-{app}-{workspace}")
}

/// What somebody wrote, short enough for one line.
fn shorten(text: &str) -> String {
    text.chars().take(64).collect()
}
