//! Keeps what is typed while it is typed. Without a script the button does it.

use leptos::prelude::*;

/// How the draft stands: what the children say until something is typed, then what became of it.
/// `path` takes the form as it stands; `key` names the agent where the browser keeps what could not be
/// sent.
#[island]
pub fn Autosave(path: String, key: String, children: Children) -> impl IntoView {
    let state = RwSignal::new(State::Begun);
    Effect::new(move || browser::watch(path.clone(), key.clone(), state));
    let is_begun = move || state.with(|state| *state == State::Begun);
    let has_ended = move || state.with(|state| *state == State::Ended);
    let is_left = move || state.with(|state| *state == State::Left);
    view! {
        <div class="draft-state" role="status">
            <strong>"Draft"</strong>
            <span class="draft-begun" hidden=move || !is_begun()>{children()}</span>
            <span hidden=is_begun>{move || state.with(words)}</span>
            <a hidden=move || !has_ended() href="/sign-in" target="_blank" rel="noopener">
                "Sign in in a new tab"
            </a>
            <button
                type="button"
                class="button"
                data-variant="plain"
                data-dense
                hidden=move || !is_left()
                on:click=move |_| browser::bring_back()
            >
                "Bring it back"
            </button>
        </div>
    }
}

/// What became of what was typed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(not(feature = "hydrate"), expect(dead_code, reason = "states of the browser"))]
enum State {
    /// Nothing was typed yet.
    Begun,
    /// It is on its way.
    Saving,
    /// It is kept: when, and what it is beyond.
    Saved(String, String),
    /// It is kept, and so are fields of somebody else: when, which, and whether a row is missing here.
    Merged(String, String, bool),
    /// Somebody else saved these fields too.
    Conflict(String),
    /// It cannot be kept as it is.
    Wrong(String),
    /// The portal cannot be reached.
    Offline,
    /// The session has ended.
    Ended,
    /// Something that was not saved is kept in this browser.
    Left,
}

fn words(state: &State) -> String {
    match state {
        State::Begun => String::new(),
        State::Saving => "saving…".to_owned(),
        State::Saved(at, since) => format!("saved {at} · {since}"),
        State::Merged(at, labels, false) => {
            format!("saved {at} · somebody else changed {labels}: the form shows theirs now")
        }
        State::Merged(at, labels, true) => {
            format!("saved {at} · somebody else changed {labels}: reload the page to see it all")
        }
        State::Conflict(labels) => {
            format!("not saved · somebody else changed {labels} too: press “Save draft” to choose")
        }
        State::Wrong(problem) => format!("not saved yet · {problem}"),
        State::Offline => {
            "offline · what you type is kept in this browser, and sent later".to_owned()
        }
        State::Ended => {
            "your session has ended · what you type is kept here, and saved once you are back"
                .to_owned()
        }
        State::Left => "this browser holds changes that were never saved".to_owned(),
    }
}

#[cfg(feature = "hydrate")]
#[path = "autosave/browser.rs"]
mod browser;

/// Nobody types in the server.
#[cfg(not(feature = "hydrate"))]
mod browser {
    use leptos::prelude::RwSignal;

    use super::State;

    pub(super) fn watch(_: String, _: String, _: RwSignal<State>) {}
    pub(super) fn bring_back() {}
}
