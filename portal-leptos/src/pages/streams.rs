//! What is on the log, for those who keep the installation running: the streams, their newest messages, and
//! one of them. What people wrote is not shown.

mod view;

use std::str::FromStr;

use axum::{
    extract::{Path, Query},
    http::StatusCode,
    response::Response,
};
use domain::{
    access::Permission,
    look::{Wanted, absent},
};
use nats::{
    STREAMS, Stream,
    look::{kind_named, stream_named, subjects},
};
use runtime::{
    BusError,
    look::{self, Newest, What},
};
use schemas::{ConversationId, CorrelationId, InvalidId, TenantId};
use serde::Deserialize;
use serde_json::json;

use super::address::Address;
use crate::server::{
    error::PageError,
    render::Cx,
    routes::{Need, Routes},
    session::Visited,
};

const PATH: &str = "/streams";

pub(crate) fn routes() -> Routes {
    let read = Need::Platform(Permission::StreamsRead);
    Routes::default().get(PATH, read, list).get("/streams/{stream}", read, newest).get(
        "/streams/{stream}/{sequence}",
        read,
        one,
    )
}

/// Which messages, as it stands in the address.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
struct Search {
    tenant: String,
    kind: String,
    thread: String,
    story: String,
    before: Option<u64>,
}

/// What is wrong with it, field by field.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Problems {
    tenant: Option<String>,
    kind: Option<String>,
    thread: Option<String>,
    story: Option<String>,
}

impl Search {
    fn on(&self, stream: &Stream) -> Address {
        Address::new(format!("{PATH}/{}", stream.name))
            .with("tenant", &self.tenant)
            .with("kind", &self.kind)
            .with("thread", &self.thread)
            .with("story", &self.story)
    }

    fn is_asking(&self) -> bool {
        let fields = [&self.tenant, &self.kind, &self.thread, &self.story];
        fields.into_iter().any(|field| !field.is_empty())
    }

    /// What is asked of the server, and what is looked for in its answer.
    fn wanted(&self, stream: &Stream) -> Result<(Wanted, Vec<String>), Problems> {
        let (tenant, of_tenant) = read(&self.tenant, id::<TenantId>);
        let (kind, of_kind) = read(&self.kind, kind_named);
        let (thread, of_thread) = read(&self.thread, id::<ConversationId>);
        let (correlation, of_story) = read(&self.story, id::<CorrelationId>);
        let problems =
            Problems { tenant: of_tenant, kind: of_kind, thread: of_thread, story: of_story };
        if problems != Problems::default() {
            return Err(problems);
        }
        let kinds: Vec<_> = kind.into_iter().collect();
        let asked = subjects(stream, tenant.as_ref(), &kinds).map_err(|why| {
            let why = Some(why.to_string());
            if kinds.is_empty() {
                Problems { tenant: why, ..Problems::default() }
            } else {
                Problems { kind: why, ..Problems::default() }
            }
        })?;
        Ok((Wanted { tenant, kinds, thread, correlation, ..Wanted::default() }, asked))
    }
}

/// A field, where it is filled in, and what is wrong with it.
fn read<T, E: std::fmt::Display>(
    text: &str,
    parse: impl FnOnce(&str) -> Result<T, E>,
) -> (Option<T>, Option<String>) {
    let text = text.trim();
    if text.is_empty() {
        return (None, None);
    }
    match parse(text) {
        Ok(value) => (Some(value), None),
        Err(why) => (None, Some(why.to_string())),
    }
}

/// An identifier; what is wrong with it is said without the name of its type.
fn id<T: FromStr<Err = InvalidId>>(text: &str) -> Result<T, &'static str> {
    text.parse().map_err(|why: InvalidId| why.problem())
}

async fn list(cx: Cx) -> Result<Response, PageError> {
    let mut lines = Vec::new();
    for row in STREAMS.iter().copied() {
        lines.push((row, look::standing(&cx.portal.bus, row).await.map_err(away)?));
    }
    let installation = cx.portal.views.installation(&cx.signed.principal, cx.now()).await?;
    Ok(cx.page("Streams", || view::list(lines, &installation.readers, cx.now())))
}

