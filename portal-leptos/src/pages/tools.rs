//! Tools: what a tenant's agents can do besides talking.
//!
//! What is typed goes through one form ([`typed`]). A secret is taken and never sent back to a browser.

mod edit;
mod headers;
mod kinds;
mod list;
mod reading;
mod remove;
mod typed;
mod view;

use desk::{DeskError, ToolUser};
use domain::{access::Permission, tool::template::UrlTemplate};
use leptos::prelude::*;
use schemas::TenantId;
use schemas::{Tool, ToolId, directory::ToolKind};

use crate::{
    pages::address::{self, Address},
    server::{
        error::PageError,
        render::Cx,
        routes::{Need, Routes},
    },
};

pub(crate) fn routes() -> Routes {
    let read = Need::Tenant(Permission::AgentsRead);
    let write = Need::Tenant(Permission::AgentsWrite);
    Routes::default()
        .get("/t/{tenant}/tools", read, list::show)
        .get("/t/{tenant}/tools/new", write, edit::begin)
        .post("/t/{tenant}/tools/new", write, edit::create)
        .get("/t/{tenant}/tools/{tool}", read, edit::show)
        .post("/t/{tenant}/tools/{tool}", write, edit::save)
        .get("/t/{tenant}/tools/{tool}/remove", write, remove::show)
        .post("/t/{tenant}/tools/{tool}/remove", write, remove::submit)
}

/// All tools of a tenant.
fn address(tenant: &TenantId) -> Address {
    Address::of_tenant(tenant, &["tools"])
}

/// A tool that is there, and who has it.
struct Found {
    tool: Tool,
    users: Vec<ToolUser>,
}

impl Found {
    fn of(cx: &Cx, tenant: &TenantId, id: &ToolId) -> Result<Self, PageError> {
        let (desk, who) = (&cx.portal.desk, &cx.signed.principal);
        let tools = desk.tools(who, tenant)?;
        let tool = tools.into_iter().find(|tool| tool.id == *id).ok_or(DeskError::NotFound)?;
        let users = desk.tool_users(who, tenant, id)?;
        Ok(Self { tool, users })
    }

    /// Whether what answers people has it: then it stays.
    fn is_in_use(&self) -> bool {
        self.users.iter().any(|user| user.answers)
    }
}

/// How it is called, in two words.
fn kind(tool: &Tool) -> String {
    match &tool.kind {
        ToolKind::Http(http) => format!("{} request", http.method.as_str()),
        ToolKind::Mcp(_) => "MCP server".to_owned(),
    }
}

/// Where it stands.
fn host(tool: &Tool) -> String {
    UrlTemplate::parse(tool.url()).map(|it| it.host().to_owned()).unwrap_or_default()
}

/// Those who have it, each with a way to their Designer.
fn users(tenant: &TenantId, users: &[ToolUser]) -> AnyView {
    if users.is_empty() {
        return view! { <span class="meta">"nobody"</span> }.into_any();
    }
    let last = users.len().saturating_sub(1);
    let user = |(nth, user): (usize, &ToolUser)| {
        let href = address::agent(tenant, &user.agent);
        let draft = (!user.answers).then(|| view! { <span class="meta">" (draft)"</span> });
        let comma = (nth < last).then_some(", ");
        view! { <a href=href>{user.name.clone()}</a> {draft} {comma} }
    };
    users.iter().enumerate().map(user).collect_view().into_any()
}
