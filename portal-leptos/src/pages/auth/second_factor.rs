//! The second half of signing in: a code of the app, or one on paper.

use accounts::{AccountsError, LocalPath, PendingToken, SignIn};
use axum::{
    extract::{Form, FromRequestParts, Query},
    http::{HeaderValue, StatusCode, header, request::Parts},
    response::Response,
};
use leptos::prelude::*;
use portal_ui::{FormErrors, InputKind, Problem, SubmitButton, TextField};
use serde::Deserialize;

use super::{Missed, Next, enter, with_next};
use crate::{
    pages::form::{go, problem_of},
    server::{
        Portal,
        error::{PageError, see_other},
        flash::{Flash, cookie},
        render::PlainCx,
        routes::{Need, Routes},
        session::Visited,
    },
};

const PAGE: &str = "/sign-in/second-factor";
const RECOVERY: &str = "/sign-in/recovery-code";

/// Holds half a sign-in, for as long as that lives.
const COOKIE: &str = "__Host-ks-pending";

pub(super) fn routes() -> Routes {
    Routes::default()
        .get(PAGE, Need::Public, show)
        .post(PAGE, Need::Public, prove)
        .get(RECOVERY, Need::Public, show_recovery)
        .post(RECOVERY, Need::Public, recover)
}

/// The password was right; on to the second factor.
pub(super) fn begin(pending: &PendingToken, next: &LocalPath) -> Result<Response, PageError> {
    let mut response = see_other(&with_next(PAGE, next));
    let text = format!(
        "{COOKIE}={}; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=600",
        pending.expose()
    );
    let mut value = HeaderValue::from_str(&text).map_err(|_| PageError::Internal)?;
    value.set_sensitive(true);
    response.headers_mut().append(header::SET_COOKIE, value);
    Ok(response)
}

/// Half a sign-in, where the browser holds one.
struct Half(Option<PendingToken>);

impl FromRequestParts<Portal> for Half {
    type Rejection = PageError;

    async fn from_request_parts(parts: &mut Parts, _: &Portal) -> Result<Self, PageError> {
        Ok(Self(cookie(&parts.headers, COOKIE).map(|text| PendingToken::from(text.to_owned()))))
    }
}

/// What was typed.
#[derive(Deserialize)]
struct Typed {
    #[serde(default)]
    code: String,
    #[serde(flatten)]
    next: Next,
}

async fn show(cx: PlainCx, Half(half): Half, Query(next): Query<Next>) -> Response {
    match half {
        Some(_) => code_page(&cx, StatusCode::OK, &next.path(), Vec::new()),
        None => see_other(&with_next("/sign-in", &next.path())),
    }
}

async fn show_recovery(cx: PlainCx, Half(half): Half, Query(next): Query<Next>) -> Response {
    match half {
        Some(_) => recovery_page(&cx, StatusCode::OK, &next.path(), Vec::new()),
        None => see_other(&with_next("/sign-in", &next.path())),
    }
}

async fn prove(
    cx: PlainCx,
    Half(half): Half,
    Visited(visit): Visited,
    Form(typed): Form<Typed>,
) -> Result<Response, PageError> {
    let next = typed.next.path();
    let Some(half) = half else { return Ok(too_late(&next)) };
    let outcome = cx.portal.accounts.second_factor(&half, &typed.code, &visit).await;
    let refused = "This code is not right, or it was used. Wait for the next one.";
    finish(outcome, &next, refused, &visit, |missed, problems| {
        code_page(&cx, missed, &next, problems)
    })
}

async fn recover(
    cx: PlainCx,
    Half(half): Half,
    Visited(visit): Visited,
    Form(typed): Form<Typed>,
) -> Result<Response, PageError> {
    let next = typed.next.path();
    let Some(half) = half else { return Ok(too_late(&next)) };
    let outcome = cx.portal.accounts.recover(&half, &typed.code, &visit).await;
    let refused = "This code is not right, or it was used. Each one works once.";
    finish(outcome, &next, refused, &visit, |missed, problems| {
        recovery_page(&cx, missed, &next, problems)
    })
}

fn finish(
    outcome: Result<SignIn, AccountsError>,
    next: &LocalPath,
    refused: &str,
    visit: &accounts::Visit,
    page: impl FnOnce(StatusCode, Vec<Problem>) -> Response,
) -> Result<Response, PageError> {
    let outcome = match outcome {
        Err(AccountsError::Link) => return Ok(too_late(next)),
        outcome => outcome?,
    };
    if let Some(missed) = Missed::of(&outcome, "code", refused, visit.now) {
        let response = page(missed.status, vec![missed.problem.clone()]);
        return Ok(missed.answer(response));
    }
    let SignIn::Done(session) = outcome else { return Err(PageError::Internal) };
    let mut response = enter(&session, next.as_str())?;
    response.headers_mut().append(header::SET_COOKIE, gone());
    Ok(response)
}

/// Back to the password.
fn too_late(next: &LocalPath) -> Response {
    let flash = Flash::note("That took too long. Sign in again.");
    let mut response = go(&with_next("/sign-in", next), &flash);
    response.headers_mut().append(header::SET_COOKIE, gone());
    response
}

fn gone() -> HeaderValue {
    HeaderValue::from_static(
        "__Host-ks-pending=; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=0",
    )
}

fn code_page(
    cx: &PlainCx,
    status: StatusCode,
    next: &LocalPath,
    problems: Vec<Problem>,
) -> Response {
    let error = problem_of(&problems, "code");
    let other = with_next(RECOVERY, next);
    let lead = "Open the app that you set up, and type the code it shows.";
    cx.page(status, ("Second factor", Some(lead)), || {
        view! {
            <form method="post" action=PAGE class="stack">
                <FormErrors problems />
                <input type="hidden" name="next" value=next.to_string() />
                <TextField
                    name="code"
                    label="Six-digit code"
                    kind=InputKind::Code
                    error=error
                    required=true
                    autocomplete="one-time-code"
                    maxlength=12
                />
                <SubmitButton wide=true>"Go on"</SubmitButton>
                <p><a href=other>"Use a recovery code instead"</a></p>
            </form>
        }
        .into_any()
    })
}

fn recovery_page(
    cx: &PlainCx,
    status: StatusCode,
    next: &LocalPath,
    problems: Vec<Problem>,
) -> Response {
    let error = problem_of(&problems, "code");
    let other = with_next(PAGE, next);
    let lead = "Type one of the codes that you kept when you set the app up. Each works once.";
    cx.page(status, ("Recovery code", Some(lead)), || {
        view! {
            <form method="post" action=RECOVERY class="stack">
                <FormErrors problems />
                <input type="hidden" name="next" value=next.to_string() />
                <TextField
                    name="code"
                    label="Recovery code"
                    error=error
                    required=true
                    autocomplete="off"
                    maxlength=60
                />
                <SubmitButton wide=true>"Go on"</SubmitButton>
                <p><a href=other>"Use the app instead"</a></p>
                <p class="meta">
                    "Neither app nor codes? An administrator can remove your second factor."
                </p>
            </form>
        }
        .into_any()
    })
}
