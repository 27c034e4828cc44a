//! The Designer: everything that makes an agent answer as it does.

mod rules;
mod tools;
mod view;

use axum::{extract::Form, http::StatusCode, response::Response};
use desk::{Autosaved, Field, OpenConfig};
use domain::access::Permission;
use leptos::prelude::*;
use portal_ui::{Card, Problem};

use self::{
    tools::Offered,
    view::{Designer, Shown, designer},
};
use super::{
    attempt, merge,
    parts::{At, Bench, Place, header, label, names, reading},
    typed::{Typed, TypedRule},
};
use crate::{
    pages::{
        form::{WITH_PROBLEMS, done, go, problems},
        rows,
    },
    server::{
        error::{PageError, see_other},
        flash::Flash,
        render::Cx,
    },
};

pub(super) async fn show(cx: Cx, at: At) -> Result<Response, PageError> {
    let bench = Bench::of(&cx, &at).await?;
    let may_write = cx.signed.principal.require(Permission::AgentsWrite, &at.tenant).is_ok();
    if may_write {
        let typed = Typed::of(bench.draft.revision, &bench.draft.fields);
        return page(&cx, &at, (typed, Vec::new()), Shown::default()).await;
    }
    let name = bench.name(&at);
    Ok(cx.page(&name, || {
        let shown = bench.live.config.as_ref().unwrap_or(&bench.draft.fields);
        let header = header((&at, &name, &bench.live), (&name, None), Place::Design);
        let shown = reading(shown);
        view! { {header} <Card title="How it is shaped">{shown}</Card> }.into_any()
    }))
}

/// One form, and several buttons.
pub(super) async fn submit(
    cx: Cx,
    at: At,
    Form(pairs): Form<Vec<(String, String)>>,
) -> Result<Response, PageError> {
    let typed = Typed::read(pairs);
    match typed.pressed.as_str() {
        // What a browser kept comes back as it was typed.
        "add-rule" | "show" => again(&cx, &at, typed, Vec::new()).await,
        "try" => {
            let (turns, problem) = attempt::whole(&cx, &at, &typed).await?;
            let question = if problem.is_some() { typed.question.clone() } else { String::new() };
            let typed = Typed { question, ..typed };
            page(&cx, &at, (typed, Vec::new()), Shown { turns, problem }).await
        }
        "try-again" => {
            let typed = Typed { turns: Vec::new(), question: String::new(), ..typed };
            again(&cx, &at, typed, Vec::new()).await
        }
        pressed => match rows::removed::<TypedRule>(pressed) {
            Some(row) => again(&cx, &at, typed.without_rule(row), Vec::new()).await,
            None => save(&cx, &at, typed).await,
        },
    }
}

/// Keeps what was typed, and asks where somebody else typed something else.
pub(super) async fn save(cx: &Cx, at: &At, typed: Typed) -> Result<Response, PageError> {
    let mine = match typed.config() {
        Ok(mine) => mine,
        Err(problems) => return again(cx, at, typed, problems).await,
    };
    let (desk, who) = (&cx.portal.desk, &cx.signed.principal);
    let (fields, said) = match desk.autosave(who, at.ids(), typed.revision, mine.clone()).await {
        Ok(Autosaved::Saved { .. }) => (mine, Flash::good("The draft is saved.")),
        Ok(Autosaved::Merged { fields, .. }) => {
            let said = merged(&mine, &fields);
            (*fields, said)
        }
        Ok(Autosaved::Conflict(conflict)) => {
            return merge::ask(cx, at, *conflict).await;
        }
        Err(error) => {
            let problems = problems(error)?;
            return again(cx, at, typed, problems).await;
        }
    };
    if typed.pressed == "publish" {
        return Ok(see_other(&at.path("/publish")));
    }
    match desk.save_draft(who, at.ids(), fields).await {
        Ok(written) if said.tone == crate::server::flash::Tone::Good => {
            Ok(done(&at.path(""), &said.text, written))
        }
        Ok(_) => Ok(go(&at.path(""), &said)),
        Err(error) => {
            let problems = problems(error)?;
            again(cx, at, typed, problems).await
        }
    }
}

/// Whose words are in the draft now.
fn merged(mine: &OpenConfig, both: &OpenConfig) -> Flash {
    let theirs: Vec<_> =
        mine.fields_changed(both).into_iter().map(Field::as_str).map(label).collect();
    if theirs.is_empty() {
        return Flash::good("The draft is saved.");
    }
    Flash::note(format!(
        "The draft is saved. Somebody else had changed: {}. Theirs is kept there.",
        theirs.join(", ")
    ))
}

/// The same page with what was typed.
async fn again(
    cx: &Cx,
    at: &At,
    typed: Typed,
    problems: Vec<Problem>,
) -> Result<Response, PageError> {
    let shown = Shown { turns: typed.turns_shown(), problem: None };
    page(cx, at, (typed, problems), shown).await
}

async fn page(
    cx: &Cx,
    at: &At,
    (typed, problems): (Typed, Vec<Problem>),
    trial: Shown,
) -> Result<Response, PageError> {
    let bench = Bench::of(cx, at).await?;
    let saver = bench.draft.updated.as_ref().and_then(|(id, _)| id.parse().ok());
    let saved_by = names(cx, saver.into_iter().collect()).await?.into_values().next();
    let status = if problems.is_empty() { StatusCode::OK } else { WITH_PROBLEMS };
    let name = bench.name(at);
    let models = cx.portal.models.as_ref();
    let models = models.map(|models| models.groups(&at.tenant)).unwrap_or_default();
    let trial = cx.portal.trial.is_some().then_some(trial);
    let tools = Offered::all(cx, &at.tenant, &typed)?;
    let shown = Designer { models, tools, now: cx.now(), saved_by, typed, problems, trial };
    Ok(cx.page_with(status, &name, || designer(at, &bench, shown)))
}
