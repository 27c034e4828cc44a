//! What was used and what it cost: of a tenant, and of the installation.

mod asked;
mod table;
mod view;

use axum::{
    extract::{Path, Query},
    response::Response,
};
use domain::access::Permission;
use schemas::TenantId;

use self::asked::{Asked, By};
use super::address::Address;
use crate::server::{
    error::PageError,
    render::Cx,
    routes::{Need, Routes},
};

pub(crate) fn routes() -> Routes {
    let read = Permission::UsageRead;
    Routes::default().get("/t/{tenant}/usage", Need::Tenant(read), of_tenant).get(
        "/usage",
        Need::Platform(read),
        of_all,
    )
}

async fn of_tenant(
    cx: Cx,
    Path(tenant): Path<TenantId>,
    Query(asked): Query<Asked>,
) -> Result<Response, PageError> {
    let (who, views) = (&cx.signed.principal, &cx.portal.views);
    let span = asked.span(cx.now());
    let by = asked.by(&[By::Day, By::Agent, By::Version, By::Model]);
    let group = by.group().ok_or(PageError::NotFound)?;
    let usage = views.usage(who, &tenant, group, span.from..=span.to).await?;
    let line = views.tenant(who, &tenant, cx.now()).await?;
    let page = Address::of_tenant(&tenant, &["usage"]);
    let budget = line.tenant.budget.monthly_micros.map(|limit| (line.cost_micros_month, limit));
    let agents = views.agents(who, &tenant, cx.now()).await?;
    let names = agents.into_iter().map(|it| (it.id.to_string(), it.name)).collect();
    let shown = view::Shown { page, asked, by, span, usage, budget, tenant: Some(tenant), names };
    Ok(cx.page("Usage", || view::page(shown)))
}

async fn of_all(cx: Cx, Query(asked): Query<Asked>) -> Result<Response, PageError> {
    let span = asked.span(cx.now());
    let by = asked.by(&[By::Day, By::Tenant, By::Model]);
    let group = by.platform_group().ok_or(PageError::NotFound)?;
    let who = &cx.signed.principal;
    let usage = cx.portal.views.usage_of_all(who, group, span.from..=span.to).await?;
    let page = Address::new("/usage");
    let called = |key: &str| cx.portal.desk.tenant_name(who, &key.parse().ok()?);
    let rows = usage.rows.iter().filter(|_| by == By::Tenant);
    let names = rows.filter_map(|row| Some((row.key.clone(), called(&row.key)?))).collect();
    let shown = view::Shown { page, asked, by, span, usage, budget: None, tenant: None, names };
    Ok(cx.page("Usage of the installation", || view::page(shown)))
}
