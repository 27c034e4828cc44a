//! An invitation: makes an account with a role, or gives an account a role.

use accounts::{AccountsError, Grant, Invitation, LinkToken, LocalPath};
use axum::{
    extract::{Form, Path},
    http::StatusCode,
    response::Response,
};
use domain::secret::Secret;
use leptos::prelude::*;
use portal_ui::{FormErrors, InputKind, Problem, SubmitButton, TextField};
use serde::Deserialize;

use super::{ByProvider, dead, enter, nothing, problems, with_next, without_referrer};
use crate::{
    pages::{
        form::{WITH_PROBLEMS, go, problem_of},
        roles,
    },
    server::{
        error::PageError,
        flash::Flash,
        render::PlainCx,
        routes::{Need, Routes},
        session::Visited,
    },
};

/// What to do about a link that does not work.
const AGAIN: &str = "Ask whoever invited you for another one.";

pub(super) fn routes() -> Routes {
    Routes::default().get("/invite/{token}", Need::Public, show).post(
        "/invite/{token}",
        Need::Public,
        accept,
    )
}

/// What was typed.
#[derive(Deserialize)]
struct Typed {
    #[serde(default)]
    name: String,
    #[serde(default = "nothing")]
    password: Secret,
}

async fn show(cx: PlainCx, Path(token): Path<String>) -> Result<Response, PageError> {
    let link = LinkToken::from(token);
    let Some(found) = cx.portal.accounts.invitation(&link, cx.now()).await? else {
        return Ok(dead(&cx, AGAIN));
    };
    if found.has_account {
        return Ok(join_page(&cx, &found));
    }
    Ok(page(&cx, StatusCode::OK, &found, String::new(), Vec::new()))
}

async fn accept(
    cx: PlainCx,
    Path(token): Path<String>,
    Visited(visit): Visited,
    Form(typed): Form<Typed>,
) -> Result<Response, PageError> {
    let (accounts, link) = (&cx.portal.accounts, LinkToken::from(token));
    let Some(found) = accounts.invitation(&link, cx.now()).await? else {
        return Ok(dead(&cx, AGAIN));
    };
    let to = leads_to(&found);
    if found.has_account {
        let Some(signed) = cx.asked.signed.as_ref().filter(|it| it.email == found.email) else {
            return Ok(join_page(&cx, &found));
        };
        return match accounts.join(&link, signed, &visit).await {
            Ok(()) => Ok(go(&to, &Flash::good("You have your new role."))),
            Err(AccountsError::Link) => Ok(dead(&cx, AGAIN)),
            Err(error) => Err(error.into()),
        };
    }
    if typed.name.trim().is_empty() {
        let problem = Problem { field: "name".to_owned(), message: "Enter your name".to_owned() };
        return Ok(page(&cx, WITH_PROBLEMS, &found, typed.name, vec![problem]));
    }
    match accounts.accept_invite(&link, &typed.name, &typed.password, &visit).await {
        Ok(session) => enter(&session, &to),
        Err(AccountsError::Link) => Ok(dead(&cx, AGAIN)),
        Err(error) => Ok(page(&cx, WITH_PROBLEMS, &found, typed.name, problems(error)?)),
    }
}

/// Where the invitation leads whoever took it.
pub(super) fn leads_to(found: &Invitation) -> String {
    found.grant.tenant().map_or_else(|| "/".to_owned(), |it| format!("/t/{it}"))
}

/// The page of an invitation that works no more.
pub(super) fn dead_link(cx: &PlainCx) -> Response {
    dead(cx, AGAIN)
}

/// What the invitation is to, in words.
fn lead(found: &Invitation) -> String {
    match &found.grant {
        Grant::Platform(role) => format!(
            "{} is invited to this installation, as {}.",
            found.email,
            roles::platform_words(*role)
        ),
        Grant::Tenant(tenant, role) => {
            format!("{} is invited to {tenant}, as {}.", found.email, roles::tenant_words(*role))
        }
    }
}

fn page(
    cx: &PlainCx,
    status: StatusCode,
    found: &Invitation,
    name: String,
    problems: Vec<Problem>,
) -> Response {
    let (of_name, of_password) = (problem_of(&problems, "name"), problem_of(&problems, "password"));
    let (lead, email) = (lead(found), found.email.clone());
    let by_provider = cx.portal.sign_on.as_ref().map(|on| {
        let href = format!("{}/oidc", cx.asked.path);
        view! { <ByProvider href words=format!("Continue with {}", on.name) /> }
    });
    without_referrer(cx.page(status, ("You are invited", Some(&lead)), || {
        view! {
            {by_provider}
            <form method="post" class="stack">
                <FormErrors problems />
                <TextField
                    name="email"
                    label="E-mail"
                    kind=InputKind::Email
                    value=email
                    readonly=true
                    autocomplete="username"
                />
                <TextField
                    name="name"
                    label="Your name"
                    value=name
                    error=of_name
                    required=true
                    autocomplete="name"
                    maxlength=100
                />
                <TextField
                    name="password"
                    label="Password"
                    kind=InputKind::Password
                    hint="At least 15 characters. Some words that do not belong together are easy to remember and hard to guess."
                    error=of_password
                    required=true
                    autocomplete="new-password"
                />
                <SubmitButton wide=true>"Make the account"</SubmitButton>
            </form>
        }
        .into_any()
    }))
}

/// For somebody who has an account: they take the role as themselves.
fn join_page(cx: &PlainCx, found: &Invitation) -> Response {
    let lead = lead(found);
    let signed = cx.asked.signed.as_ref().map(|it| it.email.clone());
    let is_theirs = signed.as_ref() == Some(&found.email);
    let (email, back) = (found.email.clone(), LocalPath::parse(&cx.asked.path));
    without_referrer(cx.page(StatusCode::OK, ("You are invited", Some(&lead)), || {
        match signed {
            Some(_) if is_theirs => view! {
                <form method="post" class="stack">
                    <SubmitButton wide=true>"Take the role"</SubmitButton>
                </form>
            }
            .into_any(),
            Some(other) => view! {
                <p>
                    "You are signed in as " {other} ". Sign out, then open the link again and sign in as "
                    {email} "."
                </p>
                <form method="post" action="/sign-out">
                    <SubmitButton wide=true>"Sign out"</SubmitButton>
                </form>
            }
            .into_any(),
            None => view! {
                <p>"You have an account: sign in to take the role."</p>
                <p><a href=with_next("/sign-in", &back)>"Sign in"</a></p>
            }
            .into_any(),
        }
    }))
}
