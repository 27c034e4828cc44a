//! What every program serves beside its work, on a listener of its own: `/health`, `/health/ready`,
//! `/metrics`.

use std::{future::Future, pin::Pin, sync::Arc, time::Duration};

use axum::{Router, extract::State, http::StatusCode, response::IntoResponse, routing::get};
use metrics_exporter_prometheus::PrometheusHandle;
use tokio::{net::TcpListener, sync::Mutex, time::Instant};
use tokio_util::sync::CancellationToken;

/// Names what a program still waits for; nothing when it is ready.
pub type Readiness =
    Arc<dyn Fn() -> Pin<Box<dyn Future<Output = Vec<String>> + Send>> + Send + Sync>;

/// How long an answer about readiness is good: however many ask, the database is asked once.
const READY_FRESH: Duration = Duration::from_secs(1);

/// What was missing, and when that was looked at.
type Seen = Arc<Mutex<Option<(Instant, Vec<String>)>>>;

#[derive(Clone)]
struct Shared {
    ready: Readiness,
    seen: Seen,
    metrics: Option<PrometheusHandle>,
}

/// The three routes. `/health` says that the process lives, `/health/ready` that its dependencies
/// do: 503 and their names if not.
pub fn routes(ready: Readiness, metrics: Option<PrometheusHandle>) -> Router {
    Router::new()
        .route("/health", get(|| async { "alive\n" }))
        .route("/health/ready", get(readiness))
        .route("/metrics", get(render))
        .with_state(Shared { ready, seen: Seen::default(), metrics })
}

/// Serves them until the process stops.
pub async fn serve(
    listener: TcpListener,
    routes: Router,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    tracing::info!(address = %listener.local_addr()?, "health and metrics");
    tokio::select! {
        ended = axum::serve(listener, routes) => ended?,
        () = stop.cancelled() => {}
    }
    Ok(())
}

async fn readiness(State(shared): State<Shared>) -> impl IntoResponse {
    let missing = shared.missing().await;
    if missing.is_empty() {
        return (StatusCode::OK, "ready\n".to_owned());
    }
    (StatusCode::SERVICE_UNAVAILABLE, format!("waiting for {}\n", missing.join(", ")))
}

impl Shared {
    async fn missing(&self) -> Vec<String> {
        let mut seen = self.seen.lock().await;
        let fresh = seen.as_ref().filter(|(at, _)| at.elapsed() < READY_FRESH);
        if let Some((_, missing)) = fresh {
            return missing.clone();
        }
        let missing = (self.ready)().await;
        *seen = Some((Instant::now(), missing.clone()));
        missing
    }
}

async fn render(State(shared): State<Shared>) -> String {
    shared.metrics.map(|metrics| metrics.render()).unwrap_or_default()
}
