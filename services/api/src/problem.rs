//! Whatever went wrong, as RFC 9457 says it: `application/problem+json`, with a reference for the logs.

mod kinds;
mod replaying;

use accounts::AccountsError;
use axum::{
    Json,
    extract::Request,
    http::{HeaderValue, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use desk::DeskError;
use domain::{access::Denied, fields::FieldProblem};
use serde::{Deserialize, Serialize};
use store::StoreError;
use utoipa::ToSchema;
use views::ViewError;

pub(crate) use self::kinds::KINDS;

/// Why a request was not carried out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ApiError {
    /// It cannot be read.
    BadRequest(String),
    /// There is no key that opens anything.
    Key,
    /// The key's role is not enough.
    Forbidden,
    /// There is no such thing, or none that this key may know of.
    NotFound,
    /// The path knows no such method.
    Method,
    /// Something stands in the way.
    Conflict(String),
    /// It is not what `If-Match` says any more.
    Changed(String),
    /// `If-Match` is missing.
    Unconditional,
    /// The body is too long.
    TooLong,
    /// The body is no JSON.
    NotJson,
    /// What was sent cannot be had.
    Invalid(Vec<Wrong>),
    /// More requests than the key may send.
    TooMany {
        /// When the next one will pass, in seconds.
        wait_s: u64,
    },
    /// More changes than there is room for today.
    TooMuch {
        /// What, in a sentence.
        what: &'static str,
        /// When there is room again, in seconds.
        wait_s: u64,
    },
    /// Something we need is away.
    Unavailable,
}

/// What is wrong with a field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub(crate) struct Wrong {
    /// Its name in the body or in the query.
    #[schema(example = "slug")]
    pub(crate) field: String,
    /// What is wrong, to be read after the name.
    #[schema(example = "is taken")]
    pub(crate) problem: String,
}

impl Wrong {
    pub(crate) fn new(field: impl Into<String>, problem: impl Into<String>) -> Self {
        Self { field: field.into(), problem: problem.into() }
    }
}

/// Why a request was not carried out (RFC 9457).
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct Problem {
    /// The kind of problem; the reference page says what to do about it.
    #[serde(rename = "type")]
    #[schema(example = "/api/v1#invalid")]
    pub(crate) kind: String,
    /// The same for people.
    #[schema(example = "What was sent cannot be had")]
    pub(crate) title: String,
    /// The status of the answer.
    #[schema(example = 422)]
    pub(crate) status: u16,
    /// What happened this time.
    #[schema(example = "`slug` is taken")]
    pub(crate) detail: String,
    /// Quote it when you ask for help; it is in the logs.
    #[schema(example = "5f1c9a7e02")]
    pub(crate) reference: String,
    /// The fields that are wrong.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) errors: Vec<Wrong>,
}

impl ApiError {
    pub(crate) fn field(field: impl Into<String>, problem: impl Into<String>) -> Self {
        ApiError::Invalid(vec![Wrong::new(field, problem)])
    }

    /// A conflict of an operation that said what it had looked at.
    pub(crate) fn of_match(error: DeskError) -> Self {
        let error = ApiError::from(error);
        if let ApiError::Conflict(what) = error { ApiError::Changed(what) } else { error }
    }

    /// After how many seconds it may go better, where that is known.
    fn wait_s(&self) -> Option<u64> {
        if let ApiError::TooMany { wait_s } | ApiError::TooMuch { wait_s, .. } = self {
            return Some(*wait_s);
        }
        None
    }

