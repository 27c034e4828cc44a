//! The next run: what is asked, what that takes, and the word that starts it.

use axum::{
    extract::{Form, Query},
    response::Response,
};
use desk::Live;
use leptos::prelude::*;
use portal_ui::{
    Banner, Card, Choice, EmptyState, FormErrors, Icon, InputKind, Problem, SelectField, TextField,
    Tone, format::counted,
};
use replay::{Estimate, Plan, TURNS_AT_HAND_MAX, Wanted, Wish};
use serde::Deserialize;
use serde_json::json;

use super::{
    super::{
        asking,
        parts::{At, Place, header, known},
    },
    refused, shadow,
};
use crate::{
    pages::form::{WITH_PROBLEMS, go, problem_of, within, wrong},
    server::{error::PageError, flash::Flash, render::Cx, session::Visited},
};

/// Answers that are asked again where nobody chose.
const LAST: u32 = 20;

/// What is asked, as it stands in the address and in the form.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(in crate::pages::agents) struct Typed {
    candidate: String,
    last: String,
    baseline: String,
    judge: String,
    /// What it may cost at the most, as it was shown.
    at_most: String,
    sure: String,
}

impl Typed {
    fn last(&self) -> u32 {
        self.last.trim().parse().unwrap_or(LAST).clamp(1, TURNS_AT_HAND_MAX)
    }

    fn wish(&self) -> Result<Wish, PageError> {
        let candidate = match self.candidate.as_str() {
            "" => Wanted::Draft,
            name => Wanted::named(name).ok_or(PageError::BadRequest)?,
        };
        let judge = Some(self.judge.clone()).filter(|judge| !judge.is_empty());
        Ok(Wish { candidate, last: self.last(), baseline: self.baseline != "no", judge })
    }

    /// What was shown that it costs at the most; nothing where that was not known.
    fn at_most(&self) -> Result<Option<u64>, PageError> {
        match self.at_most.as_str() {
            "" => Ok(None),
            micros => Ok(Some(micros.parse().map_err(|_| PageError::BadRequest)?)),
        }
    }
}

/// What the page is made of.
struct Shown {
    name: String,
    live: Live,
    groups: Vec<String>,
    /// What it takes, or why it cannot be.
    plan: Result<Plan, String>,
}

impl Shown {
    async fn of(cx: &Cx, at: &At, typed: &Typed) -> Result<Self, PageError> {
        let (name, live) = known(cx, at).await?;
        let who = &cx.signed.principal;
        let plan = match shadow(cx)?.plan(who, at.ids(), typed.wish()?).await {
            Ok(plan) => Ok(plan),
            Err(error) => Err(refused(error)?),
        };
        let groups = cx.portal.models.as_ref().map(|models| models.groups(&at.tenant));
        Ok(Self { name, live, groups: groups.unwrap_or_default(), plan })
    }

    fn title(&self) -> String {
        format!("Ask answers of {} again", self.name)
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
        let wish = (typed.wish()?, typed.at_most()?);
        match shadow(&cx)?.start(who, at.ids(), wish).await {
            Ok(run) => {
                let detail = json!({ "agent": at.agent, "replay": run });
                let did = (accounts::Replaying::Started, detail);
                cx.portal.accounts.note_replay(who, &at.tenant, did, &visit).await?;
                let to = at.path(&format!("/replays/{run}"));
                return Ok(go(&to, &Flash::good("They are being asked again.")));
            }
            Err(error) => wrong("", refused(error)?),
        }
    } else {
        wrong("sure", "Tick it to have them asked")
    };
    let shown = Shown::of(&cx, &at, &typed).await?;
    let view = || view_of(&at, &shown, &typed, vec![problem]);
    Ok(cx.page_with(WITH_PROBLEMS, &shown.title(), view))
}

