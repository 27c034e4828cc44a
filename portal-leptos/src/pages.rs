//! What operators see: a file a page, with its routes, what it loads, what it shows and what its
//! forms do.

mod auth;
mod agents;
mod form;
mod members;
mod operators;
mod roles;
mod settings;
mod address;
mod audit;
mod conversation;
mod conversations;
mod dates;
mod form;
mod home;
mod message;
mod tenant_home;
mod activity;
mod channels;
mod form;
mod tenant_settings;
mod tenants;
mod usage;

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
        .and(audit::routes())
        .and(conversation::routes())
        .and(conversations::routes())
        .and(home::routes())
        .and(message::routes())
        .and(tenant_home::routes())
        .and(tenants::routes())
        .and(usage::routes())
        .and(activity::routes())
        .and(channels::routes())
        .and(tenant_settings::routes())
        .and(tenants::routes())
}
