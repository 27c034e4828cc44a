//! The turns of a report: each answer beside what people got.

use std::{fmt::Write as _, time::Duration};

use domain::{
    difference::{Effort, FieldChange},
    replay::{Outcome, judge::Judged, measure::Measures},
};
use leptos::prelude::*;
use portal_ui::{
    Card, DiffView, EmptyState, Icon, Pagination, Tab, Tabs,
    format::{counted, dollars, duration},
};
use replay::{Asked, CaseReport, Report, end_words};
use schemas::MessageId;

use super::{
    super::{
        differences::rows,
        parts::{At, question},
    },
    one::Look,
};
use crate::pages::address::{self, Address};

/// Turns on one page.
const PAGE: usize = 10;

/// Whether the candidate answered otherwise than people got.
pub(super) fn is_changed(case: &CaseReport) -> bool {
    case.asked.as_ref().is_ok_and(|asked| asked.is_changed())
}

/// The turns of a run: all of them or those that changed, so many on a page.
pub(super) fn turns(at: &At, report: &Report, look: &Look, changed: usize) -> AnyView {
    let run = &report.run;
    let of_run =
        || Address::of_tenant(&at.tenant, &["agents", at.agent.as_str(), "replays", &run.id]);
    let only = look.is_changed_only();
    let number = |of: usize| Some(u64::try_from(of).unwrap_or_default());
    let tab = |label: &str, show: &str, current: bool, of: usize| Tab {
        label: label.to_owned(),
        href: of_run().with("show", show).done(),
        current,
        count: number(of),
    };
    let tabs = vec![
        tab("All turns", "all", !only, report.cases.len()),
        tab("Changed only", "changed", only, changed),
    ];
    let listed: Vec<_> = report.cases.iter().filter(|case| !only || is_changed(case)).collect();
    let at_page = |from: usize| {
        let from = if from == 0 { String::new() } else { from.to_string() };
        of_run().with("show", &look.show).with("from", &from).done()
    };
    let from = look.from.min(listed.len());
    let newer = (0 < from).then(|| at_page(from.saturating_sub(PAGE)));
    let next = from.saturating_add(PAGE);
    let older = (next < listed.len()).then(|| at_page(next));
    let mut effort = Effort::of_page();
    let is_empty = listed.is_empty();
    let cases = listed.into_iter().skip(from).take(PAGE);
    let cases: Vec<_> = cases.map(|case| case_view(at, case, &mut effort)).collect();
    let none = is_empty.then(|| {
        view! {
            <Card>
                <EmptyState
                    title="Nothing differs"
                    text="No answer that was asked again is another one than people got."
                    icon=Icon::Ok
                />
            </Card>
        }
    });
    view! {
        <Tabs label="Which turns" tabs />
        {none}
        {cases}
        <Pagination newer older />
    }
    .into_any()
}

fn case_view(at: &At, case: &CaseReport, effort: &mut Effort) -> AnyView {
    let links = links(address::message(&at.tenant, &case.message), &case.message);
    let asked = match &case.asked {
        Ok(asked) => asked,
        Err(why) => {
            let said = format!("It cannot be asked again: {why}.");
            return view! {
                <Card title="A message">
                    <p>{said}</p>
                    <p class="meta">{links}</p>
                </Card>
            }
            .into_any();
        }
    };
    let title = question(&asked.question);
    let facts = asked.measures().map(|it| view! { <p class="meta">{facts(&it)}</p> });
    let compared = format!("Candidate: {}.", asked.compared());
    let answers = answers(asked, effort);
    let verdict = asked.verdict.as_ref().map(|it| judged("The candidate", it));
    let baseline = asked.baseline.as_ref().map(|it| again(asked, it));
    view! {
        <Card title>
            <div class="stack" data-gap="small">
                <p>{compared}</p>
                {facts}
                {answers}
                {verdict}
                {baseline}
                <p class="meta">{links}</p>
            </div>
        </Card>
    }
    .into_any()
}

fn links(trace: String, message: &MessageId) -> AnyView {
    let message = message.to_string();
    view! {
        <a href=trace>
            "Its trace, with a link to the conversation"
            <span class="visually-hidden">", message "{message}</span>
        </a>
    }
    .into_any()
}

/// What people got beside what the candidate says; the former alone where there is none yet.
fn answers(asked: &Asked, effort: &mut Effort) -> AnyView {
    let then = spoken(&asked.recorded);
    let Some(candidate) = &asked.candidate else {
        return view! { <p class="prose">{then}</p> }.into_any();
    };
    let change =
        FieldChange { field: "answer", before: Some(then), after: spoken(candidate), long: true };
    let rows = rows(&change, effort);
    let left = format!("What people got (version {})", asked.version);
    view! { <DiffView caption="The two answers" left right="The candidate" rows /> }.into_any()
}

