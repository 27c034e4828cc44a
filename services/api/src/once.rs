//! A request that is sent again is carried out once: its sender names it in `Idempotency-Key`, and the
//! second one has the answer of the first.

use std::time::Duration;

use axum::{
    body::{Body, to_bytes},
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use domain::access::Principal;
use schemas::{OperatorId, Timestamp};
use sha2::{Digest as _, Sha256};
use store::accounts::{
    Hash,
    answers::{self, Answer, Asked, Claimed, Since},
};

use crate::{Api, json::BODY_BYTES_MAX, problem::ApiError};

/// The header.
pub(crate) const HEADER: &str = "idempotency-key";

/// Says of an answer that it was given before.
pub(crate) const REPLAYED: &str = "idempotency-replayed";

/// How long an answer is kept.
const KEPT: Duration = Duration::from_hours(24);

/// A request without an answer after this long died with its process. An operation waits for the
/// read models for two seconds, and for Slack no longer than its client does.
const RUNS_MAX: Duration = Duration::from_mins(2);

/// The longest name.
const NAME_BYTES_MAX: usize = 200;

/// A request with a name.
struct Named {
    operator: OperatorId,
    name: String,
    hash: Hash,
}

impl Named {
    fn asked(&self) -> Asked<'_> {
        Asked { operator: &self.operator, name: &self.name, request: &self.hash }
    }
}

/// Carries out a POST that has a name once, whatever becomes of its answer on the way.
pub(crate) async fn answer_once(
    State(api): State<Api>,
    request: Request,
    next: Next,
) -> Result<Response, ApiError> {
    if *request.method() != Method::POST {
        return Ok(next.run(request).await);
    }
    let name = name(request.headers())?;
    let operator = request.extensions().get::<Principal>().map(|it| it.operator.clone());
    let (Some(name), Some(operator)) = (name, operator) else {
        return Ok(next.run(request).await);
    };
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, BODY_BYTES_MAX).await.map_err(|_| ApiError::TooLong)?;
    let mut hash = Sha256::new();
    hash.update(parts.uri.to_string().as_bytes());
    hash.update([0]);
    hash.update(&body);
    let named = Named { operator, name, hash: hash.finalize().into() };
    let now = api.clock.now();
    let since = Since { now, answered: now.minus(KEPT), begun: now.minus(RUNS_MAX) };
    match answers::claim(&api.platform, named.asked(), since).await? {
        Claimed::Ours => {}
        Claimed::Other => {
            let problem = "was the name of another request; draw a new one";
            return Err(ApiError::field("Idempotency-Key", problem));
        }
        Claimed::Running => {
            let what = "a request of that name is being carried out: send it again in a moment";
            return Err(ApiError::Conflict(what.to_owned()));
        }
        Claimed::Answered(answer) => return Ok(again(answer)),
    }
    // What has begun is finished and kept, even if whoever asked has hung up.
    let request = Request::from_parts(parts, Body::from(body));
    let done =
        tokio::spawn(async move { carry_out(&api, &named, now, next.run(request).await).await });
    done.await.map_err(|_| ApiError::Unavailable)?
}

/// Keeps the answer where something was done, and frees the name where nothing was.
async fn carry_out(
    api: &Api,
    named: &Named,
    at: Timestamp,
    response: Response,
) -> Result<Response, ApiError> {
    if !response.status().is_success() {
        answers::free(&api.platform, named.asked(), at).await?;
        return Ok(response);
    }
    let (parts, body) = response.into_parts();
    let body = to_bytes(body, BODY_BYTES_MAX).await.map_err(|_| ApiError::Unavailable)?;
    let location = parts.headers.get(header::LOCATION).and_then(|it| it.to_str().ok());
    let answer = Answer {
        status: parts.status.as_u16(),
        location: location.map(str::to_owned),
        body: String::from_utf8_lossy(&body).into_owned(),
    };
    if let Err(error) = answers::settle(&api.platform, named.asked(), at, &answer).await {
        // It was done. Sent again it will meet what it did, which no check lets happen twice.
        tracing::warn!(%error, "an answer is not kept");
    }
    Ok(Response::from_parts(parts, Body::from(body)))
}

fn again(answer: Answer) -> Response {
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::OK);
    let mut response = (status, answer.body).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(REPLAYED, HeaderValue::from_static("true"));
    if let Some(location) = answer.location.and_then(|it| HeaderValue::from_str(&it).ok()) {
        headers.insert(header::LOCATION, location);
    }
    response
}

fn name(headers: &HeaderMap) -> Result<Option<String>, ApiError> {
    let Some(value) = headers.get(HEADER) else { return Ok(None) };
    let is_name = |name: &&str| {
        (1..=NAME_BYTES_MAX).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_graphic())
    };
    let name = value.to_str().ok().filter(is_name);
    let name = name.ok_or_else(|| {
        ApiError::field("Idempotency-Key", "has 1 to 200 letters, digits and signs")
    })?;
    Ok(Some(name.to_owned()))
}
