//! The HTTP side.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use axum::{
    Json, Router,
    body::Bytes,
    extract::State as Shared,
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Uri, header},
    response::{IntoResponse as _, Response},
    routing::{get, post},
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    Behaviour, Fault, Recorded,
    anthropic::Anthropic,
    gate::Gate,
    ollama::Ollama,
    openai::OpenAi,
    reply::{Dialect, Reply, body},
    script::State,
};

/// What every call needs.
#[derive(Clone)]
pub(super) struct App {
    state: Arc<Mutex<State>>,
    gate: Arc<Gate>,
}

pub(super) fn routes(state: Arc<Mutex<State>>, gate: Arc<Gate>) -> Router {
    Router::new()
        .route("/v1/chat/completions", post(openai))
        .route("/v1/messages", post(anthropic))
        .route("/api/chat", post(ollama))
        .route("/health", get(async || "ok"))
        .route("/_control/requests", get(requests))
        .route("/_control/script", post(script))
        .with_state(App { state, gate })
}

async fn openai(Shared(app): Shared<App>, uri: Uri, headers: HeaderMap, body: Bytes) -> Response {
    answer(&app, &OpenAi, &record(&uri, &headers, &body)).await
}

async fn anthropic(
    Shared(app): Shared<App>,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    answer(&app, &Anthropic, &record(&uri, &headers, &body)).await
}

async fn ollama(Shared(app): Shared<App>, uri: Uri, headers: HeaderMap, body: Bytes) -> Response {
    answer(&app, &Ollama, &record(&uri, &headers, &body)).await
}

fn record(uri: &Uri, headers: &HeaderMap, body: &[u8]) -> Recorded {
    let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    let headers = headers.iter().map(|(name, value)| (name.to_string(), text(value)));
    Recorded {
        path: uri.path().to_owned(),
        headers: headers.collect(),
        body: serde_json::from_slice(body).unwrap_or(Value::Null),
    }
}

async fn answer(app: &App, dialect: &(dyn Dialect + Sync), request: &Recorded) -> Response {
    let behaviour = app.state.lock().unwrap_or_else(PoisonError::into_inner).meet(request);
    pause(Duration::from_millis(behaviour.headers_ms)).await;
    if let Some(Fault::Status { status, headers, body }) = &behaviour.fault {
        return refusal(*status, headers, body);
    }
    let reply = Reply::new(request, behaviour);
    if wants_stream(request) && !reply.behaviour.unstreamed {
        let kind = reply.behaviour.content_type.clone();
        let kind = [(header::CONTENT_TYPE, kind.unwrap_or_else(|| "text/event-stream".to_owned()))];
        return (kind, body(reply.steps(dialect), Arc::clone(&app.gate))).into_response();
    }
    pause(Duration::from_millis(reply.behaviour.first_token_ms)).await;
    if reply.behaviour.held {
        app.gate.pass().await;
    }
    Json(dialect.whole(&reply, reply.reason())).into_response()
}

/// A timer rounds up to the next millisecond; what is to take no time takes none.
pub(super) async fn pause(time: Duration) {
    if !time.is_zero() {
        tokio::time::sleep(time).await;
    }
}

/// Ollama streams unless told not to; the others only if told to.
fn wants_stream(request: &Recorded) -> bool {
    let asked = request.body.get("stream").and_then(Value::as_bool);
    asked.unwrap_or(request.path == "/api/chat")
}

fn refusal(status: u16, headers: &[(String, String)], body: &str) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = (status, body.to_owned()).into_response();
    for (name, value) in headers {
        let header = (name.parse::<HeaderName>(), value.parse::<HeaderValue>());
        if let (Ok(name), Ok(value)) = header {
            response.headers_mut().append(name, value);
        }
    }
    response
}

async fn requests(Shared(app): Shared<App>) -> Json<Vec<Recorded>> {
    let state = app.state.lock().unwrap_or_else(PoisonError::into_inner);
    Json(state.recorded.iter().cloned().collect())
}

/// `{"script": […], "always": {…}, "reset": true}`, each of them optional.
#[derive(Deserialize)]
#[serde(default, deny_unknown_fields)]
#[derive(Default)]
struct Command {
    reset: bool,
    script: Vec<Behaviour>,
    always: Option<Behaviour>,
}

async fn script(Shared(app): Shared<App>, Json(command): Json<Command>) -> Json<Value> {
    let mut state = app.state.lock().unwrap_or_else(PoisonError::into_inner);
    if command.reset {
        *state = State::default();
    }
    state.script.extend(command.script);
    if let Some(standard) = command.always {
        state.standard = standard;
    }
    Json(json!({ "scripted": state.script.len() }))
}
