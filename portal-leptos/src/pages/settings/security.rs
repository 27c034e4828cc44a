//! How somebody signs in: the password, and the second factor.

use accounts::{AccountsError, SessionToken, SignIn};
use axum::{
    Extension,
    extract::Form,
    http::{StatusCode, header},
    response::Response,
};
use domain::secret::Secret;
use leptos::prelude::*;
use portal_ui::{
    Card, FormErrors, InputKind, LinkButton, Problem, Status, SubmitButton, TextField, Tone,
    Variant, format::counted,
};
use serde::Deserialize;

use crate::{
    pages::{
        auth::{Missed, nothing, problems},
        form::{WITH_PROBLEMS, go, problem_of},
    },
    server::{
        error::PageError,
        flash::Flash,
        render::Cx,
        routes::{Need, Routes},
        session::{self, ENROLMENT, Visited},
    },
};

const PAGE: &str = "/settings/security";
const PASSWORD: &str = "/settings/security/password";

pub(super) fn routes() -> Routes {
    Routes::default().get(PAGE, Need::SignedIn, show).post(PASSWORD, Need::SignedIn, change)
}

/// What was typed.
#[derive(Deserialize)]
struct Typed {
    // Whatever has "password" in its name is not given back when a session has ended.
    #[serde(default = "nothing")]
    present_password: Secret,
    #[serde(default = "nothing")]
    password: Secret,
}

async fn show(cx: Cx) -> Result<Response, PageError> {
    page(&cx, StatusCode::OK, Vec::new()).await
}

async fn change(
    cx: Cx,
    Extension(session): Extension<SessionToken>,
    Visited(visit): Visited,
    Form(typed): Form<Typed>,
) -> Result<Response, PageError> {
    let accounts = &cx.portal.accounts;
    let outcome =
        accounts.change_password(&session, &typed.present_password, &typed.password, &visit).await;
    let outcome = match outcome {
        Ok(outcome) => outcome,
        Err(error @ AccountsError::Password(_)) => {
            return page(&cx, WITH_PROBLEMS, problems(error)?).await;
        }
        Err(error) => return Err(error.into()),
    };
    if let Some(missed) =
        Missed::of(&outcome, "present_password", "This is not your present password", visit.now)
    {
        let response = page(&cx, missed.status, vec![missed.problem.clone()]).await?;
        return Ok(missed.answer(response));
    }
    let SignIn::Done(session) = outcome else { return Err(PageError::Internal) };
    let flash = Flash::good("Your password is changed. Your other sessions have ended.");
    let mut response = go(PAGE, &flash);
    response.headers_mut().append(header::SET_COOKIE, session::held(&session)?);
    Ok(response)
}

async fn page(cx: &Cx, status: StatusCode, problems: Vec<Problem>) -> Result<Response, PageError> {
    let left = if cx.signed.has_second_factor {
        Some(cx.portal.accounts.recovery_codes_left(&cx.signed).await?)
    } else {
        None
    };
    Ok(cx.page_with(status, "Security", || {
        let password = if cx.signed.ways.has_password {
            password_card(cx, problems)
        } else {
            no_password_card(cx)
        };
        let provider = cx.signed.ways.is_linked.then(|| provider_card(cx));
        let body = view! { {password} {provider} {factor_card(left)} };
        super::page(PAGE, body.into_any())
    }))
}

fn password_card(cx: &Cx, problems: Vec<Problem>) -> AnyView {
    let (present, other) =
        (problem_of(&problems, "present_password"), problem_of(&problems, "password"));
    let least = if cx.signed.has_second_factor { 8 } else { 15 };
    let email = cx.signed.email.clone();
    view! {
        <Card title="Password" lead="Changing it ends your sessions in other browsers.">
            <form method="post" action=PASSWORD class="form">
                <FormErrors problems />
                <input type="hidden" name="email" value=email autocomplete="username" />
                <TextField
                    name="present_password"
                    label="Present password"
                    kind=InputKind::Password
                    error=present
                    required=true
                    autocomplete="current-password"
                />
                <TextField
                    name="password"
                    label="New password"
                    kind=InputKind::Password
                    hint=format!(
                        "At least {least} characters. Some words that do not belong together are easy to remember and hard to guess.",
                    )
                    error=other
                    required=true
                    autocomplete="new-password"
                />
                <div class="form-actions"><SubmitButton>"Change the password"</SubmitButton></div>
            </form>
        </Card>
    }
    .into_any()
}

/// For whoever came by the provider of identities only.
fn no_password_card(cx: &Cx) -> AnyView {
    let lead = if cx.portal.sign_on.is_some() && cx.signed.ways.is_linked {
        "You have none. To choose one, ask an administrator for a link."
    } else {
        "You have none. To choose one, sign out and ask for a link under “Forgot your password?”."
    };
    view! {
        <Card title="Password" lead>
            <Status tone=Tone::Neutral label="Not chosen" />
        </Card>
    }
    .into_any()
}

fn provider_card(cx: &Cx) -> AnyView {
    let (name, tone, label) = match &cx.portal.sign_on {
        Some(on) => (on.name.clone(), Tone::Ok, "Signs you in"),
        None => ("Single sign-on".to_owned(), Tone::Neutral, "Not in use at present"),
    };
    let lead = "An administrator can take this link between the two accounts away.";
    view! {
        <Card title=name lead>
            <Status tone label />
        </Card>
    }
    .into_any()
}

/// `left` is how many recovery codes there are, where there is a second factor.
fn factor_card(left: Option<u32>) -> AnyView {
    let Some(left) = left else {
        return view! {
            <Card title="Second factor" lead="A code that an app on your phone shows. Nobody gets in with your password alone.">
                <div class="stack" data-gap="small">
                    <Status tone=Tone::Warn label="Not set up" />
                    <div class="form-actions">
                        <LinkButton href=ENROLMENT variant=Variant::Primary>"Set up a second factor"</LinkButton>
                    </div>
                </div>
            </Card>
        }
        .into_any();
    };
    let codes = counted(left.into(), "recovery code is left", "recovery codes are left");
    let tone = if left < 3 { Tone::Warn } else { Tone::Ok };
    view! {
        <Card title="Second factor" lead="A code that an app on your phone shows. Nobody gets in with your password alone.">
            <div class="stack" data-gap="small">
                <Status tone=Tone::Ok label="Set up" />
                <Status tone label=codes />
                <div class="form-actions">
                    <LinkButton href=ENROLMENT>"Set up another phone"</LinkButton>
                    <form method="post" action=super::second_factor::CODES class="inline-form">
                        <SubmitButton variant=Variant::Plain>"Make new recovery codes"</SubmitButton>
                    </form>
                </div>
            </div>
        </Card>
    }
    .into_any()
}
