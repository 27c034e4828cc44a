//! What was done to accounts, sessions, keys and roles, and what was read of tenants: for those who
//! administer the installation.

mod export;
mod view;
mod words;

use accounts::{Entry, Filter, LOG_PAGE_MAX};
use axum::{extract::Query, response::Response};
use domain::{access::Permission, day::Day};
use schemas::{OperatorId, TenantId};
use serde::Deserialize;

use self::words::Names;
use super::{
    address::Address,
    file::{Kind, file},
};
use crate::server::{
    error::PageError,
    render::Cx,
    routes::{Need, Routes},
};

const PATH: &str = "/log";

/// Lines on one page.
const PAGE: usize = 50;

/// The most lines of one file. The page says so.
const EXPORT_MAX: usize = 5_000;

pub(crate) fn routes() -> Routes {
    let manage = Need::Platform(Permission::OperatorsManage);
    Routes::default().get(PATH, manage, list).get("/log.csv", manage, csv).get(
        "/log.json",
        manage,
        json,
    )
}

/// Which lines, as it stands in the address.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
struct Search {
    operator: String,
    kind: String,
    before: Option<i64>,
}

impl Search {
    /// So many lines before that one.
    fn filter(&self, before: Option<i64>, limit: u32) -> Result<Filter, PageError> {
        let operator = self.operator.trim();
        let operator = (!operator.is_empty()).then(|| operator.parse::<OperatorId>());
        let operator = operator.transpose().map_err(|_| PageError::BadRequest)?;
        let action = Some(self.kind.trim().to_owned()).filter(|it| !it.is_empty());
        Ok(Filter { tenant: None, operator, action, before, limit })
    }

    fn on(&self, page: &str) -> Address {
        Address::new(page).with("operator", &self.operator).with("kind", &self.kind)
    }

    fn is_asking(&self) -> bool {
        !self.operator.is_empty() || !self.kind.is_empty()
    }
}

async fn list(cx: Cx, Query(search): Query<Search>) -> Result<Response, PageError> {
    let limit = u32::try_from(PAGE + 1).unwrap_or(LOG_PAGE_MAX);
    let filter = search.filter(search.before, limit)?;
    let mut entries = cx.portal.accounts.log(&cx.signed.principal, &filter).await?;
    let next = entries.get(PAGE).and_then(|_| entries.get(PAGE - 1)).map(|last| last.id);
    entries.truncate(PAGE);
    let names = names(&cx, &entries).await?;
    let shown = view::Shown { search, entries, next, names, now: cx.now() };
    Ok(cx.page("Accounts' log", || view::page(shown)))
}

/// What people, keys and tenants of these lines are called.
async fn names(cx: &Cx, entries: &[Entry]) -> Result<Names, PageError> {
    let (accounts, who) = (&cx.portal.accounts, &cx.signed.principal);
    let people = accounts.operators(who).await?.into_iter().map(|it| (it.id, it.name)).collect();
    let keys = accounts.key_names(who).await?;
    let named =
        |tenant: &TenantId| Some((tenant.clone(), cx.portal.desk.tenant_name(who, tenant)?));
    let tenants = entries.iter().filter_map(|it| named(it.tenant.as_ref()?)).collect();
    Ok(Names { people, keys, tenants })
}

/// What goes into a file, and where it would go on.
async fn all(cx: &Cx, search: &Search) -> Result<(Vec<Entry>, Option<i64>), PageError> {
    let (mut entries, mut from) = (Vec::new(), search.before);
    loop {
        let filter = search.filter(from, LOG_PAGE_MAX)?;
        let page = cx.portal.accounts.log(&cx.signed.principal, &filter).await?;
        let is_last = page.len() < LOG_PAGE_MAX as usize;
        entries.extend(page);
        from = entries.last().filter(|_| !is_last).map(|last| last.id);
        if from.is_none() || EXPORT_MAX <= entries.len() {
            return Ok((entries, from));
        }
    }
}

async fn csv(cx: Cx, Query(search): Query<Search>) -> Result<Response, PageError> {
    let (entries, _) = all(&cx, &search).await?;
    let names = names(&cx, &entries).await?;
    Ok(file(&named(&cx), Kind::Csv, export::csv(&entries, &names)))
}

async fn json(cx: Cx, Query(search): Query<Search>) -> Result<Response, PageError> {
    let (entries, next) = all(&cx, &search).await?;
    let names = names(&cx, &entries).await?;
    Ok(file(&named(&cx), Kind::Json, export::json(&entries, &names, next, cx.now())))
}

fn named(cx: &Cx) -> String {
    format!("accounts-log-{}", Day::of(cx.now()))
}