    fn status(&self) -> StatusCode {
        match self {
            ApiError::BadRequest(_) => StatusCode::BAD_REQUEST,
            ApiError::Key => StatusCode::UNAUTHORIZED,
            ApiError::Forbidden => StatusCode::FORBIDDEN,
            ApiError::NotFound => StatusCode::NOT_FOUND,
            ApiError::Method => StatusCode::METHOD_NOT_ALLOWED,
            ApiError::Conflict(_) => StatusCode::CONFLICT,
            ApiError::Changed(_) => StatusCode::PRECONDITION_FAILED,
            ApiError::Unconditional => StatusCode::PRECONDITION_REQUIRED,
            ApiError::TooLong => StatusCode::PAYLOAD_TOO_LARGE,
            ApiError::NotJson => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            ApiError::Invalid(_) => StatusCode::UNPROCESSABLE_ENTITY,
            ApiError::TooMany { .. } | ApiError::TooMuch { .. } => StatusCode::TOO_MANY_REQUESTS,
            ApiError::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    fn problem(self, reference: String) -> Problem {
        let status = self.status().as_u16();
        let known = KINDS.iter().find(|(of, ..)| *of == status);
        let (name, title) = known.map_or(("", ""), |(_, name, title, _)| (name, title));
        let said = |text: &str| (text.to_owned(), Vec::new());
        let (detail, errors) = match self {
            ApiError::BadRequest(what) | ApiError::Conflict(what) | ApiError::Changed(what) => {
                (what, Vec::new())
            }
            ApiError::Invalid(errors) => {
                let each = errors.iter().map(|it| format!("`{}` {}", it.field, it.problem));
                (each.collect::<Vec<_>>().join("; "), errors)
            }
            ApiError::TooMany { wait_s } => {
                (format!("the next request passes in {wait_s} s"), Vec::new())
            }
            ApiError::TooMuch { what, .. } => said(what),
            ApiError::Key => said("send a key that opens something as `Authorization: Bearer …`"),
            ApiError::Forbidden => said("the key's role does not allow this"),
            ApiError::NotFound => said("there is no such thing here"),
            ApiError::Method => said("the path is known, and this method of it is not"),
            ApiError::Unconditional => said("send the ETag of what you looked at as `If-Match`"),
            ApiError::TooLong => said("a body has at most 1 MiB"),
            ApiError::NotJson => said("send a body of `application/json`"),
            ApiError::Unavailable => said("this cannot be done right now"),
        };
        let (kind, title) = (format!("{}#{name}", crate::BASE), title.to_owned());
        Problem { kind, title, status, detail, reference, errors }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let mut response = self.status().into_response();
        response.extensions_mut().insert(self);
        response
    }
}

impl From<Denied> for ApiError {
    fn from(denied: Denied) -> Self {
        match denied {
            Denied::NotFound => ApiError::NotFound,
            Denied::Forbidden => ApiError::Forbidden,
        }
    }
}

impl From<DeskError> for ApiError {
    fn from(error: DeskError) -> Self {
        match error {
            DeskError::Denied => ApiError::Forbidden,
            DeskError::NotFound => ApiError::NotFound,
            DeskError::Invalid(problems) => {
                ApiError::Invalid(problems.into_iter().map(Wrong::from).collect())
            }
            DeskError::Conflict { what } => ApiError::Conflict(what),
            DeskError::Full { what, wait: Some(wait) } => {
                ApiError::TooMuch { what, wait_s: wait.as_secs().saturating_add(1) }
            }
            DeskError::Full { what, wait: None } => ApiError::Conflict(what.to_owned()),
            DeskError::Unavailable => ApiError::Unavailable,
        }
    }
}

impl From<FieldProblem> for Wrong {
    fn from(it: FieldProblem) -> Self {
        let field = match it.rule {
            Some(nth) => format!("escalation[{nth}].{}", it.field),
            None => it.field.to_owned(),
        };
        Self::new(field, it.problem)
    }
}

impl From<ViewError> for ApiError {
    fn from(error: ViewError) -> Self {
        match error {
            ViewError::Denied(denied) => denied.into(),
            ViewError::Cursor => ApiError::field("cursor", "is none of ours: begin without one"),
            ViewError::Store(error) => error.into(),
        }
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        tracing::warn!(%error, "the database did not do what a program asked for");
        ApiError::Unavailable
    }
}

impl From<AccountsError> for ApiError {
    fn from(error: AccountsError) -> Self {
        if let AccountsError::Denied(denied) = error {
            return denied.into();
        }
        tracing::warn!(%error, "accounts do not answer");
        ApiError::Unavailable
    }
}

/// For every path that there is not.
pub(crate) async fn nothing_here() -> ApiError {
    ApiError::NotFound
}

/// For every method that a path does not know.
pub(crate) async fn no_such_method() -> ApiError {
    ApiError::Method
}

/// Writes the problem out, under a reference that is in the logs.
pub(crate) async fn explain(request: Request, next: Next) -> Response {
    let path = request.uri().path().to_owned();
    let mut response = next.run(request).await;
    let Some(error) = response.extensions_mut().remove::<ApiError>() else { return response };
    let reference = hex::encode(rand::random::<[u8; 5]>());
    let status = error.status();
    tracing::info!(reference, status = status.as_u16(), path, "a program was refused");
    let wait = error.wait_s();
    let allow = response.headers_mut().remove(header::ALLOW);
    let mut written = (status, Json(error.problem(reference))).into_response();
    let headers = written.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    if let Some(wait) = wait {
        headers.insert(header::RETRY_AFTER, HeaderValue::from(wait));
    }
    if let Some(allow) = allow {
        headers.insert(header::ALLOW, allow);
    }
    if status == StatusCode::UNAUTHORIZED {
        headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    written
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_error_has_its_kind() {
        let errors = [
            ApiError::BadRequest(String::new()),
            ApiError::Key,
            ApiError::Forbidden,
            ApiError::NotFound,
            ApiError::Method,
            ApiError::Conflict(String::new()),
            ApiError::Changed(String::new()),
            ApiError::TooLong,
            ApiError::NotJson,
            ApiError::Invalid(Vec::new()),
            ApiError::Unconditional,
            ApiError::TooMany { wait_s: 1 },
            ApiError::Unavailable,
        ];
        assert_eq!(errors.len(), KINDS.len());
        for (error, (status, name, ..)) in errors.into_iter().zip(KINDS) {
            let problem = error.problem("r".to_owned());
            assert_eq!((problem.status, problem.kind), (status, format!("/api/v1#{name}")));
        }
    }
}
