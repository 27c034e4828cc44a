//! What every page can do by keyboard, times in the reader's own zone, and a word when a new version
//! is there. All of it can be reached without: the palette and the keys only lead to links.

#[cfg(feature = "hydrate")]
mod browser;
mod found;
#[cfg(any(feature = "hydrate", test))]
mod keys;

use leptos::prelude::*;
use portal_ui::KeyHint;
use serde::{Deserialize, Serialize};

use self::found::{Answer, asked, found};

/// Somewhere to go.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Target {
    /// What it is called.
    pub label: String,
    /// What it is, e.g. `Agent`.
    pub kind: String,
    /// Where it is.
    pub href: String,
}

/// What the island holds.
#[derive(Clone, Copy)]
struct Palette {
    /// Pages and agents; asked for when it is first opened.
    targets: RwSignal<Vec<Target>>,
    /// Tenants; asked for whenever something else is typed.
    tenants: RwSignal<Answer>,
    /// What was typed.
    typed: RwSignal<String>,
    /// Whether the server is of a newer version than the page.
    newer: RwSignal<bool>,
}

impl Palette {
    fn found(self) -> Vec<Target> {
        let (typed, tenants) = (self.typed.get(), self.tenants.get());
        self.targets.with(|targets| found(targets, &tenants, &typed))
    }

    /// Whether the server has said which tenants fit.
    fn is_answered(self) -> bool {
        let asked = asked(&self.typed.get());
        self.tenants.with(|answer| answer.to.as_ref() == Some(&asked))
    }
}

/// The shortcuts, as the sheet shows them.
const SHEET: [(&[&str], &str); 13] = [
    (&["Ctrl", "K"], "Go to anything"),
    (&["?"], "Show this sheet"),
    (&["/"], "Search on this page"),
    (&["J"], "Next line"),
    (&["K"], "Line before"),
    (&["Enter"], "Open the line"),
    (&["Esc"], "Clear, then leave a field; close what is open"),
    (&["G", "H"], "Home of the tenant"),
    (&["G", "A"], "Agents"),
    (&["G", "C"], "Channels"),
    (&["G", "V"], "Conversations"),
    (&["G", "L"], "Live activity"),
    (&["G", "T"], "Tenants"),
];

/// Once on every page.
#[island]
pub fn Frame(
    /// Whether single keys do something; WCAG 2.1.4 asks that they can be turned off.
    keys: bool,
    /// The tenant that the page is about.
    tenant: Option<String>,
) -> impl IntoView {
    let palette = Palette {
        targets: RwSignal::new(Vec::new()),
        tenants: RwSignal::new(Answer::default()),
        typed: RwSignal::new(String::new()),
        newer: RwSignal::new(false),
    };
    #[cfg(feature = "hydrate")]
    browser::start(palette, keys, tenant);
    #[cfg(not(feature = "hydrate"))]
    drop((keys, tenant));
    // Enter goes to the first that fits.
    let first = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        if let Some(target) = untrack(|| palette.found()).into_iter().next() {
            drop(window().location().assign(&target.href));
        }
    };
    let rows = SHEET.map(|(keys, does)| {
        view! { <div><dt><KeyHint keys=keys.to_vec() /></dt><dd>{does}</dd></div> }
    });
    view! {
        <dialog class="dialog palette" id="palette" aria-label="Go to">
            <form method="dialog" class="palette-form" on:submit=first>
                <input
                    class="input"
                    id="palette-input"
                    type="text"
                    aria-label="Where to"
                    placeholder="Where to?"
                    autocomplete="off"
                    prop:value=move || palette.typed.get()
                    on:input:target=move |event| palette.typed.set(event.target().value())
                />
            </form>
            <ul class="palette-list" id="palette-list">
                <For each=move || palette.found() key=|target| target.href.clone() children=target />
            </ul>
            <p class="meta" role="status">
                {move || {
                    let is_nothing = palette.is_answered() && palette.found().is_empty();
                    is_nothing.then_some("Nothing is called that.")
                }}
            </p>
        </dialog>
        <dialog class="dialog" id="shortcuts" aria-labelledby="shortcuts-title">
            <header class="dialog-header">
                <h2 id="shortcuts-title">"Keys"</h2>
                <form method="dialog">
                    <button class="button" data-variant="quiet" data-dense="">"Close"</button>
                </form>
            </header>
            <div class="dialog-body">
                <dl class="shortcuts">{rows.collect_view()}</dl>
                <p class="meta">"Single keys can be turned off in your settings."</p>
            </div>
        </dialog>
        <Show when=move || palette.newer.get()>
            <div class="newer" role="status">
                <p>"A new version of Konstruct is here. What you have typed is safe until you reload."</p>
                <a class="button" data-variant="plain" data-dense="" href="">"Reload"</a>
            </div>
        </Show>
    }
}

fn target(target: Target) -> impl IntoView {
    let Target { label, kind, href } = target;
    view! { <li><a href=href><span>{label}</span><span class="meta">{kind}</span></a></li> }
}
