//! What operators see: a file a page, with its routes, what it loads, what it shows and what its
//! forms do.

mod address;
mod form;
mod tenant_home;
mod tenants;

use crate::server::routes::Routes;

/// The routes of all pages.
pub(crate) fn routes() -> Routes {
    Routes::default().and(tenant_home::routes()).and(tenants::routes())
}
