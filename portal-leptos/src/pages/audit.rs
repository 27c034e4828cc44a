//! Who changed what in a tenant, before and after, to read and to take along.

mod difference;
mod export;
mod view;
mod words;

use axum::{
    extract::{Path, Query},
    http::{HeaderValue, header},
    response::{IntoResponse as _, Response},
};
use domain::{access::Permission, day::Day};
use schemas::TenantId;
use serde::Deserialize;
use views::{Change, ChangeFilter, ChangesPage};

use super::address::Address;
use crate::server::{
    error::PageError,
    render::Cx,
    routes::{Need, Routes},
};

/// Changes on one page.
const PAGE: u32 = 25;

/// Changes that are read at once for a file.
const STEP: u32 = 200;

/// The most changes of one file. The page says so.
const EXPORT_MAX: usize = 5_000;

pub(crate) fn routes() -> Routes {
    let read = Need::Tenant(Permission::AuditRead);
    Routes::default()
        .get("/t/{tenant}/audit", read, list)
        .get("/t/{tenant}/audit.csv", read, csv)
        .get("/t/{tenant}/audit.json", read, json)
}

/// Which changes, as it stands in the address.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
struct Search {
    entity: String,
    operator: String,
    kind: String,
    before: Option<u64>,
}

impl Search {
    fn filter(&self) -> ChangeFilter {
        let some = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
        ChangeFilter {
            entity: some(&self.entity),
            operator: some(&self.operator),
            kind: some(&self.kind),
        }
    }

    fn on(&self, page: Address) -> Address {
        page.with("entity", &self.entity).with("operator", &self.operator).with("kind", &self.kind)
    }
}

async fn list(
    cx: Cx,
    Path(tenant): Path<TenantId>,
    Query(search): Query<Search>,
) -> Result<Response, PageError> {
    let (who, views, now) = (&cx.signed.principal, &cx.portal.views, cx.now());
    let asked = ChangesPage { before: search.before, limit: PAGE, now };
    let found = views.changes(who, &tenant, &search.filter(), asked).await?;
    let agents = views.agents(who, &tenant, now).await?;
    let connections = views.connections(who, &tenant, now).await?;
    let authors: Vec<_> =
        found.changes.iter().filter_map(|change| change.operator.clone()).collect();
    let accounts = &cx.portal.accounts;
    let names = accounts.authors(who, &tenant, authors).await?;
    let members = accounts.members(who, &tenant).await?;
    let mut people: Vec<_> =
        members.into_iter().map(|it| (it.operator.to_string(), it.name)).collect();
    people.extend(names.iter().map(|(id, name)| (id.to_string(), name.clone())));
    people.sort();
    people.dedup();
    let mut entities = vec![("tenant".to_owned(), "The tenant".to_owned())];
    entities.extend(agents.into_iter().map(|it| (format!("agent:{}", it.id), it.name)));
    entities.extend(connections.into_iter().map(|it| {
        let id = it.connection.id;
        (format!("connection:{id}"), id.to_string())
    }));
    let shown = view::Shown { tenant, search, found, names, people, entities, now };
    Ok(cx.page("Audit", || view::page(shown)))
}

/// What goes into a file, and where it would go on.
async fn all(
    cx: &Cx,
    tenant: &TenantId,
    search: &Search,
) -> Result<(Vec<Change>, Option<u64>), PageError> {
    let (who, views, filter) = (&cx.signed.principal, &cx.portal.views, search.filter());
    let (mut changes, mut from) = (Vec::new(), search.before);
    loop {
        let page = ChangesPage { before: from, limit: STEP, now: cx.now() };
        let page = views.changes(who, tenant, &filter, page).await?;
        changes.extend(page.changes);
        from = page.next;
        if from.is_none() || EXPORT_MAX <= changes.len() {
            return Ok((changes, from));
        }
    }
}

async fn csv(
    cx: Cx,
    Path(tenant): Path<TenantId>,
    Query(search): Query<Search>,
) -> Result<Response, PageError> {
    let (changes, _) = all(&cx, &tenant, &search).await?;
    Ok(file(&cx, &tenant, ("csv", "text/csv; charset=utf-8"), export::csv(&changes)))
}

async fn json(
    cx: Cx,
    Path(tenant): Path<TenantId>,
    Query(search): Query<Search>,
) -> Result<Response, PageError> {
    let (changes, next) = all(&cx, &tenant, &search).await?;
    let body = export::json(&tenant, &changes, next, cx.now());
    Ok(file(&cx, &tenant, ("json", "application/json"), body))
}

/// A file to keep.
fn file(cx: &Cx, tenant: &TenantId, (end, kind): (&str, &'static str), body: String) -> Response {
    let name = format!("attachment; filename=\"audit-{tenant}-{}.{end}\"", Day::of(cx.now()));
    let mut response = body.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    if let Ok(name) = HeaderValue::from_str(&name) {
        headers.insert(header::CONTENT_DISPOSITION, name);
    }
    response
}
