//! What operators see: a file a page, with its routes, what it loads, what it shows and what its
//! forms do.

mod auth;
mod agents;
mod form;
mod members;
mod operators;
mod roles;
mod settings;
mod tenants;

use crate::server::routes::Routes;

/// The routes of all pages.
pub(crate) fn routes() -> Routes {
    Routes::default()
        .and(auth::routes())
        .and(members::routes())
        .and(operators::routes())
        .and(settings::routes())
        .and(tenants::routes())
    Routes::default().and(agents::routes()).and(tenants::routes())
}
