//! What the pages of streams show.

use domain::veil::size;
use leptos::prelude::*;
use nats::{CONSUMERS, READERS, Stream, look::is_on};
use portal_ui::{
    Card, Choice, CodeBlock, Column, Crumb, Definition, DefinitionList, EmptyState, Icon,
    LinkButton, PageHeader, Pagination, SelectField, SubmitButton, Table, TextField, Time, Variant,
    format::{count, counted},
};
use runtime::look::{Kept, Line, Newest, Standing, What};
use schemas::{Kind, MessageId, Timestamp};
use views::Reader;

use super::{PATH, Problems, Search};
use crate::pages::address;

/// The streams, with who reads them.
pub(super) fn list(
    lines: Vec<(&'static Stream, Option<Standing>)>,
    readers: &[Reader],
    now: Timestamp,
) -> AnyView {
    let streams = lines.iter().map(|(row, standing)| stream(row, standing.as_ref(), now));
    let streams = streams.collect_view();
    let columns = vec![
        Column::new("Stream"),
        Column::new("Messages").numbers(),
        Column::new("Bytes").numbers(),
        Column::new("First").numbers(),
        Column::new("Last").numbers(),
        Column::new("Last stored"),
    ];
    view! {
        <PageHeader title="Streams" lead="What is on the log, who reads it, and how far they are." />
        <div class="stack">
            <Card flush=true><Table caption="Streams" columns>{streams}</Table></Card>
            {consumers(&lines)}
            {places(&lines, readers)}
            <CodeBlock label="The same on the command line" code="konstruct stream ls" />
        </div>
    }
    .into_any()
}

fn stream(row: &'static Stream, standing: Option<&Standing>, now: Timestamp) -> AnyView {
    let href = format!("{PATH}/{}", row.name);
    let number = |of: fn(&Standing) -> u64| standing.map(|it| count(of(it)));
    let last_at = standing.and_then(|it| it.last_at);
    let stored = match (standing, last_at) {
        (None, _) => "Missing".into_any(),
        (Some(_), None) => "Never".into_any(),
        (Some(_), Some(at)) => view! { <Time at now=Some(now) /> }.into_any(),
    };
    view! {
        <tr>
            <th scope="row"><a href=href class="mono">{row.name}</a></th>
            <td data-label="Messages" data-align="end">{number(|it| it.messages)}</td>
            <td data-label="Bytes" data-align="end">{number(|it| it.bytes)}</td>
            <td data-label="First" data-align="end">{number(|it| it.first)}</td>
            <td data-label="Last" data-align="end">{number(|it| it.last)}</td>
            <td data-label="Last stored">{stored}</td>
        </tr>
    }
    .into_any()
}

fn consumers(lines: &[(&'static Stream, Option<Standing>)]) -> AnyView {
    let columns = vec![
        Column::new("Consumer"),
        Column::new("Stream"),
        Column::new("Pending").numbers(),
        Column::new("Unacknowledged").numbers(),
        Column::new("Redelivered").numbers(),
    ];
    let of_stream = |(row, standing): &(&'static Stream, Option<Standing>)| {
        let stream = row.name;
        let consumers = standing.iter().flat_map(|it| it.consumers.clone());
        let rows = consumers.map(move |it| {
            let is_declared = CONSUMERS.iter().any(|row| row.name == it.name);
            let note = (!is_declared).then_some(" (not declared)");
            view! {
                <tr>
                    <th scope="row"><span class="mono">{it.name}</span>{note}</th>
                    <td data-label="Stream">{stream}</td>
                    <td data-label="Pending" data-align="end">{count(it.pending)}</td>
                    <td data-label="Unacknowledged" data-align="end">{count(it.unacknowledged)}</td>
                    <td data-label="Redelivered" data-align="end">{count(it.redelivered)}</td>
                </tr>
            }
        });
        rows.collect_view()
    };
    let rows = lines.iter().map(of_stream).collect_view();
    view! {
        <Card title="Consumers" lead="Those that the server keeps the place of." flush=true>
            <Table caption="Consumers" columns>{rows}</Table>
        </Card>
    }
    .into_any()
}

fn places(lines: &[(&'static Stream, Option<Standing>)], readers: &[Reader]) -> AnyView {
    let columns = vec![
        Column::new("Reader"),
        Column::new("Stream"),
        Column::new("At").numbers(),
        Column::new("Behind").numbers(),
    ];
    let rows = READERS.iter().map(|reader| {
        let standing = lines.iter().find(|(row, _)| row.name == reader.stream.name);
        let last = standing.and_then(|(_, standing)| Some(standing.as_ref()?.last));
        // One that never wrote has no place yet.
        let at = readers.iter().find(|it| it.name == reader.name).map_or(0, |it| it.seq);
        let behind = last.map(|last| count(last.saturating_sub(at)));
        view! {
            <tr>
                <th scope="row" class="mono">{reader.name}</th>
                <td data-label="Stream">{reader.stream.name}</td>
                <td data-label="At" data-align="end">{count(at)}</td>
                <td data-label="Behind" data-align="end">{behind}</td>
            </tr>
        }
    });
    let rows = rows.collect_view();
    view! {
        <Card title="Readers" lead="Those that keep their own place, with what they write." flush=true>
            <Table caption="Readers" columns>{rows}</Table>
        </Card>
    }
    .into_any()
}

/// The newest messages of a stream; nothing is found while something is wrong with the search.
pub(super) struct Shown {
    pub(super) stream: &'static Stream,
    pub(super) search: Search,
    pub(super) problems: Problems,
    pub(super) found: Option<Newest>,
}

pub(super) fn newest(shown: Shown) -> AnyView {
    let Shown { stream, search, problems, found } = shown;
    let crumbs = vec![Crumb::new("Streams", PATH)];
    let body = found.map(|found| page(stream, &search, found));
    view! {
        <PageHeader title=stream.name lead=format!("The newest of {}.", stream.about) crumbs />
        <div class="stack">
            {form(stream, search, problems)}
            {body}
        </div>
    }
    .into_any()
}

fn page(stream: &'static Stream, search: &Search, found: Newest) -> AnyView {
    let Newest { found, looked: (first, last), older } = found;
    let older = older.filter(|_| first <= last);
    let older = older.map(|before| search.on(stream).with("before", &before.to_string()).done());
    let newest = search.before.is_some().then(|| search.on(stream).done());
    let looked = match last.checked_sub(first) {
        Some(span) => {
            let places = counted(span.saturating_add(1), "place", "places");
            format!("Looked at {places}, {} to {}.", count(first), count(last))
        }
        None => "There is nothing on this stream.".to_owned(),
    };
    let body = if found.is_empty() {
        let (title, text) = if search.is_asking() || search.before.is_some() {
            ("Nothing here is like that", "Look further back, or leave out a filter.")
        } else {
            ("Nothing is here yet", "What comes to this stream will stand here.")
        };
        view! { <EmptyState title text icon=Icon::Search /> }.into_any()
    } else {
        let rows = found.iter().map(|(kept, what)| row(stream, kept, what)).collect_view();
        view! { <Table caption="Messages" columns=columns()>{rows}</Table> }.into_any()
    };
    view! {
        <Card flush=true>{body}</Card>
        <p class="meta">{looked}</p>
        <Pagination newer=newest older words=("Newest", "Older") />
    }
    .into_any()
}

fn columns() -> Vec<Column> {
    let columns = ["Place", "Stored", "Tenant", "Kind", "Story", "Note"];
    columns.map(Column::new).into()
}

fn row(stream: &'static Stream, kept: &Kept, what: &What) -> AnyView {
    let Line { tenant, kind, story, word } = what.line(kept);
    let href = format!("{PATH}/{}/{}", stream.name, kept.sequence);
    let story = match message(what) {
        Some(href) => view! { <a href=href class="mono">{story}</a> }.into_any(),
        None => view! { <span class="mono">{story}</span> }.into_any(),
    };
    view! {
        <tr data-row>
            <th scope="row"><a href=href data-row-link>{count(kept.sequence)}</a></th>
            <td data-label="Stored"><Time at=kept.stored /></td>
            <td data-label="Tenant">{tenant}</td>
            <td data-label="Kind" class="mono">{kind}</td>
            <td data-label="Story">{story}</td>
            <td data-label="Note">{word}</td>
        </tr>
    }
    .into_any()
}

/// The page of the message whose story it is, if it is one's.
fn message(what: &What) -> Option<String> {
    let event = what.event()?;
    let message: &MessageId = &event.event.message()?.id;
    Some(address::message(&event.tenant, message))
}

fn form(stream: &'static Stream, search: Search, problems: Problems) -> AnyView {
    let action = format!("{PATH}/{}", stream.name);
    let clear = search.is_asking().then(
        || view! { <LinkButton href=action.clone() variant=Variant::Quiet>"Clear"</LinkButton> },
    );
    let mut kinds = vec![Choice::new("", "Every kind")];
    let there = Kind::ALL.iter().filter(|kind| is_on(stream, **kind));
    kinds.extend(there.map(|kind| Choice::new(kind.topic(), kind.topic())));
    let Search { tenant, kind, thread, story, before: _ } = search;
    view! {
        <form method="get" action=action role="search" class="filters">
            <TextField name="tenant" label="Tenant" value=tenant error=problems.tenant />
            <SelectField name="kind" label="Kind" choices=kinds value=kind error=problems.kind />
            <TextField name="thread" label="Thread" value=thread error=problems.thread />
            <TextField name="story" label="Message" value=story error=problems.story />
            <div class="row">
                <SubmitButton variant=Variant::Plain icon=Icon::Filter>"Filter"</SubmitButton>
                {clear}
            </div>
        </form>
    }
    .into_any()
}

/// One message, whole but for what people wrote.
pub(super) fn one(stream: &'static Stream, title: &str, kept: &Kept, what: &What) -> AnyView {
    // What stands inside a component is its own.
    let headers = kept.headers.iter().cloned().map(|(name, value)| {
        view! { <Definition term=name><span class="mono">{value}</span></Definition> }
    });
    let headers = headers.collect_view();
    let blocks = what.body(kept, &size).unwrap_or_default().into_iter().map(|(_, body)| {
        let code = serde_json::to_string_pretty(&body).unwrap_or_default();
        view! { <CodeBlock label="As it stands on the stream, without what people wrote" code /> }
    });
    let blocks = blocks.collect_view();
    let trace = message(what).map(
        |href| view! { <LinkButton href icon=Icon::Activity>"Trace of the message"</LinkButton> },
    );
    let (subject, at) = (kept.subject.clone(), kept.stored);
    let command = format!("konstruct stream get --stream {} {}", stream.name, kept.sequence);
    view! {
        <PageHeader title=title.to_owned() lead=what.line(kept).kind crumbs=crumbs(stream)>
            {trace}
        </PageHeader>
        <div class="stack">
            <Card title="Where it stands">
                <DefinitionList>
                    <Definition term="Subject"><span class="mono">{subject}</span></Definition>
                    <Definition term="Stored"><Time at /></Definition>
                    {headers}
                </DefinitionList>
            </Card>
            {blocks}
            <CodeBlock label="The same on the command line" code=command />
        </div>
    }
    .into_any()
}

/// Why there is nothing.
pub(super) fn absent(stream: &'static Stream, title: &str, why: String) -> AnyView {
    let back = Some(("See the newest".to_owned(), format!("{PATH}/{}", stream.name)));
    view! {
        <PageHeader title=title.to_owned() crumbs=crumbs(stream) />
        <EmptyState title="There is no such message" text=why icon=Icon::Search action=back />
    }
    .into_any()
}

fn crumbs(stream: &'static Stream) -> Vec<Crumb> {
    let of = format!("{PATH}/{}", stream.name);
    vec![Crumb::new("Streams", PATH), Crumb::new(stream.name, of)]
}
