//! What a report looks like: how the run stands, and its sums; its turns are in `turns.rs`.

use desk::Live;
use domain::replay::judge;
use leptos::prelude::*;
use portal_ui::{
    Banner, Card, CodeBlock, Column, Icon, LinkButton, Progress, Status, SubmitButton, Table, Time,
    Tone, Variant,
    format::{count, counted, dollars},
};
use replay::{Report, RunRow, Standing, at_hand, rows_of};
use schemas::Timestamp;

use super::{
    super::parts::{At, Place, header},
    one::Look,
    playable,
    turns::{is_changed, turns},
    words,
};
use crate::pages::form::sentence;

pub(super) struct Shown {
    pub(super) at: At,
    pub(super) name: String,
    pub(super) live: Live,
    pub(super) report: Report,
    pub(super) look: Look,
    /// Who had it made, e.g. `by you`.
    pub(super) by: String,
    pub(super) may_write: bool,
    pub(super) now: Timestamp,
}

pub(super) fn page(shown: Shown) -> AnyView {
    let Shown { at, name, live, report, look, by, may_write, now } = shown;
    let run = &report.run;
    let standing = Standing::of(run, now);
    let title = format!("Replay of {}", run.candidate);
    let changed = report.cases.iter().filter(|case| is_changed(case)).count();
    let lead = format!(
        "{} of {} asked again, {} otherwise than people got.",
        count(run.asked),
        counted(playable(run), "answer", "answers"),
        count(u64::try_from(changed).unwrap_or_default()),
    );
    let header = header((&at, &name, &live), (&title, Some(lead)), Place::Replays);
    let stands = stands(&at, run, (&standing, &by, may_write), now);
    let sums = sums(&report);
    let judge = run.judge.as_deref().map(judge_card);
    let turns = turns(&at, &report, &look, changed);
    view! {
        {header}
        <div class="stack">
            {stands}
            {sums}
            {judge}
            {turns}
        </div>
    }
    .into_any()
}

/// A run while it is asked, without a word of anybody: so the page is loaded again and again without
/// anybody reading, and nobody who reads loses their place.
pub(super) fn under_way(
    (at, name, live): (&At, &str, &Live),
    run: &RunRow,
    (by, may_write): (&str, bool),
    now: Timestamp,
) -> AnyView {
    let title = format!("Replay of {}", run.candidate);
    let turns = counted(playable(run), "answer", "answers");
    let lead = format!("{} of {turns} asked again so far.", count(run.asked));
    let header = header((at, name, live), (&title, Some(lead)), Place::Replays);
    let stands = stands(at, run, (&Standing::UnderWay, by, may_write), now);
    let href = at.path(&format!("/replays/{}?show=all", run.id));
    view! {
        {header}
        <div class="stack">
            {stands}
            <p><LinkButton href icon=Icon::Eye>"Show what there is"</LinkButton></p>
        </div>
    }
    .into_any()
}

/// How the run stands, what can be done about it, and the files.
fn stands(
    at: &At,
    run: &RunRow,
    (standing, by, may_write): (&Standing, &str, bool),
    now: Timestamp,
) -> AnyView {
    let (tone, label) = words(standing);
    let path = |end: &str| at.path(&format!("/replays/{}{end}", run.id));
    let progress = (*standing == Standing::UnderWay).then(|| {
        view! { <Progress label="Turns asked" done=Some(run.asked) total=playable(run).max(1) /> }
    });
    let action = may_write.then(|| action(standing, run, &path)).flatten();
    let interrupted = (*standing == Standing::Interrupted).then(|| {
        view! {
            <Banner tone=Tone::Warn title="It was interrupted">
                <p>"What asked it was ended. What it has asked stands, and it can go on."</p>
            </Banner>
        }
    });
    let spent = match run.budget_micros {
        Some(budget) => format!("{} of {}", dollars(run.spent_micros), dollars(budget)),
        None => dollars(run.spent_micros),
    };
    let (by, made_at) = (format!(" {by}. It has cost {spent}."), run.made_at);
    let (markdown, json) = (path("/report.md"), path("/report.json"));
    view! {
        {interrupted}
        <Card title="How it stands">
            <div class="stack" data-gap="small">
                <p class="row">
                    <Status tone label />
                    <span>"Made " <Time at=made_at now=Some(now) /> {by}</span>
                </p>
                {progress}
                <div class="row">
                    {action}
                    <LinkButton href=markdown icon=Icon::Download dense=true>"Markdown"</LinkButton>
                    <LinkButton href=json icon=Icon::Download dense=true>"JSON"</LinkButton>
                </div>
            </div>
        </Card>
    }
    .into_any()
}

