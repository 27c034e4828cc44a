//! Who it is again, by the password or the provider of identities, before something that whoever finds an open browser should not do.

use accounts::{LocalPath, SessionToken, SignIn};
use axum::{
    Extension,
    extract::{Form, Query},
    http::StatusCode,
    response::{IntoResponse as _, Response},
};
use domain::secret::Secret;
use leptos::prelude::*;
use portal_ui::{FormErrors, InputKind, LinkButton, Problem, SubmitButton, TextField, Variant};
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
        session::{CONFIRM, CONFIRM_BY_PROVIDER, Resend, Visited},
    },
};

pub(super) fn routes() -> Routes {
    Routes::default().get(CONFIRM, Need::SignedIn, show).post(CONFIRM, Need::SignedIn, confirm)
}

/// To the page that asks who it is, if that was not proved a moment ago. It leads back to `next`. What
/// was typed is kept on a page of its own, to be sent again afterwards.
pub(crate) fn confirm_first(asked: &Asked, next: &str, typed: &[(&str, &str)]) -> Option<Response> {
    if asked.signed.as_ref().is_some_and(|it| it.is_fresh) {
        return None;
    }
    if typed.is_empty() {
        return Some(see_other(&with_next(CONFIRM, &LocalPath::parse(next))));
    }
    let own = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    let fields = typed.iter().map(own).collect();
    let resend = Resend { action: asked.path.clone(), fields };
    Some(PageError::Unconfirmed(resend).into_response())
}

/// What was typed.
#[derive(Deserialize)]
struct Typed {
    #[serde(default = "nothing")]
    password: Secret,
    #[serde(default)]
    code: String,
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
    let accounts = &cx.portal.accounts;
    let outcome = accounts.freshen(&session, &typed.password, &typed.code, &visit).await?;
    let refused = if has_second_factor(&cx) {
        "The password or the code is not right, or the code was used"
    } else {
        "This password is not right"
    };
    if let Some(missed) = Missed::of(&outcome, "password", refused, visit.now) {
        let problems = vec![missed.problem.clone()];
        return Ok(missed.answer(page(&cx, missed.status, &next, problems)));
    }
    let SignIn::Done(session) = outcome else { return Err(PageError::Internal) };
    enter(&session, next.as_str())
}

fn has_second_factor(cx: &PlainCx) -> bool {
    cx.asked.signed.as_ref().is_some_and(|it| it.has_second_factor)
}

fn page(cx: &PlainCx, status: StatusCode, next: &LocalPath, problems: Vec<Problem>) -> Response {
    let signed = cx.asked.signed.as_ref();
    let has_password = signed.is_some_and(|it| it.ways.has_password);
    let on = cx.portal.sign_on.as_ref().filter(|_| signed.is_some_and(|it| it.ways.is_linked));
    let by_provider = on.map(|on| {
        let href = with_next(CONFIRM_BY_PROVIDER, next);
        let variant = if has_password { Variant::Plain } else { Variant::Primary };
        let words = format!("Go on with {}", on.name);
        view! { <LinkButton href variant wide=true>{words}</LinkButton> }
    });
    let neither = (!has_password && on.is_none()).then(|| {
        view! {
            <p>
                "You have no password. Sign out, then ask for a link under “Forgot your password?” on the sign-in page."
            </p>
        }
    });
    let email = signed.map(|it| it.email.clone()).unwrap_or_default();
    let form = has_password.then(|| form(email, has_second_factor(cx), next, problems));
    let title = if has_password { "Your password again" } else { "Make sure that it is you" };
    let lead = "What comes next matters, so we make sure that it is you.";
    cx.page(status, (title, Some(lead)), || {
        view! {
            <div class="stack">
                {form} {by_provider} {neither} <p><a href="/settings">"Back to your settings"</a></p>
            </div>
        }
        .into_any()
    })
}

fn form(
    email: String,
    has_second_factor: bool,
    next: &LocalPath,
    problems: Vec<Problem>,
) -> impl IntoView + use<> {
    let error = problem_of(&problems, "password");
    let code = has_second_factor.then(|| {
        view! {
            <TextField
                name="code"
                label="Code that the app shows, or a recovery code"
                required=true
                autocomplete="one-time-code"
                maxlength=60
            />
        }
    });
    let next = next.to_string();
    view! {
        <form method="post" action=CONFIRM class="stack">
            <FormErrors problems />
            <input type="hidden" name="next" value=next />
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
            {code}
            <SubmitButton wide=true>"Go on"</SubmitButton>
        </form>
    }
}
