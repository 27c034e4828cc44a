//! One test less: a turn that is not kept any more, once somebody says so.

use axum::{extract::Form, response::Response};
use leptos::prelude::*;
use portal_ui::{Card, LinkButton, SubmitButton, Variant};
use replay::{KeptTest, ReplayError, UnreadableTest};
use serde::Deserialize;
use serde_json::json;

use super::super::{
    parts::{At, Place, header, known, question},
    replays::shadow,
};
use crate::{
    pages::form::go,
    server::{error::PageError, flash::Flash, render::Cx, session::Visited},
};

const TITLE: &str = "Remove a test";

/// What the button says, so that a form that says nothing removes nothing.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(in crate::pages::agents) struct Sure {
    sure: String,
}

pub(in crate::pages::agents) async fn ask(
    cx: Cx,
    Visited(visit): Visited,
    at: At,
) -> Result<Response, PageError> {
    let (name, live) = known(&cx, &at).await?;
    let (who, id) = (&cx.signed.principal, at.named()?);
    let detail = json!({ "test": id });
    cx.portal.accounts.note_read(who, &at.tenant, detail, &visit).await?;
    let test = shadow(&cx)?.test(who, at.ids(), id).await?;
    Ok(cx.page(TITLE, || {
        let header = header((&at, &name, &live), (TITLE, None), Place::Tests);
        let form = form(&at, id, &test);
        view! { {header} {form} }.into_any()
    }))
}

fn form(at: &At, id: &str, test: &Result<KeptTest, UnreadableTest>) -> AnyView {
    let (title, checks): (_, Vec<_>) = match test {
        Ok(test) => (
            question(&test.frozen.newest.text),
            test.checks.iter().map(ToString::to_string).collect(),
        ),
        Err(_) => ("It cannot be read".to_owned(), Vec::new()),
    };
    let checks: Vec<_> = checks.into_iter().map(|check| view! { <li>{check}</li> }).collect();
    let checks = (!checks.is_empty()).then(|| {
        view! {
            <p>"The answer:"</p>
            <ul>{checks}</ul>
        }
    });
    let (action, back) = (at.path(&format!("/tests/{id}/remove")), at.path("/tests"));
    view! {
        <Card title>
            <div class="stack" data-gap="small">
                {checks}
                <p>
                    "It goes for good. The turn can be kept again as long as the log has its message."
                </p>
            </div>
        </Card>
        <form method="post" action=action class="form-actions">
            <SubmitButton variant=Variant::Danger name="sure" value="yes">
                "Remove the test"
            </SubmitButton>
            <LinkButton href=back>"Keep it"</LinkButton>
        </form>
    }
    .into_any()
}

pub(in crate::pages::agents) async fn remove(
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
