//! Cards, lists of terms, empty states, placeholders.

use leptos::prelude::*;

use crate::{Icon, LinkButton, Symbol, Variant};

/// A part of a page that stands alone.
#[component]
pub fn Card(
    /// What it is about.
    #[prop(optional, into)]
    title: Option<String>,
    /// One sentence under the title.
    #[prop(optional, into)]
    lead: Option<String>,
    /// Beside the title: buttons, a link.
    #[prop(optional, into)]
    actions: ViewFn,
    /// Without padding, for a table or a list that reaches the edges.
    #[prop(optional)]
    flush: bool,
    /// What it holds.
    children: Children,
) -> impl IntoView {
    let header = title.map(|title| {
        view! {
            <header class="card-header">
                <h2>{title}</h2>
                {actions.run()}
                {lead.map(|lead| view! { <p class="card-lead">{lead}</p> })}
            </header>
        }
    });
    let body = if flush {
        children().into_any()
    } else {
        view! { <div class="card-body">{children()}</div> }.into_any()
    };
    view! { <section class="card">{header}{body}</section> }
}

/// One number that matters, with its name.
#[component]
pub fn Figure(
    /// What is counted.
    #[prop(into)]
    label: String,
    /// The number, already in words.
    #[prop(into)]
    value: String,
    /// What to compare it with.
    #[prop(optional, into)]
    note: Option<String>,
) -> impl IntoView {
    view! {
        <dl class="card figure-card">
            <dt>{label}</dt>
            <dd>{value}</dd>
            {note.map(|note| view! { <dd class="figure-note">{note}</dd> })}
        </dl>
    }
}

/// Terms and what they are. Holds [`Definition`]s.
#[component]
pub fn DefinitionList(
    /// The definitions.
    children: Children,
) -> impl IntoView {
    view! { <dl class="definitions">{children()}</dl> }
}

/// A term and what it is.
#[component]
pub fn Definition(
    /// The term.
    #[prop(into)]
    term: String,
    /// What it is.
    children: Children,
) -> impl IntoView {
    view! { <div><dt>{term}</dt><dd>{children()}</dd></div> }
}

/// What a page says when it has nothing to show: why, and the one next step.
#[component]
pub fn EmptyState(
    /// What is not there.
    #[prop(into)]
    title: String,
    /// One sentence: why, or what it will be good for.
    #[prop(into)]
    text: String,
    /// Its sign.
    #[prop(default = Icon::Inbox)]
    icon: Icon,
    /// The next step: its words and where it is taken.
    #[prop(optional_no_strip)]
    action: Option<(String, String)>,
    /// It is all that the page says: its title is the page's.
    #[prop(optional)]
    whole: bool,
) -> impl IntoView {
    let title = if whole {
        view! { <h1 tabindex="-1" id="title">{title}</h1> }.into_any()
    } else {
        view! { <h2>{title}</h2> }.into_any()
    };
    let action = action.map(|(words, href)| {
        view! { <LinkButton href variant=Variant::Primary>{words}</LinkButton> }
    });
    view! {
        <div class="empty">
            <div class="empty-icon"><Symbol icon /></div>
            {title}
            <p>{text}</p>
            {action}
        </div>
    }
}

/// Stands where something is still being fetched.
#[component]
pub fn Skeleton(
    /// How many lines.
    #[prop(default = 3)]
    lines: u8,
) -> impl IntoView {
    let lines = (0..lines).map(|_| view! { <span></span> });
    view! {
        <div class="skeleton" role="status">
            <span class="visually-hidden">"Loading"</span>
            {lines.collect_view()}
        </div>
    }
}
