//! Turns of an agent that are kept as tests: which there are, one more, one less.

mod keep;

use axum::{extract::Form, response::Response};
use domain::access::Permission;
use leptos::prelude::*;
use portal_ui::{Card, CodeBlock, EmptyState, Icon, SubmitButton, Time, Variant};
use replay::{KeptTest, ReplayError};
use schemas::Timestamp;
use serde::Deserialize;
use serde_json::json;

pub(super) use self::keep::{keep, new};
use super::{
    parts::{At, Place, header, known, question},
    replays::{shadow, without_models},
};
use crate::{
    pages::{address, form::go},
    server::{error::PageError, flash::Flash, render::Cx, session::Visited},
};

pub(super) async fn list(cx: Cx, Visited(visit): Visited, at: At) -> Result<Response, PageError> {
    let (name, live) = known(&cx, &at).await?;
    let who = &cx.signed.principal;
    let detail = json!({ "tests": at.agent });
    cx.portal.accounts.note_read(who, &at.tenant, detail, &visit).await?;
    let tests = match &cx.portal.shadow {
        Some(shadow) => Some(shadow.tests(who, at.ids()).await?),
        None => None,
    };
    let may_write = who.require(Permission::AgentsWrite, &at.tenant).is_ok();
    let (title, now) = (format!("Tests of {name}"), cx.now());
    Ok(cx.page(&title, || {
        let lead = "Turns that are kept, with what is expected of an answer to each.".to_owned();
        let header = header((&at, &name, &live), (&title, Some(lead)), Place::Tests);
        let body = match tests {
            Some(tests) => listed(&at, tests, may_write, now),
            None => without_models(),
        };
        view! { {header} {body} }.into_any()
    }))
}

fn listed(at: &At, tests: Vec<KeptTest>, may_write: bool, now: Timestamp) -> AnyView {
    if tests.is_empty() {
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
    let cards: Vec<_> = tests.into_iter().map(|test| card(at, test, may_write, now)).collect();
    view! {
        <div class="stack">
            {cards}
            <CodeBlock label="Asks all of them of what is published; add --candidate draft for the draft" code=command />
        </div>
    }
    .into_any()
}

fn card(at: &At, test: KeptTest, may_write: bool, now: Timestamp) -> AnyView {
    let KeptTest { id, message, frozen, checks, made_at } = test;
    let title = question(&frozen.newest.text);
    let checks: Vec<_> =
        checks.iter().map(|check| view! { <li>{check.to_string()}</li> }).collect();
    let trace = address::message(&at.tenant, &message);
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
        <Card title>
            <div class="stack" data-gap="small">
                <p>"The answer:"</p>
                <ul>{checks}</ul>
                <p class="meta">
                    "Kept " <Time at=made_at now=Some(now) /> ". "
                    <a href=trace>
                        "Its trace"
                        <span class="visually-hidden">{of}</span>
                    </a>
                </p>
                {remove}
            </div>
        </Card>
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
    match shadow(&cx)?.forget(who, &at.tenant, test).await {
        Ok(()) => {}
        Err(ReplayError::NoTest(_)) => return Ok(go(&to, &Flash::note("It was gone already."))),
        Err(error) => return Err(error.into()),
    }
    let detail = json!({ "agent": at.agent, "test": test });
    let did = (accounts::Replaying::Removed, detail);
    cx.portal.accounts.note_replay(who, &at.tenant, did, &visit).await?;
    Ok(go(&to, &Flash::good("The test is removed.")))
}
