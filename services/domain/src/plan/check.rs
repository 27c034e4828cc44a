//! Whether the wishes can be had at all; every problem is named, not the first.

use std::collections::BTreeSet;

use schemas::{
    AgentId, ChannelKind, ConnectionId, InvalidId, Limits, TenantId, TenantStatus,
    directory::FOLLOW_MINUTES_MAX,
};

use super::{
    CONFIG_TEXT_BYTES_MAX, Desired, DesiredAgent, DesiredConnection, DesiredTenant, NAME_BYTES_MAX,
    Present, Problems,
};
use crate::{config::OpenConfig, directory::APP_DEFAULT, secret::Secret};

/// A tenant's wishes, checked.
pub(super) struct Wish {
    pub(super) id: TenantId,
    pub(super) name: String,
    pub(super) limits: Limits,
    pub(super) suspended: Option<bool>,
    pub(super) agents: Vec<WishedAgent>,
    pub(super) connections: Vec<WishedConnection>,
}

pub(super) struct WishedAgent {
    pub(super) id: AgentId,
    pub(super) config: OpenConfig,
    pub(super) retired: bool,
}

pub(super) struct WishedConnection {
    pub(super) id: ConnectionId,
    pub(super) channel: ChannelKind,
    pub(super) app: String,
    pub(super) workspace: String,
    /// `None` where it is taken away.
    pub(super) wanted: Option<Wanted>,
}

pub(super) struct Wanted {
    pub(super) agent: AgentId,
    pub(super) bot_user: String,
    pub(super) token: Secret,
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
        let agents: Vec<_> =
            desired.agents.into_iter().filter_map(|it| self.agent(&place, it)).collect();
        let connections = desired.connections.into_iter();
        let connections: Vec<_> =
            connections.map(|it| self.connection(&place, id.as_ref(), &agents, it)).collect();
        Some(Wish {
            id: id?,
            name: desired.name,
            limits: desired.limits.into(),
            suspended: desired.suspended,
            agents,
            connections: connections.into_iter().flatten().collect(),
        })
    }

    fn agent(&mut self, place: &str, desired: DesiredAgent) -> Option<WishedAgent> {
        let place = format!("{place}, agent `{}`", shorten(&desired.slug));
        let id = self.id::<AgentId>(&place, &desired.slug);
        self.name(&place, "name", &desired.name);
        self.name(&place, "model", &desired.model);
        if NAME_BYTES_MAX < desired.role.len() {
            self.problem(&place, &format!("`role` is longer than {NAME_BYTES_MAX} bytes"));
        }
        for (field, text) in [
            ("job_description", &desired.job_description),
            ("statement_of_work", &desired.statement_of_work),
            ("persona", &desired.persona),
            ("system_prompt", &desired.system_prompt),
        ] {
            if CONFIG_TEXT_BYTES_MAX < text.len() {
                let problem = format!("`{field}` is longer than {CONFIG_TEXT_BYTES_MAX} bytes");
                self.problem(&place, &problem);
            }
        }
        if FOLLOW_MINUTES_MAX < desired.follow_minutes {
            self.problem(&place, &format!("`follow_minutes` is more than {FOLLOW_MINUTES_MAX}"));
        }
        let config = OpenConfig {
            name: desired.name,
            role: desired.role,
            job_description: desired.job_description,
            statement_of_work: desired.statement_of_work,
            persona: desired.persona,
            system_prompt: desired.system_prompt,
            model: desired.model,
            tools: desired.tools,
            escalation: desired.escalation,
            follow_minutes: desired.follow_minutes,
        };
        Some(WishedAgent { id: id?, config, retired: desired.retired })
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
            Some(self.wanted(&place, tenant, agents, desired)?)
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

    fn wanted(
        &mut self,
        place: &str,
        tenant: Option<&TenantId>,
        agents: &[WishedAgent],
        desired: DesiredConnection,
    ) -> Option<Wanted> {
        if desired.bot_user_id.is_empty() {
            self.problem(place, "`bot_user_id` is empty");
        }
        let agent = self.id::<AgentId>(place, &desired.agent);
        if let Some(agent) = &agent {
            let wished = agents.iter().find(|wished| wished.id == *agent);
            let known = tenant.and_then(|tenant| self.present.directory.agent(tenant, agent));
            let retired = wished.map(|it| it.retired).or_else(|| known.map(|it| it.retired));
            match retired {
                Some(false) => {}
                Some(true) => self.problem(place, &format!("agent `{agent}` is retired")),
                None => self.problem(place, &format!("there is no agent `{agent}`")),
            }
        }
        let token = self.token(place, desired.bot_token);
        Some(Wanted { agent: agent?, bot_user: desired.bot_user_id, token: token? })
    }

    /// The token with every `${NAME}` in it looked up. Neither it nor a value is ever in a problem.
    fn token(&mut self, place: &str, written: Option<Secret>) -> Option<Secret> {
        let written = written.unwrap_or_else(|| Secret::from(String::new()));
        let mut token = String::new();
        let mut rest = written.expose();
        let mut whole = true;
        while let Some((before, after)) = rest.split_once("${") {
            token.push_str(before);
            let Some((name, left)) = after.split_once('}') else {
                self.problem(place, "`bot_token` has a `${` without its `}`");
                return None;
            };
            match (self.present.env)(name) {
                Some(value) => token.push_str(&value),
                None => {
                    let name = shorten(name);
                    self.problem(place, &format!("environment variable `{name}` is not set"));
                    whole = false;
                }
            }
            rest = left;
        }
        token.push_str(rest);
        let token = Secret::from(token);
        if whole && token.is_empty() {
            self.problem(place, "`bot_token` is empty");
            return None;
        }
        whole.then_some(token)
    }

    fn name(&mut self, place: &str, field: &str, name: &str) {
        if name.trim().is_empty() {
            self.problem(place, &format!("`{field}` is empty"));
        }
        if NAME_BYTES_MAX < name.len() {
            self.problem(place, &format!("`{field}` is longer than {NAME_BYTES_MAX} bytes"));
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
pub(super) fn connection_id(channel: ChannelKind, app: &str, workspace: &str) -> String {
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
