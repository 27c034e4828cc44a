//! What the frame's islands ask for: the version at work, and where one can go.

use axum::{
    Json,
    extract::{Query, State},
};
use schemas::TenantId;
use serde::Deserialize;
use views::{AgentState, TenantFilter, TenantLine, TenantsPage};

use super::{Portal, error::PageError, frame, render::Cx};
use crate::islands::frame::Target;

/// The most tenants that are offered at once.
const TENANTS_MAX: u32 = 20;

/// `GET /frame/version`: names what this release's pages are made of.
pub(super) async fn version(State(portal): State<Portal>) -> String {
    portal.assets.version().to_owned()
}

#[derive(Debug, Deserialize)]
pub(super) struct About {
    #[serde(default)]
    tenant: String,
}

/// `GET /frame/targets`: the pages, agents, tools and model groups that whoever asks may see.
pub(super) async fn targets(
    cx: Cx,
    Query(about): Query<About>,
) -> Result<Json<Vec<Target>>, PageError> {
    let who = &cx.signed.principal;
    let tenant = about.tenant.parse::<TenantId>().ok();
    let place = tenant.clone().map(|tenant| frame::Place::of(&cx.portal, who, tenant));
    let groups = frame::nav(who, place.as_ref(), "");
    let pages = groups.into_iter().flat_map(|group| {
        let kind = group.title;
        group.items.into_iter().map(move |item| Target {
            label: item.label,
            kind: kind.clone(),
            href: item.href,
        })
    });
    let mut targets: Vec<Target> = pages.collect();
    if let Some(tenant) = &tenant
        && let Ok(agents) = cx.portal.views.agents(who, tenant, cx.now()).await
    {
        let there = agents.into_iter().filter(|agent| agent.state != AgentState::Retired);
        targets.extend(there.map(|agent| Target {
            href: format!("/t/{tenant}/agents/{}", agent.id),
            label: agent.name,
            kind: "Agent".to_owned(),
        }));
    }
    if let Some(tenant) = &tenant
        && let Ok(tools) = cx.portal.desk.tools(who, tenant)
    {
        targets.extend(tools.into_iter().map(|tool| Target {
            href: format!("/t/{tenant}/tools/{}", tool.id),
            label: tool.id.to_string(),
            kind: "Tool".to_owned(),
        }));
    }
    if let Some(tenant) = &tenant
        && let Ok(groups) = cx.portal.desk.model_groups(who, tenant)
    {
        targets.extend(groups.into_iter().map(|group| Target {
            href: format!("/t/{tenant}/models/{}", group.id),
            label: group.id.to_string(),
            kind: "Model group".to_owned(),
        }));
    }
    let mut seen = std::collections::BTreeSet::new();
    targets.retain(|target| seen.insert(target.href.clone()));
    Ok(Json(targets))
}

#[derive(Debug, Deserialize)]
pub(super) struct Typed {
    #[serde(default)]
    q: String,
}

/// `GET /frame/tenants`: the tenants that whoever asks may see, by a part of the name or the slug.
pub(super) async fn tenants(
    cx: Cx,
    Query(typed): Query<Typed>,
) -> Result<Json<Vec<Target>>, PageError> {
    let filter = TenantFilter { search: typed.q.trim().to_lowercase(), status: None };
    let page = TenantsPage { after: None, limit: TENANTS_MAX, now: cx.now() };
    let found = cx.portal.views.tenants(&cx.signed.principal, &filter, page).await?;
    let target = |line: TenantLine| Target {
        href: format!("/t/{}", line.tenant.id),
        label: line.tenant.name,
        kind: "Tenant".to_owned(),
    };
    Ok(Json(found.tenants.into_iter().map(target).collect()))
}
