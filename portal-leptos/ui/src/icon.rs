//! Icons, drawn in place: no request, and they take the colour of the words beside them.

mod paths;

use leptos::prelude::*;

pub use paths::Icon;

/// An icon. It says nothing aloud unless it has a `title`: the word beside it does.
#[component]
pub fn Symbol(
    /// Which.
    icon: Icon,
    /// What it says where no word stands beside it.
    #[prop(optional, into)]
    title: Option<String>,
) -> impl IntoView {
    let hidden = title.is_none().then_some("true");
    let role = title.is_some().then_some("img");
    view! {
        <svg
            class="icon"
            viewBox="0 0 24 24"
            width="18"
            height="18"
            role=role
            aria-label=title
            aria-hidden=hidden
            inner_html=icon.paths()
        ></svg>
    }
}
