//! Tenants.

use axum::{Json, extract::State, response::Response};
use desk::DeskError;
use domain::fields::FieldProblem;
use utoipa_axum::{router::OpenApiRouter, routes};
use views::{TenantFilter, TenantsPage};

use super::{limit, made};
use crate::{
    Api,
    json::{Asked, Body, Named},
    key::Caller,
    problem::ApiError,
    shapes::{
        Done, Made, OfTenant,
        tenants::{Budget, Confirm, Limits, Name, NewTenant, Tenant, Tenants, Which},
    },
};

pub(super) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::default()
        .routes(routes!(list_tenants, create_tenant))
        .routes(routes!(get_tenant, delete_tenant))
        .routes(routes!(rename_tenant))
        .routes(routes!(set_limits))
        .routes(routes!(set_budget))
        .routes(routes!(suspend_tenant))
        .routes(routes!(resume_tenant))
}

/// List tenants
///
/// Those that the key may see: all for a key of the installation, else its own.
#[utoipa::path(get, path = "/tenants", tag = "Tenants", params(Which),
    responses((status = 200, description = "A page of them", body = Tenants)))]
async fn list_tenants(
    State(api): State<Api>,
    Caller(caller): Caller,
    Asked(which): Asked<Which>,
) -> Result<Json<Tenants>, ApiError> {
    let search = which.search.unwrap_or_default();
    let filter = TenantFilter { search, status: which.status.map(Into::into) };
    let limit = limit(which.limit)?;
    let page = TenantsPage { after: which.after.as_ref(), limit, now: api.clock.now() };
    let found = api.views.tenants(&caller, &filter, page).await?;
    let items = found.tenants.into_iter().map(Into::into).collect();
    Ok(Json(Tenants { items, next: found.next.map(|it| it.to_string()) }))
}

/// Create a tenant
///
/// It comes with a data key of its own, under which all its texts and tokens are sealed.
#[utoipa::path(post, path = "/tenants", tag = "Tenants", request_body = NewTenant,
    responses((status = 201, description = "It is there", body = Made)))]
async fn create_tenant(
    State(api): State<Api>,
    Caller(caller): Caller,
    Body(new): Body<NewTenant>,
) -> Result<Response, ApiError> {
    let limits = new.limits.map(Into::into).unwrap_or_default();
    let written = api.desk.create_tenant(&caller, &new.slug, &new.name, limits).await?;
    Ok(made(Made::new(&new.slug, &format!("/tenants/{}", new.slug), written)))
}

/// Read a tenant
#[utoipa::path(get, path = "/tenants/{tenant}", tag = "Tenants", params(OfTenant),
    responses((status = 200, description = "The tenant", body = Tenant)))]
async fn get_tenant(
    State(api): State<Api>,
    Caller(caller): Caller,
    Named(of): Named<OfTenant>,
) -> Result<Json<Tenant>, ApiError> {
    let line = api.views.tenant(&caller, &of.tenant, api.clock.now()).await?;
    Ok(Json(line.into()))
}

/// Delete a tenant
///
/// For good: its workspaces are let go, and its data key is forgotten, with which all its texts and
/// tokens are sealed. Its slug is not used again.
#[utoipa::path(delete, path = "/tenants/{tenant}", tag = "Tenants", params(OfTenant, Confirm),
    responses((status = 200, description = "It is gone", body = Done)))]
async fn delete_tenant(
    State(api): State<Api>,
    Caller(caller): Caller,
    Named(of): Named<OfTenant>,
    Asked(confirm): Asked<Confirm>,
) -> Result<Json<Done>, ApiError> {
    let done = api.desk.delete_tenant(&caller, &of.tenant, &confirm.confirm).await;
    let named = done.map_err(|error| {
        let DeskError::Invalid(problems) = error else { return error };
        let as_asked = |it: FieldProblem| FieldProblem { field: "confirm", ..it };
        DeskError::Invalid(problems.into_iter().map(as_asked).collect())
    });
    Ok(Json(named?.into()))
}

/// Rename a tenant
#[utoipa::path(put, path = "/tenants/{tenant}/name", tag = "Tenants", params(OfTenant),
    request_body = Name, responses((status = 200, description = "It is so", body = Done)))]
async fn rename_tenant(
    State(api): State<Api>,
    Caller(caller): Caller,
    Named(of): Named<OfTenant>,
    Body(new): Body<Name>,
) -> Result<Json<Done>, ApiError> {
    Ok(Json(api.desk.rename_tenant(&caller, &of.tenant, &new.name).await?.into()))
}

/// Set a tenant's limits
///
/// They apply to the next message.
#[utoipa::path(put, path = "/tenants/{tenant}/limits", tag = "Tenants", params(OfTenant),
    request_body = Limits, responses((status = 200, description = "It is so", body = Done)))]
async fn set_limits(
    State(api): State<Api>,
    Caller(caller): Caller,
    Named(of): Named<OfTenant>,
    Body(limits): Body<Limits>,
) -> Result<Json<Done>, ApiError> {
    Ok(Json(api.desk.set_limits(&caller, &of.tenant, limits.into()).await?.into()))
}

/// Set a tenant's budget
#[utoipa::path(put, path = "/tenants/{tenant}/budget", tag = "Tenants", params(OfTenant),
    request_body = Budget, responses((status = 200, description = "It is so", body = Done)))]
async fn set_budget(
    State(api): State<Api>,
    Caller(caller): Caller,
    Named(of): Named<OfTenant>,
    Body(budget): Body<Budget>,
) -> Result<Json<Done>, ApiError> {
    Ok(Json(api.desk.set_budget(&caller, &of.tenant, budget.into()).await?.into()))
}

/// Suspend a tenant
///
/// It is not served for now. Nothing of its data is touched.
#[utoipa::path(post, path = "/tenants/{tenant}/suspend", tag = "Tenants", params(OfTenant),
    responses((status = 200, description = "It is so", body = Done)))]
async fn suspend_tenant(
    State(api): State<Api>,
    Caller(caller): Caller,
    Named(of): Named<OfTenant>,
) -> Result<Json<Done>, ApiError> {
    Ok(Json(api.desk.suspend_tenant(&caller, &of.tenant).await?.into()))
}

/// Resume a tenant
///
/// It is served again.
#[utoipa::path(post, path = "/tenants/{tenant}/resume", tag = "Tenants", params(OfTenant),
    responses((status = 200, description = "It is so", body = Done)))]
async fn resume_tenant(
    State(api): State<Api>,
    Caller(caller): Caller,
    Named(of): Named<OfTenant>,
) -> Result<Json<Done>, ApiError> {
    Ok(Json(api.desk.resume_tenant(&caller, &of.tenant).await?.into()))
}
