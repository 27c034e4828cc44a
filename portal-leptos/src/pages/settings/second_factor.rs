//! Setting up the second factor, and the codes for when it is lost. No script sees either.

use accounts::{AccountsError, Enrolment, RecoveryCodes, SessionToken};
use axum::{
    Extension,
    extract::Form,
    http::{StatusCode, header},
    response::Response,
};
use leptos::prelude::*;
use portal_ui::{
    Banner, CodeBlock, FormErrors, InputKind, LinkButton, Problem, SubmitButton, TextField, Tone,
    Variant,
};
use serde::Deserialize;

use super::{confirm_first, qr};
use crate::{
    pages::form::{WITH_PROBLEMS, go, problem_of},
    server::{
        error::PageError,
        flash::Flash,
        render::PlainCx,
        routes::{Need, Routes},
        session::{self, ENROLMENT, Visited},
    },
};

pub(super) const CODES: &str = "/settings/security/recovery-codes";

pub(super) fn routes() -> Routes {
    Routes::default()
        .get(ENROLMENT, Need::SignedIn, show)
        .post(ENROLMENT, Need::SignedIn, confirm)
        .post(CODES, Need::SignedIn, other_codes)
}

/// What was typed, and what was offered.
#[derive(Deserialize)]
struct Typed {
    #[serde(default)]
    code: String,
    #[serde(default)]
    offer: String,
}

async fn show(cx: PlainCx) -> Result<Response, PageError> {
    if let Some(first) = confirm_first(&cx.asked, ENROLMENT, &[]) {
        return Ok(first);
    }
    let signed = cx.asked.signed.as_ref().ok_or(PageError::Internal)?;
    let enrolment = cx.portal.accounts.begin_second_factor(signed)?;
    Ok(page(&cx, StatusCode::OK, &enrolment, Vec::new()))
}

async fn confirm(
    cx: PlainCx,
    Extension(session): Extension<SessionToken>,
    Visited(visit): Visited,
    Form(typed): Form<Typed>,
) -> Result<Response, PageError> {
    if let Some(first) = confirm_first(&cx.asked, ENROLMENT, &[]) {
        return Ok(first);
    }
    let accounts = &cx.portal.accounts;
    let done = accounts.confirm_second_factor(&session, &typed.offer, &typed.code, &visit).await;
    match done {
        Ok((session, codes)) => {
            let mut response = codes_page(&cx, &codes);
            response.headers_mut().append(header::SET_COOKIE, session::held(&session)?);
            Ok(response)
        }
        Err(AccountsError::Wrong) => {
            let signed = cx.asked.signed.as_ref().ok_or(PageError::Internal)?;
            let enrolment = accounts.resume_second_factor(signed, &typed.offer)?;
            let problem = Problem {
                field: "code".to_owned(),
                message:
                    "This code is not right. Wait for the next one, and check that the phone's \
                          clock is."
                        .to_owned(),
            };
            Ok(page(&cx, WITH_PROBLEMS, &enrolment, vec![problem]))
        }
        Err(AccountsError::Link) => Ok(go(ENROLMENT, &Flash::note("Begin again with this code."))),
        Err(error) => Err(error.into()),
    }
}

async fn other_codes(cx: PlainCx, Visited(visit): Visited) -> Result<Response, PageError> {
    if let Some(first) = confirm_first(&cx.asked, "/settings/security", &[]) {
        return Ok(first);
    }
    let signed = cx.asked.signed.as_ref().ok_or(PageError::Internal)?;
    let codes = cx.portal.accounts.new_recovery_codes(signed, &visit).await?;
    Ok(codes_page(&cx, &codes))
}

fn page(
    cx: &PlainCx,
    status: StatusCode,
    enrolment: &Enrolment,
    problems: Vec<Problem>,
) -> Response {
    let error = problem_of(&problems, "code");
    let has_one = cx.asked.signed.as_ref().is_some_and(|it| it.has_second_factor);
    let owes = cx.portal.second_factor && !has_one;
    let lead = if owes {
        "This installation asks everybody for one: your password alone is not enough."
    } else if has_one {
        "The app that you set up now takes the place of the one before."
    } else {
        "Nobody gets in with your password alone."
    };
    let drawing = qr::drawing(&enrolment.uri, "QR code to scan with an authenticator app");
    let secret = grouped(enrolment.secret.expose());
    let offer = enrolment.offer.clone();
    let leave = if owes {
        view! {
            <form method="post" action="/sign-out">
                <SubmitButton variant=Variant::Quiet wide=true>"Sign out"</SubmitButton>
            </form>
        }
        .into_any()
    } else {
        view! { <p><a href="/settings/security">"Not now"</a></p> }.into_any()
    };
    cx.page(status, ("Set up a second factor", Some(lead)), || {
        view! {
            <form method="post" action=ENROLMENT class="stack">
                <FormErrors problems />
                <p>"Scan this with an authenticator app on your phone."</p>
                {drawing}
                <CodeBlock label="Or type this into the app" code=secret />
                <input type="hidden" name="offer" value=offer />
                <TextField
                    name="code"
                    label="Six-digit code that the app shows"
                    kind=InputKind::Code
                    error=error
                    required=true
                    autocomplete="one-time-code"
                    maxlength=12
                />
                <SubmitButton wide=true>"Set it up"</SubmitButton>
            </form>
            {leave}
        }
        .into_any()
    })
}

/// The codes, once. Nobody can show them again.
fn codes_page(cx: &PlainCx, codes: &RecoveryCodes) -> Response {
    let all: Vec<&str> = codes.0.iter().map(domain::secret::Secret::expose).collect();
    let code = all.join("\n");
    let lead = "Each signs you in once, in the place of the app.";
    cx.page(StatusCode::OK, ("Keep these recovery codes", Some(lead)), || {
        view! {
            <Banner tone=Tone::Warn title="They are shown only now">
                <p>"Print them, or put them into a password manager. Codes from before are void."</p>
            </Banner>
            <CodeBlock label="Recovery codes" code />
            <LinkButton href="/" variant=Variant::Primary>"I have kept them"</LinkButton>
        }
        .into_any()
    })
}

/// In fours, as people type it.
fn grouped(secret: &str) -> String {
    let groups: Vec<_> = secret.as_bytes().chunks(4).map(String::from_utf8_lossy).collect();
    groups.join(" ")
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_secret_is_typed_in_fours() {
        assert_eq!(super::grouped("GEZDGNBVGY"), "GEZD GNBV GY");
    }
}
