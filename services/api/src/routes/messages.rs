//! Messages.

use axum::{Json, extract::State};
use serde_json::json;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::note_read;
use crate::{
    Api,
    json::Named,
    key::Caller,
    problem::ApiError,
    shapes::traces::{OfMessage, Trace},
};

/// The longest id; what is longer finds nothing.
const ID_CHARS_MAX: usize = 64;

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
    let message: String = of.message.chars().take(ID_CHARS_MAX).collect();
    note_read(&api, &caller, &of.tenant, json!({ "message": message })).await?;
    let now = api.clock.now();
    Ok(Json(api.views.trace(&caller, &of.tenant, &of.message, now).await?.into()))
}
