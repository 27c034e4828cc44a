//! Rules of escalation, a row each. A row is added and taken away by a button of the form.

use leptos::prelude::*;
use portal_ui::{Choice, Problem, SelectField, TextField};

use super::super::typed::{TRIGGERS, Typed, TypedRule};
use crate::pages::{
    form::problem_of,
    rows::{self, control},
};

/// The rows that say something, and as many empty ones as were asked for.
pub(super) fn rules(typed: &Typed, problems: &[Problem]) -> AnyView {
    let more = usize::from(typed.pressed == "add-rule");
    let rows = typed.rows(more);
    let is_empty = rows.is_empty();
    let rows: Vec<_> =
        rows.into_iter().enumerate().map(|(nth, rule)| row(nth, rule, problems)).collect();
    let none = is_empty.then(|| view! { <p class="meta">"No rules yet."</p> });
    view! {
        <div class="stack" data-gap="small" id="field-escalation" tabindex="-1">
            {none}
            {rows}
            <div>{rows::adds("add-rule", "Add a rule")}</div>
        </div>
    }
    .into_any()
}

fn row(nth: usize, rule: TypedRule, problems: &[Problem]) -> AnyView {
    let TypedRule { when, keywords, to_channel } = rule;
    let of = |field: &str| control::<TypedRule>(field, nth);
    let (name, of_words, of_channel) = (of("when"), of("keywords"), of("channel"));
    let error = problem_of(problems, &name);
    let wrong = (problem_of(problems, &of_words), problem_of(problems, &of_channel));
    let choices = TRIGGERS.iter().map(|(value, label)| Choice::new(*value, *label)).collect();
    view! {
        <fieldset class="rule">
            <legend class="visually-hidden">{format!("Rule {}", nth + 1)}</legend>
            <SelectField name label="When" choices value=when error />
            <TextField
                name=of_words
                label="Words"
                hint="Whole words, separated by commas; in scripts without spaces, anywhere in the text."
                value=keywords
                error=wrong.0
                placeholder="refund, legal"
            />
            <TextField
                name=of_channel
                label="Tell this channel"
                value=to_channel
                error=wrong.1
                placeholder="#support"
                required=true
            />
            {rows::removes::<TypedRule>(nth)}
        </fieldset>
    }
    .into_any()
}
