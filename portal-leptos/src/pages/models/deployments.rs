//! The rows of the form: a model each, with what is seldom said behind `More`.

use domain::model::DEPLOYMENTS_MAX;
use leptos::prelude::*;
use portal_ui::{Checkbox, Choice, InputKind, SelectField, TextField};
use schemas::ModelGroup;

use super::{deployment::TypedDeployment, view::Shown, words};
use crate::pages::{
    form::problem_of,
    rows::{self, control},
};

/// The rows, and the button that adds one.
pub(super) fn deployments(shown: &Shown<'_>) -> AnyView {
    let typed = shown.typed.deployments.iter().enumerate();
    let rows = typed.map(|(nth, typed)| Row { nth, typed, shown }.view()).collect_view();
    let has_room = shown.typed.deployments.len() < DEPLOYMENTS_MAX;
    let add = has_room.then(|| rows::adds("add-deployment", "Add another deployment"));
    view! {
        <div class="stack" data-gap="small" id="field-deployments" tabindex="-1">
            {rows}
            <div>{add}</div>
        </div>
    }
    .into_any()
}

/// One of them.
#[derive(Clone, Copy)]
struct Row<'a> {
    nth: usize,
    typed: &'a TypedDeployment,
    shown: &'a Shown<'a>,
}

impl Row<'_> {
    fn view(self) -> AnyView {
        let it = self.typed;
        let (of_name, wrong_name) = self.control("name");
        let (of_vendor, wrong_vendor) = self.control("vendor");
        let (of_model, wrong_model) = self.control("model");
        let (key, more) = (self.key(), self.more());
        view! {
            <fieldset class="rule model-row">
                <legend class="visually-hidden">{format!("Deployment {}", self.nth + 1)}</legend>
                <TextField
                    name=of_name
                    label="Name"
                    value=it.name.clone()
                    error=wrong_name
                    hint="Of your choice, for lists and traces."
                    placeholder="claude"
                    required=true
                    maxlength=64
                    autocomplete="off"
                />
                <SelectField
                    name=of_vendor
                    label="Vendor"
                    choices=words::vendors()
                    value=it.vendor.clone()
                    error=wrong_vendor
                    hint="Or whose format a server of your own speaks."
                />
                <TextField
                    name=of_model
                    label="Model"
                    value=it.model.clone()
                    error=wrong_model
                    hint="As its vendor calls it."
                    placeholder="claude-sonnet-5-5"
                    required=true
                    autocomplete="off"
                />
                <div class="stack" data-gap="small">{key}</div>
                {more}
                {rows::removes::<TypedDeployment>(self.nth)}
            </fieldset>
        }
        .into_any()
    }

    /// The name of a control, and what is wrong with it.
    fn control(self, field: &str) -> (String, Option<String>) {
        let name = control::<TypedDeployment>(field, self.nth);
        let wrong = problem_of(&self.shown.problems, &name);
        (name, wrong)
    }

    fn key(self) -> AnyView {
        let (name, error) = self.control("secret");
        let (is_lost, is_stored) = (self.typed.key.is_lost(), self.is_stored());
        let (label, hint) = match (is_lost, is_stored) {
            (true, _) => ("Key", "Type it again: what you typed is not sent back to a browser."),
            (false, true) => ("Another key", "A key is stored. Left empty, it stays."),
            (false, false) => {
                ("Key", "OpenAI and Anthropic want one; a server of your own may not.")
            }
        };
        // Whoever typed none, or changed their mind, says so.
        let again = is_lost.then(|| {
            let (of_again, of_leave) = (self.control("again").0, self.control("leave").0);
            let leave = if is_stored { "Keep the key that is stored" } else { "It needs no key" };
            let checked = self.typed.leaves_key;
            view! {
                <input type="hidden" name=of_again value="1" />
                <Checkbox name=of_leave label=leave checked />
            }
        });
        view! {
            <TextField
                name
                label
                kind=InputKind::Password
                hint
                error
                autocomplete="new-password"
            />
            {again}
        }
        .into_any()
    }

    /// Whether the group has a key for the deployment of this name.
    fn is_stored(self) -> bool {
        let named = |group: &ModelGroup| {
            let mut all = group.deployments.iter();
            all.any(|it| it.name == self.typed.name.trim() && it.key.is_some())
        };
        self.shown.found.is_some_and(named)
    }

    /// Open where something in it is to be mended.
    fn more(self) -> AnyView {
        let controls = self.typed.more();
        let is_open = controls.iter().any(|(field, _)| self.control(field).1.is_some());
        let said = controls.iter().filter(|(_, text)| !text.trim().is_empty()).count();
        let summary =
            if said == 0 { "More".to_owned() } else { format!("More ({said} filled in)") };
        let it = self.typed;
        let bounds = [
            self.number("weight", &it.weight, "Weight", WEIGHT),
            self.number("window", &it.window, "Prompt and answer together, in tokens", USUAL),
            self.number("answer", &it.answer, "Longest answer, in tokens", USUAL),
            self.number("requests", &it.requests, "Requests a minute", LIMIT),
            self.number("volume", &it.volume, "Tokens a minute", LIMIT),
            self.flag("tools", &it.tools, "Calls tools"),
            self.flag("json", &it.json, "Answers in JSON of a given form"),
            self.flag("vision", &it.vision, "Looks at pictures"),
        ];
        let prices = [
            self.text("input", &it.input, "A million tokens read, in dollars", PRICE),
            self.text("output", &it.output, "A million tokens written, in dollars", PRICE),
            self.text("cached", &it.cached, "A million tokens from a cache, in dollars", CACHE),
        ];
        let address = self.address();
        view! {
            <details open=is_open>
                <summary>{summary}</summary>
                <div class="model-more">
                    {address}
                    {bounds.into_iter().collect_view()}
                    {prices.into_iter().collect_view()}
                </div>
            </details>
        }
        .into_any()
    }

    /// Where it is called: for those to say who run the installation.
    fn address(self) -> AnyView {
        let (name, error) = self.control("address");
        let value = self.typed.address.clone();
        if !self.shown.may_say_where && value.trim().is_empty() && error.is_none() {
            return view! {
                <p class="meta">
                    "It is called at its vendor's own address. An administrator of this installation may say another."
                </p>
            }
            .into_any();
        }
        let readonly = !self.shown.may_say_where;
        view! {
            <TextField
                name
                label="Address"
                value
                error
                hint="Where it is called, if not at its vendor's own address. Only those who run this installation say so."
                placeholder="https://models.acme.example/v1"
                readonly
                autocomplete="off"
            />
        }
        .into_any()
    }

    fn number(self, field: &str, value: &str, label: &'static str, hint: &'static str) -> AnyView {
        let ((name, error), value) = (self.control(field), value.to_owned());
        let (kind, min) = (InputKind::Number, "1");
        view! { <TextField name label kind value error hint min autocomplete="off" /> }.into_any()
    }

    fn text(self, field: &str, value: &str, label: &'static str, hint: &'static str) -> AnyView {
        let ((name, error), value) = (self.control(field), value.to_owned());
        view! { <TextField name label value error hint autocomplete="off" /> }.into_any()
    }

    fn flag(self, field: &str, value: &str, label: &'static str) -> AnyView {
        let ((name, error), value) = (self.control(field), value.to_owned());
        let choices = [("", "As usual"), ("yes", "Yes"), ("no", "No")];
        let choices = choices.map(|(value, label)| Choice::new(value, label)).into();
        view! { <SelectField name label choices value error /> }.into_any()
    }
}

const WEIGHT: &str = "Its part of the calls, where one is asked by chance.";
const USUAL: &str = "Left empty, as usual for the model.";
const LIMIT: &str = "The vendor's limit, so that it is not run into.";
const PRICE: &str = "Left empty, as this installation's table of prices says.";
const CACHE: &str = "Left empty, what a call costs that reads from one is not known.";
