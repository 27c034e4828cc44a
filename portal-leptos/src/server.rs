//! From a request to a page: the way in that all pages share.
//!
//! In the order a request meets them: [`headers`] (on every answer), [`error`] (for whatever goes
//! wrong behind it), [`csrf`] (on every change), [`session`], [`nul`] (in no form, query or path), the
//! route's [`routes::Need`], the page.

pub mod assets;
pub mod csrf;
pub mod dev_slack;
pub mod error;
pub mod flash;
mod frame;
pub mod headers;
mod nul;
pub mod proxies;
pub mod render;
pub mod routes;
pub mod session;
pub mod sign_on;
mod targets;

pub use crate::pages::Exports;

use std::{net::SocketAddr, sync::Arc};

use accounts::Accounts;
use axum::{
    Router,
    extract::DefaultBodyLimit,
    middleware::{from_fn, from_fn_with_state},
};
use desk::Desk;
use models::Models;
use nats::bounds::DRAIN_MAX;
use replay::Shadow;
use runtime::{Bus, Clock, live::Live};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use trial::Trial;
use views::Views;

use self::{
    assets::Assets,
    csrf::Origin,
    proxies::Proxies,
    routes::{Need, Routes},
    sign_on::SignOn,
};

/// What pages are made with. Cheap to clone.
#[derive(Clone)]
pub struct Portal {
    /// The site's files.
    pub assets: Assets,
    /// Where browsers reach the portal.
    pub origin: Origin,
    /// Where chat systems reach the gateway, e.g. `https://konstruct.example.com`.
    pub gateway_url: String,
    /// The look-alike of Slack for the local chat, on a developer's machine.
    pub dev_slack: Option<dev_slack::DevSlack>,
    /// Those that are trusted to say from where a request comes.
    pub proxies: Proxies,
    /// Whether everybody needs a second factor.
    pub second_factor: bool,
    /// The provider of identities, where there is one.
    pub sign_on: Option<Arc<SignOn>>,
    /// The time.
    pub clock: Clock,
    /// Who signs in.
    pub accounts: Accounts,
    /// What operators change.
    pub desk: Desk,
    /// What happens, as it happens.
    pub live: Live,
    /// The log itself, to look at.
    pub bus: Bus,
    /// What operators read.
    pub views: Views,
    /// The models that answer; none, where none are set up.
    pub models: Option<Models>,
    /// The files that are being written.
    pub exports: Exports,
    /// Where drafts are tried; nowhere, where no models are set up.
    pub trial: Option<Arc<Trial>>,
    /// Where recorded turns are asked again; nowhere, where no models are set up.
    pub shadow: Option<Shadow>,
    /// The API for programs, at [`API`]. It has its own way in: no session, no cookie.
    pub api: Router,
}

/// Where the API for programs is.
pub const API: &str = "/api/v1";

/// Every route there is.
pub fn table() -> Routes {
    Routes::default()
        .get("/assets/{version}/{file}", Need::Public, assets::serve)
        .get("/frame/version", Need::Public, targets::version)
        .get("/frame/targets", Need::SignedIn, targets::targets)
        .get("/frame/tenants", Need::SignedIn, targets::tenants)
        .and(crate::pages::routes())
}

/// The portal as a service.
pub fn router(portal: Portal) -> Router {
    let (_, routes) = table().split();
    let api = portal.api.clone();
    routes
        .layer(DefaultBodyLimit::max(session::FORM_BYTES_MAX))
        .layer(from_fn(nul::refuse))
        .layer(from_fn_with_state(portal.clone(), error::explain))
        .layer(from_fn_with_state(portal.clone(), session::identify))
        .layer(from_fn_with_state(portal.origin.clone(), csrf::refuse_foreign))
        .layer(from_fn_with_state(portal.clone(), error::explain))
        .with_state(portal)
        .nest(API, api)
        .layer(from_fn(headers::secure))
}

/// Serves the portal until it is asked to stop. What it asks in the background is let go of meanwhile.
pub async fn run(
    listener: TcpListener,
    portal: Portal,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    let shadow = portal.shadow.clone();
    let app = router(portal).into_make_service_with_connect_info::<SocketAddr>();
    // Over when it was asked to stop, and when it ended by itself.
    let over = stop.child_token();
    let ended = over.clone();
    let serve = async {
        let _ended = ended.drop_guard();
        axum::serve(listener, app).with_graceful_shutdown(stop.cancelled_owned()).await
    };
    let let_go = async {
        over.cancelled().await;
        if let Some(shadow) = shadow {
            shadow.end(DRAIN_MAX).await;
        }
    };
    let (served, ()) = tokio::join!(serve, let_go);
    Ok(served?)
}
