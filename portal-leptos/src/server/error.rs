//! Whatever went wrong, as a kind page with a reference.
//!
//! A handler returns a [`PageError`]; [`explain`], which knows who asks, makes the page of it.

use axum::{
    extract::{Request, State},
    http::{HeaderValue, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use domain::access::Denied;

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
    /// A second factor must be set up first.
    #[error("set up a second factor first")]
    Enrol,
    /// The request cannot be understood.
    #[error("the request cannot be understood")]
    BadRequest,
    /// Too much at once.
    #[error("that was too much at once")]
    TooMany,
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
            PageError::Ended(_) => StatusCode::UNAUTHORIZED,
            PageError::BadRequest => StatusCode::BAD_REQUEST,
            PageError::TooMany => StatusCode::TOO_MANY_REQUESTS,
            PageError::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            PageError::Internal => StatusCode::INTERNAL_SERVER_ERROR,
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

impl IntoResponse for PageError {
    fn into_response(self) -> Response {
        let mut response = self.status().into_response();
        response.extensions_mut().insert(self);
        response
    }
}

/// Turns errors into pages; for programs, into JSON.
pub async fn explain(State(portal): State<Portal>, request: Request, next: Next) -> Response {
    let asked = render::Asked::of(&request);
    let response = next.run(request).await;
    let error = match response.extensions().get::<PageError>() {
        Some(error) => error.clone(),
        None => match of_router(response.status()) {
            Some(error) if !response.headers().contains_key(header::CONTENT_TYPE) => error,
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
    let reference = reference();
    tracing::info!(reference, status = error.status().as_u16(), path = asked.path, %error, "no page");
    render::error_page(&portal, &asked, &error, &reference)
}

/// What axum itself answers where no handler does.
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

/// What a person quotes and an engineer searches for.
fn reference() -> String {
    hex::encode(rand::random::<[u8; 5]>())
}
