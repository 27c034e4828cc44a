//! Somebody's API.

use std::convert::Infallible;

use axum::{
    Router,
    body::{Body, Bytes},
    extract::{Path, Query, State},
    http::{HeaderMap, Method, StatusCode, Uri, header},
    response::{IntoResponse, Response},
    routing::{any, get},
};
use futures::{StreamExt as _, stream};
use serde_json::json;

use super::World;

/// Where the secret stands that `/late` says, so that a reader who stops at 64 KiB cuts it in two.
const LATE_BYTES: usize = 64 * 1024 - 4;

pub(super) fn router() -> Router<World> {
    Router::new()
        .route("/echo", any(echo))
        .route("/echo/{*rest}", any(echo))
        .route("/status/{code}", any(status))
        .route("/redirect/{code}", any(redirect))
        .route("/as/{kind}", get(of_kind))
        .route("/huge", get(huge))
        .route("/drip", get(drip))
        .route("/stall", any(stall))
        .route("/cut", get(cut))
        .route("/late", get(late))
        .route("/empty", any(empty))
}

/// Says all it was told, headers too.
async fn echo(
    State(world): State<World>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let said: Vec<_> = headers.iter().map(|(name, value)| format!("{name}: {value:?}")).collect();
    let words = String::from_utf8_lossy(&body).into_owned();
    let answer = json!({ "method": method.as_str(), "uri": uri.to_string(), "headers": said, "body": words });
    world.heard(method, &uri, headers, &body);
    ([(header::CONTENT_TYPE, "application/json")], answer.to_string()).into_response()
}

/// This status, with the caller's own authorization in the words.
async fn status(
    State(world): State<World>,
    Path(code): Path<u16>,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    let key = headers.get("authorization").and_then(|it| it.to_str().ok()).unwrap_or("nothing");
    let text = format!("not with {key}");
    let status = StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    world.heard(Method::GET, &uri, headers, &Bytes::new());
    (status, [(header::CONTENT_TYPE, "text/plain")], text).into_response()
}

/// Sends the caller to `?to=`.
async fn redirect(
    State(world): State<World>,
    Path(code): Path<u16>,
    Query(query): Query<Vec<(String, String)>>,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    world.heard(Method::GET, &uri, headers, &Bytes::new());
    let to = query.into_iter().find(|(name, _)| name == "to").map(|(_, to)| to).unwrap_or_default();
    let status = StatusCode::from_u16(code).unwrap_or(StatusCode::FOUND);
    (status, [(header::LOCATION, to)]).into_response()
}

/// Something of this kind: `octet`, `gzip`, `none` or `html`.
async fn of_kind(Path(kind): Path<String>) -> Response {
    match kind.as_str() {
        "gzip" => {
            let headers =
                [(header::CONTENT_TYPE, "application/json"), (header::CONTENT_ENCODING, "gzip")];
            (headers, "\u{1f}packed").into_response()
        }
        "none" => Response::new(Body::from("who knows")),
        "html" => {
            ([(header::CONTENT_TYPE, "text/html; charset=utf-8")], "<p>Hi</p>").into_response()
        }
        _ => ([(header::CONTENT_TYPE, "application/octet-stream")], "\u{0}\u{1}").into_response(),
    }
}

/// Text without end.
async fn huge() -> Response {
    let body = stream::repeat_with(|| Ok::<_, Infallible>(Bytes::from_static(&[b'x'; 8192])));
    text(Body::from_stream(body))
}

/// One word, and then never another.
async fn drip() -> Response {
    let body = stream::once(async { Ok::<_, Infallible>(Bytes::from_static(b"wait ")) });
    text(Body::from_stream(body.chain(stream::pending())))
}

async fn stall(State(world): State<World>, uri: Uri, headers: HeaderMap) -> Response {
    world.heard(Method::GET, &uri, headers, &Bytes::new());
    std::future::pending().await
}

/// Breaks off in the middle.
async fn cut() -> Response {
    let half = stream::once(async { Ok(Bytes::from_static(b"half of ")) });
    // What was said is on its way by the time a writer has to wait.
    let end = stream::once(async {
        tokio::task::yield_now().await;
        Err(std::io::Error::other("cut"))
    });
    text(Body::from_stream(half.chain(end)))
}

/// The caller's own authorization, right where a reader stops, behind what the model is not shown.
async fn late(headers: HeaderMap) -> Response {
    let key = headers.get("authorization").and_then(|it| it.to_str().ok()).unwrap_or("nothing");
    text(Body::from(format!("{}{key}{}", "\r".repeat(LATE_BYTES), "y".repeat(64 * 1024))))
}

async fn empty(
    State(world): State<World>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
) -> StatusCode {
    world.heard(method, &uri, headers, &Bytes::new());
    StatusCode::NO_CONTENT
}

fn text(body: Body) -> Response {
    ([(header::CONTENT_TYPE, "text/plain")], body).into_response()
}
