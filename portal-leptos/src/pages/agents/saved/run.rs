//! All tests of an agent, asked: of what, what that takes, and the word that starts it.

use axum::{
    extract::{Form, Query},
    response::Response,
};
use desk::Live;
use leptos::prelude::*;
use portal_ui::{
    Banner, Card, Checkbox, Choice, Definition, DefinitionList, FormErrors, Icon, LinkButton,
    Problem, SelectField, SubmitButton, Tone, Variant,
    format::{count, counted, dollars},
};
use replay::{Estimate, Wanted};
use serde::Deserialize;
use serde_json::json;

use super::super::{
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
        Ok((label, estimate)) => takes(at, (label, *estimate), typed, sure),
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

/// Who is asked; it changes nothing.
fn choose(at: &At, shown: &Shown, typed: &Typed) -> AnyView {
    let (action, back) = (at.path("/tests/run"), at.path("/tests"));
    let mut candidates = vec![Choice::new("draft", "The draft")];
    if 0 < shown.live.version {
        let answers = format!("Version {}, which answers", shown.live.version);
        candidates.push(Choice::new("published", answers));
    }
    let candidate = typed.candidate.clone();
    view! {
        <Card title="What is asked">
            <form method="get" action=action class="form">
                <SelectField
                    name="candidate"
                    label="Who answers"
                    choices=candidates
                    value=candidate
                />
                <div class="form-actions">
                    <SubmitButton variant=Variant::Plain icon=Icon::Refresh>
                        "Work out what it takes"
                    </SubmitButton>
                    <LinkButton href=back>"All tests"</LinkButton>
                </div>
            </form>
        </Card>
    }
    .into_any()
}

fn takes(
    at: &At,
    (label, estimate): (&str, Estimate),
    typed: &Typed,
    wrong: Option<String>,
) -> AnyView {
    let Estimate { turns, calls_max, micros_max, .. } = estimate;
    let (cost, sure) = match micros_max {
        Some(micros) => (
            format!("{} at the most; the budgets of agent and tenant hold", dollars(micros)),
            format!("Run them; it may cost {}", dollars(micros)),
        ),
        None => (
            "Nobody knows: a model that is asked has no price".to_owned(),
            "Run them; nobody knows what it costs".to_owned(),
        ),
    };
    let (label, action) = (label.to_owned(), at.path("/tests/run"));
    let calls = format!("{} to models at the most", counted(calls_max, "call", "calls"));
    let submit = format!("Run {}", counted(turns.into(), "test", "tests"));
    let candidate = typed.candidate.clone();
    view! {
        <Card title="What it takes">
            <DefinitionList>
                <Definition term="Who answers">{label}</Definition>
                <Definition term="Tests">{count(turns.into())}</Definition>
                <Definition term="Calls">{calls}</Definition>
                <Definition term="Cost">{cost}</Definition>
            </DefinitionList>
            <form method="post" action=action class="form">
                <input type="hidden" name="candidate" value=candidate />
                <Checkbox name="sure" label=sure value="yes" error=wrong />
                <div class="form-actions">
                    <SubmitButton icon=Icon::Play>{submit}</SubmitButton>
                </div>
            </form>
        </Card>
    }
    .into_any()
}
