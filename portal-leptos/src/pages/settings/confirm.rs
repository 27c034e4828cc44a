//! The password again, before something that whoever finds an open browser should not do.

use accounts::{LocalPath, SessionToken, SignIn};
use axum::{
    Extension,
    extract::{Form, Query},
    http::StatusCode,
    response::Response,
};
use domain::secret::Secret;
use leptos::prelude::*;
use portal_ui::{FormErrors, InputKind, Problem, SubmitButton, TextField};
use serde::Deserialize;

use crate::{
    pages::{
        auth::{Missed, Next, enter, nothing, with_next},
        form::problem_of,
    },
    server::{
        error::{PageError, see_other},
        render::{Asked, PlainCx},
        routes::{Need, Routes},
        session::{CONFIRM, Visited},
    },
};

pub(super) fn routes() -> Routes {
    Routes::default().get(CONFIRM, Need::SignedIn, show).post(CONFIRM, Need::SignedIn, confirm)
}

/// To the page that asks for the password, if it was not typed a moment ago. It leads back to `next`.
pub(crate) fn confirm_first(asked: &Asked, next: &str) -> Option<Response> {
    let is_fresh = asked.signed.as_ref().is_some_and(|it| it.is_fresh);
    (!is_fresh).then(|| see_other(&with_next(CONFIRM, &LocalPath::parse(next))))
}

/// What was typed.
#[derive(Deserialize)]
struct Typed {
    #[serde(default = "nothing")]
    password: Secret,
    #[serde(flatten)]
    next: Next,
}

async fn show(cx: PlainCx, Query(next): Query<Next>) -> Response {
    page(&cx, StatusCode::OK, &next.path(), Vec::new())
}

async fn confirm(
    cx: PlainCx,
    Extension(session): Extension<SessionToken>,
    Visited(visit): Visited,
    Form(typed): Form<Typed>,
) -> Result<Response, PageError> {
    let next = typed.next.path();
    let outcome = cx.portal.accounts.freshen(&session, &typed.password, &visit).await?;
    let refused = "This password is not right";
    if let Some(missed) = Missed::of(&outcome, "password", refused, visit.now) {
        let problems = vec![missed.problem.clone()];
        return Ok(missed.answer(page(&cx, missed.status, &next, problems)));
    }
    let SignIn::Done(session) = outcome else { return Err(PageError::Internal) };
    enter(&session, next.as_str())
}

fn page(cx: &PlainCx, status: StatusCode, next: &LocalPath, problems: Vec<Problem>) -> Response {
    let error = problem_of(&problems, "password");
    let email = cx.asked.signed.as_ref().map(|it| it.email.clone()).unwrap_or_default();
    let lead = "What comes next matters, so we make sure that it is you.";
    cx.page(status, ("Your password again", Some(lead)), || {
        view! {
            <form method="post" action=CONFIRM class="stack">
                <FormErrors problems />
                <input type="hidden" name="next" value=next.to_string() />
                <TextField
                    name="email"
                    label="E-mail"
                    kind=InputKind::Email
                    value=email
                    readonly=true
                    autocomplete="username"
                />
                <TextField
                    name="password"
                    label="Password"
                    kind=InputKind::Password
                    error=error
                    required=true
                    autocomplete="current-password"
                />
                <SubmitButton wide=true>"Go on"</SubmitButton>
                <p><a href="/settings">"Back to your settings"</a></p>
            </form>
        }
        .into_any()
    })
}
