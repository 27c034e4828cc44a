//! Another password for whoever forgot theirs: a link is asked for, and opened.

use accounts::{AccountsError, LinkToken};
use axum::{
    extract::{Form, Path},
    http::StatusCode,
    response::Response,
};
use domain::secret::Secret;
use leptos::prelude::*;
use portal_ui::{FormErrors, InputKind, Problem, SubmitButton, TextField};
use serde::Deserialize;

use super::{dead, nothing, problems, without_referrer};
use crate::{
    pages::form::{WITH_PROBLEMS, go, problem_of},
    server::{
        error::PageError,
        flash::Flash,
        render::PlainCx,
        routes::{Need, Routes},
        session::{self, Visited},
    },
};

pub(super) fn routes() -> Routes {
    Routes::default()
        .get("/forgot", Need::Public, show)
        .post("/forgot", Need::Public, ask)
        .get("/reset/{token}", Need::Public, open)
        .post("/reset/{token}", Need::Public, choose)
}

/// Who asks.
#[derive(Deserialize)]
struct Forgot {
    #[serde(default)]
    email: String,
}

async fn show(cx: PlainCx) -> Response {
    let lead = "Say who you are, and a link to choose another password is on its way.";
    cx.page(StatusCode::OK, ("Forgot your password?", Some(lead)), || {
        view! {
            <form method="post" action="/forgot" class="stack">
                <TextField
                    name="email"
                    label="E-mail"
                    kind=InputKind::Email
                    required=true
                    autocomplete="username"
                    maxlength=254
                />
                <SubmitButton wide=true>"Ask for a link"</SubmitButton>
                <p><a href="/sign-in">"Back to signing in"</a></p>
            </form>
        }
        .into_any()
    })
}

/// The answer is the same whoever asks, and comes before anything is looked up.
async fn ask(cx: PlainCx, Visited(visit): Visited, Form(typed): Form<Forgot>) -> Response {
    let accounts = &cx.portal.accounts;
    accounts.ask_reset(&typed.email, &visit);
    let how = if accounts.sends_mail() {
        "If there is an account with this e-mail, a link is on its way. It works for 30 minutes."
    } else {
        "If there is an account with this e-mail, the administrators of this installation see that \
         you asked. They pass a link on to you."
    };
    cx.page(StatusCode::OK, ("We have your request", Some(how)), || {
        view! { <p><a href="/sign-in">"Back to signing in"</a></p> }.into_any()
    })
}

/// What was typed.
#[derive(Deserialize)]
struct Chosen {
    #[serde(default = "nothing")]
    password: Secret,
}

/// What to do about a link that does not work.
const AGAIN: &str = "Ask for another one on the sign-in page.";

async fn open(cx: PlainCx, Path(token): Path<String>) -> Result<Response, PageError> {
    let works = cx.portal.accounts.is_reset_link(&LinkToken::from(token), cx.now()).await?;
    if works { Ok(page(&cx, StatusCode::OK, Vec::new())) } else { Ok(dead(&cx, AGAIN)) }
}

async fn choose(
    cx: PlainCx,
    Path(token): Path<String>,
    Visited(visit): Visited,
    Form(typed): Form<Chosen>,
) -> Result<Response, PageError> {
    let link = LinkToken::from(token);
    match cx.portal.accounts.reset_password(&link, &typed.password, &visit).await {
        Ok(()) => {
            let flash = Flash::good("Your password is changed, and every session has ended.");
            let mut response = go("/sign-in", &flash);
            let cookies = axum::http::header::SET_COOKIE;
            response.headers_mut().append(cookies, session::gone());
            Ok(response)
        }
        Err(AccountsError::Link) => Ok(dead(&cx, AGAIN)),
        Err(error) => Ok(page(&cx, WITH_PROBLEMS, problems(error)?)),
    }
}

fn page(cx: &PlainCx, status: StatusCode, problems: Vec<Problem>) -> Response {
    let error = problem_of(&problems, "password");
    let lead = "Afterwards you sign in with it. Every session that is open ends.";
    without_referrer(cx.page(status, ("Choose another password", Some(lead)), || {
        view! {
            <form method="post" class="stack">
                <FormErrors problems />
                <TextField
                    name="password"
                    label="New password"
                    kind=InputKind::Password
                    hint="At least 15 characters, or 8 with a second factor. Some words that do not belong together are easy to remember and hard to guess."
                    error=error
                    required=true
                    autocomplete="new-password"
                />
                <SubmitButton wide=true>"Change the password"</SubmitButton>
            </form>
        }
        .into_any()
    }))
}