/// What the button says that takes a run up again.
pub(in crate::pages::agents) fn go_on_words(run: &RunRow) -> String {
    match run.budget_micros {
        Some(budget) => {
            let left = budget.saturating_sub(run.spent_micros);
            format!("Go on; it may cost {} more", dollars(left))
        }
        None => "Go on; nobody knows what it costs".to_owned(),
    }
}

/// What can be done about a run as it stands.
fn action(standing: &Standing, run: &RunRow, path: &impl Fn(&str) -> String) -> Option<AnyView> {
    let is_over = matches!(standing, Standing::Interrupted | Standing::Stopped(_));
    if is_over && let Err(why) = at_hand(run) {
        let why = format!("{}.", sentence(&why.to_string()));
        return Some(view! { <p class="meta">{why}</p> }.into_any());
    }
    let (end, words, more) = match standing {
        Standing::Done => return None,
        Standing::UnderWay => ("/stop", "Stop it".to_owned(), 0),
        Standing::Stopped(_) if standing.lacks_budget() => {
            let more = run.budget_micros.unwrap_or_default();
            ("/resume", format!("Let it cost {} more and go on", dollars(more)), more)
        }
        Standing::Interrupted | Standing::Stopped(_) => ("/resume", go_on_words(run), 0),
    };
    let icon = if end == "/stop" { Icon::Pause } else { Icon::Play };
    Some(
        view! {
            <form method="post" action=path(end) class="inline-form">
                <input type="hidden" name="more" value=more />
                <SubmitButton variant=Variant::Plain dense=true icon=icon>
                    {words}
                </SubmitButton>
            </form>
        }
        .into_any(),
    )
}

/// Every measure, beside what answers differ by of themselves.
fn sums(report: &Report) -> AnyView {
    let has_baseline = report.baseline.is_some();
    let mut columns = vec![Column::new("Measure"), Column::new("Candidate").numbers()];
    if has_baseline {
        columns.push(Column::new("As it was").numbers());
    }
    let row = |(name, candidate, baseline): (&'static str, String, Option<String>)| {
        let baseline =
            baseline.map(|it| view! { <td data-label="As it was" data-align="end">{it}</td> });
        view! {
            <tr>
                <th scope="row">{name}</th>
                <td data-label="Candidate" data-align="end">{candidate}</td>
                {baseline}
            </tr>
        }
    };
    let rows = rows_of(report).into_iter().map(row).collect_view();
    let lead = if has_baseline {
        "Both beside what people got. The right column is the version that answered, asked again: so much \
         differs of itself."
    } else {
        "Beside what people got. The version that answered was not asked again, so nobody knows how much \
         differs of itself."
    };
    let unplayable = report.unplayable.iter().map(|(why, number)| {
        let turns = counted((*number).into(), "answer", "answers");
        view! { <li>{format!("{turns} cannot be asked again: {why}")}</li> }
    });
    let unplayable: Vec<_> = unplayable.collect();
    let unplayable = (!unplayable.is_empty()).then(|| view! { <ul class="meta">{unplayable}</ul> });
    let built = match report.built_otherwise() {
        0 => None,
        built => Some(format!(
            "{built} of them were asked with a prompt that is made in another way now."
        )),
    };
    view! {
        <Card title="In sums" lead>
            <div class="stack" data-gap="small">
                <Table caption="Measures" columns>{rows}</Table>
                <p class="meta">
                    "Similarity is twice the words of the longest common subsequence by the words of both, whatever their case."
                </p>
                {unplayable}
                {built.map(|built| view! { <p class="meta">{built}</p> })}
            </div>
        </Card>
    }
    .into_any()
}

fn judge_card(group: &str) -> AnyView {
    let lead = format!(
        "The models of {group} said which answer is better. Which of them stood first was left to chance."
    );
    view! {
        <Card title="The judge" lead>
            <CodeBlock label="What it is told" code=judge::SYSTEM />
        </Card>
    }
    .into_any()
}
