//! Tools that a tenant's agents may use.

use domain::{
    access::{Permission, Principal},
    command::{
        Seen,
        tool::{self, ToolUser},
    },
    directory::Directory,
    tool::{Making, WishedTool, is_active},
};
use schemas::{TenantId, TenantStatus, Tool, ToolId};

use crate::{Desk, DeskError, Written};

impl Desk {
    /// A tenant's tools, without those that were taken away.
    pub fn tools(&self, by: &Principal, tenant: &TenantId) -> Result<Vec<Tool>, DeskError> {
        by.require(Permission::AgentsRead, tenant)?;
        self.parts().directory.read(|directory| {
            let there = |known: &TenantStatus| *known != TenantStatus::Deleted;
            let status = directory.tenant(tenant).map(|known| known.status);
            status.filter(there).ok_or(DeskError::NotFound)?;
            let tools = directory.tools(tenant).into_iter().filter(|tool| is_active(tool));
            Ok(tools.map(|tool| Tool::clone(tool)).collect())
        })
    }

    /// The agents that have a tool; nobody, where there is no such tool.
    pub fn tool_users(
        &self,
        by: &Principal,
        tenant: &TenantId,
        tool: &ToolId,
    ) -> Result<Vec<ToolUser>, DeskError> {
        by.require(Permission::AgentsRead, tenant)?;
        let users = |directory: &Directory| tool::users(directory, tenant, tool);
        Ok(self.parts().directory.read(users))
    }

    /// What every agent can have without a declaration: each name, and what the model is told of it.
    pub fn built_in_tools(&self) -> Vec<(String, String)> {
        tools::built_in()
    }

    /// A tool is there from now on, as it is wished, unless it is another than was seen. One that may stand
    /// in a private network can reach what is the installation's, so only who manages tenants says so, or
    /// changes such a one.
    pub async fn save_tool(
        &self,
        by: &Principal,
        tenant: &TenantId,
        (slug, seen): (&str, Seen<'_>),
        wish: WishedTool,
    ) -> Result<Written, DeskError> {
        by.require(Permission::AgentsWrite, tenant)?;
        let command = self.command();
        let known = &command.known.directory;
        let id = slug.parse::<ToolId>().ok();
        let before = id.and_then(|id| known.tool(tenant, &id)).filter(|tool| is_active(tool));
        let is_private = before.is_some_and(|tool| tool.endpoint().allow_private);
        if (wish.allow_private || is_private)
            && by.require(Permission::TenantsManage, tenant).is_err()
        {
            let problem = "is for those who run this installation to say";
            return Err(DeskError::field("allow_private", problem));
        }
        let changes = {
            let making = Making {
                unique: &command.id,
                has_secret: &|_, _| false,
                schema_problem: &tools::schema::problem,
            };
            tool::save(known, tenant, (slug, seen), (wish, &making))?
        };
        self.write_with_secrets((by, tenant), command, &changes).await
    }

    /// A tool is taken away with its secrets, unless an agent that answers people uses it.
    pub async fn remove_tool(
        &self,
        by: &Principal,
        tenant: &TenantId,
        tool: &ToolId,
    ) -> Result<Written, DeskError> {
        by.require(Permission::AgentsWrite, tenant)?;
        let command = self.command();
        let changes = tool::remove(&command.known.directory, tenant, tool)?;
        self.write_with_secrets((by, tenant), command, &changes).await
    }
}
