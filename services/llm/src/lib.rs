//! The router for programs: OpenAI's chat completions over HTTP, for whoever holds a tenant's key.
//!
//! `POST /v1/chat/completions`, whole or as server-sent events, and `GET /v1/models`. A model's name is
//! that of a model group. A stock OpenAI client works against it unchanged; errors are in its shape
//! (<https://developers.openai.com/api/reference/resources/chat>).
//!
//! In the order a request meets them: [`key`] (who asks), [`ask`] (what is asked), [`record`] (what pays), `models::Models`,
//! [`answer`] or [`chunks`], [`problem`] for whatever goes wrong.
//!
//! **Invariant:** a streamed answer is one model's. Before its first word, another deployment may take
//! over unseen, and a failure has its status, since the response waits for that word; after it, a failure
//! is an error in the stream, never another model's words.
//! **Invariant:** whoever hangs up ends the call to the vendor, and pays for what was made until then.
//! **Invariant:** where the tenant has a budget, a call has room in it before it is made.
//! **Invariant:** no key, prompt or answer is in a log line or an error.

mod answer;
mod ask;
mod chunks;
mod key;
mod problem;
mod record;
mod serve;

use std::{sync::Arc, time::Duration};

use accounts::Accounts;
use axum::{
    Router,
    extract::DefaultBodyLimit,
    routing::{get, post},
};
use models::Models;
use runtime::{Clock, DirectoryWatch};
use store::programs::Programs;

pub use serve::run;

/// The largest request, in bytes: a long conversation with pictures.
const BODY_BYTES_MAX: usize = 8 << 20;

/// How long a request may take, all attempts together.
const REQUEST_MAX: Duration = Duration::from_mins(10);

/// What the service is made of.
pub struct Parts {
    /// The models.
    pub models: Models,
    /// Whose keys these are.
    pub accounts: Accounts,
    /// What tenants may cost.
    pub directory: DirectoryWatch,
    /// What they use.
    pub programs: Programs,
    /// The time.
    pub clock: Clock,
    /// Requests that are answered at once; more wait for nothing and are told to come back.
    pub at_once: usize,
}

#[derive(Clone)]
pub(crate) struct Llm(Arc<Inner>);

struct Inner {
    parts: Parts,
    keys: key::Known,
    places: Arc<tokio::sync::Semaphore>,
}

impl std::ops::Deref for Llm {
    type Target = Inner;

    fn deref(&self) -> &Inner {
        &self.0
    }
}

/// The service, to be put wherever it listens.
pub fn router(parts: Parts) -> Router {
    let places = Arc::new(tokio::sync::Semaphore::new(parts.at_once));
    let llm = Llm(Arc::new(Inner { keys: key::Known::default(), places, parts }));
    Router::new()
        .route("/v1/chat/completions", post(serve::complete))
        .route("/v1/models", get(serve::models))
        .fallback(problem::nothing_here)
        .method_not_allowed_fallback(problem::no_such_method)
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .with_state(llm)
}
