//! What the list of threads shows.

use leptos::prelude::*;
use portal_ui::{
    Banner, Card, Choice, Column, EmptyState, Icon, InputKind, LinkButton, PageHeader, Pagination,
    SelectField, Status, SubmitButton, Table, TextField, Time, Tone, Variant,
    format::{count, counted, day},
};
use schemas::{PlaceKind, TenantId, Timestamp};
use views::{
    AgentLine, ConnectionLine, ConversationLine, Conversations, MessageRow, Scan, Standing,
};

use super::Search;
use crate::pages::address::{self, Address};

pub(super) struct Shown {
    pub(super) tenant: TenantId,
    pub(super) search: Search,
    pub(super) found: Conversations,
    pub(super) doubts: Vec<MessageRow>,
    pub(super) agents: Vec<AgentLine>,
    pub(super) connections: Vec<ConnectionLine>,
    pub(super) now: Timestamp,
}

pub(super) fn page(shown: Shown) -> AnyView {
    let Shown { tenant, search, found, doubts, agents, connections, now } = shown;
    let list = || search.on(Address::of_tenant(&tenant, &["conversations"]));
    let newer = newer(found.newer, list().done());
    let scan = found.scan.as_ref().map(|scan| scanned(scan, &search.q));
    let further = found.scan.as_ref().is_some_and(|scan| !scan.is_all);
    let older = found.next.as_ref().map(|next| list().with("after", &next.0).done());
    let is_first = search.after.is_none();
    let first = (!is_first).then(|| list().done());
    let words = ("Newest", if further { "Look further" } else { "Older" });
    let body = if found.lines.is_empty() {
        empty(&tenant, &search, older.is_some())
    } else {
        let row = |line: ConversationLine| {
            let agent = line.agent.as_ref().map(|id| name(&agents, id.as_str()));
            row(line, agent, (&tenant, &search), now)
        };
        let rows = found.lines.into_iter().map(row);
        let rows = rows.collect_view();
        view! { <Table caption="Conversations" columns=columns()>{rows}</Table> }.into_any()
    };
    view! {
        <PageHeader title="Conversations" lead="What people and agents said to each other." />
        <div class="stack">
            {form(&tenant, search, agents, connections)}
            {newer}
            {doubts_card(&tenant, doubts, now)}
            <Card flush=true>{body}</Card>
            {scan}
            <Pagination newer=first older words />
        </div>
    }
    .into_any()
}

fn newer(count: u64, first: String) -> Option<AnyView> {
    let words = match count {
        0 => return None,
        100.. => "100 or more are newer".to_owned(),
        1 => "1 is newer".to_owned(),
        _ => format!("{count} are newer"),
    };
    Some(
        view! {
            <p>
                <LinkButton href=first dense=true icon=Icon::ArrowUp>{words}</LinkButton>
            </p>
        }
        .into_any(),
    )
}

fn scanned(scan: &Scan, looked_for: &str) -> AnyView {
    let looked = format!(
        "Looked for “{looked_for}” in {} of {}",
        counted(scan.turns.into(), "message", "messages"),
        counted(scan.threads, "conversation", "conversations"),
    );
    let end = match (scan.is_all, scan.back_to) {
        (true, _) => ": that is all there is.".to_owned(),
        (false, Some(at)) => format!(", back to {}. There is more to look at.", day(at)),
        (false, None) => ".".to_owned(),
    };
    view! { <p class="meta" role="status">{looked}{end}</p> }.into_any()
}

fn empty(tenant: &TenantId, search: &Search, has_more: bool) -> AnyView {
    let home = Address::of_tenant(tenant, &["conversations"]).done();
    if has_more {
        return view! {
            <EmptyState
                title="Nothing found so far"
                text="Older conversations have not been looked at yet: look further below."
                icon=Icon::Search
            />
        }
        .into_any();
    }
    if search.is_empty() {
        let channels = Address::of_tenant(tenant, &["channels"]).done();
        return view! {
            <EmptyState
                title="Nobody has written yet"
                text="Conversations show here as soon as somebody mentions an agent or writes to it."
                icon=Icon::Conversations
                action=Some(("See the channels".to_owned(), channels))
            />
        }
        .into_any();
    }
    view! {
        <EmptyState
            title="No conversation is like that"
            text="Search for other words, or leave out a filter."
            icon=Icon::Search
            action=Some(("Show all conversations".to_owned(), home))
        />
    }
    .into_any()
}

fn doubts_card(tenant: &TenantId, doubts: Vec<MessageRow>, now: Timestamp) -> Option<AnyView> {
    if doubts.is_empty() {
        return None;
    }
    let rows = doubts.into_iter().map(|row| {
        let href = address::message(tenant, &row.message_id);
        let doubt = row.doubt.or(row.detail).map(|it| format!(" · {}", it.replace('_', " ")));
        let at = row.received_at_ms.map(Timestamp::from_millis);
        view! {
            <li>
                <a href=href class="mono">{row.message_id.to_string()}</a>
                " "
                {at.map(|at| view! { <Time at now=Some(now) /> })}
                <span class="meta">{doubt}</span>
            </li>
        }
    });
    let rows = rows.collect_view();
    Some(
        view! {
            <Banner tone=Tone::Warn title="These replies may or may not have arrived">
                <ul>{rows}</ul>
            </Banner>
        }
        .into_any(),
    )
}

