//! The last look before a draft answers people.

use axum::{extract::Form, response::Response};
use desk::Publish;
use leptos::prelude::*;
use portal_ui::{
    Banner, Card, EmptyState, FormErrors, Icon, LinkButton, Problem, SubmitButton, TextAreaField,
    Tone, format::counted,
};
use serde::Deserialize;

use super::{
    differences::side_by_side,
    parts::{At, Bench, Place, header},
    replays::{Rehearsal, rehearsal},
};
use crate::{
    pages::form::{WITH_PROBLEMS, done, problem_of, problems, within},
    server::{error::PageError, render::Cx},
};

/// What was looked at, and why it is published.
#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct Asked {
    revision: u32,
    version: u32,
    #[serde(default)]
    note: String,
}

pub(super) async fn show(cx: Cx, at: At) -> Result<Response, PageError> {
    let bench = Bench::of(&cx, &at).await?;
    let rehearsal = rehearsal(&cx, &at, bench.live.version).await?;
    let typed = (String::new(), Vec::new());
    Ok(cx.page(&title(&at, &bench), || view_of(&at, &bench, rehearsal, typed)))
}

pub(super) async fn submit(
    cx: Cx,
    at: At,
    Form(asked): Form<Asked>,
) -> Result<Response, PageError> {
    let note = asked.note.replace("\r\n", "\n");
    let publish =
        Publish { revision: asked.revision, note: note.clone(), expected_version: asked.version };
    match cx.portal.desk.publish(&cx.signed.principal, at.ids(), publish).await {
        Ok(written) => {
            let version = asked.version.saturating_add(1);
            let said = format!("Version {version} answers from now on.");
            Ok(done(&at.path(""), &said, written))
        }
        Err(error) => {
            let problems = problems(error)?;
            let bench = Bench::of(&cx, &at).await?;
            let rehearsal = rehearsal(&cx, &at, bench.live.version).await?;
            let view = || view_of(&at, &bench, rehearsal, (note, problems));
            Ok(cx.page_with(WITH_PROBLEMS, &title(&at, &bench), view))
        }
    }
}

fn title(at: &At, bench: &Bench) -> String {
    format!("Publish {}", bench.name(at))
}

fn view_of(
    at: &At,
    bench: &Bench,
    rehearsal: Option<Rehearsal>,
    (note, problems): (String, Vec<Problem>),
) -> AnyView {
    let Bench { draft, live } = bench;
    let name = bench.name(at);
    let lead = match live.version {
        0 => "This is the first version. From then on it answers people.".to_owned(),
        version => format!(
            "{} since version {version}. People get the new one from their next message on.",
            counted(u64::try_from(bench.changes()).unwrap_or_default(), "change", "changes"),
        ),
    };
    let before = live.config.as_ref();
    let left = match live.version {
        0 => "Nothing yet".to_owned(),
        version => format!("Version {version}, answers now"),
    };
    let differences = side_by_side((&left, before), ("Your draft", &draft.fields));
    let back = at.path("");
    let is_same = differences.is_none() && !live.retired;
    let body = differences.unwrap_or_else(|| {
        view! { <p class="meta">"The draft says what version "{live.version}" says."</p> }
            .into_any()
    });
    let returns = view! {
        <Banner tone=Tone::Info title=format!("{name} has retired")>
            <p>"Publishing a version brings it back."</p>
        </Banner>
    };
    let header = header((at, &name, live), (&title(at, bench), Some(lead)), Place::Elsewhere);
    if is_same {
        return view! {
            {header}
            <Card>
                <EmptyState
                    title="There is nothing to publish"
                    text="The draft is what answers people already."
                    icon=Icon::Compare
                    action=Some(("Back to the design".to_owned(), back))
                />
            </Card>
        }
        .into_any();
    }
    let form = form(at, bench, note, problem_of(&problems, "note"));
    let is_retired = live.retired;
    let fixes = problems.iter().any(|it| it.field != "note" && !it.field.is_empty());
    view! {
        {header}
        {is_retired.then_some(returns)}
        <FormErrors problems=within(problems, &["note"]) />
        {fixes.then(|| view! { <p><a href=at.path("")>"Mend it in the design"</a></p> })}
        <Card title="What changes">{body}</Card>
        {rehearsal.map(|it| it.view(at))}
        {form}
    }
    .into_any()
}

fn form(at: &At, bench: &Bench, note: String, wrong: Option<String>) -> AnyView {
    let (action, back) = (at.path("/publish"), at.path(""));
    let (revision, version) = (bench.draft.revision, bench.live.version);
    let submit = format!("Publish version {}", version.saturating_add(1));
    view! {
        <Card title="Publish">
            <form method="post" action=action class="form">
                <input type="hidden" name="revision" value=revision />
                <input type="hidden" name="version" value=version />
                <TextAreaField
                    name="note"
                    label="Note"
                    value=note
                    error=wrong
                    hint="Why, in a line. It stands in the history of versions."
                    rows=2
                />
                <div class="form-actions">
                    <SubmitButton icon=Icon::Send>
                        {submit}
                    </SubmitButton>
                    <LinkButton href=back>"Back to the design"</LinkButton>
                </div>
            </form>
        </Card>
    }
    .into_any()
}
