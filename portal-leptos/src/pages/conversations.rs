//! The list of threads: search and filters stand in the address, so that a list can be passed on.

mod search;
mod view;

use axum::{
    extract::{Path, Query},
    response::Response,
};
use domain::access::Permission;
use schemas::TenantId;
use serde_json::json;
use views::{Cursor, Page, Standing};

pub(super) use self::search::Search;
pub(super) use self::view::{name, standing};
use crate::server::{
    error::PageError,
    render::Cx,
    routes::{Need, Routes},
    session::Visited,
};

/// Threads on one page.
const PAGE: u32 = 50;

/// The most messages in doubt that are named above the list.
const DOUBTS: u32 = 10;

pub(crate) fn routes() -> Routes {
    let read = Need::Tenant(Permission::ConversationsRead);
    Routes::default().get("/t/{tenant}/conversations", read, list)
}

async fn list(
    cx: Cx,
    Visited(visit): Visited,
    Path(tenant): Path<TenantId>,
    Query(search): Query<Search>,
) -> Result<Response, PageError> {
    let (who, views) = (&cx.signed.principal, &cx.portal.views);
    let detail = json!({ "list": true, "searched": !search.q.is_empty() });
    cx.portal.accounts.note_read(who, &tenant, detail, &visit).await?;
    let cursor = search.after.clone().map(Cursor);
    let filter = search.filter();
    let page = Page { cursor: cursor.as_ref(), limit: PAGE, now: cx.now() };
    let found = views.conversations(who, &tenant, &filter, page).await?;
    let doubts = match (filter.state, &cursor) {
        (Some(Standing::Uncertain), None) => views.uncertain(who, &tenant, None, DOUBTS).await?,
        (Some(_) | None, _) => Vec::new(),
    };
    let agents = views.agents(who, &tenant, cx.now()).await?;
    let connections = views.connections(who, &tenant, cx.now()).await?;
    let shown = view::Shown { tenant, search, found, doubts, agents, connections, now: cx.now() };
    Ok(cx.page("Conversations", || view::page(shown)))
}
