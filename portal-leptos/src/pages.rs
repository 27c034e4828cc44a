//! What operators see: a file a page, with its routes, what it loads, what it shows and what its
//! forms do.

mod activity;
mod address;
mod agents;
mod amounts;
mod audit;
mod auth;
mod authors;
mod budget_form;
mod channels;
mod conversation;
mod conversations;
mod dates;
mod dead_letters;
mod dev_chat;
mod file;
mod form;
mod home;
mod log;
mod members;
mod message;
mod models;
mod operators;
mod past;
mod roles;
mod rows;
mod secret;
mod settings;
mod streams;
mod tenant_home;
mod tenant_past;
mod tenant_settings;
mod tenants;
mod tools;
mod usage;

pub use self::audit::Exports;
use crate::server::routes::Routes;

/// The routes of all pages.
pub(crate) fn routes() -> Routes {
    Routes::default()
        .and(activity::routes())
        .and(agents::routes())
        .and(audit::routes())
        .and(auth::routes())
        .and(channels::routes())
        .and(conversation::routes())
        .and(conversations::routes())
        .and(dead_letters::routes())
        .and(dev_chat::routes())
        .and(home::routes())
        .and(log::routes())
        .and(members::routes())
        .and(message::routes())
        .and(models::routes())
        .and(operators::routes())
        .and(settings::routes())
        .and(streams::routes())
        .and(tenant_home::routes())
        .and(tenant_past::routes())
        .and(tenant_settings::routes())
        .and(tenants::routes())
        .and(tools::routes())
        .and(usage::routes())
}
