//! What the log shows.

use accounts::Entry;
use leptos::prelude::*;
use portal_ui::{
    Avatar, Card, Choice, EmptyState, Icon, LinkButton, PageHeader, Pagination, SelectField,
    SubmitButton, Time, Variant, format::counted,
};
use schemas::Timestamp;

use super::{EXPORT_MAX, PATH, Search, words, words::Names};
use crate::pages::address::Address;

pub(super) struct Shown {
    pub(super) search: Search,
    pub(super) entries: Vec<Entry>,
    /// The last line of this page, where there is another page.
    pub(super) next: Option<i64>,
    pub(super) names: Names,
    pub(super) now: Timestamp,
}

pub(super) fn page(shown: Shown) -> AnyView {
    let Shown { search, entries, next, names, now } = shown;
    let older = next.map(|last| search.on(PATH).with("before", &last.to_string()).done());
    let newest = search.before.is_some().then(|| search.on(PATH).done());
    let (csv, json) = (search.on("/log.csv").done(), search.on("/log.json").done());
    let body = if entries.is_empty() {
        empty(&search)
    } else {
        let rows = entries.iter().map(|entry| row(entry, &names, now)).collect_view();
        view! { <ol class="changes">{rows}</ol> }.into_any()
    };
    let most = counted(EXPORT_MAX as u64, "line", "lines");
    view! {
        <PageHeader
            title="Accounts' log"
            lead="Who did what to accounts, sessions, keys and roles, and which conversations were read from outside their tenant."
        >
            <LinkButton href=csv icon=Icon::Download>"CSV"</LinkButton>
            <LinkButton href=json icon=Icon::Download>"JSON"</LinkButton>
        </PageHeader>
        <div class="stack">
            {form(search, &names)}
            <Card flush=true>{body}</Card>
            <Pagination newer=newest older words=("Newest", "Older") />
            <p class="meta">
                {format!("A file holds the newest {most} that fit the filter; JSON says where it would go on.")}
            </p>
        </div>
    }
    .into_any()
}

fn empty(search: &Search) -> AnyView {
    let (title, text) = if search.is_asking() {
        ("No line is like that", "Leave out a filter to see more.")
    } else {
        ("There is nothing older", "The log goes back to the day of the installation.")
    };
    view! {
        <EmptyState
            title
            text
            icon=Icon::Search
            action=Some(("Show the newest".to_owned(), PATH.to_owned()))
        />
    }
    .into_any()
}

fn form(search: Search, names: &Names) -> AnyView {
    let clear = search
        .is_asking()
        .then(|| view! { <LinkButton href=PATH variant=Variant::Quiet>"Clear"</LinkButton> });
    let mut known: Vec<_> =
        names.people.iter().map(|(id, name)| Choice::new(id.as_str(), name)).collect();
    known.sort_by(|one, other| one.label.cmp(&other.label));
    let mut people = vec![Choice::new("", "Everybody"), Choice::new("console", "The command line")];
    people.extend(known);
    let mut kinds = vec![Choice::new("", "Everything")];
    kinds.extend(words::KINDS.map(|(kind, label)| Choice::new(kind, label)));
    view! {
        <form method="get" action=PATH role="search" class="filters">
            <SelectField name="operator" label="Who" choices=people value=search.operator />
            <SelectField name="kind" label="What" choices=kinds value=search.kind />
            <div class="row">
                <SubmitButton variant=Variant::Plain icon=Icon::Filter>"Filter"</SubmitButton>
                {clear}
            </div>
        </form>
    }
    .into_any()
}

fn row(entry: &Entry, names: &Names, now: Timestamp) -> AnyView {
    let who = words::who(entry, names);
    let place = entry.tenant.as_ref().map(|tenant| {
        let name = names.tenants.get(tenant).cloned().unwrap_or_else(|| tenant.to_string());
        view! { " in " <a href=Address::of_tenant(tenant, &[]).done()>{name}</a> }
    });
    let thread = conversation(entry).map(|address| {
        view! { " · " <a href=address.done() data-row-link>"the conversation"</a> }
    });
    let from = (!entry.ip.is_empty()).then(|| format!(" · from {}", entry.ip));
    view! {
        <li data-row id=format!("line-{}", entry.id)>
            <Avatar name=who.clone() />
            <article>
                <h2>
                    <span>{who}</span>
                    " "
                    <span class="did">{words::did(entry, names)}</span>
                    {place}
                </h2>
                <p class="meta"><Time at=entry.at now=Some(now) />{from}{thread}</p>
            </article>
        </li>
    }
    .into_any()
}

/// The one that was read.
fn conversation(entry: &Entry) -> Option<Address> {
    let part = |name: &str| entry.detail.get(name)?.as_str();
    let (connection, thread) = (part("connection")?, part("conversation")?);
    let tenant = entry.tenant.as_ref()?;
    Some(Address::of_tenant(tenant, &["conversations", connection, thread]))
}
