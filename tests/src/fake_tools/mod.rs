//! Somebody's API and somebody's server of the Model Context Protocol, over real HTTP, that can
//! misbehave: the path says how.

mod http;
mod mcp;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::{
    Router,
    body::Bytes,
    http::{HeaderMap, Method, Uri},
};
use tokio::net::TcpListener;

/// A running server; it stops with this value.
pub struct FakeTools {
    port: u16,
    world: World,
    task: tokio::task::JoinHandle<()>,
}

/// A request, as it came.
#[derive(Clone, Debug)]
pub struct Asked {
    /// Its method.
    pub method: Method,
    /// Path and query.
    pub target: String,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body.
    pub body: String,
}

#[derive(Clone, Default)]
struct World(Arc<Mutex<Vec<Asked>>>);

impl World {
    fn heard(&self, method: Method, uri: &Uri, headers: HeaderMap, body: &Bytes) {
        let target = uri.path_and_query().map(ToString::to_string).unwrap_or_default();
        let body = String::from_utf8_lossy(body).into_owned();
        self.lock().push(Asked { method, target, headers, body });
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Asked>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl FakeTools {
    /// Starts one on this machine.
    pub async fn start() -> anyhow::Result<Self> {
        let world = World::default();
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let port = listener.local_addr()?.port();
        let router = Router::new().merge(http::router()).merge(mcp::router());
        let router = router.with_state(world.clone());
        let task = tokio::spawn(async move { drop(axum::serve(listener, router).await) });
        Ok(Self { port, world, task })
    }

    /// Where it listens, on `127.0.0.1`.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// What it was asked so far.
    pub fn asked(&self) -> Vec<Asked> {
        self.world.lock().clone()
    }
}

impl Drop for FakeTools {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Asked {
    /// A header's text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }
}
