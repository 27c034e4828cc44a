//! Whatever went wrong, as a kind page with a reference.
//!
//! A handler returns a [`PageError`]; [`explain`], which knows who asks, makes the page of it.

use std::panic::AssertUnwindSafe;

use accounts::AccountsError;
use axum::{
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use desk::DeskError;
use domain::access::Denied;
use futures::FutureExt as _;
use replay::{Refusal, ReplayError};
use views::ViewError;

use super::{Portal, render, session::Resend};

/// Why there is no page.
#[derive(Clone, Debug, thiserror::Error)]
pub enum PageError {
    /// There is no such thing, or none that this person may know of.
    #[error("there is no such page")]
    NotFound,
    /// The role is not enough.
    #[error("your role does not allow this")]
    Forbidden,
    /// The request was not sent by one of our pages.
    #[error("this was not sent by a page of the portal")]
    Foreign,
    /// Nobody is signed in. To a page one comes back afterwards.
    #[error("please sign in")]
    SignIn {
        /// Where to come back to.
        next: String,
    },
    /// The session ended while something was typed; it comes back to be sent again.
    #[error("your session has ended")]
    Ended(Resend),
    /// Who it is must be proved again first; what was typed comes back to be sent again.
    #[error("it was not proved again who it is")]
    Unconfirmed(Resend),
    /// A second factor must be set up first.
    #[error("set up a second factor first")]
    Enrol,
    /// The request cannot be understood.
    #[error("the request cannot be understood")]
    BadRequest,
    /// Too much at once.
    #[error("that was too much at once")]
    TooMany,
    /// Too often: it may pass later.
    #[error("that was too often")]
    TooOften {
        /// When, in seconds.
        wait_s: u64,
    },
    /// Something we need is away; the same request may succeed in a moment.
    #[error("something the portal needs is not answering")]
    Unavailable,
    /// Our mistake.
    #[error("something went wrong on our side")]
    Internal,
}

impl PageError {
    /// Its status.
    pub const fn status(&self) -> StatusCode {
        match self {
            PageError::NotFound => StatusCode::NOT_FOUND,
            PageError::Forbidden | PageError::Foreign => StatusCode::FORBIDDEN,
            PageError::SignIn { .. } | PageError::Enrol => StatusCode::SEE_OTHER,
            PageError::Ended(_) | PageError::Unconfirmed(_) => StatusCode::UNAUTHORIZED,
            PageError::BadRequest => StatusCode::BAD_REQUEST,
            PageError::TooMany | PageError::TooOften { .. } => StatusCode::TOO_MANY_REQUESTS,
            PageError::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            PageError::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }
}

impl PageError {
    /// A title and a sentence for whoever sees it.
    pub const fn words(&self) -> (&'static str, &'static str) {
        match self {
            PageError::NotFound => {
                ("There is no such page", "The address may be mistyped, or what was here is gone.")
            }
            PageError::Forbidden => (
                "Your role does not allow this",
                "Ask an administrator of the tenant or of the installation if you need it.",
            ),
            PageError::Foreign => (
                "This was not sent by a page of the portal",
                "Nothing was changed. Go back, reload the page and try again.",
            ),
            PageError::SignIn { .. } => ("Please sign in", "You will come back here."),
            PageError::Ended(_) => ("Your session has ended", "Sign in again."),
            PageError::Unconfirmed(_) => ("Make sure that it is you", "What comes next matters."),
            PageError::Enrol => ("Set up a second factor", "It is asked for once."),
            PageError::BadRequest => (
                "The request cannot be understood",
                "Nothing was changed. Go back, and check what was filled in.",
            ),
            PageError::TooMany | PageError::TooOften { .. } => {
                ("That was too much at once", "Nothing was changed. Wait a moment, then try again.")
            }
            PageError::Unavailable => (
                "Something the portal needs is not answering",
                "It usually is back within a minute. What is stored is not lost.",
            ),
            PageError::Internal => {
                ("Something went wrong on our side", "It is in the logs under the reference below.")
            }
        }
    }
}

impl From<Denied> for PageError {
    fn from(denied: Denied) -> Self {
        match denied {
            Denied::NotFound => PageError::NotFound,
            Denied::Forbidden => PageError::Forbidden,
        }
    }
}

impl From<ViewError> for PageError {
    fn from(error: ViewError) -> Self {
        match error {
            ViewError::Denied(denied) => denied.into(),
            ViewError::Cursor => PageError::NotFound,
            ViewError::Store(error) => {
                tracing::warn!(%error, "a page cannot be read");
                PageError::Unavailable
            }
        }
    }
}

impl From<DeskError> for PageError {
    fn from(error: DeskError) -> Self {
        match error {
            DeskError::Denied => PageError::Forbidden,
            DeskError::NotFound => PageError::NotFound,
            DeskError::Invalid(_) | DeskError::Conflict { .. } => PageError::BadRequest,
            DeskError::Full { wait: Some(wait), .. } => {
                PageError::TooOften { wait_s: wait.as_secs().saturating_add(1) }
            }
            DeskError::Full { wait: None, .. } => PageError::TooMany,
            DeskError::Unavailable => PageError::Unavailable,
        }
    }
}

impl From<ReplayError> for PageError {
    fn from(error: ReplayError) -> Self {
        match error.refusal() {
            Refusal::Denied(denied) => denied.into(),
            Refusal::NotFound => PageError::NotFound,
            Refusal::InTheWay | Refusal::Later => PageError::BadRequest,
            Refusal::Away => {
                tracing::warn!(%error, "a replay cannot be read");
                PageError::Unavailable
            }
            Refusal::Unreadable => {
                tracing::warn!(%error, "a replay does not open");
                PageError::Internal
            }
        }
    }
}

impl From<AccountsError> for PageError {
    fn from(error: AccountsError) -> Self {
        match error {
            AccountsError::Denied(denied) => denied.into(),
            AccountsError::Busy => PageError::TooMany,
            AccountsError::SessionEnded => PageError::SignIn { next: "/".to_owned() },
            AccountsError::Store(error) => {
                tracing::warn!(%error, "an account cannot be read");
                PageError::Unavailable
            }
            AccountsError::Mail(error) => {
                tracing::warn!(%error, "a mail did not go out");
                PageError::Unavailable
            }
            AccountsError::Password(_)
            | AccountsError::Email(_)
            | AccountsError::Link
            | AccountsError::Stale
            | AccountsError::Wrong
            | AccountsError::IsSetUp
            | AccountsError::LastAdministrator
            | AccountsError::EmailTaken => PageError::BadRequest,
        }
    }
}

impl IntoResponse for PageError {
    fn into_response(self) -> Response {
        let mut response = self.status().into_response();
        response.extensions_mut().insert(self);
        response
    }
}

/// Turns errors into pages, and what panicked too.
pub async fn explain(State(portal): State<Portal>, request: Request, next: Next) -> Response {
    let asked = render::Asked::of(&request);
    let mut response = whole(next.run(request)).await;
    let error = match response.extensions_mut().remove::<PageError>() {
        Some(error) => error,
        None => match of_router(response.status()) {
            Some(error) if is_bare(response.headers()) => error,
            Some(_) | None => return response,
        },
    };
    if let PageError::SignIn { next } = &error {
        let next = percent_encoding::utf8_percent_encode(next, percent_encoding::NON_ALPHANUMERIC);
        return see_other(&format!("/sign-in?next={next}"));
    }
    if let PageError::Enrol = &error {
        return see_other(super::session::ENROLMENT);
    }
    let (reference, status) = (asked.reference.as_str(), error.status().as_u16());
    let path = loggable(&asked.path);
    tracing::info!(reference, status, path, %error, "no page");
    let wait = if let PageError::TooOften { wait_s } = error { Some(wait_s) } else { None };
    let mut page = render::error_page(&portal, &asked, error);
    if let Some(wait) = wait {
        page.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(wait));
    }
    page
}

/// The answer, be it that something panicked on the way to it: that is logged where it happened.
async fn whole(answer: impl Future<Output = Response>) -> Response {
    let answer = AssertUnwindSafe(answer).catch_unwind().await;
    answer.unwrap_or_else(|_panicked| PageError::Internal.into_response())
}

/// A path as logs may have it: without the token of a link.
pub(super) fn loggable(path: &str) -> &str {
    let links = ["/set-up/", "/reset/", "/invite/"];
    links.into_iter().find(|link| path.starts_with(link)).unwrap_or(path)
}

/// Whether an answer is nothing, or the line of text that axum says of what it cannot read: no page of ours.
fn is_bare(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE);
    kind.is_none_or(|kind| kind.as_bytes().starts_with(b"text/plain"))
}

