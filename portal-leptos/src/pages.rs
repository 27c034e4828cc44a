//! What operators see: a file a page, with its routes, what it loads, what it shows and what its
//! forms do.

mod activity;
mod channels;
mod dev_chat;
mod form;
mod tenant_settings;
mod tenants;

use crate::server::routes::Routes;

/// The routes of all pages.
pub(crate) fn routes() -> Routes {
    Routes::default()
        .and(activity::routes())
        .and(channels::routes())
        .and(dev_chat::routes())
        .and(tenant_settings::routes())
        .and(tenants::routes())
}
