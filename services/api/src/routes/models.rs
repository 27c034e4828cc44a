//! Model groups of a tenant's own.

use axum::{
    Json,
    extract::State,
    http::{HeaderMap, header},
    response::{IntoResponse, Response},
};
use domain::access::Permission;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::etag;
use crate::{
    Api,
    json::{Body, Named},
    key::Caller,
    problem::ApiError,
    routes::called,
    shapes::{
        Done, OfTenant,
        models::{ModelGroup, ModelGroupConfig, ModelGroups, OfModelGroup},
    },
};

pub(super) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::default().routes(routes!(list_model_groups)).routes(routes!(
        get_model_group,
        save_model_group,
        remove_model_group
    ))
}

/// List model groups
///
/// Those that a tenant has of its own, and the names of the installation's. A group of the tenant answers
/// in the place of the installation's of that name.
#[utoipa::path(get, path = "/tenants/{tenant}/model-groups", tag = "Models", params(OfTenant),
    responses((status = 200, description = "All of them", body = ModelGroups)))]
async fn list_model_groups(
    State(api): State<Api>,
    Caller(caller): Caller,
    Named(of): Named<OfTenant>,
) -> Result<Json<ModelGroups>, ApiError> {
    let groups = api.desk.model_groups(&caller, &of.tenant)?.into_iter();
    let of_installation = api.desk.model_groups_of_installation();
    Ok(Json(ModelGroups { items: groups.map(ModelGroup::from).collect(), of_installation }))
}

/// Read a model group
///
/// A key is never shown, only whether there is one. Its `ETag` says what you looked at: send it as
/// `If-Match` when you set it up otherwise.
#[utoipa::path(get, path = "/tenants/{tenant}/model-groups/{group}", tag = "Models",
    params(OfModelGroup),
    responses((status = 200, description = "The group", body = ModelGroup,
        headers(("ETag" = String, description = "What tells it from what it was before")))))]
async fn get_model_group(
    State(api): State<Api>,
    Caller(caller): Caller,
    Named(of): Named<OfModelGroup>,
) -> Result<Response, ApiError> {
    let groups = api.desk.model_groups(&caller, &of.tenant)?.into_iter();
    let group = groups.into_iter().find(|group| group.id == of.group);
    let group = group.ok_or(ApiError::NotFound)?;
    let tag = etag::tag(&group);
    Ok(([(header::ETAG, tag)], Json(ModelGroup::from(group))).into_response())
}

/// Set up a model group
///
/// It answers from the next request on. What is sent is all there is to it; only a `key` that is left out
/// stays as it is. A key is sealed under the tenant's key, and must be said again when `vendor` or
/// `base_url` is another. An address of its own (`base_url`), or an Ollama, is for those who run the
/// installation. With `If-Match`, nothing is changed that is another by now than you looked at, and the
/// answer is 412. Without it, what you send replaces what is there.
#[utoipa::path(put, path = "/tenants/{tenant}/model-groups/{group}", tag = "Models",
    params(OfModelGroup, ("If-Match" = Option<String>, Header, description = "The group's `ETag`")),
    request_body = ModelGroupConfig,
    responses((status = 200, description = "It is so", body = Done)))]
async fn save_model_group(
    State(api): State<Api>,
    Caller(caller): Caller,
    Named(of): Named<OfModelGroup>,
    headers: HeaderMap,
    Body(config): Body<ModelGroupConfig>,
) -> Result<Json<Done>, ApiError> {
    caller.require(Permission::AgentsWrite, &of.tenant)?;
    let asked = etag::asked(&headers);
    let seen = (of.group.as_str(), etag::seen(asked.as_deref()));
    let saved = api.desk.save_model_group(&caller, &of.tenant, seen, config.into()).await;
    Ok(Json(saved.map_err(|error| etag::refused(called(error, "group"), asked.as_deref()))?.into()))
}

/// Remove a model group
///
/// Its keys are forgotten, and the installation's group of that name answers. Where it has none, a group
/// that answers for somebody, or that another one falls back to, stays.
#[utoipa::path(delete, path = "/tenants/{tenant}/model-groups/{group}", tag = "Models",
    params(OfModelGroup),
    responses((status = 200, description = "It is gone", body = Done)))]
async fn remove_model_group(
    State(api): State<Api>,
    Caller(caller): Caller,
    Named(of): Named<OfModelGroup>,
) -> Result<Json<Done>, ApiError> {
    Ok(Json(api.desk.remove_model_group(&caller, &of.tenant, &of.group).await?.into()))
}
