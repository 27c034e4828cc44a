//! A language-model vendor that says what a test wants: OpenAI, Anthropic and Ollama in one small
//! HTTP server, streaming or not, with the faults that real ones have.
//!
//! What no script covers is answered with an echo of the last user turn. `GET /_control/requests`
//! and `POST /_control/script` do over HTTP what [`FakeLlm::requests`] and [`FakeLlm::script`] do.

mod anthropic;
mod gate;
mod ollama;
mod openai;
mod reply;
mod script;
mod server;

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use anyhow::Context as _;
use axum::serve::ListenerExt as _;
use tokio::{net::TcpListener, task::JoinHandle};

use gate::Gate;
use script::State;
pub use script::{Behaviour, Called, Fault, RECORDED_MAX, Recorded, Say};

/// A running fake. It stops when dropped.
#[derive(Debug)]
pub struct FakeLlm {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
    gate: Arc<Gate>,
    server: JoinHandle<()>,
}

impl FakeLlm {
    /// Starts on a free port of loopback.
    pub async fn start() -> anyhow::Result<Self> {
        Self::listen("127.0.0.1:0").await
    }

    /// Starts on that address.
    pub async fn listen(address: &str) -> anyhow::Result<Self> {
        let listener =
            TcpListener::bind(address).await.with_context(|| format!("bind {address}"))?;
        let address = listener.local_addr()?;
        let state = Arc::new(Mutex::new(State::default()));
        let gate = Arc::new(Gate::default());
        let routes = server::routes(Arc::clone(&state), Arc::clone(&gate));
        // A token is a small piece: as with real vendors, it does not wait for the next one.
        let listener = listener.tap_io(|stream| drop(stream.set_nodelay(true)));
        let server = tokio::spawn(async move {
            // `serve` never returns of itself, and an accept error is retried inside.
            let _ended: std::io::Result<()> = axum::serve(listener, routes).await;
        });
        Ok(Self { address, state, gate, server })
    }

    /// `http://127.0.0.1:port`: the base URL of Anthropic and Ollama. OpenAI's ends with `/v1`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What the next requests get, one each, in order; then it echoes again.
    pub fn script(&self, behaviours: impl IntoIterator<Item = Behaviour>) {
        self.with(|state| state.script.extend(behaviours));
    }

    /// What all requests get that no script covers.
    pub fn always(&self, behaviour: Behaviour) {
        self.with(|state| state.standard = behaviour);
    }

    /// The requests so far, oldest first; the last [`RECORDED_MAX`] of them.
    pub fn requests(&self) -> Vec<Recorded> {
        self.with(|state| state.recorded.iter().cloned().collect())
    }

    /// Waits until so many replies have said their first token and are held, or have stalled.
    pub async fn held(&self, count: usize, within: Duration) -> anyhow::Result<()> {
        self.gate.came(count, within).await
    }

    /// Waits until so many held replies were given up by whoever asked.
    pub async fn left(&self, count: usize, within: Duration) -> anyhow::Result<()> {
        self.gate.left(count, within).await
    }

    /// Lets every held reply go on, and holds none any more.
    pub fn release(&self) {
        self.gate.open();
    }

    /// Forgets requests and scripts.
    pub fn reset(&self) {
        self.with(|state| *state = State::default());
    }

    /// Waits until the server ends, which it does not do of itself.
    pub async fn join(mut self) {
        // An aborted task is an end too.
        let _ended: Result<(), tokio::task::JoinError> = (&mut self.server).await;
    }

    fn with<T>(&self, read: impl FnOnce(&mut State) -> T) -> T {
        read(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Drop for FakeLlm {
    fn drop(&mut self) {
        self.server.abort();
    }
}

#[cfg(test)]
mod tests;
