//! Turns of an agent that are kept as tests: which there are and what came of each, one more, one less.

mod interrupted;
mod keep;
mod remove;
mod run;

use axum::{
    extract::Query,
    http::{HeaderValue, header},
    response::Response,
};
use domain::access::Permission;
use leptos::prelude::*;
use portal_ui::{
    Card, CodeBlock, EmptyState, Icon, LinkButton, Pagination, Status, Time, Tone, Variant,
    format::counted,
};
use replay::{
    Checked, KeptTest, KeptTests, LastResult, TESTS_PAGE, TestsPage, UnreadableTest, end_words,
};
use schemas::{MessageId, Timestamp};
use serde::Deserialize;
use serde_json::json;

pub(super) use self::{
    interrupted::{go_on, stop},
    keep::{keep, new},
    remove::{ask, remove},
    run::{plan, start},
};
use super::{
    parts::{self, At, Place, known, question},
    replays::without_models,
};
use crate::{
    pages::address::{self, Address},
    server::{error::PageError, render::Cx, session::Visited},
};

/// After how many seconds the page is loaded again while tests are run.
const AGAIN_S: &str = "5";

/// Which tests, as it stands in the address.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Look {
    /// `all`; nothing shows that tests are run while they are, and then all.
    show: String,
    /// How many of them come before this page.
    from: u32,
}

/// What the page is made of.
struct Shown {
    tests: TestsPage,
    show: String,
    /// What is said of the run that is under way, or did not come to its end.
    run: Option<AnyView>,
    is_under_way: bool,
    may_write: bool,
    now: Timestamp,
}

pub(super) async fn list(
    cx: Cx,
    Visited(visit): Visited,
    at: At,
    Query(look): Query<Look>,
) -> Result<Response, PageError> {
    let (name, live) = known(&cx, &at).await?;
    let (who, now) = (&cx.signed.principal, cx.now());
    let title = format!("Tests of {name}");
    let head = || {
        let lead = "Turns that are kept, with what is expected of an answer to each.".to_owned();
        parts::header((&at, &name, &live), (&title, Some(lead)), Place::Tests)
    };
    let Some(shadow) = &cx.portal.shadow else {
        return Ok(cx.page(&title, || view! { {head()} {without_models()} }.into_any()));
    };
    let may_write = who.require(Permission::AgentsWrite, &at.tenant).is_ok();
    // Asked first, so that what ends meanwhile is loaded once more.
    let is_under_way = shadow.is_testing(who, at.ids()).await?;
    let last = shadow.last_tests(who, at.ids()).await?;
    let is_quiet = is_under_way && look.show.is_empty();
    let run = || {
        if is_under_way {
            Some(interrupted::under_way(&at, last.as_ref(), (may_write, is_quiet), now))
        } else {
            last.as_ref().and_then(|run| interrupted::banner(&at, run, may_write, now))
        }
    };
    if is_quiet {
        let mut response = cx.page(&title, || view! { {head()} {run()} }.into_any());
        // Without a word of anybody, so that it is loaded again and again without anybody reading, and
        // nobody who reads loses their place.
        response.headers_mut().insert(header::REFRESH, HeaderValue::from_static(AGAIN_S));
        return Ok(response);
    }
    let detail = json!({ "tests": at.agent });
    cx.portal.accounts.note_read(who, &at.tenant, detail, &visit).await?;
    let tests = shadow.tests_page(who, at.ids(), look.from).await?;
    Ok(cx.page(&title, || {
        let shown = Shown { tests, show: look.show, run: run(), is_under_way, may_write, now };
        view! { {head()} {listed(&at, shown)} }.into_any()
    }))
}

fn listed(at: &At, shown: Shown) -> AnyView {
    let Shown { tests, show, run, is_under_way, may_write, now } = shown;
    let TestsPage { tests: KeptTests { tests, unreadable }, after, count } = tests;
    if count == 0 {
        let conversations = format!("/t/{}/conversations", at.tenant);
        return view! {
            <Card>
                <EmptyState
                    title="No tests yet"
                    text="Below each answer of a conversation it says Keep as a test: for what must stay right, whatever is changed."
                    icon=Icon::Check
                    action=Some(("Go to the conversations".to_owned(), conversations))
                />
            </Card>
        }
        .into_any();
    }
    let page = |after: u32| {
        let from = if after == 0 { String::new() } else { after.to_string() };
        let page = Address::of_tenant(&at.tenant, &["agents", at.agent.as_str(), "tests"]);
        page.with("show", &show).with("from", &from).done()
    };
    let newer = (0 < after).then(|| page(after.saturating_sub(TESTS_PAGE)));
    let next = after.saturating_add(TESTS_PAGE);
    let older = (next < count).then(|| page(next));
    let command = format!("konstruct test --tenant {} --agent {}", at.tenant, at.agent);
    let href = at.path("/tests/run");
    let start = (may_write && !is_under_way).then(|| {
        view! { <p><LinkButton href icon=Icon::Play>"Run them"</LinkButton></p> }
    });
    let cards: Vec<_> = tests.into_iter().map(|test| card(at, test, may_write, now)).collect();
    let unreadable = unreadable.into_iter().map(|test| closed(at, test, may_write, now));
    let unreadable: Vec<_> = unreadable.collect();
    view! {
        <div class="stack">
            {start}
            {run}
            {cards}
            {unreadable}
            <Pagination newer older words=("Previous", "Next") />
            <CodeBlock label="Runs them on the command line, of what is published" code=command />
        </div>
    }
    .into_any()
}

