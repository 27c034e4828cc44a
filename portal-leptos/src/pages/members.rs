//! Who works for a tenant, and as what.

mod view;

use accounts::{Grant, Member};
use axum::{
    extract::{Form, Path},
    http::StatusCode,
    response::Response,
};
use domain::access::Permission;
use portal_ui::Problem;
use schemas::{OperatorId, TenantId};
use serde::Deserialize;

use super::{
    auth::problems,
    form::{WITH_PROBLEMS, go},
    operators::delivered,
    roles,
    settings::confirm_first,
};
use crate::server::{
    error::PageError,
    flash::Flash,
    render::Cx,
    routes::{Need, Routes},
    session::Visited,
};

pub(crate) fn routes() -> Routes {
    let manage = Need::Tenant(Permission::TenantsManage);
    Routes::default()
        .get("/t/{tenant}/members", Need::Tenant(Permission::TenantRead), list)
        .post("/t/{tenant}/members/invite", manage, invite)
        .post("/t/{tenant}/members/role", manage, role)
        .post("/t/{tenant}/members/remove", manage, remove)
}

/// Whom to invite, and to what.
#[derive(Clone, Debug, Default, Deserialize)]
struct Invited {
    #[serde(default)]
    email: String,
    #[serde(default)]
    role: String,
}

/// What the page shows.
struct Shown {
    tenant: TenantId,
    name: String,
    members: Vec<Member>,
    may_change: bool,
    typed: Invited,
    problems: Vec<Problem>,
}

fn address(tenant: &TenantId) -> String {
    format!("/t/{tenant}/members")
}

async fn list(cx: Cx, Path(tenant): Path<TenantId>) -> Result<Response, PageError> {
    let shown = load(&cx, tenant).await?;
    Ok(page(&cx, StatusCode::OK, shown))
}

async fn invite(
    cx: Cx,
    Path(tenant): Path<TenantId>,
    Visited(visit): Visited,
    Form(typed): Form<Invited>,
) -> Result<Response, PageError> {
    let fields = [("email", typed.email.as_str()), ("role", &typed.role)];
    if let Some(first) = confirm_first(&cx.asked, &address(&tenant), &fields) {
        return Ok(first);
    }
    let role = roles::tenant(&typed.role).ok_or(PageError::BadRequest)?;
    // An invitation to a tenant that is not there would lead nowhere.
    let mut shown = load(&cx, tenant.clone()).await?;
    let (who, grant) = (&cx.signed.principal, Grant::Tenant(tenant.clone(), role));
    match cx.portal.accounts.invite(who, &typed.email, &grant, &visit).await {
        Ok(delivery) => {
            let back = address(&tenant);
            Ok(delivered(&cx, &delivery, typed.email.trim(), ("72 hours", &back)))
        }
        Err(error) => {
            (shown.typed, shown.problems) = (typed, problems(error)?);
            Ok(page(&cx, WITH_PROBLEMS, shown))
        }
    }
}

/// Who, and their other role.
#[derive(Deserialize)]
struct One {
    #[serde(default)]
    operator: String,
    #[serde(default)]
    role: String,
}

impl One {
    fn id(&self) -> Result<OperatorId, PageError> {
        self.operator.parse().map_err(|_| PageError::NotFound)
    }
}

async fn role(
    cx: Cx,
    Path(tenant): Path<TenantId>,
    Visited(visit): Visited,
    Form(one): Form<One>,
) -> Result<Response, PageError> {
    if let Some(first) = confirm_first(&cx.asked, &address(&tenant), &[]) {
        return Ok(first);
    }
    let role = roles::tenant(&one.role).ok_or(PageError::BadRequest)?;
    let (who, id) = (&cx.signed.principal, one.id()?);
    // Roles are given by invitation; here, those that are there are changed.
    let is_member = load(&cx, tenant.clone()).await?.members.iter().any(|it| it.operator == id);
    if !is_member {
        return Err(PageError::NotFound);
    }
    cx.portal.accounts.set_member(who, &tenant, (&id, role), &visit).await?;
    let said =
        "The role is changed. Their sessions ended, and the keys that they may no longer make.";
    Ok(go(&address(&tenant), &Flash::good(said)))
}

async fn remove(
    cx: Cx,
    Path(tenant): Path<TenantId>,
    Visited(visit): Visited,
    Form(one): Form<One>,
) -> Result<Response, PageError> {
    if let Some(first) = confirm_first(&cx.asked, &address(&tenant), &[]) {
        return Ok(first);
    }
    let who = &cx.signed.principal;
    cx.portal.accounts.remove_member(who, &tenant, &one.id()?, &visit).await?;
    let said = "They are no longer a member. Their sessions ended, and the keys that they may no \
                longer make.";
    Ok(go(&address(&tenant), &Flash::good(said)))
}

async fn load(cx: &Cx, tenant: TenantId) -> Result<Shown, PageError> {
    let who = &cx.signed.principal;
    let found = cx.portal.views.tenant(who, &tenant, cx.now()).await?;
    let members = cx.portal.accounts.members(who, &tenant).await?;
    let may_change = who.require(Permission::TenantsManage, &tenant).is_ok();
    let (typed, problems) = (Invited::default(), Vec::new());
    Ok(Shown { tenant, name: found.tenant.name, members, may_change, typed, problems })
}

fn page(cx: &Cx, status: StatusCode, shown: Shown) -> Response {
    cx.page_with(status, "Members", || view::body(shown, cx.now()))
}
