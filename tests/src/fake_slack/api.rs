//! The HTTP side: the Web API under `/api`, and what drives the fake under `/_control`.

use std::{net::Shutdown, os::fd::AsFd as _, sync::Arc, time::Duration};

use axum::{
    Json, Router,
    body::Bytes,
    extract::{ConnectInfo, Path, Query, State, connect_info::Connected},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse as _, Response},
    routing::{get, post},
    serve::IncomingStream,
};
use serde_json::{Map, Value};
use tokio::net::TcpListener;

use super::{
    Inner,
    fault::Act,
    methods::{Performed, refusal},
    world::{Called, Team},
};

/// The connection a request came over, to be cut.
#[derive(Clone)]
pub(super) struct Line(Option<Arc<std::net::TcpStream>>);

impl Connected<IncomingStream<'_, TcpListener>> for Line {
    fn connect_info(stream: IncomingStream<'_, TcpListener>) -> Self {
        let twin = stream.io().as_fd().try_clone_to_owned().ok();
        Line(twin.map(|fd| Arc::new(std::net::TcpStream::from(fd))))
    }
}

impl Line {
    /// Closes it without a word. The answer is never sent: there is nobody to send it to.
    async fn cut(self) -> Response {
        if let Some(stream) = &self.0 {
            // A line that is gone already is as good as cut.
            drop(stream.shutdown(Shutdown::Both));
        }
        std::future::pending().await
    }
}

pub(super) fn routes(inner: Arc<Inner>) -> Router {
    Router::new()
        .route("/api/{method}", get(call).post(call))
        .route("/_control/messages", get(super::control::messages))
        .route("/_control/calls", get(super::control::calls))
        .route(
            "/_control/faults",
            post(super::control::fail).delete(super::control::heal).get(super::control::faults),
        )
        .route("/_control/say", post(super::control::say))
        .route("/_control/teams", get(super::chat::teams).post(super::chat::meet))
        .route("/_control/users", get(super::chat::users))
        .route("/_control/channels", get(super::chat::channels))
        .route("/_control/events", get(super::chat::events))
        .route("/_control/health", get(|| async { "ok" }))
        .with_state(inner)
}

async fn call(
    State(inner): State<Arc<Inner>>,
    ConnectInfo(line): ConnectInfo<Line>,
    (Path(method), Query(query)): (Path<String>, Query<Vec<(String, String)>>),
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let token = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let Some(token) = token.and_then(|value| value.strip_prefix("Bearer ")) else {
        return Json(refusal("not_authed")).into_response();
    };
    let Some(team) = inner.world.borrow().team_of(token) else {
        return Json(refusal("invalid_auth")).into_response();
    };
    let args = match arguments(&method, &headers, query, &body) {
        Ok(args) => args,
        Err(code) => return Json(refusal(code)).into_response(),
    };
    answer(&inner, Call { line, team, method, args }).await
}

struct Call {
    line: Line,
    team: Team,
    method: String,
    args: Map<String, Value>,
}

/// Slack's reading methods take no JSON.
fn arguments(
    method: &str,
    headers: &HeaderMap,
    query: Vec<(String, String)>,
    body: &[u8],
) -> Result<Map<String, Value>, &'static str> {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let mut args: Map<String, Value> =
        query.into_iter().map(|(name, value)| (name, value.into())).collect();
    if kind.is_some_and(|kind| kind.starts_with("application/json"))
        && method != "conversations.replies"
    {
        match serde_json::from_slice(body) {
            Ok(Value::Object(map)) => args.extend(map),
            Ok(_) => return Err("json_not_object"),
            Err(_) => return Err("invalid_json"),
        }
    }
    Ok(args)
}

async fn answer(inner: &Arc<Inner>, call: Call) -> Response {
    let act = strike(inner, &call);
    if act.as_ref().is_none_or(Act::carries_out) {
        if let Some(Act::Delay(millis)) = act {
            tokio::time::sleep(Duration::from_millis(millis)).await;
        }
        let answer = perform(inner, &call, act.as_ref());
        return match act {
            Some(Act::AcceptThenStatus(status)) => bare(status),
            Some(Act::AcceptThenDrop) => call.line.cut().await,
            Some(Act::AcceptThenHold) => std::future::pending().await,
            Some(Act::AcceptThenDelay(millis)) => {
                tokio::time::sleep(Duration::from_millis(millis)).await;
                Json(answer).into_response()
            }
            Some(_) | None => Json(answer).into_response(),
        };
    }
    inner.world.send_modify(|world| world.note(call.noted(&format!("{act:?}"))));
    match act {
        Some(Act::RateLimited { retry_after_s }) => {
            let headers = [(header::RETRY_AFTER, retry_after_s.to_string())];
            (StatusCode::TOO_MANY_REQUESTS, headers, Json(refusal("ratelimited"))).into_response()
        }
        Some(Act::Code(code)) => Json(refusal(&code)).into_response(),
        Some(Act::Status(status)) => bare(status),
        Some(Act::Hold) => std::future::pending().await,
        Some(_) | None => call.line.cut().await,
    }
}

fn bare(status: u16) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    (status, "upstream error").into_response()
}

/// The fault that strikes.
fn strike(inner: &Inner, call: &Call) -> Option<Act> {
    let channel = call.channel();
    let mut act = None;
    inner.world.send_if_modified(|world| {
        act = world.strike(&call.method, &call.team.id, &channel);
        false
    });
    act
}

/// Carries the call out, and lets the workspace see it.
fn perform(inner: &Arc<Inner>, call: &Call, act: Option<&Act>) -> Value {
    let mut done = None;
    inner.world.send_modify(|world| {
        let Performed { answer, seen } = world.perform(&call.team, &call.method, &call.args);
        let outcome = answer.get("error").and_then(Value::as_str).unwrap_or("ok");
        let outcome = act.map_or_else(|| outcome.to_owned(), |act| format!("{act:?}, {outcome}"));
        world.note(call.noted(&outcome));
        done = Some((answer, seen));
    });
    let (answer, seen) = done.unwrap_or_else(|| (refusal("fatal_error"), None));
    if let Some(seen) = seen {
        inner.echo(&call.team, &seen);
    }
    answer
}

impl Call {
    fn channel(&self) -> String {
        self.args.get("channel").and_then(Value::as_str).unwrap_or_default().to_owned()
    }

    fn noted(&self, outcome: &str) -> Called {
        Called {
            method: self.method.clone(),
            team: self.team.id.clone(),
            channel: self.channel(),
            outcome: outcome.to_owned(),
        }
    }
}
