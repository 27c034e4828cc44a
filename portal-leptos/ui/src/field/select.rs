//! One of several.

use leptos::prelude::*;

use super::{Field, control_id, described_by};
use crate::{Icon, Symbol};

/// One of the things to choose from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// As the form sends it.
    pub value: String,
    /// As it is read.
    pub label: String,
}

impl Choice {
    /// A choice.
    pub fn new(value: impl Into<String>, label: impl Into<String>) -> Self {
        Self { value: value.into(), label: label.into() }
    }
}

/// One of several, from the browser's own list.
#[component]
pub fn SelectField(
    /// As the form sends it.
    #[prop(into)]
    name: String,
    /// What is asked.
    #[prop(into)]
    label: String,
    /// What there is, in order.
    choices: Vec<Choice>,
    /// Which is chosen at first.
    #[prop(optional, into)]
    value: String,
    /// One sentence that helps to answer.
    #[prop(optional, into)]
    hint: Option<String>,
    /// What was wrong with the answer.
    #[prop(optional_no_strip)]
    error: Option<String>,
) -> impl IntoView {
    let id = control_id(&name);
    let described = described_by(&name, hint.is_some(), error.is_some());
    let invalid = error.is_some().then_some("true");
    let options = choices.into_iter().map(move |choice| {
        let chosen = choice.value == value;
        view! { <option value=choice.value selected=chosen>{choice.label}</option> }
    });
    view! {
        <Field name=name.clone() label hint error>
            <div class="select">
                <select class="input" id=id name=name aria-describedby=described aria-invalid=invalid>
                    {options.collect_view()}
                </select>
                <Symbol icon=Icon::ChevronDown />
            </div>
        </Field>
    }
}
