//! Operators and agents.

use leptos::prelude::*;

use crate::format;

/// Two letters on a colour that is always the same for a name. The name itself stands beside it.
#[component]
pub fn Avatar(
    /// Whose.
    #[prop(into)]
    name: String,
    /// Whether it is an agent: it says so.
    #[prop(optional)]
    ai: bool,
    /// For the head of a page.
    #[prop(optional)]
    large: bool,
) -> impl IntoView {
    let size = large.then_some("large");
    let badge = ai.then(|| view! { <span class="avatar-ai">"AI"</span> });
    view! {
        <span class="avatar" data-hue=format::hue(&name) data-size=size aria-hidden="true">
            {format::initials(&name)}
            {badge}
        </span>
    }
}

/// An avatar, the name and a line under it.
#[component]
pub fn Person(
    /// Whose.
    #[prop(into)]
    name: String,
    /// Whether it is an agent.
    #[prop(optional)]
    ai: bool,
    /// E.g. a role.
    #[prop(optional, into)]
    note: Option<String>,
    /// Where the name leads.
    #[prop(optional, into)]
    href: Option<String>,
) -> impl IntoView {
    let shown = match href {
        Some(href) => view! { <a href=href>{name.clone()}</a> }.into_any(),
        None => view! { <span>{name.clone()}</span> }.into_any(),
    };
    view! {
        <span class="person">
            <Avatar name ai />
            <span>
                {shown} {ai.then(|| view! { <span class="visually-hidden">" (AI)"</span> })}
                {note.map(|note| view! { <span class="person-note">{note}</span> })}
            </span>
        </span>
    }
}
