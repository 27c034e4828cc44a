//! Fields of forms: a label, a control, a hint, and what was wrong with the answer.
//!
//! The id of a control is `field-` and its name, so that a list of problems can link to it.

mod choice;
mod select;
mod text;

use leptos::prelude::*;

use crate::{Icon, Symbol};

pub use choice::{Checkbox, Switch};
pub use select::{Choice, SelectField};
pub use text::{InputKind, TextAreaField, TextField};

/// The id of the control with this name.
pub(crate) fn control_id(name: &str) -> String {
    format!("field-{name}")
}

/// The ids that describe a control: its hint, its error, both or none.
pub(crate) fn described_by(name: &str, hint: bool, error: bool) -> Option<String> {
    let hint = hint.then(|| format!("hint-{name}"));
    let error = error.then(|| format!("error-{name}"));
    match (hint, error) {
        (None, None) => None,
        (Some(one), None) | (None, Some(one)) => Some(one),
        (Some(hint), Some(error)) => Some(format!("{error} {hint}")),
    }
}

/// The frame around any control. The control itself must carry the id `field-` and `name`.
#[component]
pub fn Field(
    /// As the form sends it.
    #[prop(into)]
    name: String,
    /// What is asked.
    #[prop(into)]
    label: String,
    /// One sentence that helps to answer.
    #[prop(optional_no_strip)]
    hint: Option<String>,
    /// What was wrong with the answer, and how to mend it.
    #[prop(optional_no_strip)]
    error: Option<String>,
    /// Says that it may stay empty.
    #[prop(optional)]
    optional: bool,
    /// The control.
    children: Children,
) -> impl IntoView {
    view! {
        <div class="field">
            <label for=control_id(&name)>
                {label} {optional.then(|| view! { <span class="field-optional">" (optional)"</span> })}
            </label>
            <Hint name=name.clone() text=hint />
            {children()}
            <FieldError name text=error />
        </div>
    }
}

/// The sentence that helps.
#[component]
pub(crate) fn Hint(name: String, text: Option<String>) -> impl IntoView {
    text.map(|text| view! { <p class="field-hint" id=format!("hint-{name}")>{text}</p> })
}

/// What was wrong.
#[component]
pub(crate) fn FieldError(name: String, text: Option<String>) -> impl IntoView {
    text.map(|text| {
        view! {
            <p class="field-error" id=format!("error-{name}")>
                <Symbol icon=Icon::Alert />
                <span><span class="visually-hidden">"Error: "</span>{text}</span>
            </p>
        }
    })
}

/// One thing that was wrong with a form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The field; empty where it is about the whole form.
    pub field: String,
    /// What, and how to mend it.
    pub message: String,
}

/// All that was wrong, above the form, each a link to its field. Nothing where nothing was.
#[component]
pub fn FormErrors(
    /// In the order of the fields.
    problems: Vec<Problem>,
) -> impl IntoView {
    let title = match problems.len() {
        0 => return None,
        1 => "One thing to mend".to_owned(),
        count => format!("{count} things to mend"),
    };
    let items = problems.into_iter().map(|Problem { field, message }| {
        let message = if field.is_empty() {
            view! { <span>{message}</span> }.into_any()
        } else {
            view! { <a href=format!("#{}", control_id(&field))>{message}</a> }.into_any()
        };
        view! { <li>{message}</li> }
    });
    Some(view! {
        <div class="form-errors" role="alert" tabindex="-1" id="form-errors">
            <h2><Symbol icon=Icon::Alert />{title}</h2>
            <ul>{items.collect_view()}</ul>
        </div>
    })
}
