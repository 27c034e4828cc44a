//! A tenant itself: its name, what it may ask and cost, whether it is served, and its end.

mod limits;
mod view;

use axum::{
    extract::{Form, Path},
    response::Response,
};
use desk::{DeskError, Permission, Written};
use portal_ui::Problem;
use schemas::TenantId;
use serde::Deserialize;
use views::TenantLine;

use super::{
    budget_form::TypedBudget,
    form::{WITH_PROBLEMS, done, problems},
    settings::confirm_first,
};
use crate::server::{
    error::PageError,
    render::Cx,
    routes::{Need, Routes},
};

pub(crate) fn routes() -> Routes {
    let read = Need::Tenant(Permission::TenantRead);
    let manage = Need::Tenant(Permission::TenantsManage);
    Routes::default()
        .get("/t/{tenant}/settings", read, show)
        .post("/t/{tenant}/settings/name", manage, rename)
        .post("/t/{tenant}/settings/limits", manage, limits::set)
        .post("/t/{tenant}/settings/budget", manage, set_budget)
        .post("/t/{tenant}/settings/suspend", manage, suspend)
        .post("/t/{tenant}/settings/resume", manage, resume)
        .post("/t/{tenant}/settings/delete", manage, delete)
}

/// What was typed, in whichever form; the others show what is stored.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Typed {
    name: Option<String>,
    messages_per_minute: Option<String>,
    slack_per_minute: Option<String>,
    keep_days: Option<String>,
    /// The days beyond which what is older goes for good, where that was ticked.
    fewer_days: Option<String>,
    /// What tells the limits that their form was made from.
    limits_seen: Option<String>,
    daily_budget: Option<String>,
    monthly_budget: Option<String>,
    /// Of the form of the budget.
    seen: Option<String>,
    slug: Option<String>,
}

impl Typed {
    fn budget(&self) -> TypedBudget<'_> {
        TypedBudget {
            daily: self.daily_budget.as_deref(),
            monthly: self.monthly_budget.as_deref(),
            seen: self.seen.as_deref(),
        }
    }
}

/// What the page shows.
struct Shown {
    line: TenantLine,
    may_manage: bool,
    typed: Typed,
}

async fn load(cx: &Cx, tenant: &TenantId, typed: Typed) -> Result<Shown, PageError> {
    let who = &cx.signed.principal;
    let line = cx.portal.views.tenant(who, tenant, cx.now()).await?;
    let may_manage = who.require(Permission::TenantsManage, tenant).is_ok();
    Ok(Shown { line, may_manage, typed })
}

async fn show(cx: Cx, Path(tenant): Path<TenantId>) -> Result<Response, PageError> {
    let shown = load(&cx, &tenant, Typed::default()).await?;
    Ok(cx.page("Tenant", || view::page(shown, Vec::new())))
}

async fn rename(
    cx: Cx,
    Path(tenant): Path<TenantId>,
    Form(typed): Form<Typed>,
) -> Result<Response, PageError> {
    let name = typed.name.as_deref().unwrap_or_default().trim();
    let written = cx.portal.desk.rename_tenant(&cx.signed.principal, &tenant, name).await;
    let said = format!("It is called {name} now.");
    answer(&cx, &tenant, typed, (written, &said)).await
}

async fn set_budget(
    cx: Cx,
    Path(tenant): Path<TenantId>,
    Form(typed): Form<Typed>,
) -> Result<Response, PageError> {
    let (desk, who) = (&cx.portal.desk, &cx.signed.principal);
    let stored = cx.portal.views.tenant(who, &tenant, cx.now()).await?.tenant.budget;
    if let Some((problem, now)) = typed.budget().overtaken(stored) {
        let typed = Typed { seen: Some(now), ..typed };
        return with_problems(&cx, &tenant, typed, vec![problem]).await;
    }
    let written = match typed.budget().over(stored) {
        Ok(budget) => desk.set_budget(who, &tenant, budget).await,
        Err(wrong) => Err(wrong),
    };
    answer(&cx, &tenant, typed, (written, "The budget is stored.")).await
}

async fn suspend(cx: Cx, Path(tenant): Path<TenantId>) -> Result<Response, PageError> {
    let written = cx.portal.desk.suspend_tenant(&cx.signed.principal, &tenant).await;
    let said = "It is suspended. Nobody there is answered until you resume it.";
    answer(&cx, &tenant, Typed::default(), (written, said)).await
}

async fn resume(cx: Cx, Path(tenant): Path<TenantId>) -> Result<Response, PageError> {
    let written = cx.portal.desk.resume_tenant(&cx.signed.principal, &tenant).await;
    answer(&cx, &tenant, Typed::default(), (written, "It is served again.")).await
}

async fn delete(
    cx: Cx,
    Path(tenant): Path<TenantId>,
    Form(typed): Form<Typed>,
) -> Result<Response, PageError> {
    if let Some(first) = confirm_first(&cx.asked, &address(&tenant), &[]) {
        return Ok(first);
    }
    let slug = typed.slug.as_deref().unwrap_or_default();
    match cx.portal.desk.delete_tenant(&cx.signed.principal, &tenant, slug).await {
        Ok(written) => Ok(done("/tenants", &format!("{tenant} is deleted."), written)),
        Err(error) => again(&cx, &tenant, typed, error).await,
    }
}

fn address(tenant: &TenantId) -> String {
    format!("/t/{tenant}/settings")
}

/// Back to the page with a word, or the page again with what was wrong.
async fn answer(
    cx: &Cx,
    tenant: &TenantId,
    typed: Typed,
    (written, said): (Result<Written, DeskError>, &str),
) -> Result<Response, PageError> {
    match written {
        Ok(written) => Ok(done(&address(tenant), said, written)),
        Err(error) => again(cx, tenant, typed, error).await,
    }
}

async fn again(
    cx: &Cx,
    tenant: &TenantId,
    typed: Typed,
    error: DeskError,
) -> Result<Response, PageError> {
    with_problems(cx, tenant, typed, problems(error)?).await
}

async fn with_problems(
    cx: &Cx,
    tenant: &TenantId,
    typed: Typed,
    problems: Vec<Problem>,
) -> Result<Response, PageError> {
    let shown = load(cx, tenant, typed).await?;
    Ok(cx.page_with(WITH_PROBLEMS, "Tenant", || view::page(shown, problems)))
}
