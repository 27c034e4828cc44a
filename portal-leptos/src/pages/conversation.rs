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

use super::conversations::Search;
use crate::server::{
    error::PageError,
    render::Cx,
    routes::{Need, Routes},
    session::Visited,
};

pub(crate) fn routes() -> Routes {
    let read = Need::Tenant(Permission::ConversationsRead);
    Routes::default().get("/t/{tenant}/conversations/{connection}/{conversation}", read, show)
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
    let shown = view::Shown { tenant, search, found, agents, is_part: part.before.is_some() };
    Ok(cx.page("Conversation", || view::page(shown)))
}
