//! The operations, a file for each kind of thing.

mod agents;
mod asking;
mod connections;
mod conversations;
mod drafts;
mod etag;
mod messages;
mod models;
mod replays;
mod tenants;
mod tools;
mod usage;
mod versions;

use accounts::Visit;
use axum::{
    Json,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use desk::{DeskError, FieldProblem};
use domain::access::Principal;
use schemas::TenantId;
use serde_json::Value;
use utoipa_axum::router::OpenApiRouter;

use crate::{Api, document, problem::ApiError, shapes::Made};

/// How many items a page has when nobody chose otherwise.
const LIMIT_DEFAULT: u32 = 50;

/// The most items of a page.
const LIMIT_MAX: u32 = 200;

/// All of them, with what describes them.
pub(crate) fn all() -> OpenApiRouter<Api> {
    OpenApiRouter::with_openapi(document::head())
        .merge(tenants::routes())
        .merge(agents::routes())
        .merge(drafts::routes())
        .merge(versions::routes())
        .merge(replays::routes())
        .merge(asking::routes())
        .merge(tools::routes())
        .merge(models::routes())
        .merge(connections::routes())
        .merge(conversations::routes())
        .merge(messages::routes())
        .merge(usage::routes())
}

/// The most items of a page, as it was asked for.
fn limit(asked: Option<u32>) -> Result<u32, ApiError> {
    let limit = asked.unwrap_or(LIMIT_DEFAULT);
    let is_one = (1..=LIMIT_MAX).contains(&limit);
    is_one.then_some(limit).ok_or_else(|| ApiError::field("limit", "is not from 1 to 200"))
}

/// Writes down that a key of the installation reads what is said in a tenant, before it does.
async fn note_read(
    api: &Api,
    caller: &Principal,
    tenant: &TenantId,
    what: Value,
) -> Result<(), ApiError> {
    let visit = Visit::new(api.clock.now(), "api", "");
    Ok(api.accounts.note_read(caller, tenant, what, &visit).await?)
}

/// The path says which one is meant: what is wrong with its slug is told by the path's name for it.
fn called(error: DeskError, name: &'static str) -> DeskError {
    let DeskError::Invalid(problems) = error else { return error };
    let named = |it: FieldProblem| match it.field {
        "slug" => FieldProblem { field: name, ..it },
        _ => it,
    };
    DeskError::Invalid(problems.into_iter().map(named).collect())
}

/// Something was made: where it is stands in `Location` too.
fn made(made: Made) -> Response {
    let href = made.href.clone();
    located(StatusCode::CREATED, &href, Json(made))
}

/// An answer that says where something is in `Location` too.
fn located(status: StatusCode, href: &str, body: impl IntoResponse) -> Response {
    let mut response = (status, body).into_response();
    if let Ok(location) = HeaderValue::from_str(href) {
        response.headers_mut().insert(header::LOCATION, location);
    }
    response
}
