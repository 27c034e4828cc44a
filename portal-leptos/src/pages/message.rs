//! The life of one message, and the search for one by what a person quotes.

mod decided;
mod view;

use axum::{
    extract::{Path, Query},
    http::StatusCode,
    response::Response,
};
use desk::{DeskError, repair::Wish};
use domain::access::Permission;
use schemas::{MessageId, TenantId};
use serde::Deserialize;
use serde_json::json;
use views::ViewError;

use self::decided::Decided;
use super::{
    address, authors,
    form::{done, go, sentence},
};
use crate::server::{
    error::{PageError, see_other},
    flash::Flash,
    render::Cx,
    routes::{Need, Routes},
    session::Visited,
};

/// The longest id; what is longer finds nothing.
const ID_CHARS_MAX: usize = 64;

pub(crate) fn routes() -> Routes {
    let read = Need::Tenant(Permission::ConversationsRead);
    let write = Need::Tenant(Permission::ConversationsWrite);
    Routes::default()
        .get("/t/{tenant}/messages/{message}", read, show)
        .post("/t/{tenant}/messages/{message}/reply/sent", write, sent)
        .post("/t/{tenant}/messages/{message}/reply/again", write, again)
        .get("/trace", Need::SignedIn, find)
}

async fn show(
    cx: Cx,
    Visited(visit): Visited,
    Path((tenant, message)): Path<(TenantId, String)>,
) -> Result<Response, PageError> {
    let asked: String = message.chars().take(ID_CHARS_MAX).collect();
    let (who, detail) = (&cx.signed.principal, json!({ "message": asked }));
    cx.portal.accounts.note_read(who, &tenant, detail, &visit).await?;
    let trace = cx.portal.views.trace(who, &tenant, &message, cx.now()).await?;
    if trace.message.as_str() != message {
        // A reference is the beginning of an id; the page's own address has all of it.
        return Ok(see_other(&address::message(&tenant, &trace.message)));
    }
    let agents = cx.portal.views.agents(&cx.signed.principal, &tenant, cx.now()).await?;
    let may_decide = who.require(Permission::ConversationsWrite, &tenant).is_ok();
    let mut decided = Decided::of(&trace.events);
    if let Some(it) = &mut decided {
        let names = authors::names(&cx, &[&*it.by]).await?;
        if let Some(name) = names.get(&it.by) {
            it.by.clone_from(name);
        }
    }
    Ok(cx.page("Trace", || view::page(trace, (&tenant, agents.as_slice()), decided, may_decide)))
}

/// The operator looked, and the reply has arrived.
async fn sent(cx: Cx, Path(of): Path<(TenantId, String)>) -> Result<Response, PageError> {
    decide(&cx, of, Wish::Sent, "It counts as arrived.").await
}

/// It has not.
async fn again(cx: Cx, Path(of): Path<(TenantId, String)>) -> Result<Response, PageError> {
    decide(&cx, of, Wish::Again, "It is sent again.").await
}

async fn decide(
    cx: &Cx,
    (tenant, message): (TenantId, String),
    wish: Wish,
    said: &str,
) -> Result<Response, PageError> {
    let message: MessageId = message.parse().map_err(|_| PageError::NotFound)?;
    let (desk, who) = (&cx.portal.desk, &cx.signed.principal);
    let to = address::message(&tenant, &message);
    match desk.put_right(who, (&tenant, &message), wish).await {
        Ok(written) => Ok(done(&to, said, written)),
        Err(DeskError::Conflict { what }) => Ok(go(&to, &Flash::bad(sentence(&what)))),
        Err(error) => Err(error.into()),
    }
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
