//! Headers, a row each: a text that is shown, or a secret that is not.

use desk::WishedHeader;
use domain::secret::Secret;
use leptos::prelude::*;
use portal_ui::{Icon, InputKind, Problem, SubmitButton, TextField, Variant};

use super::typed::{Typed, secret};
use crate::pages::form::problem_of;

/// One row.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct TypedHeader {
    pub(super) name: String,
    pub(super) is_secret: bool,
    /// What a header says that is no secret.
    pub(super) text: String,
    /// What was typed as a secret. A form that was kept for somebody whose session ended comes without.
    pub(super) secret: Option<Secret>,
    /// Whether a secret was typed before, and is not here any more.
    pub(super) is_lost: bool,
}

impl TypedHeader {
    pub(super) fn text(name: &str, text: &str) -> Self {
        Self { name: name.to_owned(), text: text.to_owned(), ..Self::default() }
    }

    /// One whose secret is still to be typed.
    pub(super) fn secret(name: &str) -> Self {
        Self { name: name.to_owned(), is_secret: true, is_lost: true, ..Self::default() }
    }

    /// One whose secret is there already.
    pub(super) fn kept(name: &str) -> Self {
        Self { is_lost: false, ..Self::secret(name) }
    }

    /// A field of the row.
    pub(super) fn read(&mut self, name: &str, value: String) {
        match name {
            "header-name" => self.name = value,
            "header-kind" => self.is_secret = value == "secret",
            "header-text" => self.text = value,
            "header-secret" => self.secret = Some(secret(&value)),
            "header-again" => self.is_lost = true,
            _ => {}
        }
    }

    /// Whether nothing was typed.
    pub(super) fn is_blank(&self) -> bool {
        let has_secret = self.secret.as_ref().is_some_and(|secret| !secret.is_empty());
        self.name.trim().is_empty() && self.text.trim().is_empty() && !has_secret
    }

    /// What it is to say; nothing where its secret has to be typed again.
    pub(super) fn wish(&self) -> Option<WishedHeader> {
        match (self.is_secret, &self.secret) {
            (false, _) => Some(WishedHeader::Text(self.text.trim().to_owned())),
            (true, None) => None,
            (true, Some(secret)) if secret.is_empty() => {
                (!self.is_lost).then_some(WishedHeader::Kept)
            }
            (true, Some(secret)) => Some(WishedHeader::Secret(secret.clone())),
        }
    }

    /// The secret is gone, and whether one was typed is remembered.
    pub(super) fn forget(&mut self) {
        let typed = self.secret.take().is_none_or(|secret| !secret.is_empty());
        self.is_lost |= self.is_secret && typed;
    }
}

/// The rows, and the buttons that add one.
pub(super) fn rows(typed: &Typed, problems: &[Problem]) -> AnyView {
    let is_empty = typed.headers.is_empty();
    let rows: Vec<_> =
        typed.headers.iter().enumerate().map(|(nth, header)| row(nth, header, problems)).collect();
    let none = is_empty.then(|| view! { <p class="meta">"No headers yet."</p> });
    let add = |value: &'static str, words: &'static str| {
        view! {
            <SubmitButton
                variant=Variant::Plain
                dense=true
                icon=Icon::Plus
                name="do"
                value=value
            >
                {words}
            </SubmitButton>
        }
    };
    view! {
        <div class="stack" data-gap="small" id="field-headers" tabindex="-1">
            {none}
            {rows}
            <div class="form-actions">
                {add("add-secret", "Add a secret header")} {add("add-text", "Add a plain header")}
            </div>
        </div>
    }
    .into_any()
}

fn row(nth: usize, header: &TypedHeader, problems: &[Problem]) -> AnyView {
    let number = nth + 1;
    let (of_name, error) = (format!("header-name-{nth}"), |name: &str| problem_of(problems, name));
    let wrong = error(&of_name);
    let kind = if header.is_secret { "secret" } else { "text" };
    let legend = format!("Header {number}, {}", if header.is_secret { "secret" } else { "plain" });
    let value = if header.is_secret {
        secret_field(nth, header, problems)
    } else {
        text_field(nth, header, problems)
    };
    view! {
        <fieldset class="rule tool-header">
            <legend class="visually-hidden">{legend}</legend>
            <input type="hidden" name=format!("header-kind-{nth}") value=kind />
            <TextField
                name=of_name
                label="Name"
                value=header.name.clone()
                error=wrong
                placeholder=if header.is_secret { "authorization" } else { "accept-language" }
                required=true
                autocomplete="off"
            />
            {value}
            <SubmitButton
                variant=Variant::Quiet
                dense=true
                icon=Icon::Trash
                name="do"
                value=format!("remove-header-{nth}")
            >
                {format!("Remove header {number}")}
            </SubmitButton>
        </fieldset>
    }
    .into_any()
}

fn text_field(nth: usize, header: &TypedHeader, problems: &[Problem]) -> AnyView {
    let name = format!("header-text-{nth}");
    let error = problem_of(problems, &name);
    view! {
        <TextField
            name
            label="What it says"
            value=header.text.clone()
            error
            required=true
            autocomplete="off"
        />
    }
    .into_any()
}

fn secret_field(nth: usize, header: &TypedHeader, problems: &[Problem]) -> AnyView {
    let name = format!("header-secret-{nth}");
    let error = problem_of(problems, &name);
    let (label, hint, again) = if header.is_lost {
        let again = view! { <input type="hidden" name=format!("header-again-{nth}") value="1" /> };
        (
            "Secret",
            "Whole, with what stands before it, such as “Bearer …”. It is never shown again.",
            Some(again),
        )
    } else {
        ("Another secret", "Left empty, the one that is there stays.", None)
    };
    let required = header.is_lost;
    view! {
        {again}
        <TextField
            name
            label
            kind=InputKind::Password
            hint
            error
            required
            autocomplete="new-password"
        />
    }
    .into_any()
}
