//! Who changed what in a tenant, before and after, to read and to take along.

mod difference;
mod export;
mod view;
pub(super) mod words;

use axum::{
    extract::{Path, Query},
    response::Response,
};
use domain::access::Permission;
use schemas::TenantId;
use serde::Deserialize;
use views::{ChangeFilter, ChangesPage};

pub use self::export::Exports;
use self::export::Format;
use super::address::Address;
use crate::server::{
    error::PageError,
    render::Cx,
    routes::{Need, Routes},
};

/// Changes on one page.
const PAGE: u32 = 25;

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
    // Texts are compared here, and that is work.
    let page = tokio::task::spawn_blocking(move || cx.page("Audit", || view::page(shown)));
    page.await.map_err(|_| PageError::Internal)
}

async fn csv(
    cx: Cx,
    Path(tenant): Path<TenantId>,
    Query(search): Query<Search>,
) -> Result<Response, PageError> {
    export::file(cx, tenant, search, Format::Csv)
}

async fn json(
    cx: Cx,
    Path(tenant): Path<TenantId>,
    Query(search): Query<Search>,
) -> Result<Response, PageError> {
    export::file(cx, tenant, search, Format::Json)
}