/// What axum itself answers where no handler does, or where a form, a query or a path cannot be read.
const fn of_router(status: StatusCode) -> Option<PageError> {
    match status {
        StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED => Some(PageError::NotFound),
        StatusCode::BAD_REQUEST
        | StatusCode::UNSUPPORTED_MEDIA_TYPE
        | StatusCode::UNPROCESSABLE_ENTITY
        | StatusCode::PAYLOAD_TOO_LARGE => Some(PageError::BadRequest),
        _ => None,
    }
}

/// A redirect after which the browser asks with GET. The target is one of our own paths.
pub fn see_other(path: &str) -> Response {
    let target = HeaderValue::from_str(path).unwrap_or(HeaderValue::from_static("/"));
    (StatusCode::SEE_OTHER, [(header::LOCATION, target)]).into_response()
}

#[cfg(test)]
mod tests {
    use axum::{
        Json,
        body::Body,
        extract::{Form, FromRequest as _, Query},
        response::Html,
    };

    use super::*;

    #[tokio::test]
    async fn a_panic_is_a_page_too() {
        let answer = whole(async { panic!("a mistake of ours") }).await;
        assert_eq!(answer.status(), StatusCode::INTERNAL_SERVER_ERROR);
        assert!(matches!(answer.extensions().get(), Some(PageError::Internal)));
    }

    #[tokio::test]
    async fn what_cannot_be_read_is_a_page_too() {
        let sent = |kind: &str| -> Request {
            let request = Request::post("/?n=x").header(header::CONTENT_TYPE, kind);
            request.body(Body::from("n=x")).unwrap()
        };
        let form = sent("application/x-www-form-urlencoded");
        let query = Query::<Vec<(String, u32)>>::try_from_uri(form.uri());
        let form = Form::<Vec<(String, u32)>>::from_request(form, &()).await;
        let other = Form::<Vec<(String, u32)>>::from_request(sent("text/plain"), &()).await;
        for said in [
            query.unwrap_err().into_response(),
            form.unwrap_err().into_response(),
            other.unwrap_err().into_response(),
        ] {
            assert!(is_bare(said.headers()), "{said:?}");
            assert!(matches!(of_router(said.status()), Some(PageError::BadRequest)), "{said:?}");
        }
        for ours in [Html("a page").into_response(), Json("wrong").into_response()] {
            assert!(!is_bare(ours.headers()), "{ours:?}");
        }
    }

    #[test]
    fn no_token_of_a_link_is_logged() {
        for (path, want) in [
            ("/reset/s3cret", "/reset/"),
            ("/invite/s3cret", "/invite/"),
            ("/set-up/s3cret", "/set-up/"),
            ("/t/acme/agents", "/t/acme/agents"),
        ] {
            assert_eq!(loggable(path), want);
        }
    }
}
