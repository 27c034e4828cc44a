//! What stands around every page of somebody who is signed in: where they are, and where they can go.

use accounts::Signed;
use domain::access::{Permission, Principal};
use leptos::prelude::*;
use portal_ui::{
    Icon, KeyHint, LinkButton, NavGroup, NavItem, Shell, SubmitButton, Symbol, Theme, Toast,
    Toasts, Variant,
};
use schemas::TenantId;

use super::{Portal, flash::Flash, render::Asked};
use crate::islands::{Awake, Frame};

/// The page within its frame. What somebody may not see is not offered.
pub(super) fn frame(portal: &Portal, asked: &Asked, signed: &Signed, body: AnyView) -> AnyView {
    let place = tenant_of(&asked.path).map(|tenant| Place::of(portal, &signed.principal, tenant));
    let mut nav = nav(&signed.principal, place.as_ref(), &asked.path);
    if portal.dev_slack.is_some() {
        nav.push(local_chat(&asked.path));
    }
    let named = place.as_ref().map(|place| place.name.clone());
    let named_tenant = place.map(|place| place.tenant.to_string());
    let tenant = move || {
        let named = named.clone();
        view! {
            <a class="tenant-switch" href="/tenants">
                <Symbol icon=Icon::Tenants />
                <span>{named.unwrap_or_else(|| "All tenants".to_owned())}</span>
                <Symbol icon=Icon::Switch />
            </a>
        }
    };
    let (name, theme, back) = (signed.name.clone(), asked.theme, asked.target.clone());
    let tools = move || tools(&name, theme, &back);
    let flash = asked.flash.clone();
    let toasts = move || toasts(flash.clone());
    view! {
        <Shell
            nav
            tenant=tenant
            tools=tools
            toasts=toasts
            version=env!("CARGO_PKG_VERSION").to_owned()
            reference=asked.reference.clone()
        >
            {body}
        </Shell>
        <Frame keys=asked.single_keys tenant=named_tenant />
        <Awake />
    }
    .into_any()
}

/// How pages look, whoever is signed in, and the way out. Where there is little room, icons.
fn tools(name: &str, theme: Theme, back: &str) -> impl IntoView + use<> {
    let icon = match theme {
        Theme::System => Icon::Monitor,
        Theme::Light => Icon::Sun,
        Theme::Dark => Icon::Moon,
    };
    let (name, back) = (name.to_owned(), back.to_owned());
    view! {
        <div class="shell-tools">
            // Shown once there is somebody who answers to it.
            <button type="button" class="button" data-variant="quiet" data-dense data-palette>
                <Symbol icon=Icon::Search />
                <span class="tool-word">"Go to " <KeyHint keys=vec!["Ctrl", "K"] /></span>
            </button>
            <form method="post" action="/settings/theme" class="inline-form">
                <input type="hidden" name="theme" value=theme.next().word() />
                <input type="hidden" name="next" value=back />
                <SubmitButton variant=Variant::Quiet dense=true icon>
                    <span class="tool-word">{format!("Theme: {}", theme.word())}</span>
                </SubmitButton>
            </form>
            <LinkButton href="/settings" variant=Variant::Quiet dense=true icon=Icon::User>
                <span class="tool-word">{name}</span>
            </LinkButton>
            <form method="post" action="/sign-out" class="inline-form">
                <SubmitButton variant=Variant::Quiet dense=true icon=Icon::SignOut>
                    <span class="tool-word">"Sign out"</span>
                </SubmitButton>
            </form>
        </div>
    }
}

fn toasts(flash: Option<Flash>) -> impl IntoView {
    let toast = flash.map(|Flash { tone, text }| view! { <Toast tone=tone.of_ui() text /> });
    view! { <Toasts>{toast}</Toasts> }
}

