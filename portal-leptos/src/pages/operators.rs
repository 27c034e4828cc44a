//! Everybody who signs in here, for administrators: invite, change, disable, help back in.

mod invitations;
mod view;

use accounts::{Delivery, Grant, Operator};
use axum::{
    extract::{Form, Path},
    http::StatusCode,
    response::Response,
};
use domain::access::Permission;
use portal_ui::Problem;
use schemas::OperatorId;
use serde::Deserialize;

use super::{
    auth::problems,
    form::{WITH_PROBLEMS, go},
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

const PAGE: &str = "/operators";
const INVITE: &str = "/operators/invite";

pub(crate) fn routes() -> Routes {
    let manage = Need::Platform(Permission::OperatorsManage);
    Routes::default()
        .get(PAGE, manage, list)
        .get(INVITE, manage, invite_form)
        .post(INVITE, manage, invite)
        .post(invitations::REVOKE, manage, revoke)
        .get("/operators/{operator}", manage, show)
        .post("/operators/{operator}/role", manage, role)
        .post("/operators/{operator}/disable", manage, disable)
        .post("/operators/{operator}/enable", manage, enable)
        .post("/operators/{operator}/reset-link", manage, reset_link)
        .post("/operators/{operator}/second-factor", manage, reset_second_factor)
        .post("/operators/{operator}/unlink", manage, unlink)
}

async fn list(cx: Cx) -> Result<Response, PageError> {
    let (accounts, who) = (&cx.portal.accounts, &cx.signed.principal);
    let all = accounts.operators(who).await?;
    let open = accounts.open_invitations(who, cx.now()).await?;
    let sends_mail = accounts.sends_mail();
    Ok(cx.page("Operators", || view::list(all, open, sends_mail, cx.now())))
}

/// Which invitation.
#[derive(Deserialize)]
struct Revoked {
    #[serde(default)]
    invitation: String,
}

async fn revoke(
    cx: Cx,
    Visited(visit): Visited,
    Form(one): Form<Revoked>,
) -> Result<Response, PageError> {
    if let Some(first) = confirm_first(&cx.asked, PAGE, &[]) {
        return Ok(first);
    }
    let who = &cx.signed.principal;
    cx.portal.accounts.revoke_invitation(who, &one.invitation, &visit).await?;
    Ok(go(PAGE, &Flash::good("The invitation is revoked. Its link works no more.")))
}

/// Whom to invite, and to what.
#[derive(Clone, Debug, Default, Deserialize)]
struct Invited {
    #[serde(default)]
    email: String,
    #[serde(default)]
    role: String,
}

impl Invited {
    /// As the form has it.
    fn fields(&self) -> [(&'static str, &str); 2] {
        [("email", &self.email), ("role", &self.role)]
    }
}

async fn invite_form(cx: Cx) -> Response {
    cx.page("Invite an operator", || view::invite(Invited::default(), Vec::new()))
}

async fn invite(
    cx: Cx,
    Visited(visit): Visited,
    Form(typed): Form<Invited>,
) -> Result<Response, PageError> {
    if let Some(first) = confirm_first(&cx.asked, INVITE, &typed.fields()) {
        return Ok(first);
    }
    let role = roles::platform(&typed.role).ok_or(PageError::BadRequest)?;
    let (who, grant) = (&cx.signed.principal, Grant::Platform(role));
    match cx.portal.accounts.invite(who, &typed.email, &grant, &visit).await {
        Ok(delivery) => Ok(delivered(&cx, &delivery, typed.email.trim(), ("72 hours", PAGE))),
        Err(error) => {
            let problems = problems(error)?;
            let body = || view::invite(typed, problems);
            Ok(cx.page_with(WITH_PROBLEMS, "Invite an operator", body))
        }
    }
}

async fn show(cx: Cx, Path(id): Path<String>) -> Result<Response, PageError> {
    let one = find(&cx, &id).await?;
    Ok(page(&cx, StatusCode::OK, one, Vec::new()))
}

/// Another role; an empty word takes it.
#[derive(Deserialize)]
struct Role {
    #[serde(default)]
    role: String,
}

async fn role(
    cx: Cx,
    Path(id): Path<String>,
    Visited(visit): Visited,
    Form(typed): Form<Role>,
) -> Result<Response, PageError> {
    let (one, page) = match begin(&cx, &id).await? {
        Ok(begun) => begun,
        Err(first) => return Ok(first),
    };
    let role = match typed.role.as_str() {
        "" => None,
        word => Some(roles::platform(word).ok_or(PageError::BadRequest)?),
    };
    let who = &cx.signed.principal;
    let done = cx.portal.accounts.set_platform_role(who, &one.id, role, &visit).await;
    let said =
        "The role is changed. Their sessions ended, and the keys that they may no longer make.";
    finish(&cx, one, done, (&page, said))
}

async fn disable(
    cx: Cx,
    Path(id): Path<String>,
    Visited(visit): Visited,
) -> Result<Response, PageError> {
    let (one, page) = match begin(&cx, &id).await? {
        Ok(begun) => begun,
        Err(first) => return Ok(first),
    };
    let done = cx.portal.accounts.disable(&cx.signed.principal, &one.id, &visit).await;
    finish(&cx, one, done, (&page, "They cannot sign in any more. Their sessions and keys ended."))
}

async fn enable(
    cx: Cx,
    Path(id): Path<String>,
    Visited(visit): Visited,
) -> Result<Response, PageError> {
    let (one, page) = match begin(&cx, &id).await? {
        Ok(begun) => begun,
        Err(first) => return Ok(first),
    };
    let done = cx.portal.accounts.enable(&cx.signed.principal, &one.id, &visit).await;
    finish(&cx, one, done, (&page, "They can sign in again. What ended stays ended."))
}

async fn reset_link(
    cx: Cx,
    Path(id): Path<String>,
    Visited(visit): Visited,
) -> Result<Response, PageError> {
    let (one, page) = match begin(&cx, &id).await? {
        Ok(begun) => begun,
        Err(first) => return Ok(first),
    };
    let delivery = cx.portal.accounts.reset_link(&cx.signed.principal, &one.id, &visit).await?;
    Ok(delivered(&cx, &delivery, &one.email, ("30 minutes", &page)))
}

async fn unlink(
    cx: Cx,
    Path(id): Path<String>,
    Visited(visit): Visited,
) -> Result<Response, PageError> {
    let (one, page) = match begin(&cx, &id).await? {
        Ok(begun) => begun,
        Err(first) => return Ok(first),
    };
    let done = cx.portal.accounts.unlink(&cx.signed.principal, &one.id, &visit).await;
    let said = "The link is gone, and their sessions have ended. Their e-mail links them anew.";
    finish(&cx, one, done, (&page, said))
}

async fn reset_second_factor(
    cx: Cx,
    Path(id): Path<String>,
    Visited(visit): Visited,
) -> Result<Response, PageError> {
    let (one, page) = match begin(&cx, &id).await? {
        Ok(begun) => begun,
        Err(first) => return Ok(first),
    };
    let who = &cx.signed.principal;
    let delivery = cx.portal.accounts.reset_second_factor(who, &one.id, &visit).await?;
    Ok(delivered(&cx, &delivery, &one.email, ("30 minutes", &page)))
}

/// Whom it is about, and their page; or the page that asks for the password first.
async fn begin(cx: &Cx, id: &str) -> Result<Result<(Operator, String), Response>, PageError> {
    let one = find(cx, id).await?;
    let page = format!("{PAGE}/{}", one.id);
    match confirm_first(&cx.asked, &page, &[]) {
        Some(first) => Ok(Err(first)),
        None => Ok(Ok((one, page))),
    }
}

/// Back to their page, which says what was done, or why not.
fn finish(
    cx: &Cx,
    one: Operator,
    done: Result<(), accounts::AccountsError>,
    (to, said): (&str, &str),
) -> Result<Response, PageError> {
    match done {
        Ok(()) => Ok(go(to, &Flash::good(said))),
        Err(error) => Ok(page(cx, WITH_PROBLEMS, one, problems(error)?)),
    }
}

/// Says that a link was mailed; where that cannot be, shows it, once.
pub(crate) fn delivered(
    cx: &Cx,
    delivery: &Delivery,
    email: &str,
    (works_for, back): (&'static str, &str),
) -> Response {
    match delivery {
        Delivery::Mailed => go(back, &Flash::good(format!("A link is on its way to {email}."))),
        Delivery::ShowToAdministrator(link) => {
            let (link, email, back) = (link.expose(), email.to_owned(), back.to_owned());
            cx.page("A link to pass on", || view::link(link, email, works_for, back))
        }
    }
}

async fn find(cx: &Cx, id: &str) -> Result<Operator, PageError> {
    let id: OperatorId = id.parse().map_err(|_| PageError::NotFound)?;
    let all = cx.portal.accounts.operators(&cx.signed.principal).await?;
    all.into_iter().find(|it| it.id == id).ok_or(PageError::NotFound)
}

fn page(cx: &Cx, status: StatusCode, one: Operator, problems: Vec<Problem>) -> Response {
    let title = one.name.clone();
    let is_own = one.id == cx.signed.principal.operator;
    let provider = cx.portal.sign_on.as_ref().map_or("Single sign-on", |on| &on.name);
    cx.page_with(status, &title, || view::one(one, is_own, (problems, provider), cx.now()))
}
