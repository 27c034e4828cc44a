//! Signing in with a password, and signing out.

use accounts::{LocalPath, SignIn};
use axum::{
    extract::{Form, Query},
    http::{HeaderName, HeaderValue, StatusCode, header},
    response::Response,
};
use domain::secret::Secret;
use leptos::prelude::*;
use portal_ui::{CodeBlock, FormErrors, InputKind, Problem, SubmitButton, TextField};
use serde::Deserialize;

use super::{ByProvider, Missed, Next, enter, nothing, provider, second_factor, with_next};
use crate::{
    pages::form::go,
    server::{
        error::{PageError, see_other},
        flash::Flash,
        render::PlainCx,
        routes::{Need, Routes},
        session::{self, Visited},
    },
};

pub(super) fn routes() -> Routes {
    Routes::default()
        .get("/sign-in", Need::Public, show)
        .post("/sign-in", Need::Public, sign_in)
        .post("/sign-out", Need::Public, sign_out)
}

/// What was typed.
#[derive(Deserialize)]
struct Typed {
    #[serde(default)]
    email: String,
    #[serde(default = "nothing")]
    password: Secret,
    #[serde(flatten)]
    next: Next,
}

async fn show(cx: PlainCx, Query(next): Query<Next>) -> Result<Response, PageError> {
    if cx.asked.signed.is_some() {
        return Ok(see_other(next.path().as_str()));
    }
    if cx.portal.accounts.is_new().await? {
        return Ok(nobody_yet(&cx));
    }
    Ok(page(&cx, StatusCode::OK, String::new(), &next.path(), Vec::new()))
}

async fn sign_in(
    cx: PlainCx,
    Visited(visit): Visited,
    Form(typed): Form<Typed>,
) -> Result<Response, PageError> {
    let next = typed.next.path();
    let outcome = cx.portal.accounts.sign_in(&typed.email, &typed.password, &visit).await?;
    let refused = "The e-mail or the password is not right";
    if let Some(missed) = Missed::of(&outcome, "", refused, visit.now) {
        let problems = vec![missed.problem.clone()];
        return Ok(missed.answer(page(&cx, missed.status, typed.email, &next, problems)));
    }
    match outcome {
        SignIn::Done(session) => enter(&session, next.as_str()),
        SignIn::SecondFactor(pending) => second_factor::begin(&pending, &next),
        SignIn::Refused | SignIn::Throttled { .. } => Err(PageError::Internal),
    }
}

async fn sign_out(cx: PlainCx, Visited(visit): Visited) -> Result<Response, PageError> {
    if let Some(session) = visit.session() {
        cx.portal.accounts.sign_out(session, &visit).await?;
    }
    let mut response = go("/sign-in", &Flash::good("You are signed out."));
    let headers = response.headers_mut();
    headers.append(header::SET_COOKIE, session::gone());
    headers.insert(
        HeaderName::from_static("clear-site-data"),
        HeaderValue::from_static(r#""cache", "storage""#),
    );
    Ok(response)
}

fn page(
    cx: &PlainCx,
    status: StatusCode,
    email: String,
    next: &LocalPath,
    problems: Vec<Problem>,
) -> Response {
    let forgot = with_next("/forgot", next);
    let by_provider = cx.portal.sign_on.as_ref().map(|on| {
        let words = format!("Sign in with {}", on.name);
        view! { <ByProvider href=provider::link(next) words /> }
    });
    cx.page(status, ("Sign in", None), || {
        view! {
            {by_provider}
            <form method="post" action="/sign-in" class="stack">
                <FormErrors problems />
                <input type="hidden" name="next" value=next.to_string() />
                <TextField
                    name="email"
                    label="E-mail"
                    kind=InputKind::Email
                    value=email
                    required=true
                    autocomplete="username"
                    maxlength=254
                />
                <TextField
                    name="password"
                    label="Password"
                    kind=InputKind::Password
                    required=true
                    autocomplete="current-password"
                />
                <SubmitButton wide=true>"Sign in"</SubmitButton>
                <p><a href=forgot>"Forgot your password?"</a></p>
            </form>
        }
        .into_any()
    })
}

/// Before there is anybody to sign in. A link is made on the server only.
fn nobody_yet(cx: &PlainCx) -> Response {
    let lead = "This installation is new: it has no operators.";
    cx.page(StatusCode::OK, ("Nobody can sign in yet", Some(lead)), || {
        view! {
            <p>"Whoever runs the server makes the first administrator. There, run:"</p>
            <CodeBlock label="On the server" code="konstruct operator set-up-link" />
            <p>"It prints a link that works once, for 24 hours. Open it to choose a password."</p>
        }
        .into_any()
    })
}
