//! HTTP on the one side, decisions on the other.

use std::{sync::Arc, time::Duration};

use axum::{
    Router,
    body::{Body, to_bytes},
    extract::{Request, State},
    http::{HeaderMap, StatusCode, header::CONTENT_TYPE},
    response::{IntoResponse as _, Response},
    routing::post,
};
use channels::Unverified;
use metrics::counter;
use tokio::sync::Semaphore;
use tracing::{info, warn};

use crate::hear::{Gateway, Heard, NotNow};

/// The longest body that is read.
const BODY_BYTES_MAX: usize = 1024 * 1024;

/// How long a body may take to arrive. Slack sends it at once; whoever dawdles holds a place.
const BODY_WAIT: Duration = Duration::from_secs(1);

/// Slack gives up after 3 s: an answer it does not wait for helps nobody.
const ANSWER_WAIT: Duration = Duration::from_millis(2_500);

/// Calls in hand at once. Times the body bound, this bounds the memory that strangers can hold.
const CALLS_MAX: usize = 256;

#[derive(Clone)]
struct Door {
    gateway: Arc<Gateway>,
    places: Arc<Semaphore>,
}

/// The routes of the chat systems.
pub fn routes(gateway: Arc<Gateway>) -> Router {
    let places = Arc::new(Semaphore::new(CALLS_MAX));
    Router::new().route("/slack/events", post(events)).with_state(Door { gateway, places })
}

async fn events(State(door): State<Door>, request: Request) -> Response {
    let signed = ["x-slack-signature", "x-slack-request-timestamp"];
    if !signed.iter().all(|name| request.headers().contains_key(*name)) {
        count("unsigned");
        return StatusCode::UNAUTHORIZED.into_response();
    }
    let Ok(_place) = door.places.try_acquire() else {
        count("no_room");
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    };
    let (parts, body) = request.into_parts();
    let call = match read(&parts.headers, body).await {
        Ok(call) => call,
        Err(unread) => return refuse(unread),
    };
    note_retry(&parts.headers);
    let heard = tokio::time::timeout(ANSWER_WAIT, door.gateway.hear(call)).await;
    answer(heard.unwrap_or(Err(NotNow::TooSlow)))
}

/// One call more that ended so.
fn count(outcome: &'static str) {
    counter!("konstruct_gateway_calls_total", "outcome" => outcome).increment(1);
}

/// Why a body was not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Unread {
    TooLarge,
    TooSlow,
}

impl Unread {
    const fn as_str(self) -> &'static str {
        match self {
            Unread::TooLarge => "too_large",
            Unread::TooSlow => "too_slow",
        }
    }

    const fn status(self) -> StatusCode {
        match self {
            Unread::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Unread::TooSlow => StatusCode::REQUEST_TIMEOUT,
        }
    }
}

fn refuse(unread: Unread) -> Response {
    count(unread.as_str());
    unread.status().into_response()
}

async fn read(headers: &HeaderMap, body: Body) -> Result<Unverified, Unread> {
    let body = tokio::time::timeout(BODY_WAIT, to_bytes(body, BODY_BYTES_MAX)).await;
    let body = body.map_err(|_| Unread::TooSlow)?;
    let body = body.map_err(|_| Unread::TooLarge)?;
    let text = |(name, value): (&axum::http::HeaderName, &axum::http::HeaderValue)| {
        Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned()))
    };
    Ok(Unverified { headers: headers.iter().filter_map(text).collect(), body })
}

/// A retry is told, never a reason to drop: the first delivery may have died before it was stored.
fn note_retry(headers: &HeaderMap) {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    if let Some(retry) = header("x-slack-retry-num") {
        let reason = header("x-slack-retry-reason").unwrap_or_default();
        info!(retry, reason, "Slack delivers again");
        counter!("konstruct_gateway_retries_total").increment(1);
    }
}

fn answer(heard: Result<Heard, NotNow>) -> Response {
    match heard {
        Ok(heard) => {
            count(heard.as_str());
            match heard {
                Heard::Challenge(text) => {
                    ([(CONTENT_TYPE, "text/plain; charset=utf-8")], text).into_response()
                }
                Heard::NotBelieved(_) => StatusCode::UNAUTHORIZED.into_response(),
                Heard::Unreadable => StatusCode::BAD_REQUEST.into_response(),
                Heard::Stored | Heard::Unknown | Heard::NotOurs(_) | Heard::OverShare => {
                    StatusCode::OK.into_response()
                }
            }
        }
        Err(reason) => {
            warn!(%reason, "not now: Slack will deliver again");
            count("unavailable");
            StatusCode::SERVICE_UNAVAILABLE.into_response()
        }
    }
}

#[cfg(test)]
mod tests;
