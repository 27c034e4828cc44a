//! The front door: believes a chat system's call, decides whether it is for an employee, stores it,
//! and only then answers 200.
//!
//! **Invariant:** a 200 to a message that is ours means that the event is stored, or that its tenant
//! has used up its share of the log, and the person was told. Where it cannot be stored, or where
//! nobody can say whose it is, the answer is 503 and the chat system delivers again.
//! **Invariant:** what is not addressed to an employee is not stored.

mod hear;
mod http;
mod shares;
mod take;
mod unknown;

use std::{net::SocketAddr, sync::Arc, time::Duration};

use channels::Inbound;
use domain::share::Share;
use runtime::{Context, DirectoryWatch, Engagements};
use store::Sealer;
use tokio::net::TcpListener;

pub use hear::Gateway;
pub use http::routes;

/// How often threads that are over are forgotten.
const FORGET_EVERY: Duration = Duration::from_mins(1);

/// What the front door needs.
pub struct Parts {
    /// The chat system it hears.
    pub inbound: Arc<dyn Inbound>,
    /// Who exists.
    pub directory: DirectoryWatch,
    /// Threads that are followed.
    pub engagements: Engagements,
    /// What messages are sealed with.
    pub sealer: Sealer,
    /// How much of the log a tenant may fill.
    pub share: Share,
}

/// Serves until the context says stop; calls under way are finished.
pub async fn run(context: Context, parts: Parts, listener: TcpListener) -> anyhow::Result<()> {
    let address: SocketAddr = listener.local_addr()?;
    tracing::info!(%address, "the gateway listens");
    let stop = context.stop.clone();
    let gateway = Arc::new(Gateway::new(context, parts));
    let forgetting = tokio::spawn(forget(Arc::clone(&gateway)));
    let stopped = stop.clone();
    let serve = axum::serve(listener, routes(gateway));
    let serve = serve.with_graceful_shutdown(async move { stop.cancelled().await });
    tokio::select! {
        ended = serve => ended?,
        () = overdue(&stopped) => tracing::warn!("stopping with calls still open"),
    }
    forgetting.abort();
    Ok(())
}

/// Whoever sent half a request does not keep a process from ending.
async fn overdue(stop: &tokio_util::sync::CancellationToken) {
    stop.cancelled().await;
    tokio::time::sleep(nats::bounds::DRAIN_MAX).await;
}

/// Keeps what is remembered of threads and shares to what still counts.
async fn forget(gateway: Arc<Gateway>) {
    let mut tick = tokio::time::interval(FORGET_EVERY);
    loop {
        tick.tick().await;
        gateway.forget_past();
    }
}