fn form(
    tenant: &TenantId,
    search: Search,
    agents: Vec<AgentLine>,
    connections: Vec<ConnectionLine>,
) -> AnyView {
    let action = Address::of_tenant(tenant, &["conversations"]).done();
    let clear = (!search.is_empty()).then(|| {
        view! { <LinkButton href=action.clone() variant=Variant::Quiet>"Clear"</LinkButton> }
    });
    let is_open = search.has_more();
    let mut who = vec![Choice::new("", "Any agent")];
    who.extend(agents.into_iter().map(|it| Choice::new(it.id.as_str(), it.name)));
    let mut states = vec![Choice::new("", "Any state")];
    let standings = Standing::ALL.into_iter();
    states.extend(standings.map(|it| Choice::new(address::word(it), standing(it).1)));
    let mut wires = vec![Choice::new("", "Any channel")];
    wires.extend(connections.into_iter().map(|it| {
        let id = it.connection.id;
        Choice::new(id.as_str(), id.as_str())
    }));
    view! {
        <form method="get" action=action role="search" class="filters">
            <TextField name="q" label="Search in what was said" kind=InputKind::Search value=search.q />
            <SelectField name="state" label="State" choices=states value=search.state />
            <SelectField name="agent" label="Agent" choices=who value=search.agent />
            <div class="row">
                <SubmitButton variant=Variant::Plain icon=Icon::Search>"Search"</SubmitButton>
                {clear}
            </div>
            <details open=is_open>
                <summary>"More filters"</summary>
                <div class="filters">
                    <SelectField
                        name="connection"
                        label="Channel"
                        choices=wires
                        value=search.connection
                    />
                    <TextField name="person" label="Person (their id)" value=search.person />
                    <TextField name="from" label="From" kind=InputKind::Date value=search.from />
                    <TextField name="to" label="To" kind=InputKind::Date value=search.to />
                </div>
            </details>
        </form>
    }
    .into_any()
}

fn columns() -> Vec<Column> {
    vec![
        Column::new("Conversation"),
        Column::new("State"),
        Column::new("Agent"),
        Column::new("Messages").numbers(),
        Column::new("Newest"),
    ]
}

/// What people call an agent; its slug, where nobody knows it any more.
pub(in crate::pages) fn name(agents: &[AgentLine], id: &str) -> String {
    let known = agents.iter().find(|it| it.id.as_str() == id);
    known.map_or(id, |it| &it.name).to_owned()
}

fn row(
    line: ConversationLine,
    agent: Option<String>,
    (tenant, search): (&TenantId, &Search),
    now: Timestamp,
) -> AnyView {
    let (tone, state) = standing(line.standing);
    let page = address::conversation(tenant, &line.connection, &line.conversation);
    let href = search.on(page).done();
    let is_kept = line.opening.is_some();
    let opening = line.opening.unwrap_or_else(|| "Its words are not kept".to_owned());
    let by = line.opening_by.or_else(|| line.people.first().cloned()).unwrap_or_default();
    let others = line.people.len().saturating_sub(1) as u64;
    let others = (0 < others).then(|| format!(" and {}", counted(others, "other", "others")));
    // A snippet that stands in the first words already says nothing more.
    let found = line.found.filter(|it| !opening.contains(it.snippet.trim()));
    let found = found.map(|it| view! { <span class="snippet">{it.snippet}</span> });
    let place = place(line.place.kind);
    view! {
        <tr data-row>
            <th scope="row">
                <div class="opening">
                    <a href=href data-row-link data-kept=is_kept>{opening}</a>
                    {found}
                    <span class="meta">{by}{others}" · "{place}</span>
                </div>
            </th>
            <td data-label="State"><Status tone label=state /></td>
            <td data-label="Agent">{agent}</td>
            <td data-label="Messages" data-align="end">{count(line.messages.into())}</td>
            <td data-label="Newest"><Time at=line.last_at now=Some(now) /></td>
        </tr>
    }
    .into_any()
}

const fn place(kind: PlaceKind) -> &'static str {
    match kind {
        PlaceKind::Public => "in a channel",
        PlaceKind::Private => "in a private channel",
        PlaceKind::Direct => "direct message",
        PlaceKind::Group => "in a group",
    }
}

/// Where a message stands, in a word.
pub(in crate::pages) const fn standing(standing: Standing) -> (Tone, &'static str) {
    match standing {
        Standing::Open => (Tone::Info, "Being answered"),
        Standing::Answered => (Tone::Ok, "Answered"),
        Standing::Throttled => (Tone::Warn, "Over a limit"),
        Standing::Failed => (Tone::Bad, "Failed"),
        Standing::Uncertain => (Tone::Warn, "In doubt"),
        Standing::WithPerson => (Tone::Violet, "With a person"),
    }
}
