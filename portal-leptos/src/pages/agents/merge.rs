//! Two people changed one field: a person decides which value stays. Nothing is lost meanwhile.

use axum::{extract::Form, http::StatusCode, response::Response};
use desk::{DraftConflict, Field, FieldConflict, Merged};
use leptos::prelude::*;
use portal_ui::{Banner, Card, LinkButton, SubmitButton, Tone};

use super::{
    design,
    parts::{At, Bench, Place, header, label},
    typed::{Typed, TypedRule},
};
use crate::{
    pages::rows::control,
    server::{error::PageError, render::Cx},
};

/// Asks.
pub(super) async fn ask(cx: &Cx, at: &At, conflict: DraftConflict) -> Result<Response, PageError> {
    let bench = Bench::of(cx, at).await?;
    let title = "Somebody else changed this too";
    Ok(cx.page_with(StatusCode::CONFLICT, title, || view_of(at, &bench, conflict)))
}

/// What was decided is saved on top of theirs. Where theirs was chosen, theirs is what is saved now.
pub(super) async fn decide(
    cx: Cx,
    at: At,
    Form(pairs): Form<Vec<(String, String)>>,
) -> Result<Response, PageError> {
    let theirs: Vec<Field> = Field::ALL
        .into_iter()
        .filter(|field| {
            let name = format!("keep-{}", field.as_str());
            pairs.iter().any(|(key, value)| *key == name && value == "theirs")
        })
        .collect();
    let typed = Typed::read(pairs);
    let Ok(mut mine) = typed.config() else { return Err(PageError::BadRequest) };
    let (desk, who) = (&cx.portal.desk, &cx.signed.principal);
    let saved = desk.draft(who, &at.tenant, &at.agent).await?;
    for field in theirs {
        mine = mine.with(field, &saved.fields);
    }
    let again = Typed { pressed: "save".to_owned(), ..Typed::of(typed.revision, &mine) };
    design::save(&cx, &at, again).await
}

fn view_of(at: &At, bench: &Bench, conflict: DraftConflict) -> AnyView {
    let DraftConflict { revision, merged: Merged { config, conflicts }, .. } = conflict;
    let name = bench.name(at);
    let title = "Somebody else changed this too";
    let header = header((at, &name, &bench.live), (title, None), Place::Elsewhere);
    let choices: Vec<_> = conflicts.into_iter().map(choice).collect();
    view! {
        {header}
        <Banner tone=Tone::Warn title="Two values, one field">
            <p>
                "While you worked, somebody else saved another value. Choose which one stays. Everything else that either of you changed is kept."
            </p>
        </Banner>
        <form method="post" action=at.path("/merge") class="stack">
            {hidden(&Typed::of(revision, &config))}
            {choices}
            <div class="form-actions">
                <SubmitButton>"Save what is chosen"</SubmitButton>
                <LinkButton href=at.path("")>"Give up what I typed"</LinkButton>
            </div>
        </form>
    }
    .into_any()
}

fn choice(conflict: FieldConflict) -> AnyView {
    let FieldConflict { field, mine, theirs, .. } = conflict;
    let name = format!("keep-{}", field.as_str());
    let side = |value: &'static str, label: &'static str, text: String, chosen: bool| {
        let id = format!("{name}-{value}");
        let shown = if text.trim().is_empty() {
            view! { <p class="meta">"empty"</p> }.into_any()
        } else {
            view! { <p class="prose">{text}</p> }.into_any()
        };
        view! {
            <div class="merge-side">
                <p class="row">
                    <input type="radio" id=id.clone() name=name.clone() value=value checked=chosen />
                    <label for=id>{label}</label>
                </p>
                {shown}
            </div>
        }
    };
    let mine = side("mine", "Keep yours", mine.to_string(), true);
    let theirs = side("theirs", "Keep theirs", theirs.to_string(), false);
    view! {
        <Card>
            <fieldset class="merge">
                <legend><h2>{label(field.as_str())}</h2></legend>
                {mine}
                {theirs}
            </fieldset>
        </Card>
    }
    .into_any()
}

/// The whole form, not shown: what was typed comes along.
fn hidden(typed: &Typed) -> AnyView {
    let fields = [
        ("revision", typed.revision.to_string()),
        ("name", typed.name.clone()),
        ("role", typed.role.clone()),
        ("job_description", typed.job_description.clone()),
        ("statement_of_work", typed.statement_of_work.clone()),
        ("persona", typed.persona.clone()),
        ("system_prompt", typed.system_prompt.clone()),
        ("model", typed.model.clone()),
        ("tools", typed.tools.clone()),
        ("follow_minutes", typed.follow_minutes.clone()),
    ];
    let fields = fields.into_iter().map(|(name, value)| (name.to_owned(), value));
    let rules = typed.rows(0).into_iter().enumerate().flat_map(|(row, rule)| {
        [
            (control::<TypedRule>("when", row), rule.when),
            (control::<TypedRule>("keywords", row), rule.keywords),
            (control::<TypedRule>("channel", row), rule.to_channel),
        ]
    });
    let all = fields.chain(rules);
    all.map(|(name, value)| view! { <input type="hidden" name=name value=value /> })
        .collect_view()
        .into_any()
}
