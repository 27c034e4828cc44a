//! How a program is asked to stop.

use tokio_util::sync::CancellationToken;

/// A token that is cancelled by Ctrl-C or, on Unix, by `SIGTERM`.
pub fn on_signal() -> CancellationToken {
    let stop = CancellationToken::new();
    let asked = stop.clone();
    tokio::spawn(async move {
        wait().await;
        tracing::info!("stopping: finishing what has begun");
        asked.cancel();
    });
    stop
}

#[cfg(unix)]
async fn wait() {
    use tokio::signal::unix::{SignalKind, signal};
    let Ok(mut terminate) = signal(SignalKind::terminate()) else {
        _ = tokio::signal::ctrl_c().await;
        return;
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminate.recv() => {}
    }
}

#[cfg(not(unix))]
async fn wait() {
    _ = tokio::signal::ctrl_c().await;
}