/// An answer in words: what was said, and how it ended where that was otherwise than with an answer.
fn spoken(outcome: &Outcome) -> String {
    let said = outcome.said().unwrap_or_default();
    let end = end_words(&outcome.end);
    let mut text = match end.as_str() {
        "answered" => said.to_owned(),
        end if said.is_empty() => format!("({end})"),
        end => format!("{said}\n({end})"),
    };
    for call in &outcome.calls {
        // Writing to a string cannot fail.
        _ = write!(text, "\n(called {}({}))", call.tool, call.arguments);
    }
    text
}

/// What the version that answered says now.
fn again(asked: &Asked, baseline: &Outcome) -> AnyView {
    let compared = asked.baseline_measures().map(|it| facts(&it));
    let words = spoken(baseline);
    let verdict = asked.baseline_verdict.as_ref().map(|it| judged("The same version", it));
    view! {
        <details>
            <summary>"What the version that answered says now"</summary>
            <div class="stack" data-gap="small">
                {compared.map(|it| view! { <p class="meta">{it}</p> })}
                <p class="prose">{words}</p>
                {verdict}
            </div>
        </details>
    }
    .into_any()
}

fn judged(who: &str, judged: &Judged) -> AnyView {
    let word = match judged.verdict {
        Some(verdict) => format!("{who} is judged {}", verdict.as_str()),
        None => format!("{who}: no verdict that can be read"),
    };
    let reason = Some(judged.reason.clone()).filter(|reason| !reason.is_empty());
    let reason = reason.map(|reason| format!(": {reason}")).unwrap_or_default();
    view! { <p>{word} {reason}</p> }.into_any()
}

/// `similarity 0.812 · 34 characters longer · $0.0002 dearer · 0.3 s slower`.
fn facts(it: &Measures) -> String {
    let mut facts = vec![format!("similarity {:.3}", it.similarity)];
    let length = it.length_change.unsigned_abs();
    match it.length_change {
        0 => {}
        change => {
            let characters = counted(length, "character", "characters");
            facts.push(format!("{characters} {}", way(change, "longer", "shorter")));
        }
    }
    match it.cost_change_micros {
        None | Some(0) => {}
        Some(change) => {
            let cost = dollars(change.unsigned_abs());
            facts.push(format!("{cost} {}", way(change, "dearer", "cheaper")));
        }
    }
    match it.latency_change_ms {
        0 => {}
        change => {
            let took = duration(Duration::from_millis(change.unsigned_abs()));
            facts.push(format!("{took} {}", way(change, "slower", "faster")));
        }
    }
    let more = [
        (it.refused, "declined by the vendor"),
        (!it.tools_same, "other tool calls"),
        (!it.hand_off_same, "another hand-off"),
    ];
    facts.extend(more.into_iter().filter(|(is, _)| *is).map(|(_, words)| words.to_owned()));
    facts.join(" · ")
}

const fn way(change: i64, more: &'static str, less: &'static str) -> &'static str {
    if 0 < change { more } else { less }
}

#[cfg(test)]
mod tests {
    use domain::replay::{Called, End};

    use super::*;

    fn outcome(end: End) -> Outcome {
        let (calls, model) = (Vec::new(), String::new());
        Outcome { end, calls, version: None, model, cost_micros: None, latency_ms: 0 }
    }

    #[test]
    fn what_differs_is_said_in_words_and_what_does_not_is_not() {
        let same = Measures {
            exact: true,
            similarity: 1.0,
            length_change: 0,
            refused: false,
            tools_same: true,
            hand_off_same: true,
            cost_change_micros: Some(0),
            latency_change_ms: 0,
        };
        assert_eq!(facts(&same), "similarity 1.000");
        let other = Measures {
            exact: false,
            similarity: 0.5,
            length_change: -1,
            refused: true,
            tools_same: false,
            hand_off_same: false,
            cost_change_micros: Some(200),
            latency_change_ms: -300,
        };
        let want = "similarity 0.500 · 1 character shorter · $0.0002 dearer · 300 ms faster · \
                    declined by the vendor · other tool calls · another hand-off";
        assert_eq!(facts(&other), want);
    }

    #[test]
    fn an_end_without_an_answer_is_said_too() {
        assert_eq!(spoken(&outcome(End::Answered("Yes.".to_owned()))), "Yes.");
        assert_eq!(spoken(&outcome(End::Refused)), "(the vendor declined to answer)");
        let called = Called::new("orders", r#"{"id":7}"#);
        let with = Outcome { calls: vec![called], ..outcome(End::Answered("Yes.".to_owned())) };
        assert_eq!(spoken(&with), "Yes.\n(called orders({\"id\":7}))");
    }
}
