//! All tests of an agent, asked: of what, what that takes, and the word that starts it.

use axum::{
    extract::{Form, Query},
    response::Response,
};
use desk::Live;
use leptos::prelude::*;
use portal_ui::{Banner, Card, FormErrors, Problem, Tone, format::counted};
use replay::{Estimate, Wanted};
use serde::Deserialize;
use serde_json::json;

use super::super::{
    asking,
    parts::{At, Place, header, known},
    replays::{refused, shadow},
};
use crate::{
    pages::form::{WITH_PROBLEMS, go, problem_of, within, wrong},
    server::{error::PageError, flash::Flash, render::Cx, session::Visited},
};

/// Who is asked, and whether that is meant.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(in crate::pages::agents) struct Typed {
    candidate: String,
    sure: String,
}

impl Typed {
    fn wanted(&self) -> Result<Wanted, PageError> {
        match self.candidate.as_str() {
            "" | "draft" => Ok(Wanted::Draft),
            "published" => Ok(Wanted::Published),
            _ => Err(PageError::BadRequest),
        }
    }
}

/// What the page is made of.
struct Shown {
    name: String,
    live: Live,
    /// Who would be asked and what it takes, or why it cannot be.
    plan: Result<(String, Estimate), String>,
}

impl Shown {
    async fn of(cx: &Cx, at: &At, typed: &Typed) -> Result<Self, PageError> {
        let (name, live) = known(cx, at).await?;
        let who = &cx.signed.principal;
        let plan = match shadow(cx)?.plan_tests(who, at.ids(), typed.wanted()?).await {
            Ok(plan) => Ok(plan),
            Err(error) => Err(refused(error)?),
        };
        Ok(Self { name, live, plan })
    }

    fn title(&self) -> String {
        format!("Run the tests of {}", self.name)
    }
}

pub(in crate::pages::agents) async fn plan(
    cx: Cx,
    at: At,
    Query(typed): Query<Typed>,
) -> Result<Response, PageError> {
    let shown = Shown::of(&cx, &at, &typed).await?;
    Ok(cx.page(&shown.title(), || view_of(&at, &shown, &typed, Vec::new())))
}

pub(in crate::pages::agents) async fn start(
    cx: Cx,
    Visited(visit): Visited,
    at: At,
    Form(typed): Form<Typed>,
) -> Result<Response, PageError> {
    known(&cx, &at).await?;
    let who = &cx.signed.principal;
    let problem = if typed.sure == "yes" {
        match shadow(&cx)?.test_all(who, at.ids(), typed.wanted()?).await {
            Ok(run) => {
                let candidate = typed.candidate.as_str();
                let detail = json!({ "agent": at.agent, "candidate": candidate, "replay": run });
                let did = (accounts::Replaying::Tested, detail);
                cx.portal.accounts.note_replay(who, &at.tenant, did, &visit).await?;
                return Ok(go(&at.path("/tests"), &Flash::good("The tests are being run.")));
            }
            Err(error) => wrong("", refused(error)?),
        }
    } else {
        wrong("sure", "Tick it to have them run")
    };
    let shown = Shown::of(&cx, &at, &typed).await?;
    let view = || view_of(&at, &shown, &typed, vec![problem]);
    Ok(cx.page_with(WITH_PROBLEMS, &shown.title(), view))
}

fn view_of(at: &At, shown: &Shown, typed: &Typed, problems: Vec<Problem>) -> AnyView {
    let lead = "Each kept turn is asked, and its answer is checked. Nobody hears of it, and no tool is \
                called.";
    let (title, lead) = (shown.title(), Some(lead.to_owned()));
    let header = header((at, &shown.name, &shown.live), (&title, lead), Place::Tests);
    let sure = problem_of(&problems, "sure");
    let body = match &shown.plan {
        Ok((_, estimate)) if estimate.turns == 0 => {
            view! { <Banner tone=Tone::Info title="No turn is kept as a test yet" /> }.into_any()
        }
        Ok((label, estimate)) => takes(at, (label, estimate), typed, sure),
        Err(why) => view! { <Banner tone=Tone::Warn title=why.clone() /> }.into_any(),
    };
    view! {
        {header}
        <FormErrors problems=within(problems, &["sure"]) />
        {choose(at, shown, typed)}
        {body}
    }
    .into_any()
}

fn choose(at: &At, shown: &Shown, typed: &Typed) -> AnyView {
    let who = (asking::candidates(&shown.live), typed.candidate.clone());
    asking::choose(at.path("/tests/run"), who, None, (at.path("/tests"), "All tests"))
}

fn takes(
    at: &At,
    (label, estimate): (&str, &Estimate),
    typed: &Typed,
    wrong: Option<String>,
) -> AnyView {
    let bound = "; the budgets of agent and tenant hold";
    let takes = asking::takes(label.to_owned(), "Tests", estimate, bound);
    let submit = format!("Run {}", counted(estimate.turns.into(), "test", "tests"));
    let shown = vec![("candidate", typed.candidate.clone())];
    let form = asking::start(at.path("/tests/run"), ("Run", submit), estimate, shown, wrong);
    view! { <Card title="What it takes">{takes} {form}</Card> }.into_any()
}
