//! The frames of pages: the application's, and the single card outside it.

use leptos::prelude::*;

use crate::{Icon, Symbol};

/// What an operator chose to look at. Written as `data-theme` on `<html>`, by the server, so that
/// no page flashes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Theme {
    /// As the system says.
    #[default]
    System,
    /// Light.
    Light,
    /// Dark.
    Dark,
}

impl Theme {
    /// The value of `data-theme`.
    pub const fn word(self) -> &'static str {
        match self {
            Theme::System => "system",
            Theme::Light => "light",
            Theme::Dark => "dark",
        }
    }

    /// What somebody chose before, as [`Self::word`] wrote it.
    pub fn parse(word: &str) -> Option<Self> {
        [Theme::System, Theme::Light, Theme::Dark].into_iter().find(|it| it.word() == word)
    }

    /// The one after it, round and round: a button without a script shows one at a time.
    #[must_use]
    pub const fn next(self) -> Self {
        match self {
            Theme::System => Theme::Light,
            Theme::Light => Theme::Dark,
            Theme::Dark => Theme::System,
        }
    }
}

/// A page in the navigation.
#[derive(Clone, Debug)]
pub struct NavItem {
    /// Its name.
    pub label: String,
    /// Where it is.
    pub href: String,
    /// Its sign.
    pub icon: Icon,
    /// Whether the page shown is this one, or below it.
    pub current: bool,
    /// How many things there need someone.
    pub count: Option<u64>,
}

/// Pages that belong together.
#[derive(Clone, Debug)]
pub struct NavGroup {
    /// What they are about; empty for the first group.
    pub title: String,
    /// The pages.
    pub items: Vec<NavItem>,
}

/// The product's sign and name.
#[component]
pub fn Brand() -> impl IntoView {
    view! {
        <svg viewBox="0 0 24 24" width="24" height="24" aria-hidden="true">
            <rect width="24" height="24" rx="6" fill="currentColor" />
            <path class="cut" d="M7 6h3v4.2L13.9 6h3.7l-4.7 5 5 7h-3.6l-3.5-5-.8.9V18H7z" />
        </svg>
        <span>"Konstruct"</span>
    }
}

/// The frame of the application: header, navigation, the page, footer.
#[component]
pub fn Shell(
    /// The navigation.
    nav: Vec<NavGroup>,
    /// In the header, beside the name: whose data are shown.
    #[prop(optional, into)]
    tenant: ViewFn,
    /// At the end of the header: search, the operator's menu.
    #[prop(optional, into)]
    tools: ViewFn,
    /// The message of the last form, in a live region. It stands above the page and covers nothing.
    #[prop(optional, into)]
    toasts: ViewFn,
    /// The version at work.
    #[prop(into)]
    version: String,
    /// What to quote when asking for help with this page.
    #[prop(into)]
    reference: String,
    /// The page.
    children: Children,
) -> impl IntoView {
    view! {
        <a class="skip" href="#main">"Skip to content"</a>
        <div class="shell">
            <header class="shell-header">
                <a class="brand" href="/"><Brand /></a>
                {tenant.run()}
                <span class="spacer"></span>
                {tools.run()}
            </header>
            <div class="shell-side"><Nav nav /></div>
            <main class="shell-main" id="main" tabindex="-1">{toasts.run()} {children()}</main>
            <footer class="shell-footer">
                <span>{format!("Konstruct {version}")}</span>
                <span>"Reference "<span class="mono">{reference}</span></span>
            </footer>
        </div>
    }
}

#[component]
fn Nav(nav: Vec<NavGroup>) -> impl IntoView {
    let groups = nav.into_iter().enumerate().map(|(at, NavGroup { title, items })| {
        let id = format!("nav-{at}");
        let named = (!title.is_empty()).then(|| id.clone());
        let heading = named.clone().map(|id| view! { <p class="nav-title" id=id>{title}</p> });
        let items = items.into_iter().map(nav_item).collect_view();
        view! {
            <div class="nav-group">
                {heading}
                <ul aria-labelledby=named>{items}</ul>
            </div>
        }
    });
    view! { <nav class="nav" aria-label="Main">{groups.collect_view()}</nav> }
}

fn nav_item(item: NavItem) -> impl IntoView {
    let NavItem { label, href, icon, current, count } = item;
    let count = count.filter(|count| *count > 0).map(|count| {
        view! { <span class="nav-count">{count}<span class="visually-hidden">" waiting"</span></span> }
    });
    view! {
        <li>
            <a href=href aria-current=current.then_some("page")>
                <Symbol icon />
                <span>{label}</span>
                {count}
            </a>
        </li>
    }
}

/// A page outside the application: one card, no navigation, no script.
#[component]
pub fn PlainPage(
    /// What the page is.
    #[prop(into)]
    title: String,
    /// One sentence under it.
    #[prop(optional, into)]
    lead: Option<String>,
    /// What to quote when asking for help with this page.
    #[prop(optional, into)]
    reference: Option<String>,
    /// The card.
    children: Children,
) -> impl IntoView {
    view! {
        <div class="plain">
            <main class="plain-main" id="main">
                <p class="brand"><Brand /></p>
                <div class="plain-card">
                    <header>
                        <h1 tabindex="-1" id="title">{title}</h1>
                        {lead.map(|lead| view! { <p class="page-lead">{lead}</p> })}
                    </header>
                    {children()}
                </div>
            </main>
            <footer class="plain-footer">
                {reference
                    .map(|it| view! { <p>"Reference "<span class="mono">{it}</span></p> })}
            </footer>
        </div>
    }
}
