//! Usage and cost.

use axum::{Json, extract::State};
use domain::day::Day;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    Api,
    json::{Asked, Named},
    key::Caller,
    problem::ApiError,
    shapes::{
        OfTenant,
        usage::{By, PlatformBy, PlatformWhich, Usage, Which, days},
    },
};

pub(super) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::default().routes(routes!(tenant_usage)).routes(routes!(usage))
}

/// A tenant's usage
#[utoipa::path(get, path = "/tenants/{tenant}/usage", tag = "Usage", params(OfTenant, Which),
    responses((status = 200, description = "What was used", body = Usage)))]
async fn tenant_usage(
    State(api): State<Api>,
    Caller(caller): Caller,
    Named(of): Named<OfTenant>,
    Asked(which): Asked<Which>,
) -> Result<Json<Usage>, ApiError> {
    let now = api.clock.now();
    api.views.tenant(&caller, &of.tenant, now).await?;
    let days = days(which.from.as_deref(), which.to.as_deref(), Day::of(now))?;
    let by = which.by.unwrap_or(By::Day);
    let usage = api.views.usage(&caller, &of.tenant, by.into(), days).await?;
    Ok(Json(Usage::of(usage, matches!(by, By::Day))))
}

/// The installation's usage
///
/// For keys of the installation.
#[utoipa::path(get, path = "/usage", tag = "Usage", params(PlatformWhich),
    responses((status = 200, description = "What was used", body = Usage)))]
async fn usage(
    State(api): State<Api>,
    Caller(caller): Caller,
    Asked(which): Asked<PlatformWhich>,
) -> Result<Json<Usage>, ApiError> {
    let days = days(which.from.as_deref(), which.to.as_deref(), Day::of(api.clock.now()))?;
    let by = which.by.unwrap_or(PlatformBy::Day);
    let usage = api.views.usage_of_all(&caller, by.into(), days).await?;
    Ok(Json(Usage::of(usage, matches!(by, PlatformBy::Day))))
}
