//! The way in: signing in and out, and the pages that links of one use open. None has a script.

mod forgot;
mod invite;
mod provider;
mod second_factor;
mod set_up;
mod sign_in;

use std::time::Duration;

use accounts::{AccountsError, LocalPath, SessionToken, SignIn};
use axum::{
    http::{HeaderValue, StatusCode, header},
    response::Response,
};
use domain::secret::Secret;
use leptos::prelude::*;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use portal_ui::{LinkButton, Problem, format};
use schemas::Timestamp;
use serde::Deserialize;

use super::form::{WITH_PROBLEMS, sentence};
use crate::server::{
    error::{PageError, see_other},
    render::PlainCx,
    routes::Routes,
    session,
};

pub(crate) fn routes() -> Routes {
    Routes::default()
        .and(sign_in::routes())
        .and(provider::routes())
        .and(second_factor::routes())
        .and(forgot::routes())
        .and(invite::routes())
        .and(set_up::routes())
}

/// Where to go on afterwards, as a request says it.
#[derive(Clone, Debug, Default, Deserialize)]
pub(crate) struct Next {
    #[serde(default)]
    next: String,
}

impl Next {
    /// A page of ours, whatever was asked for.
    pub(crate) fn path(&self) -> LocalPath {
        LocalPath::parse(&self.next)
    }
}

/// That page, told where to go on afterwards.
pub(crate) fn with_next(page: &str, next: &LocalPath) -> String {
    match next.as_str() {
        "/" => page.to_owned(),
        next => format!("{page}?next={}", utf8_percent_encode(next, NON_ALPHANUMERIC)),
    }
}

/// What a form sends when it does not send a secret.
pub(crate) fn nothing() -> Secret {
    Secret::from(String::new())
}

/// On to a page, with that session.
pub(crate) fn enter(session: &SessionToken, to: &str) -> Result<Response, PageError> {
    let mut response = see_other(to);
    response.headers_mut().append(header::SET_COOKIE, session::held(session)?);
    Ok(response)
}

/// What became of a try, other than that it succeeded: the status, what to say of that field, and how
/// long to wait.
pub(crate) struct Missed {
    /// Of the answer.
    pub(crate) status: StatusCode,
    /// What to say.
    pub(crate) problem: Problem,
    wait_secs: Option<u64>,
}

impl Missed {
    /// `refused` is said where nobody learns more.
    pub(crate) fn of(outcome: &SignIn, field: &str, refused: &str, now: Timestamp) -> Option<Self> {
        let problem = |field: &str, message| Problem { field: field.to_owned(), message };
        match outcome {
            SignIn::Done(_) | SignIn::SecondFactor(_) => None,
            SignIn::Refused => {
                let problem = problem(field, refused.to_owned());
                Some(Self { status: WITH_PROBLEMS, problem, wait_secs: None })
            }
            SignIn::Throttled { until } => {
                let wait_secs = until.since(now).as_secs() + 1;
                let wait = format::duration(Duration::from_secs(wait_secs));
                let message = format!("Too many tries. Wait {wait}, then try again.");
                Some(Self {
                    status: StatusCode::TOO_MANY_REQUESTS,
                    problem: problem("", message),
                    wait_secs: Some(wait_secs),
                })
            }
        }
    }

    /// The answer, which tells programs too how long to wait.
    pub(crate) fn answer(&self, mut response: Response) -> Response {
        if let Some(secs) = self.wait_secs {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(secs));
        }
        response
    }
}

/// What was wrong with a form about an account; else a page of its own.
pub(crate) fn problems(error: AccountsError) -> Result<Vec<Problem>, PageError> {
    let field = match &error {
        AccountsError::Password(_) => "password",
        AccountsError::Email(_) => "email",
        AccountsError::Wrong => "code",
        AccountsError::EmailTaken
        | AccountsError::LastAdministrator
        | AccountsError::IsSetUp
        | AccountsError::Mail(_) => "",
        AccountsError::Denied(_)
        | AccountsError::Link
        | AccountsError::SessionEnded
        | AccountsError::Stale
        | AccountsError::Busy
        | AccountsError::Store(_) => return Err(error.into()),
    };
    let message = sentence(&error.to_string());
    Ok(vec![Problem { field: field.to_owned(), message }])
}

/// The way through the provider of identities, over a form with a password.
#[component]
fn ByProvider(href: String, words: String) -> impl IntoView {
    view! {
        <div class="by-provider">
            <LinkButton href wide=true>{words}</LinkButton>
            <p class="by-provider-or">"or with a password"</p>
        </div>
    }
}

/// The page of a link that works no more, or never did; nobody learns which.
fn dead(cx: &PlainCx, next: &'static str) -> Response {
    let lead = "It was used, or it is too old.";
    let title = "This link does not work";
    without_referrer(cx.page(StatusCode::NOT_FOUND, (title, Some(lead)), move || {
        view! { <p>{next}</p> <p><a href="/sign-in">"Go to the sign-in page"</a></p> }.into_any()
    }))
}

/// No other page learns the address of this one: a link is in it.
fn without_referrer(mut response: Response) -> Response {
    let value = HeaderValue::from_static("no-referrer");
    response.headers_mut().insert(header::REFERRER_POLICY, value);
    response
}
