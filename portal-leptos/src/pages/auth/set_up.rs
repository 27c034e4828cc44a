//! The first administrator, through the link that the server printed.

use accounts::{AccountsError, LinkToken, NewAdministrator};
use axum::{
    extract::{Form, Path},
    http::StatusCode,
    response::Response,
};
use domain::secret::Secret;
use leptos::prelude::*;
use portal_ui::{FormErrors, InputKind, Problem, SubmitButton, TextField};
use serde::Deserialize;

use super::{dead, enter, nothing, problems, without_referrer};
use crate::{
    pages::form::{WITH_PROBLEMS, problem_of},
    server::{
        error::PageError,
        render::PlainCx,
        routes::{Need, Routes},
        session::Visited,
    },
};

/// What to do about a link that does not work.
const AGAIN: &str =
    "If nobody has an account here yet, run `konstruct operator set-up-link` on the server again.";

pub(super) fn routes() -> Routes {
    Routes::default().get("/set-up/{token}", Need::Public, show).post(
        "/set-up/{token}",
        Need::Public,
        set_up,
    )
}

/// What was typed.
#[derive(Deserialize)]
struct Typed {
    #[serde(default)]
    name: String,
    #[serde(default)]
    email: String,
    #[serde(default = "nothing")]
    password: Secret,
}

async fn show(cx: PlainCx, Path(token): Path<String>) -> Result<Response, PageError> {
    let works = cx.portal.accounts.is_set_up_link(&LinkToken::from(token), cx.now()).await?;
    if !works {
        return Ok(dead(&cx, AGAIN));
    }
    Ok(page(&cx, StatusCode::OK, ("", ""), Vec::new()))
}

async fn set_up(
    cx: PlainCx,
    Path(token): Path<String>,
    Visited(visit): Visited,
    Form(typed): Form<Typed>,
) -> Result<Response, PageError> {
    let link = LinkToken::from(token);
    if !cx.portal.accounts.is_set_up_link(&link, visit.now).await? {
        return Ok(dead(&cx, AGAIN));
    }
    if typed.name.trim().is_empty() {
        let problem = Problem { field: "name".to_owned(), message: "Enter your name".to_owned() };
        return Ok(page(&cx, WITH_PROBLEMS, (&typed.name, &typed.email), vec![problem]));
    }
    let new =
        NewAdministrator { email: &typed.email, name: &typed.name, password: &typed.password };
    match cx.portal.accounts.set_up(&link, &new, &visit).await {
        Ok(session) => enter(&session, "/"),
        Err(AccountsError::Link | AccountsError::IsSetUp) => Ok(dead(&cx, AGAIN)),
        Err(error) => {
            let problems = problems(error)?;
            Ok(page(&cx, WITH_PROBLEMS, (&typed.name, &typed.email), problems))
        }
    }
}

fn page(
    cx: &PlainCx,
    status: StatusCode,
    (name, email): (&str, &str),
    problems: Vec<Problem>,
) -> Response {
    let error = |field| problem_of(&problems, field);
    let (of_name, of_email, of_password) = (error("name"), error("email"), error("password"));
    let (name, email) = (name.to_owned(), email.to_owned());
    let lead = "You will administer this installation: invite others, and make tenants.";
    without_referrer(cx.page(status, ("Welcome to Konstruct", Some(lead)), || {
        view! {
            <form method="post" class="stack">
                <FormErrors problems />
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
                    name="email"
                    label="E-mail"
                    kind=InputKind::Email
                    value=email
                    error=of_email
                    required=true
                    autocomplete="username"
                    maxlength=254
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