fn card(at: &At, test: KeptTest, may_write: bool, now: Timestamp) -> AnyView {
    let KeptTest { id, message, frozen, checks, made_at, last } = test;
    let title = question(&frozen.newest.text);
    let checks: Vec<_> =
        checks.iter().map(|check| view! { <li>{check.to_string()}</li> }).collect();
    let last = last.map(|last| result(last, now));
    let foot = foot(at, (&id, &message), made_at, (may_write, now));
    view! {
        <Card title>
            <div class="stack" data-gap="small">
                <p>"The answer:"</p>
                <ul>{checks}</ul>
                {last}
                {foot}
            </div>
        </Card>
    }
    .into_any()
}

/// One that cannot be asked any more.
fn closed(at: &At, test: UnreadableTest, may_write: bool, now: Timestamp) -> AnyView {
    let UnreadableTest { id, message, why, made_at } = test;
    let why = format!("It is not asked: {why}.");
    let foot = foot(at, (&id, &message), made_at, (may_write, now));
    view! {
        <Card title="Cannot be read">
            <div class="stack" data-gap="small">
                <p>{why}</p>
                {foot}
            </div>
        </Card>
    }
    .into_any()
}

/// Since when it is kept, and what may be done with it.
fn foot(
    at: &At,
    (id, message): (&str, &MessageId),
    made_at: Timestamp,
    (may_write, now): (bool, Timestamp),
) -> AnyView {
    let trace = address::message(&at.tenant, message);
    let of = format!(" of message {message}");
    let href = at.path(&format!("/tests/{id}/remove"));
    let named = format!(" test {id}");
    let remove = may_write.then(|| {
        view! {
            <p>
                <LinkButton href variant=Variant::Quiet dense=true icon=Icon::Trash>
                    "Remove"
                    <span class="visually-hidden">{named}</span>
                </LinkButton>
            </p>
        }
    });
    view! {
        <p class="meta">
            "Kept " <Time at=made_at now=Some(now) /> ". "
            <a href=trace>
                "Its trace"
                <span class="visually-hidden">{of}</span>
            </a>
        </p>
        {remove}
    }
    .into_any()
}

/// What came of a test when all were run last.
fn result(last: LastResult, now: Timestamp) -> AnyView {
    let (tone, label) = match last.has_passed() {
        Some(true) => (Tone::Ok, "Passes".to_owned()),
        Some(false) => {
            let failed = last.checks.iter().filter(|check| !check.holds).count();
            let failed = u64::try_from(failed).unwrap_or_default();
            (Tone::Bad, format!("Fails: {}", counted(failed, "check", "checks")))
        }
        None => (Tone::Warn, "Not asked".to_owned()),
    };
    let LastResult { candidate, outcome, checks, asked_at } = last;
    let (end, said) = match outcome {
        Ok(outcome) => (end_words(&outcome.end), outcome.said().map(str::to_owned)),
        Err(why) => (why, None),
    };
    let failed = |Checked { check, holds, reason }: Checked| {
        let reason = reason.map(|reason| format!(" ({reason})")).unwrap_or_default();
        (!holds).then(|| view! { <li>{format!("Does not hold: {check}{reason}")}</li> })
    };
    let failed: Vec<_> = checks.into_iter().filter_map(failed).collect();
    let failed = (!failed.is_empty()).then(|| view! { <ul>{failed}</ul> });
    let said = said.map(|said| {
        view! {
            <details>
                <summary>"What it said"</summary>
                <p class="prose">{said}</p>
            </details>
        }
    });
    let facts = format!(", {candidate}: {end}");
    view! {
        <p class="row">
            <Status tone label />
            <span class="meta"><Time at=asked_at now=Some(now) /> {facts}</span>
        </p>
        {failed}
        {said}
    }
    .into_any()
}
