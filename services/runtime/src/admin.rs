//! What every program serves beside its work: `/health`, `/health/ready`, `/metrics`.

use std::{future::Future, pin::Pin, sync::Arc};

use axum::{Router, extract::State, http::StatusCode, response::IntoResponse, routing::get};
use metrics_exporter_prometheus::PrometheusHandle;

/// Names what a program still waits for; nothing when it is ready.
pub type Readiness =
    Arc<dyn Fn() -> Pin<Box<dyn Future<Output = Vec<String>> + Send>> + Send + Sync>;

#[derive(Clone)]
struct Shared {
    ready: Readiness,
    metrics: Option<PrometheusHandle>,
}

/// The three routes. `/health` says that the process lives, `/health/ready` that its dependencies
/// do: 503 and their names if not.
pub fn routes(ready: Readiness, metrics: Option<PrometheusHandle>) -> Router {
    Router::new()
        .route("/health", get(|| async { "alive\n" }))
        .route("/health/ready", get(readiness))
        .route("/metrics", get(render))
        .with_state(Shared { ready, metrics })
}

async fn readiness(State(shared): State<Shared>) -> impl IntoResponse {
    let missing = (shared.ready)().await;
    if missing.is_empty() {
        return (StatusCode::OK, "ready\n".to_owned());
    }
    (StatusCode::SERVICE_UNAVAILABLE, format!("waiting for {}\n", missing.join(", ")))
}

async fn render(State(shared): State<Shared>) -> String {
    shared.metrics.map(|metrics| metrics.render()).unwrap_or_default()
}
