//! One thread: what was said, and what each answer took.

mod view;

use axum::{
    extract::{Path, Query},
    response::Response,
};
use domain::access::Permission;
use schemas::{ConnectionId, ConversationId, TenantId};
use serde::Deserialize;
use serde_json::json;
use views::{Beside, Near};

use super::{address, conversations::Search, form::done};
use crate::server::{
    error::PageError,
    render::Cx,
    routes::{Need, Routes},
    session::Visited,
};

pub(crate) fn routes() -> Routes {
    let read = Need::Tenant(Permission::ConversationsRead);
    let write = Need::Tenant(Permission::ConversationsWrite);
    let back = "/t/{tenant}/conversations/{connection}/{conversation}/hand-back";
    Routes::default()
        .get("/t/{tenant}/conversations/{connection}/{conversation}", read, show)
        .post(back, write, hand_back)
}

/// Where in the thread.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Part {
    before: Option<i64>,
}

async fn show(
    cx: Cx,
    Visited(visit): Visited,
    Path((tenant, connection, conversation)): Path<(TenantId, String, String)>,
    Query(search): Query<Search>,
    Query(part): Query<Part>,
) -> Result<Response, PageError> {
    let (who, views, now) = (&cx.signed.principal, &cx.portal.views, cx.now());
    let connection: ConnectionId = connection.parse().map_err(|_| PageError::NotFound)?;
    let conversation: ConversationId = conversation.parse().map_err(|_| PageError::NotFound)?;
    let detail = json!({ "connection": connection, "conversation": conversation });
    cx.portal.accounts.note_read(who, &tenant, detail, &visit).await?;
    let thread = Near { connection, conversation };
    let filter = search.filter();
    let beside = Beside { filter: &filter, before: part.before, now };
    let found = views.conversation(who, &tenant, &thread, beside).await?;
    let agents = views.agents(who, &tenant, now).await?;
    let may_write = who.require(Permission::ConversationsWrite, &tenant).is_ok();
    let is_part = part.before.is_some();
    let has_models = cx.portal.shadow.is_some();
    let may_keep = has_models && who.require(Permission::AgentsWrite, &tenant).is_ok();
    let shown = view::Shown { tenant, search, found, agents, is_part, may_write, may_keep };
    Ok(cx.page("Conversation", || view::page(shown)))
}

async fn hand_back(
    cx: Cx,
    Path((tenant, connection, conversation)): Path<(TenantId, String, String)>,
) -> Result<Response, PageError> {
    let connection: ConnectionId = connection.parse().map_err(|_| PageError::NotFound)?;
    let conversation: ConversationId = conversation.parse().map_err(|_| PageError::NotFound)?;
    let (desk, who) = (&cx.portal.desk, &cx.signed.principal);
    let written = desk.hand_back(who, &tenant, (&connection, &conversation)).await?;
    let to = address::conversation(&tenant, &connection, &conversation).done();
    Ok(done(&to, "The agent answers here again.", written))
}
