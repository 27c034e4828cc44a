//! Whatever goes wrong, in OpenAI's shape: `{"error": {"message", "type", "param", "code"}}`.

use axum::{
    Json,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use providers::{Cause, Exhausted, FailureClass};
use serde_json::{Value, json};
use tokio::time::Instant;

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Problem {
    status: StatusCode,
    /// `invalid_request_error`, `rate_limit_error` and the like.
    kind: &'static str,
    code: &'static str,
    message: String,
    /// The field that is at fault.
    param: Option<String>,
    /// When the same request may succeed, in whole seconds.
    retry_after_s: Option<u64>,
}

impl Problem {
    fn new(status: StatusCode, kind: &'static str, code: &'static str, message: &str) -> Self {
        let message = message.to_owned();
        Self { status, kind, code, message, param: None, retry_after_s: None }
    }

    /// The request cannot be understood, or asks for what there is not.
    pub(crate) fn invalid(param: &str, message: impl Into<String>) -> Self {
        let kind = "invalid_request_error";
        let problem = Self::new(StatusCode::BAD_REQUEST, kind, "invalid_value", "");
        Self { message: message.into(), param: Some(param.to_owned()), ..problem }
    }

    /// The body cannot be had whole, and that is why.
    pub(crate) fn unread(status: StatusCode) -> Self {
        let kind = "invalid_request_error";
        if status == StatusCode::PAYLOAD_TOO_LARGE {
            let message = "The request is larger than 8 MiB.";
            return Self::new(status, kind, "request_too_large", message);
        }
        Self::new(StatusCode::BAD_REQUEST, kind, "unreadable", "The request broke off.")
    }

    /// Nobody we know asks.
    pub(crate) fn key() -> Self {
        let message = "The key in `Authorization: Bearer` is missing, wrong or revoked.";
        let kind = "invalid_request_error";
        Self::new(StatusCode::UNAUTHORIZED, kind, "invalid_api_key", message)
    }

    /// Whoever asks may not.
    pub(crate) fn forbidden() -> Self {
        let message = "This key does not belong to an operator of a tenant.";
        Self::new(StatusCode::FORBIDDEN, "invalid_request_error", "forbidden", message)
    }

    /// We have our hands full.
    pub(crate) fn busy() -> Self {
        let message = "Too many requests are under way. Try again in a moment.";
        let problem =
            Self::new(StatusCode::TOO_MANY_REQUESTS, "rate_limit_error", "too_many", message);
        Self { retry_after_s: Some(1), ..problem }
    }

    /// Something that we need is away.
    pub(crate) fn away() -> Self {
        let message = "Keys cannot be looked up just now. Try again in a moment.";
        let status = StatusCode::SERVICE_UNAVAILABLE;
        Self { retry_after_s: Some(5), ..Self::new(status, "server_error", "unavailable", message) }
    }

    /// The tenant's own models cannot be looked up.
    pub(crate) fn no_models() -> Self {
        let message = "The models cannot be looked up just now. Try again in a moment.";
        let status = StatusCode::SERVICE_UNAVAILABLE;
        Self { retry_after_s: Some(5), ..Self::new(status, "server_error", "unavailable", message) }
    }

    /// The model stopped: what was sent, if anything, is not the whole answer.
    pub(crate) fn interrupted() -> Self {
        let message = "The answer broke off, and what was sent of it is void. Ask again.";
        Self::new(StatusCode::BAD_GATEWAY, "server_error", "stream_interrupted", message)
    }

    /// No deployment answered.
    pub(crate) fn exhausted(exhausted: &Exhausted, now: Instant) -> Self {
        // A budget is not mended by a vendor's word.
        let is_over = matches!(exhausted.cause, Cause::OverBudget(_));
        let wait = exhausted.retry_at.filter(|_| !is_over);
        let wait = wait.map(|at| at.saturating_duration_since(now));
        let retry_after_s = wait.map(|wait| wait.as_millis().div_ceil(1_000));
        let retry_after_s = retry_after_s.and_then(|seconds| u64::try_from(seconds).ok());
        Self { retry_after_s, ..Self::of_cause(&exhausted.cause) }
    }

    fn of_cause(cause: &Cause) -> Self {
        let bad = |code, message| {
            Self::new(StatusCode::BAD_REQUEST, "invalid_request_error", code, message)
        };
        let away = |code, message| {
            Self::new(StatusCode::SERVICE_UNAVAILABLE, "server_error", code, message)
        };
        match cause {
            Cause::UnknownGroup => {
                let message = "There is no such model. `GET /v1/models` lists those there are.";
                let kind = "invalid_request_error";
                Self::new(StatusCode::NOT_FOUND, kind, "model_not_found", message)
            }
            Cause::NoneFits => {
                bad("not_supported", "No deployment of this model can take such a request.")
            }
            Cause::AllRest | Cause::OutOfTime => {
                away("model_unavailable", "No deployment of this model can be asked just now.")
            }
            Cause::OverBudget(_) => {
                let message = "The budget that pays for this key has no room for the request. An \
                               administrator can raise it.";
                let (status, kind) = (StatusCode::TOO_MANY_REQUESTS, "insufficient_quota");
                Self::new(status, kind, "insufficient_quota", message)
            }
            Cause::NotRecorded(_) => {
                away("unavailable", "The request could not be put on record, so it was not made.")
            }
            Cause::Failed(class) => match class {
                FailureClass::RateLimited => {
                    let message = "The vendor takes no more requests for now.";
                    let status = StatusCode::TOO_MANY_REQUESTS;
                    Self::new(status, "rate_limit_error", "rate_limit_exceeded", message)
                }
                FailureClass::ContextTooLong => bad(
                    "context_length_exceeded",
                    "The conversation is longer than any deployment of this model takes.",
                ),
                FailureClass::Refused => {
                    bad("content_filter", "The model declined to answer this.")
                }
                FailureClass::BadRequest => bad("rejected", "The vendor rejected the request."),
                FailureClass::Cancelled => Self::interrupted(),
                FailureClass::QuotaExhausted
                | FailureClass::CredentialDead
                | FailureClass::Overloaded
                | FailureClass::Transient
                | FailureClass::TimedOut
                | FailureClass::Empty => {
                    away("model_unavailable", "No deployment of this model gave an answer.")
                }
            },
        }
    }

    /// As it is sent, alone or in a stream.
    pub(crate) fn json(&self) -> Value {
        let Self { kind, code, message, param, .. } = self;
        json!({ "error": { "message": message, "type": kind, "param": param, "code": code } })
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = (self.status, Json(self.json())).into_response();
        if let Some(seconds) = self.retry_after_s {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

/// No such route.
pub(crate) async fn nothing_here() -> Problem {
    let message = "There are `POST /v1/chat/completions` and `GET /v1/models`.";
    Problem::new(StatusCode::NOT_FOUND, "invalid_request_error", "not_found", message)
}

/// For every method that a path does not know; which it knows is in `Allow`.
pub(crate) async fn no_such_method() -> Problem {
    let message = "There are `POST /v1/chat/completions` and `GET /v1/models`.";
    let status = StatusCode::METHOD_NOT_ALLOWED;
    Problem::new(status, "invalid_request_error", "method_not_allowed", message)
}
