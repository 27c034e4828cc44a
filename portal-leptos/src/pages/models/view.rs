//! The form of a model group.

use domain::model::DEPLOYMENTS_MAX;
use leptos::prelude::*;
use portal_ui::{
    Card, FormErrors, LinkButton, Problem, SelectField, SubmitButton, TextField, Variant,
};
use schemas::ModelGroup;

use super::{deployments::deployments, typed::Typed, words};
use crate::pages::form::{enter_saves, problem_of};

/// What the form is made of.
pub(super) struct Shown<'a> {
    pub(super) action: String,
    /// Where to go without saving.
    pub(super) back: String,
    /// The group as it is; nothing of one that comes.
    pub(super) found: Option<&'a ModelGroup>,
    /// The groups that can be asked after it.
    pub(super) others: Vec<String>,
    /// Whether whoever looks may say where a model is called.
    pub(super) may_say_where: bool,
    pub(super) typed: Typed,
    pub(super) problems: Vec<Problem>,
}

pub(super) fn form(shown: Shown<'_>) -> AnyView {
    let what = what(&shown);
    let rows = deployments(&shown);
    let Shown { action, back, found, typed, problems, .. } = shown;
    let remove = found.map(|_| {
        let href = format!("{action}/remove");
        view! { <LinkButton href variant=Variant::Quiet>"Remove…"</LinkButton> }
    });
    let wrong = problem_of(&problems, "deployments");
    let wrong = wrong.map(|text| view! { <p class="field-error">{text}</p> });
    let save = if found.is_some() { "Save" } else { "Add the group" };
    let lead = format!("Up to {DEPLOYMENTS_MAX}. A key is sealed, and never shown again.");
    view! {
        <form method="post" action=action class="stack tool-form" novalidate>
            {enter_saves()}
            <FormErrors problems />
            <input type="hidden" name="seen" value=typed.seen />
            <Card title="How it answers">{what}</Card>
            <Card title="Models" lead>
                <div class="stack" data-gap="small">{wrong} {rows}</div>
            </Card>
            <div class="form-actions">
                <SubmitButton name="do" value="save">{save}</SubmitButton>
                <LinkButton href=back>"Cancel"</LinkButton>
                {remove}
            </div>
        </form>
    }
    .into_any()
}

fn what(shown: &Shown<'_>) -> AnyView {
    let (typed, error) = (&shown.typed, |field: &str| problem_of(&shown.problems, field));
    let slug = shown.found.is_none().then(|| {
        view! {
            <TextField
                name="slug"
                label="Name of the group"
                value=typed.slug.clone()
                error=error("slug")
                hint="By which agents choose it: lower-case letters, digits and dashes. It never changes. Called as a group of this installation, it takes that one's place."
                placeholder="quality"
                required=true
                maxlength=40
                autocomplete="off"
            />
        }
    });
    let others = if shown.others.is_empty() {
        "Other groups, by name. There are none yet.".to_owned()
    } else {
        let others = shown.others.join(", ");
        format!(
            "Other groups, by name and in order, with commas between. Left empty, what people write \
             goes nowhere else. There are: {others}."
        )
    };
    view! {
        <div class="stack">
            {slug}
            <SelectField
                name="choose"
                label="Asked first"
                choices=words::choices()
                value=typed.choose.clone()
                error=error("choose")
                hint="Which of its models. Where that one fails, the others are asked."
            />
            <TextField
                name="fallbacks"
                label="Asked after it"
                value=typed.fallbacks.clone()
                error=error("fallbacks")
                hint=others
                autocomplete="off"
            />
        </div>
    }
    .into_any()
}
