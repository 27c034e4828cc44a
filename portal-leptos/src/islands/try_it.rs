//! Talks to the draft beside its form, as the form stands. Without a script the same button sends the
//! form, and the page that comes back holds the answer.

use leptos::{ev, prelude::*};

use super::wire::TryTurn;

/// The trial so far, and the next question. `path` answers with a line for each
/// [`super::wire::TryEvent`]; the question's field is among the children.
#[island]
pub fn TryIt(
    path: String,
    turns: Vec<TryTurn>,
    problem: String,
    children: Children,
) -> impl IntoView {
    let talk = Talk {
        turns: RwSignal::new(turns),
        coming: RwSignal::new(None),
        problem: RwSignal::new(problem),
    };
    let path = StoredValue::new(path);
    let ask = move || browser::ask(path.get_value(), talk);
    let clicked = move |event: ev::MouseEvent| {
        event.prevent_default();
        ask();
    };
    let typed = move |event: ev::KeyboardEvent| {
        if event.key() == "Enter" && (event.ctrl_key() || event.meta_key()) {
            event.prevent_default();
            ask();
        }
    };
    let is_well = move || talk.problem.with(String::is_empty);
    view! {
        <div class="try-body" on:keydown=typed>
            <div class="try-log" role="log" aria-label="The trial so far" tabindex="0">
                {move || talk.turns.get().into_iter().map(turn).collect_view()}
                {move || talk.coming.get().map(coming)}
            </div>
            <p class="try-problem" role="alert" hidden=is_well>
                {move || talk.problem.get()}
            </p>
            {children()}
            {actions(talk, clicked)}
        </div>
    }
}

/// What can be done: ask, stop what is coming, and start over.
fn actions(talk: Talk, ask: impl Fn(ev::MouseEvent) + 'static) -> impl IntoView {
    let cleared = move |event: ev::MouseEvent| {
        event.prevent_default();
        browser::stop(talk);
        talk.turns.set(Vec::new());
        talk.problem.set(String::new());
    };
    let is_busy = move || talk.coming.with(Option::is_some);
    let is_new = move || talk.turns.with(Vec::is_empty);
    view! {
        <div class="form-actions">
            <button
                type="submit"
                class="button"
                data-variant="plain"
                name="do"
                value="try"
                disabled=is_busy
                on:click=ask
            >
                "Ask the draft"
            </button>
            <button
                type="button"
                class="button"
                data-variant="plain"
                hidden=move || !is_busy()
                on:click=move |_| browser::stop(talk)
            >
                "Stop"
            </button>
            <button
                type="submit"
                class="button"
                data-variant="quiet"
                name="do"
                value="try-again"
                hidden=is_new
                on:click=cleared
            >
                "Start over"
            </button>
        </div>
    }
}

/// A trial.
#[derive(Clone, Copy)]
struct Talk {
    turns: RwSignal<Vec<TryTurn>>,
    /// What came of the answer so far, while it is coming.
    coming: RwSignal<Option<String>>,
    problem: RwSignal<String>,
}

fn turn(turn: TryTurn) -> AnyView {
    let TryTurn { person, text, facts, prompt } = turn;
    let (who, name) = if person { ("You", "turn-person") } else { ("Answer", "turn-agent") };
    let facts = (!facts.is_empty()).then(|| view! { <p class="meta">{facts}</p> });
    let prompt = (!prompt.is_empty()).then(|| {
        view! {
            <details>
                <summary>"Show the prompt"</summary>
                <pre tabindex="0">{prompt}</pre>
            </details>
        }
    });
    view! {
        <div class="try-turn" data-person=person>
            <p class="try-who">{who}</p>
            <p class="prose">{text.clone()}</p>
            <input type="hidden" name=name value=text />
            {facts}
            {prompt}
        </div>
    }
    .into_any()
}

fn coming(text: String) -> AnyView {
    let text = if text.is_empty() { "…".to_owned() } else { text };
    view! {
        <div class="try-turn" aria-busy="true">
            <p class="try-who">"Answer"</p>
            <p class="prose">{text}</p>
        </div>
    }
    .into_any()
}

#[cfg(feature = "hydrate")]
#[path = "try_it/browser.rs"]
mod browser;

/// There is nothing to click in the server.
#[cfg(not(feature = "hydrate"))]
mod browser {
    use super::Talk;

    pub(super) fn ask(_: String, _: Talk) {}
    pub(super) fn stop(_: Talk) {}
}
