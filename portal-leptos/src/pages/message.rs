//! The life of one message, and the search for one by what a person quotes.

mod view;

use axum::{
    extract::{Path, Query},
    http::StatusCode,
    response::Response,
};
use domain::access::Permission;
use schemas::TenantId;
use serde::Deserialize;
use views::ViewError;

use super::address;
use crate::server::{
    error::{PageError, see_other},
    render::Cx,
    routes::{Need, Routes},
};

pub(crate) fn routes() -> Routes {
    let read = Need::Tenant(Permission::ConversationsRead);
    Routes::default().get("/t/{tenant}/messages/{message}", read, show).get(
        "/trace",
        Need::SignedIn,
        find,
    )
}

async fn show(
    cx: Cx,
    Path((tenant, message)): Path<(TenantId, String)>,
) -> Result<Response, PageError> {
    let trace = cx.portal.views.trace(&cx.signed.principal, &tenant, &message).await?;
    if trace.message.as_str() != message {
        // A reference is the beginning of an id; the page's own address has all of it.
        return Ok(see_other(&address::message(&tenant, &trace.message)));
    }
    let agents = cx.portal.views.agents(&cx.signed.principal, &tenant, cx.now()).await?;
    Ok(cx.page("Trace", || view::page(trace, &tenant, &agents)))
}

/// What a person quoted.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Quoted {
    r#ref: String,
}

async fn find(cx: Cx, Query(quoted): Query<Quoted>) -> Result<Response, PageError> {
    let reference = quoted.r#ref.trim().to_owned();
    if reference.is_empty() {
        return Ok(cx.page("Find a message", || view::search(String::new(), false)));
    }
    match cx.portal.views.find(&cx.signed.principal, &reference).await {
        Ok((tenant, message)) => Ok(see_other(&address::message(&tenant, &message))),
        Err(ViewError::Denied(_)) => {
            let status = StatusCode::NOT_FOUND;
            Ok(cx.page_with(status, "Find a message", || view::search(reference, true)))
        }
        Err(error) => Err(error.into()),
    }
}
