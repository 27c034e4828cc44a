//! Yes or no.

use leptos::prelude::*;

use super::{FieldError, Hint, control_id, described_by};

/// A box to tick. A form sends `name=value` when it is ticked, and nothing when it is not.
#[component]
pub fn Checkbox(
    /// As the form sends it.
    #[prop(into)]
    name: String,
    /// What a tick means.
    #[prop(into)]
    label: String,
    /// What a tick sends.
    #[prop(default = "on".to_owned(), into)]
    value: String,
    /// Whether it is ticked at first.
    #[prop(optional)]
    checked: bool,
    /// One sentence that helps to answer.
    #[prop(optional, into)]
    hint: Option<String>,
    /// What was wrong with the answer.
    #[prop(optional_no_strip)]
    error: Option<String>,
) -> impl IntoView {
    Tick { name, label, value, checked, hint, error, role: None }.view()
}

/// The same, for what is on or off from the moment the form is sent.
#[component]
pub fn Switch(
    /// As the form sends it.
    #[prop(into)]
    name: String,
    /// What is on.
    #[prop(into)]
    label: String,
    /// Whether it is on at first.
    #[prop(optional)]
    checked: bool,
    /// One sentence that helps to answer.
    #[prop(optional, into)]
    hint: Option<String>,
) -> impl IntoView {
    let value = "on".to_owned();
    Tick { name, label, value, checked, hint, error: None, role: Some("switch") }.view()
}

struct Tick {
    name: String,
    label: String,
    value: String,
    checked: bool,
    hint: Option<String>,
    error: Option<String>,
    role: Option<&'static str>,
}

impl Tick {
    fn view(self) -> impl IntoView {
        let Tick { name, label, value, checked, hint, error, role } = self;
        let id = control_id(&name);
        let described = described_by(&name, hint.is_some(), error.is_some());
        let invalid = error.is_some().then_some("true");
        view! {
            <div class="choice">
                <input
                    type="checkbox"
                    id=id.clone()
                    name=name.clone()
                    value=value
                    checked=checked
                    role=role
                    aria-describedby=described
                    aria-invalid=invalid
                />
                <label for=id>{label}</label>
                <Hint name=name.clone() text=hint />
                <FieldError name text=error />
            </div>
        }
    }
}
