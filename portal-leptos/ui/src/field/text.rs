//! Text, in one line or several.

use leptos::prelude::*;

use super::{Field, control_id, described_by};
use crate::format::escaped;

/// What is typed into a line; browsers choose keyboards and checks by it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum InputKind {
    /// Anything.
    #[default]
    Text,
    /// An address.
    Email,
    /// Not shown while typed.
    Password,
    /// Digits.
    Number,
    /// What to look for.
    Search,
    /// An address of a page.
    Url,
    /// A day.
    Date,
    /// A day and a time, without a zone: the label says which one is meant.
    Moment,
    /// A code of digits, sent or shown elsewhere.
    Code,
}

impl InputKind {
    const fn word(self) -> &'static str {
        match self {
            InputKind::Text | InputKind::Code => "text",
            InputKind::Email => "email",
            InputKind::Password => "password",
            InputKind::Number => "number",
            InputKind::Search => "search",
            InputKind::Url => "url",
            InputKind::Date => "date",
            InputKind::Moment => "datetime-local",
        }
    }
}

/// One line of text.
#[component]
pub fn TextField(
    /// As the form sends it.
    #[prop(into)]
    name: String,
    /// What is asked.
    #[prop(into)]
    label: String,
    /// What is typed.
    #[prop(optional)]
    kind: InputKind,
    /// What it holds at first. Never give a password back.
    #[prop(optional, into)]
    value: String,
    /// One sentence that helps to answer.
    #[prop(optional, into)]
    hint: Option<String>,
    /// What was wrong with the answer.
    #[prop(optional_no_strip)]
    error: Option<String>,
    /// Whether the browser insists on an answer; if not, the label says so.
    #[prop(optional)]
    required: bool,
    /// What the browser may fill in, e.g. `username`.
    #[prop(optional, into)]
    autocomplete: Option<String>,
    /// An example, in grey.
    #[prop(optional, into)]
    placeholder: Option<String>,
    /// Bounds of a number or a day.
    #[prop(optional, into)]
    min: Option<String>,
    /// Bounds of a number or a day.
    #[prop(optional, into)]
    max: Option<String>,
    /// The most characters.
    #[prop(optional)]
    maxlength: Option<u32>,
    /// Shown, not changed.
    #[prop(optional)]
    readonly: bool,
) -> impl IntoView {
    let id = control_id(&name);
    let described = described_by(&name, hint.is_some(), error.is_some());
    let invalid = error.is_some().then_some("true");
    let digits = matches!(kind, InputKind::Code).then_some("numeric");
    let literal = matches!(kind, InputKind::Email | InputKind::Code | InputKind::Url);
    // Without it, browsers take whole minutes only.
    let step = matches!(kind, InputKind::Moment).then_some("any");
    view! {
        <Field name=name.clone() label hint error optional=!required && !readonly>
            <input
                class="input"
                id=id
                name=name
                type=kind.word()
                value=value
                required=required
                readonly=readonly
                autocomplete=autocomplete
                placeholder=placeholder
                min=min
                max=max
                step=step
                maxlength=maxlength
                inputmode=digits
                spellcheck=literal.then_some("false")
                autocapitalize=literal.then_some("none")
                aria-describedby=described
                aria-invalid=invalid
            />
        </Field>
    }
}

/// Several lines of text; it grows with what is written.
#[component]
pub fn TextAreaField(
    /// As the form sends it.
    #[prop(into)]
    name: String,
    /// What is asked.
    #[prop(into)]
    label: String,
    /// What it holds at first.
    #[prop(optional, into)]
    value: String,
    /// One sentence that helps to answer.
    #[prop(optional, into)]
    hint: Option<String>,
    /// What was wrong with the answer.
    #[prop(optional_no_strip)]
    error: Option<String>,
    /// Whether the browser insists on an answer; if not, the label says so.
    #[prop(optional)]
    required: bool,
    /// Lines shown at first.
    #[prop(default = 4)]
    rows: u32,
    /// The most characters.
    #[prop(optional)]
    maxlength: Option<u32>,
    /// An example, in grey.
    #[prop(optional, into)]
    placeholder: Option<String>,
) -> impl IntoView {
    let id = control_id(&name);
    let described = described_by(&name, hint.is_some(), error.is_some());
    let invalid = error.is_some().then_some("true");
    // A parser drops one line break right after the tag: ours keeps a text's own first one.
    let text = format!("\n{}", escaped(&value));
    view! {
        <Field name=name.clone() label hint error optional=!required>
            <textarea
                class="input"
                id=id
                name=name
                rows=rows
                maxlength=maxlength
                placeholder=placeholder
                required=required
                aria-describedby=described
                aria-invalid=invalid
                inner_html=text
            ></textarea>
        </Field>
    }
}
