//! What lies over the page, on the browser's own elements.

use leptos::prelude::*;

use crate::{Icon, Symbol};

/// A question over the page, on `<dialog>`. Opened by a button with `command="show-modal"` and
/// `commandfor` its id; anything that can be reached only through it must be on a page too.
#[component]
pub fn Dialog(
    /// Its id.
    #[prop(into)]
    id: String,
    /// What is asked.
    #[prop(into)]
    title: String,
    /// Shown in its place on the page rather than over it.
    #[prop(optional)]
    open: bool,
    /// The words, and a form with its buttons.
    children: Children,
) -> impl IntoView {
    let title_id = format!("{id}-title");
    let named_by = title_id.clone();
    view! {
        <dialog class="dialog" id=id aria-labelledby=named_by open=open>
            <header class="dialog-header">
                <h2 id=title_id>{title}</h2>
                <form method="dialog">
                    <button class="button" data-variant="quiet" data-icon-only data-dense>
                        <Symbol icon=Icon::Close title="Close" />
                    </button>
                </form>
            </header>
            <div class="dialog-body">{children()}</div>
        </dialog>
    }
}

/// A button and what it opens, on `popover`. Holds links and small forms.
#[component]
pub fn Menu(
    /// Its id.
    #[prop(into)]
    id: String,
    /// The words of the button.
    #[prop(into)]
    label: String,
    /// Drawn before the words.
    #[prop(optional)]
    icon: Option<Icon>,
    /// The words are read aloud and not shown.
    #[prop(optional)]
    icon_only: bool,
    /// Opens towards the start of the line, for a menu at the end of it.
    #[prop(optional)]
    end: bool,
    /// The links and forms.
    children: Children,
) -> impl IntoView {
    let class = icon_only.then_some("visually-hidden");
    let chevron = (!icon_only).then(|| view! { <Symbol icon=Icon::ChevronDown /> });
    view! {
        <div class="menu" data-end=end>
            <button
                type="button"
                class="button"
                data-variant="quiet"
                data-icon-only=icon_only
                popovertarget=id.clone()
            >
                {icon.map(|icon| view! { <Symbol icon /> })}
                <span class=class>{label}</span>
                {chevron}
            </button>
            <div class="menu-list" id=id popover="auto">{children()}</div>
        </div>
    }
}
