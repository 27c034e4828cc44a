//! Turns of an agent that are kept as tests: which there are and what came of each, one more, one less.

mod interrupted;
mod keep;
mod run;

use axum::{
    extract::Form,
    http::{HeaderValue, header},
    response::Response,
};
use domain::access::Permission;
use leptos::prelude::*;
use portal_ui::{
    Card, CodeBlock, EmptyState, Icon, LinkButton, Status, SubmitButton, Time, Tone,
    Variant, format::counted,
};
use replay::{
    Checked, KeptTest, KeptTests, LastResult, ReplayError, RunRow, UnreadableTest, end_words,
};
use schemas::{MessageId, Timestamp};
use serde::Deserialize;
use serde_json::json;

pub(super) use self::{
    interrupted::{go_on, stop},
    keep::{keep, new},
    run::{plan, start},
};
use super::{
    parts::{self, At, Place, known, question},
    replays::{shadow, without_models},
};
use crate::{
    pages::{address, form::go},
    server::{error::PageError, flash::Flash, render::Cx, session::Visited},
};

/// After how many seconds the page is loaded again while tests are run.
const AGAIN_S: &str = "5";

pub(super) async fn list(cx: Cx, Visited(visit): Visited, at: At) -> Result<Response, PageError> {
    let (name, live) = known(&cx, &at).await?;
    let who = &cx.signed.principal;
    let detail = json!({ "tests": at.agent });
    cx.portal.accounts.note_read(who, &at.tenant, detail, &visit).await?;
    let tests = match &cx.portal.shadow {
        Some(shadow) => {
            // Asked first, so that what ends meanwhile is loaded once more.
            let is_under_way = shadow.is_testing(who, at.ids()).await?;
            let last = shadow.last_tests(who, at.ids()).await?;
            Some((shadow.tests(who, at.ids()).await?, Asked { is_under_way, last }))
        }
        None => None,
    };
    let is_under_way = tests.as_ref().is_some_and(|(_, asked)| asked.is_under_way);
    let may_write = who.require(Permission::AgentsWrite, &at.tenant).is_ok();
    let (title, now) = (format!("Tests of {name}"), cx.now());
    let mut response = cx.page(&title, || {
        let lead = "Turns that are kept, with what is expected of an answer to each.".to_owned();
        let head = parts::header((&at, &name, &live), (&title, Some(lead)), Place::Tests);
        let body = match tests {
            Some((tests, asked)) => listed(&at, tests, (may_write, &asked), now),
            None => without_models(),
        };
        view! { {head} {body} }.into_any()
    });
    if is_under_way && who.tenants.contains_key(&at.tenant) {
        // The page shows what came of each, with or without a script. Whoever is of the installation reads
        // on the record, and loads it again by hand.
        response.headers_mut().insert(header::REFRESH, HeaderValue::from_static(AGAIN_S));
    }
    Ok(response)
}

/// How often they were asked.
struct Asked {
    /// Whether somebody is at it.
    is_under_way: bool,
    /// The newest run.
    last: Option<RunRow>,
}

fn listed(
    at: &At,
    KeptTests { tests, unreadable }: KeptTests,
    (may_write, asked): (bool, &Asked),
    now: Timestamp,
) -> AnyView {
    let is_under_way = asked.is_under_way;
    if tests.is_empty() && unreadable.is_empty() {
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
    let command = format!("konstruct test --tenant {} --agent {}", at.tenant, at.agent);
    let run = at.path("/tests/run");
    let may_run = may_write && !is_under_way && !tests.is_empty();
    let run = may_run.then(|| {
        view! { <p><LinkButton href=run icon=Icon::Play>"Run them"</LinkButton></p> }
    });
    let under_way = is_under_way.then(|| interrupted::under_way(at, may_write));
    let interrupted = asked.last.as_ref().filter(|_| !is_under_way);
    let interrupted = interrupted.and_then(|run| interrupted::banner(at, run, may_write, now));
    let cards: Vec<_> = tests.into_iter().map(|test| card(at, test, may_write, now)).collect();
    let unreadable = unreadable.into_iter().map(|test| closed(at, test, may_write, now));
    let unreadable: Vec<_> = unreadable.collect();
    view! {
        <div class="stack">
            {run}
            {under_way}
            {interrupted}
            {cards}
            {unreadable}
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
    let action = at.path(&format!("/tests/{id}/remove"));
    let named = format!(" test {id}");
    let remove = may_write.then(|| {
        view! {
            <form method="post" action=action class="inline-form">
                <SubmitButton
                    variant=Variant::Quiet
                    dense=true
                    icon=Icon::Trash
                    name="sure"
                    value="yes"
                >
                    "Remove"
                    <span class="visually-hidden">{named}</span>
                </SubmitButton>
            </form>
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

/// What the button says, so that a form that says nothing removes nothing.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Sure {
    sure: String,
}

pub(super) async fn remove(
    cx: Cx,
    Visited(visit): Visited,
    at: At,
    Form(Sure { sure }): Form<Sure>,
) -> Result<Response, PageError> {
    known(&cx, &at).await?;
    let (who, test) = (&cx.signed.principal, at.named()?);
    let to = at.path("/tests");
    if sure != "yes" {
        return Ok(go(&to, &Flash::note("Nothing was removed.")));
    }
    match shadow(&cx)?.forget(who, at.ids(), test).await {
        Ok(()) => {}
        Err(ReplayError::NoTest(_)) => return Ok(go(&to, &Flash::note("It was gone already."))),
        Err(error) => return Err(error.into()),
    }
    let detail = json!({ "agent": at.agent, "test": test });
    let did = (accounts::Replaying::Removed, detail);
    cx.portal.accounts.note_replay(who, &at.tenant, did, &visit).await?;
    Ok(go(&to, &Flash::good("The test is removed.")))
}
