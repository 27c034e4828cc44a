//! Whether tools can be had, and whether agents keep those that they use.

use std::collections::BTreeMap;

use schemas::{TenantId, Tool, ToolId};

use super::{Checker, WishedAgent, WishedTool, shorten};
use crate::{
    command::tool::uses,
    plan::DesiredTool,
    tool::{self, Making, TOOLS_OF_TENANT_MAX, WishedHeader, is_active},
};

impl Checker<'_> {
    pub(super) fn tools(
        &mut self,
        place: &str,
        tenant: Option<&TenantId>,
        desired: Vec<DesiredTool>,
    ) -> Vec<WishedTool> {
        let mut wished: BTreeMap<ToolId, WishedTool> = BTreeMap::new();
        for tool in desired {
            let slug = shorten(&tool.slug);
            let Some(tool) = self.tool(place, tenant, tool) else { continue };
            if wished.insert(tool.id.clone(), tool).is_some() {
                self.problem(place, &format!("tool `{slug}` is named twice"));
            }
        }
        let known = tenant.map(|it| self.present.directory.tools(it)).unwrap_or_default();
        let stays = |tool: &Tool| is_active(tool) && !wished.contains_key(&tool.id);
        let all = known.iter().filter(|tool| stays(tool)).count()
            + wished.values().filter(|it| it.made.is_some()).count();
        if TOOLS_OF_TENANT_MAX < all {
            self.problem(place, &format!("it would have more than {TOOLS_OF_TENANT_MAX} tools"));
        }
        wished.into_values().collect()
    }

    fn tool(
        &mut self,
        place: &str,
        tenant: Option<&TenantId>,
        desired: DesiredTool,
    ) -> Option<WishedTool> {
        let place = format!("{place}, tool `{}`", shorten(&desired.slug));
        let id = self.id::<ToolId>(&place, &desired.slug)?;
        if desired.removed {
            return Some(WishedTool { id, made: None });
        }
        let Some(kind) = desired.kind() else {
            self.problem(&place, "it needs either `http` or `mcp`");
            return None;
        };
        let headers = match desired.headers {
            None => None,
            Some(headers) => {
                let headers = headers.into_iter().map(|(name, it)| (name, it.into()));
                Some(headers.map(|it| self.written(&place, it)).collect::<Option<_>>()?)
            }
        };
        let wish = tool::WishedTool {
            description: desired.description,
            kind,
            headers,
            allow_private: desired.allow_private,
            timeout_seconds: desired.timeout_seconds,
        };
        let present = self.present;
        let known = tenant.and_then(|tenant| present.directory.tool(tenant, &id));
        let making = Making {
            unique: present.unique,
            has_secret: &|name, secret| {
                tenant.is_some_and(|tenant| (present.has_secret)(tenant, name, secret))
            },
            schema_problem: present.schema_problem,
        };
        match tool::make(&id, wish, known.map(AsRef::as_ref), &making) {
            Ok(made) => Some(WishedTool { id, made: Some(made) }),
            Err(problems) => {
                for problem in problems {
                    self.problem(&place, &problem.to_string());
                }
                None
            }
        }
    }

    /// A header with the environment's variables looked up.
    fn written(
        &mut self,
        place: &str,
        (name, header): (String, WishedHeader),
    ) -> Option<(String, WishedHeader)> {
        let header = match header {
            WishedHeader::Secret(written) => {
                WishedHeader::Secret(self.secret(place, "headers", &written)?)
            }
            WishedHeader::Text(_) | WishedHeader::Kept => header,
        };
        Some((name, header))
    }

    /// Nobody who answers people is left with a tool that is not there.
    pub(super) fn tools_of_agents(
        &mut self,
        place: &str,
        tenant: Option<&TenantId>,
        (agents, tools): (&[WishedAgent], &[WishedTool]),
    ) {
        let directory = self.present.directory;
        let find = |id: &ToolId| match tools.iter().find(|it| it.id == *id) {
            Some(wished) => wished.made.as_ref().map(|made| &made.tool),
            None => tenant.and_then(|it| directory.tool(it, id)).map(AsRef::as_ref),
        };
        for agent in agents.iter().filter(|agent| !agent.retired) {
            for problem in tool::unknown_tools(&agent.config.tools, find) {
                self.problem(&format!("{place}, agent `{}`", agent.id), &problem.to_string());
            }
        }
        let others = tenant.map(|it| directory.agents(it)).unwrap_or_default().into_iter();
        let others: Vec<_> =
            others.filter(|known| agents.iter().all(|it| it.id != known.id)).collect();
        for gone in tools.iter().filter(|it| it.made.is_none()) {
            for agent in others.iter().filter(|agent| uses(agent, &gone.id)) {
                let problem = format!("agent `{}` uses it: publish without it first", agent.id);
                self.problem(&format!("{place}, tool `{}`", gone.id), &problem);
            }
        }
    }
}