fn view_of(at: &At, shown: &Shown, typed: &Typed, problems: Vec<Problem>) -> AnyView {
    let lead = "The same questions, with what people had said before them and what tools had \
                answered. Nobody hears of it, and no tool is called.";
    let (title, lead) = (shown.title(), Some(lead.to_owned()));
    let header = header((at, &shown.name, &shown.live), (&title, lead), Place::Replays);
    let sure = problem_of(&problems, "sure");
    let body = match &shown.plan {
        Ok(plan) if plan.estimate.turns == 0 => nothing(plan),
        Ok(plan) => {
            let takes = takes(plan);
            let form = form(at, &plan.estimate, typed, sure);
            view! { <Card title="What it takes">{takes} {form}</Card> }.into_any()
        }
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
    let mut candidates = asking::candidates(&shown.live);
    let is_listed = candidates.iter().any(|it| it.value == typed.candidate);
    if !is_listed && !typed.candidate.is_empty() {
        let version = format!("Version {}", typed.candidate);
        candidates.push(Choice::new(typed.candidate.clone(), version));
    }
    let more = Some(how(shown, typed));
    let back = (at.path("/replays"), "All replays");
    let who = (candidates, typed.candidate.clone());
    asking::choose(at.path("/replays/new"), who, more, back)
}

/// How many answers, and what they are compared with.
fn how(shown: &Shown, typed: &Typed) -> AnyView {
    let Typed { baseline: asked_too, judge, .. } = typed.clone();
    let last = typed.last().to_string();
    let baseline = vec![
        Choice::new("yes", "Yes: so one sees what differs of itself"),
        Choice::new("no", "No: half the calls"),
    ];
    let mut judges = vec![Choice::new("", "Nobody")];
    judges.extend(shown.groups.iter().map(|group| Choice::new(group.clone(), group.clone())));
    let most = TURNS_AT_HAND_MAX.to_string();
    view! {
        <TextField
            name="last"
            label="How many of the last answers"
            kind=InputKind::Number
            value=last
            hint=format!("Up to {most}; konstruct replay shadow asks more.")
            required=true
            min="1"
            max=most.clone()
        />
        <SelectField
            name="baseline"
            label="The version that answered is asked too"
            choices=baseline
            value=asked_too
        />
        <SelectField
            name="judge"
            label="Models that judge which answer is better"
            choices=judges
            value=judge
        />
    }
    .into_any()
}

/// There is no answer that could be asked again, and why.
fn nothing(plan: &Plan) -> AnyView {
    let why = unplayable(plan);
    view! {
        <Card>
            <EmptyState
                title="There is nothing to ask again"
                text="Answers that people got can be asked again once there are some."
                icon=Icon::Conversations
            />
            {why}
        </Card>
    }
    .into_any()
}

fn takes(plan: &Plan) -> AnyView {
    let bound = ": that much is set aside for it, and it stops there";
    let list = asking::takes(plan.candidate.clone(), "Answers", &plan.estimate, bound);
    let why = unplayable(plan);
    view! {
        {list}
        {why}
    }
    .into_any()
}

/// Which turns cannot be asked again, by why.
fn unplayable(plan: &Plan) -> Option<AnyView> {
    if plan.unplayable.is_empty() {
        return None;
    }
    let line = |(why, count): (&domain::replay::Unplayable, &u32)| {
        let turns = counted((*count).into(), "answer", "answers");
        view! { <li>{format!("{turns}: {why}")}</li> }
    };
    let lines = plan.unplayable.iter().map(line).collect_view();
    Some(
        view! {
            <p>"These cannot be asked again:"</p>
            <ul>{lines}</ul>
        }
        .into_any(),
    )
}

fn form(at: &At, estimate: &Estimate, typed: &Typed, wrong: Option<String>) -> AnyView {
    let at_most = estimate.micros_max.map(|micros| micros.to_string()).unwrap_or_default();
    let submit = format!("Ask {} again", counted(estimate.turns.into(), "answer", "answers"));
    let shown = vec![
        ("candidate", typed.candidate.clone()),
        ("last", typed.last().to_string()),
        ("baseline", typed.baseline.clone()),
        ("judge", typed.judge.clone()),
        ("at_most", at_most),
    ];
    asking::start(at.path("/replays"), ("Ask", submit), estimate, shown, wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(candidate: &str, last: &str) -> Typed {
        Typed { candidate: candidate.to_owned(), last: last.to_owned(), ..Typed::default() }
    }

    #[test]
    fn what_is_left_out_is_the_last_20_of_the_draft_beside_what_answered() {
        let wish = Typed::default().wish().unwrap();
        assert!(matches!(wish.candidate, Wanted::Draft));
        assert_eq!((wish.last, wish.baseline, wish.judge), (20, true, None));
        let cases = [("7", 7), ("0", 1), ("9999", TURNS_AT_HAND_MAX), ("many", 20)];
        for (last, want) in cases {
            assert_eq!(typed("", last).wish().unwrap().last, want, "{last}");
        }
        assert!(matches!(typed("3", "").wish().unwrap().candidate, Wanted::Version(3)));
        assert!(matches!(typed("published", "").wish().unwrap().candidate, Wanted::Published));
        assert!(matches!(typed("nothing", "").wish(), Err(PageError::BadRequest)));
    }

    #[test]
    fn what_was_shown_is_what_it_may_cost() {
        assert_eq!(Typed::default().at_most().unwrap(), None);
        let at_most = |text: &str| Typed { at_most: text.to_owned(), ..Typed::default() };
        assert_eq!(at_most("1500").at_most().unwrap(), Some(1_500));
        assert!(matches!(at_most("-1").at_most(), Err(PageError::BadRequest)));
    }
}
