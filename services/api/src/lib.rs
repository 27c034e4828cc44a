//! The API for programs: what the portal's pages do, as JSON over HTTP, for whoever holds a key.
//!
//! A handler says its path, its shapes and its answers in one place, and [`document`] is made of that,
//! so the description cannot differ from the service. What it does is one call of `desk`, `views`
//! or `replay::Shadow`, which ask for the permission and check what was sent, as they do for pages.
//!
//! In the order a request meets them: [`problem`] (for whatever goes wrong behind it), [`key`] (who
//! asks, and how often), [`once`] (a request that is sent again), the handler.
//!
//! To add an operation: its handler under `routes`, its line in that module's `routes()`, its line in the
//! walk of `tests/tests/api/roles.rs`, and `UPDATE_EXPECT=1` for `docs/openapi.json`.
//!
//! **Invariant:** no cookie is read, so no page of another site can speak for anybody.
//! **Invariant:** a key is in no answer, error or log line.

mod document;
mod json;
mod key;
mod once;
mod pace;
mod problem;
mod reference;
mod routes;
mod shapes;

use std::{num::NonZeroU32, ops::Deref, sync::Arc};

use accounts::Accounts;
use axum::{
    Router,
    middleware::{from_fn, from_fn_with_state},
    routing::get,
};
use desk::Desk;
use replay::Shadow;
use runtime::Clock;
use store::Platform;
use views::Views;

pub use self::document::document;
use self::pace::Pace;

/// Where the API is, under the portal's address.
pub const BASE: &str = "/api/v1";

/// Requests a minute that each key may send, when nobody chose otherwise.
pub const PER_MINUTE_DEFAULT: NonZeroU32 = match NonZeroU32::new(600) {
    Some(per_minute) => per_minute,
    None => NonZeroU32::MIN,
};

/// What the API is made of.
pub struct Parts {
    /// Whose keys these are.
    pub accounts: Accounts,
    /// What operators change.
    pub desk: Desk,
    /// What operators read.
    pub views: Views,
    /// Where recorded turns are asked again; nowhere, where no models are set up.
    pub shadow: Option<Shadow>,
    /// Where answers are kept.
    pub platform: Platform,
    /// The time.
    pub clock: Clock,
    /// Requests a minute that each key may send to this process.
    pub per_minute: NonZeroU32,
    /// Where the reference page's stylesheet is.
    pub stylesheet: String,
}

/// The API. Cheap to clone.
#[derive(Clone)]
struct Api(Arc<Inner>);

struct Inner {
    parts: Parts,
    pace: Pace,
    json: String,
    page: String,
}

impl Deref for Api {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0.parts
    }
}

/// The API as a service, to be put at [`BASE`].
pub fn router(parts: Parts) -> Router {
    let described = document();
    let api = Api(Arc::new(Inner {
        pace: Pace::new(parts.per_minute),
        page: reference::page(&described, &parts.stylesheet),
        json: document::json(&described),
        parts,
    }));
    let (routes, _) = routes::all().split_for_parts();
    routes
        .fallback(problem::nothing_here)
        .method_not_allowed_fallback(problem::no_such_method)
        .layer(from_fn_with_state(api.clone(), once::answer_once))
        .layer(from_fn_with_state(api.clone(), key::identify))
        .route("/", get(reference::serve))
        .route("/openapi.json", get(document::serve))
        .layer(from_fn(problem::explain))
        .with_state(api)
}
