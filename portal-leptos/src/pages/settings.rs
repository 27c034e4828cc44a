//! What people set for themselves: their name, how they sign in, how pages look.

mod appearance;
mod confirm;
mod keys;
mod profile;
mod qr;
mod second_factor;
mod security;
mod sessions;
mod shortcuts;

use leptos::prelude::*;
use portal_ui::{PageHeader, Tab, Tabs};

use crate::server::routes::Routes;

pub(crate) use self::confirm::confirm_first;

pub(crate) fn routes() -> Routes {
    Routes::default()
        .and(profile::routes())
        .and(appearance::routes())
        .and(confirm::routes())
        .and(security::routes())
        .and(second_factor::routes())
        .and(sessions::routes())
        .and(keys::routes())
        .and(shortcuts::routes())
}

/// The pages of the settings: where they are, and what they are called.
const PAGES: [(&str, &str); 5] = [
    ("/settings", "Profile"),
    ("/settings/security", "Security"),
    ("/settings/sessions", "Sessions"),
    ("/settings/keys", "API keys"),
    ("/settings/shortcuts", "Shortcuts"),
];

/// One of these pages: the same title and tabs over each.
fn page(current: &str, body: AnyView) -> AnyView {
    let tab = |(href, label): (&str, &str)| Tab {
        label: label.to_owned(),
        href: href.to_owned(),
        current: href == current,
        count: None,
    };
    let tabs = PAGES.into_iter().map(tab).collect();
    view! {
        <PageHeader title="Your settings" />
        <Tabs label="Your settings" tabs />
        <div class="stack">{body}</div>
    }
    .into_any()
}
