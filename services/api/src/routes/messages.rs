//! Messages.

use axum::{Json, extract::State};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    Api,
    json::Named,
    key::Caller,
    problem::ApiError,
    shapes::traces::{OfMessage, Trace},
};

pub(super) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::default().routes(routes!(trace_message))
}

/// Trace a message
///
/// What became of it, and what took how long. Nothing of what was said is in it.
#[utoipa::path(get, path = "/tenants/{tenant}/messages/{message}/trace", tag = "Messages",
    params(OfMessage), responses((status = 200, description = "Its life", body = Trace)))]
async fn trace_message(
    State(api): State<Api>,
    Caller(caller): Caller,
    Named(of): Named<OfMessage>,
) -> Result<Json<Trace>, ApiError> {
    Ok(Json(api.views.trace(&caller, &of.tenant, &of.message).await?.into()))
}