/// Where a newcomer talks to an agent, on a developer's machine.
fn local_chat(path: &str) -> NavGroup {
    let href = "/dev/chat".to_owned();
    let current = path == href;
    let item =
        NavItem { label: "Local chat".to_owned(), href, icon: Icon::Message, current, count: None };
    NavGroup { title: "This machine".to_owned(), items: vec![item] }
}

/// A tenant that one is in.
pub(super) struct Place {
    pub(super) tenant: TenantId,
    /// What it is called; its slug to those who may not know.
    pub(super) name: String,
}

impl Place {
    pub(super) fn of(portal: &Portal, who: &Principal, tenant: TenantId) -> Self {
        let name = portal.desk.tenant_name(who, &tenant);
        Self { name: name.unwrap_or_else(|| tenant.to_string()), tenant }
    }
}

/// The tenant that a path is about.
pub(super) fn tenant_of(path: &str) -> Option<TenantId> {
    path.strip_prefix("/t/")?.split('/').next()?.parse().ok()
}

pub(super) fn nav(who: &Principal, place: Option<&Place>, path: &str) -> Vec<NavGroup> {
    let tenant = place.map(|place| &place.tenant);
    let item = |label: &str, href: String, icon| {
        let below = path.strip_prefix(&href).is_some_and(|rest| rest.starts_with('/'));
        let is_home = href == "/" || tenant.is_some_and(|tenant| href == format!("/t/{tenant}"));
        let current = path == href || (below && !is_home);
        NavItem { label: label.to_owned(), href, icon, current, count: None }
    };
    let mut groups = Vec::new();
    if let Some(Place { tenant, name }) = place {
        let pages = [
            ("Home", "", Icon::Home, Permission::TenantRead),
            ("Agents", "/agents", Icon::Agent, Permission::AgentsRead),
            ("Tools", "/tools", Icon::Tool, Permission::AgentsRead),
            ("Models", "/models", Icon::Ai, Permission::AgentsRead),
            ("Channels", "/channels", Icon::Channel, Permission::ChannelsRead),
            ("Conversations", "/conversations", Icon::Conversations, Permission::ConversationsRead),
            ("Activity", "/activity", Icon::Activity, Permission::ConversationsRead),
            ("Usage", "/usage", Icon::Chart, Permission::UsageRead),
            ("Audit", "/audit", Icon::Audit, Permission::AuditRead),
            ("Members", "/members", Icon::Users, Permission::TenantRead),
            ("Tenant", "/settings", Icon::Settings, Permission::TenantRead),
        ];
        let offered = pages.into_iter().filter(|(.., may)| who.require(*may, tenant).is_ok());
        let items =
            offered.map(|(label, end, icon, _)| item(label, format!("/t/{tenant}{end}"), icon));
        groups.push(NavGroup { title: name.clone(), items: items.collect() });
    }
    let mut items = vec![item("Tenants", "/tenants".to_owned(), Icon::Tenants)];
    if who.platform.is_some() {
        items.insert(0, item("Installation", "/".to_owned(), Icon::Layers));
    }
    if who.require_platform(Permission::UsageRead).is_ok() {
        items.push(item("Usage", "/usage".to_owned(), Icon::Chart));
    }
    items.push(item("Find a message", "/trace".to_owned(), Icon::Search));
    if who.require_platform(Permission::StreamsRead).is_ok() {
        items.push(item("Streams", "/streams".to_owned(), Icon::Inbox));
        items.push(item("Dead letters", "/dead-letters".to_owned(), Icon::Message));
    }
    if who.require_platform(Permission::OperatorsManage).is_ok() {
        items.push(item("Operators", "/operators".to_owned(), Icon::Users));
        items.push(item("Accounts' log", "/log".to_owned(), Icon::Audit));
    }
    groups.push(NavGroup { title: "Installation".to_owned(), items });
    let own = vec![item("Your settings", "/settings".to_owned(), Icon::Settings)];
    groups.push(NavGroup { title: "You".to_owned(), items: own });
    groups
}
