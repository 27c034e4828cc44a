//! Headers, a row each: a text that is shown, or a secret that is not.

use desk::WishedHeader;
use leptos::prelude::*;
use portal_ui::{InputKind, Problem, TextField};

use super::typed::Typed;
use crate::pages::{
    form::problem_of,
    rows::{self, Row, control},
    secret::{Said, TypedSecret},
};

/// One row.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct TypedHeader {
    pub(super) name: String,
    pub(super) is_secret: bool,
    /// What a header says that is no secret.
    pub(super) text: String,
    pub(super) secret: TypedSecret,
}

impl TypedHeader {
    pub(super) fn text(name: &str, text: &str) -> Self {
        Self { name: name.to_owned(), text: text.to_owned(), ..Self::default() }
    }

    /// One whose secret is still to be typed.
    pub(super) fn secret(name: &str) -> Self {
        Self { secret: TypedSecret::missing(), ..Self::kept(name) }
    }

    /// One whose secret is there already.
    pub(super) fn kept(name: &str) -> Self {
        Self { name: name.to_owned(), is_secret: true, ..Self::default() }
    }

    /// Whether nothing was typed.
    pub(super) fn is_blank(&self) -> bool {
        self.name.trim().is_empty() && self.text.trim().is_empty() && !self.secret.is_typed()
    }

    /// What it is to say; nothing where its secret has to be typed again.
    pub(super) fn wish(&self) -> Option<WishedHeader> {
        if !self.is_secret {
            return Some(WishedHeader::Text(self.text.trim().to_owned()));
        }
        match self.secret.said() {
            Said::New(secret) => Some(WishedHeader::Secret(secret.clone())),
            Said::Nothing => Some(WishedHeader::Kept),
            Said::Lost => None,
        }
    }

    /// As it is shown again: without its secret.
    pub(super) fn forget(&mut self) {
        if self.is_secret {
            self.secret.forget();
        }
    }
}

impl Row for TypedHeader {
    const NAMED: &'static str = "header";

    fn read(&mut self, field: &str, value: String) {
        match field {
            "name" => self.name = value,
            "kind" => self.is_secret = value == "secret",
            "text" => self.text = value,
            "secret" => self.secret.read(&value),
            "again" => self.secret.read_again(),
            _ => {}
        }
    }
}

/// The rows, and the buttons that add one.
pub(super) fn rows(typed: &Typed, problems: &[Problem]) -> AnyView {
    let is_empty = typed.headers.is_empty();
    let rows: Vec<_> =
        typed.headers.iter().enumerate().map(|(nth, header)| row(nth, header, problems)).collect();
    let none = is_empty.then(|| view! { <p class="meta">"No headers yet."</p> });
    view! {
        <div class="stack" data-gap="small" id="field-headers" tabindex="-1">
            {none}
            {rows}
            <div class="form-actions">
                {rows::adds("add-secret", "Add a secret header")}
                {rows::adds("add-text", "Add a plain header")}
            </div>
        </div>
    }
    .into_any()
}

fn row(nth: usize, header: &TypedHeader, problems: &[Problem]) -> AnyView {
    let number = nth + 1;
    let of = |field: &str| control::<TypedHeader>(field, nth);
    let of_name = of("name");
    let wrong = problem_of(problems, &of_name);
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
            <input type="hidden" name=of("kind") value=kind />
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
            {rows::removes::<TypedHeader>(nth)}
        </fieldset>
    }
    .into_any()
}

fn text_field(nth: usize, header: &TypedHeader, problems: &[Problem]) -> AnyView {
    let name = control::<TypedHeader>("text", nth);
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
    let name = control::<TypedHeader>("secret", nth);
    let error = problem_of(problems, &name);
    let is_lost = header.secret.is_lost();
    let (label, hint, again) = if is_lost {
        let again = control::<TypedHeader>("again", nth);
        let again = view! { <input type="hidden" name=again value="1" /> };
        (
            "Secret",
            "Whole, with what stands before it, such as “Bearer …”. It is never shown again.",
            Some(again),
        )
    } else {
        ("Another secret", "Left empty, the one that is there stays.", None)
    };
    view! {
        {again}
        <TextField
            name
            label
            kind=InputKind::Password
            hint
            error
            required=is_lost
            autocomplete="new-password"
        />
    }
    .into_any()
}
