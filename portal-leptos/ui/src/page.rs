//! What a page opens with.

use leptos::prelude::*;

use crate::{Icon, Symbol};

/// A page above this one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Crumb {
    /// Its name.
    pub label: String,
    /// Where it is.
    pub href: String,
}

impl Crumb {
    /// A page above this one.
    pub fn new(label: impl Into<String>, href: impl Into<String>) -> Self {
        Self { label: label.into(), href: href.into() }
    }
}

/// The way here. The page itself is left out: its title says it.
#[component]
pub fn Breadcrumbs(
    /// From the top down.
    crumbs: Vec<Crumb>,
) -> impl IntoView {
    let items = crumbs.into_iter().map(|crumb| {
        view! { <li><a href=crumb.href>{crumb.label}</a><Symbol icon=Icon::ChevronRight /></li> }
    });
    view! {
        <nav class="breadcrumbs" aria-label="Breadcrumbs">
            <ol>{items.collect_view()}</ol>
        </nav>
    }
}

/// The title of a page, the way to it, and what can be done here. Its heading takes the focus after
/// a navigation.
#[component]
pub fn PageHeader(
    /// What the page is.
    #[prop(into)]
    title: String,
    /// One sentence under it.
    #[prop(optional, into)]
    lead: Option<String>,
    /// The pages above.
    #[prop(optional)]
    crumbs: Vec<Crumb>,
    /// Beside the title, e.g. a status.
    #[prop(optional, into)]
    aside: ViewFn,
    /// What can be done here: buttons.
    #[prop(optional)]
    children: Option<Children>,
) -> impl IntoView {
    let crumbs = (!crumbs.is_empty()).then(|| view! { <Breadcrumbs crumbs /> });
    view! {
        <header class="page-header">
            <div>
                {crumbs}
                <div class="page-title"><h1 tabindex="-1" id="title">{title}</h1>{aside.run()}</div>
                {lead.map(|lead| view! { <p class="page-lead">{lead}</p> })}
            </div>
            {children.map(|children| view! { <div class="page-actions">{children()}</div> })}
        </header>
    }
}