async fn newest(
    cx: Cx,
    Path(stream): Path<String>,
    Query(search): Query<Search>,
) -> Result<Response, PageError> {
    let stream = stream_named(&stream).map_err(|_| PageError::NotFound)?;
    let (wanted, asked) = match search.wanted(stream) {
        Ok(wanted) => wanted,
        Err(problems) => {
            let status = StatusCode::UNPROCESSABLE_ENTITY;
            let shown = view::Shown { stream, search, problems, found: None };
            return Ok(cx.page_with(status, stream.name, || view::newest(shown)));
        }
    };
    let found = look::newest(&cx.portal.bus, stream, (&wanted, asked), search.before).await;
    let found: Newest = found.map_err(away)?;
    let shown = view::Shown { stream, search, problems: Problems::default(), found: Some(found) };
    Ok(cx.page(stream.name, || view::newest(shown)))
}

async fn one(
    cx: Cx,
    Visited(visit): Visited,
    Path((stream, sequence)): Path<(String, u64)>,
) -> Result<Response, PageError> {
    let stream = stream_named(&stream).map_err(|_| PageError::NotFound)?;
    let title = format!("{} {sequence}", stream.name);
    let bus = &cx.portal.bus;
    // The server takes 0 for no sequence at all.
    let kept =
        if sequence == 0 { None } else { look::at(bus, stream, sequence).await.map_err(away)? };
    let Some(kept) = kept else {
        let standing = look::standing(bus, stream).await.map_err(away)?;
        let standing = standing.ok_or(PageError::NotFound)?;
        let why = absent(sequence, (standing.first, standing.last)).to_string();
        return Ok(
            cx.page_with(StatusCode::NOT_FOUND, &title, || view::absent(stream, &title, why))
        );
    };
    let what = What::of(stream, &kept);
    if let Some(event) = what.event() {
        let detail = json!({ "stream": stream.name, "sequence": sequence });
        let who = &cx.signed.principal;
        cx.portal.accounts.note_read(who, &event.tenant, detail, &visit).await?;
    }
    Ok(cx.page(&title, || view::one(stream, &title, &kept, &what)))
}

fn away(error: BusError) -> PageError {
    tracing::warn!(%error, "a stream cannot be read");
    PageError::Unavailable
}

#[cfg(test)]
mod tests {
    use super::*;

    fn search(tenant: &str, kind: &str, thread: &str, story: &str) -> Search {
        let [tenant, kind, thread, story] = [tenant, kind, thread, story].map(str::to_owned);
        Search { tenant, kind, thread, story, before: None }
    }

    #[test]
    fn the_server_is_asked_for_what_the_address_says() {
        let (wanted, asked) =
            search(" acme ", "reply.failed", "", "m1").wanted(&nats::EVENTS).unwrap();
        assert_eq!(asked, ["events.*.acme.reply.failed"]);
        assert_eq!(wanted.correlation.map(|it| it.to_string()).as_deref(), Some("m1"));
        let (_, asked) = search("", "", "", "").wanted(&nats::DEADLETTERS).unwrap();
        assert_eq!(asked, ["deadletters.>"]);
    }

    #[test]
    fn what_is_wrong_stands_at_its_field() {
        let problems = search("No Slug!", "no.kind", "two words", "a.b").wanted(&nats::EVENTS);
        let problems = problems.unwrap_err();
        let said = [problems.tenant, problems.kind, problems.thread, problems.story];
        assert!(said.iter().all(Option::is_some), "{said:?}");
        assert_eq!(said[0].as_deref(), Some("only a-z, 0-9 and `-` may stand in it"));
        let there = search("acme", "agent.retired", "", "").wanted(&nats::EVENTS).unwrap_err();
        assert_eq!(
            there.kind.as_deref(),
            Some("no `agent.retired` is on EVENTS: look on DIRECTORY")
        );
        let nobodys = search("acme", "", "", "").wanted(&nats::ADVISORIES).unwrap_err();
        assert_eq!(nobodys.tenant.as_deref(), Some("what is on ADVISORIES is of no tenant"));
    }

    #[test]
    fn the_address_of_a_page_says_what_was_asked_for() {
        let address = search("acme", "", "C1-1_1", "").on(&nats::EVENTS);
        assert_eq!(address.done(), "/streams/EVENTS?tenant=acme&thread=C1-1_1");
    }
}
