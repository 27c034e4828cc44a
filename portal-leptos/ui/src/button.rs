//! Buttons, and links that look like them.

use leptos::prelude::*;

use crate::{Icon, Symbol};

/// How much a button asks for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Variant {
    /// The one thing to do on the page.
    Primary,
    /// Anything else to do.
    #[default]
    Plain,
    /// What cannot be taken back.
    Danger,
    /// What should not be noticed until it is looked for.
    Quiet,
}

impl Variant {
    const fn word(self) -> &'static str {
        match self {
            Variant::Primary => "primary",
            Variant::Plain => "plain",
            Variant::Danger => "danger",
            Variant::Quiet => "quiet",
        }
    }
}

/// A button that does nothing by itself: for islands, popovers and dialogs.
#[component]
pub fn Button(
    /// How much it asks for.
    #[prop(optional)]
    variant: Variant,
    /// Drawn before the words.
    #[prop(optional)]
    icon: Option<Icon>,
    /// Lower, for rows of tables and headers of cards.
    #[prop(optional)]
    dense: bool,
    /// Greyed out.
    #[prop(optional)]
    disabled: bool,
    /// The words.
    children: Children,
) -> impl IntoView {
    view! {
        <button
            type="button"
            class="button"
            data-variant=variant.word()
            data-dense=dense
            disabled=disabled
        >
            {icon.map(|icon| view! { <Symbol icon /> })}
            {children()}
        </button>
    }
}

/// Sends the form it stands in.
#[component]
pub fn SubmitButton(
    /// How much it asks for.
    #[prop(default = Variant::Primary)]
    variant: Variant,
    /// Drawn before the words.
    #[prop(optional)]
    icon: Option<Icon>,
    /// Lower, for rows of tables and headers of cards.
    #[prop(optional)]
    dense: bool,
    /// As wide as the form.
    #[prop(optional)]
    wide: bool,
    /// Greyed out.
    #[prop(optional)]
    disabled: bool,
    /// Sent along, where a form has several buttons.
    #[prop(optional, into)]
    name: Option<String>,
    /// What is sent along under `name`.
    #[prop(optional, into)]
    value: Option<String>,
    /// The words.
    children: Children,
) -> impl IntoView {
    view! {
        <button
            type="submit"
            class="button"
            data-variant=variant.word()
            data-dense=dense
            data-wide=wide
            disabled=disabled
            name=name
            value=value
        >
            {icon.map(|icon| view! { <Symbol icon /> })}
            {children()}
        </button>
    }
}

/// A link that looks like a button: it goes somewhere, and changes nothing.
#[component]
pub fn LinkButton(
    /// Where to.
    #[prop(into)]
    href: String,
    /// How much it asks for.
    #[prop(optional)]
    variant: Variant,
    /// Drawn before the words.
    #[prop(optional)]
    icon: Option<Icon>,
    /// Lower, for rows of tables and headers of cards.
    #[prop(optional)]
    dense: bool,
    /// As wide as what it stands in.
    #[prop(optional)]
    wide: bool,
    /// The words.
    children: Children,
) -> impl IntoView {
    view! {
        <a class="button" href=href data-variant=variant.word() data-dense=dense data-wide=wide>
            {icon.map(|icon| view! { <Symbol icon /> })}
            {children()}
        </a>
    }
}
