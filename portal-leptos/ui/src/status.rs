//! How things stand. Always a sign and a word: never colour alone.

use leptos::prelude::*;

use crate::{Icon, Symbol};

/// What a state means to whoever reads it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tone {
    /// Neither good nor bad.
    #[default]
    Neutral,
    /// As it should be.
    Ok,
    /// Look at it soon.
    Warn,
    /// Look at it now.
    Bad,
    /// Good to know.
    Info,
    /// Made by an agent.
    Violet,
}

impl Tone {
    /// The value of `data-tone`.
    pub const fn word(self) -> &'static str {
        match self {
            Tone::Neutral => "neutral",
            Tone::Ok => "ok",
            Tone::Warn => "warn",
            Tone::Bad => "bad",
            Tone::Info => "info",
            Tone::Violet => "violet",
        }
    }

    /// The sign that goes with it.
    pub const fn icon(self) -> Icon {
        match self {
            Tone::Neutral => Icon::Draft,
            Tone::Ok => Icon::Ok,
            Tone::Warn => Icon::Warning,
            Tone::Bad => Icon::Bad,
            Tone::Info => Icon::Info,
            Tone::Violet => Icon::Ai,
        }
    }
}

/// How something stands, in a line or a cell.
#[component]
pub fn Status(
    /// What it means.
    tone: Tone,
    /// Another sign than the tone's.
    #[prop(optional)]
    icon: Option<Icon>,
    /// The word.
    #[prop(into)]
    label: String,
) -> impl IntoView {
    let icon = icon.unwrap_or(tone.icon());
    view! { <span class="status" data-tone=tone.word()><Symbol icon /><span>{label}</span></span> }
}

/// A short word about something, e.g. "version 3".
#[component]
pub fn Badge(
    /// What it means.
    #[prop(optional)]
    tone: Tone,
    /// A sign before the word.
    #[prop(optional)]
    icon: Option<Icon>,
    /// The word.
    #[prop(into)]
    label: String,
) -> impl IntoView {
    let icon = icon.map(|icon| view! { <Symbol icon /> });
    view! { <span class="badge" data-tone=tone.word()>{icon}{label}</span> }
}

/// Something to know about the whole page, above it.
#[component]
pub fn Banner(
    /// What it means.
    tone: Tone,
    /// In a few words.
    #[prop(into)]
    title: String,
    /// What can be done about it: buttons.
    #[prop(optional, into)]
    actions: ViewFn,
    /// More words.
    #[prop(optional)]
    children: Option<Children>,
) -> impl IntoView {
    view! {
        <section class="banner" data-tone=tone.word()>
            <Symbol icon=tone.icon() />
            <div>
                <p class="banner-title">{title}</p>
                {children.map(|children| children())}
            </div>
            <div class="banner-actions">{actions.run()}</div>
        </section>
    }
}

/// Where messages appear. It is on every page, empty or not, so that what is added is read aloud.
#[component]
pub fn Toasts(
    /// The messages.
    #[prop(optional)]
    children: Option<Children>,
) -> impl IntoView {
    view! {
        <div class="toasts" id="toasts" role="status" aria-live="polite">
            {children.map(|children| children())}
        </div>
    }
}

/// What came of the last form.
#[component]
pub fn Toast(
    /// What it means.
    #[prop(default = Tone::Ok)]
    tone: Tone,
    /// The message.
    #[prop(into)]
    text: String,
    /// Takes it back, e.g. a form with one button.
    #[prop(optional, into)]
    action: ViewFn,
) -> impl IntoView {
    view! {
        <div class="toast" data-tone=tone.word()>
            <Symbol icon=tone.icon() />
            <span>{text}</span>
            {action.run()}
        </div>
    }
}
