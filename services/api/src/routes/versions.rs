//! Published versions.

use axum::{Json, extract::State};
use utoipa_axum::{router::OpenApiRouter, routes};
use views::VERSIONS_MAX;

use super::agents::find;
use crate::{
    Api,
    json::{Asked, Body, Named},
    key::Caller,
    problem::ApiError,
    shapes::{
        Done, OfAgent,
        agents::{Before, Note, OfVersion, Version, VersionItem, Versions},
    },
};

pub(super) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::default()
        .routes(routes!(list_versions))
        .routes(routes!(get_version))
        .routes(routes!(restore_version))
}

/// List an agent's versions
#[utoipa::path(get, path = "/tenants/{tenant}/agents/{agent}/versions", tag = "Agents",
    params(OfAgent, Before),
    responses((status = 200, description = "A page of them", body = Versions)))]
async fn list_versions(
    State(api): State<Api>,
    Caller(caller): Caller,
    Named(of): Named<OfAgent>,
    Asked(page): Asked<Before>,
) -> Result<Json<Versions>, ApiError> {
    find(&api, &caller, &of).await?;
    let (agent, now) = ((&of.tenant, &of.agent), api.clock.now());
    let lines = api.views.versions(&caller, agent, page.before, now).await?;
    let is_full = VERSIONS_MAX as usize <= lines.len();
    let next = lines.last().filter(|_| is_full).map(|line| line.version);
    let items: Vec<VersionItem> = lines.into_iter().map(Into::into).collect();
    Ok(Json(Versions { items, next }))
}

/// Read a version
#[utoipa::path(get, path = "/tenants/{tenant}/agents/{agent}/versions/{version}", tag = "Agents",
    params(OfVersion), responses((status = 200, description = "The version", body = Version)))]
async fn get_version(
    State(api): State<Api>,
    Caller(caller): Caller,
    Named(of): Named<OfVersion>,
) -> Result<Json<Version>, ApiError> {
    let (agent, now) = ((&of.tenant, &of.agent), api.clock.now());
    let found = api.views.version(&caller, agent, of.version, now).await?;
    Ok(Json(Version { item: found.line.into(), config: found.config.into() }))
}

/// Restore a version
///
/// What it was answers people again, as the next version. The draft stays as it is.
#[utoipa::path(post, path = "/tenants/{tenant}/agents/{agent}/versions/{version}/restore",
    tag = "Agents", params(OfVersion), request_body = Note,
    responses((status = 200, description = "It is so", body = Done)))]
async fn restore_version(
    State(api): State<Api>,
    Caller(caller): Caller,
    Named(of): Named<OfVersion>,
    Body(note): Body<Note>,
) -> Result<Json<Done>, ApiError> {
    let agent = (&of.tenant, &of.agent);
    Ok(Json(api.desk.restore(&caller, agent, of.version, &note.note).await?.into()))
}
