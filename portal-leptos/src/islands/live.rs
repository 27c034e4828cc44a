//! The list of what happens, going on by itself. Without a script it is a list.

#[cfg(feature = "hydrate")]
mod browser;

use leptos::prelude::*;
use serde::{Deserialize, Serialize};

/// The most lines that are kept, shown and held back alike.
const LINES_MAX: usize = 500;

/// One thing that happened, in words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// Its sequence on the log.
    pub seq: u64,
    /// When, as RFC 3339.
    pub at: String,
    /// When, as people read it.
    pub when: String,
    /// What it means: the word of a tone.
    pub tone: String,
    /// What happened.
    pub title: String,
    /// Who wrote.
    pub who: Option<String>,
    /// The first of what they wrote.
    pub words: Option<String>,
    /// What came of it.
    pub note: Option<String>,
    /// Where its story is.
    pub href: Option<String>,
}

/// Where the stream stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(not(feature = "hydrate"), expect(dead_code, reason = "the server is always asleep"))]
enum State {
    /// No script, or not yet.
    Asleep,
    /// News comes.
    Live,
    /// The browser tries again.
    Reconnecting,
    /// It does not come back by itself.
    Ended,
    /// Too much was missed to tell it one by one.
    Missed,
}

/// What the island holds.
#[derive(Clone, Copy)]
struct Tail {
    lines: RwSignal<Vec<Line>>,
    /// What came while somebody was reading, oldest first.
    held: RwSignal<Vec<Line>>,
    state: RwSignal<State>,
    /// Why news waits.
    pause: RwSignal<Pause>,
}

/// Whether somebody is busy with what is shown. It stands still until none of these holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each holds or not, whatever the others do")]
struct Pause {
    /// By the button.
    asked: bool,
    /// A line is pointed at.
    pointed: bool,
    /// A line has the keyboard.
    focused: bool,
    /// The newest is scrolled out of sight.
    scrolled: bool,
}

impl Pause {
    const fn holds(self) -> bool {
        self.asked || self.pointed || self.focused || self.scrolled
    }
}

impl Tail {
    fn new(lines: Vec<Line>) -> Self {
        Self {
            lines: RwSignal::new(lines),
            held: RwSignal::new(Vec::new()),
            state: RwSignal::new(State::Asleep),
            pause: RwSignal::new(Pause::default()),
        }
    }

    /// Another reason to wait, or one less; with the last of them, what was kept back is shown.
    fn hold(self, change: impl FnOnce(&mut Pause)) {
        let mut pause = self.pause.get_untracked();
        change(&mut pause);
        if pause != self.pause.get_untracked() {
            self.pause.set(pause);
        }
        if !pause.holds() {
            self.show_held();
        }
    }

    /// Something new: shown, or kept back.
    #[cfg(any(test, feature = "hydrate"))]
    fn take(self, line: Line) {
        if self.pause.get_untracked().holds() {
            self.held.update(|held| {
                held.push(line);
                // Nobody misses what would leave the list as soon as it came.
                let over = held.len().saturating_sub(LINES_MAX);
                held.drain(..over);
            });
        } else {
            self.show(vec![line]);
        }
    }

    fn show(self, news: Vec<Line>) {
        self.lines.update(|lines| {
            for line in news {
                if !lines.iter().any(|known| known.seq == line.seq) {
                    lines.insert(0, line);
                }
            }
            lines.truncate(LINES_MAX);
        });
    }

    fn show_held(self) {
        let held = self.held.get_untracked();
        if !held.is_empty() {
            self.held.set(Vec::new());
            self.show(held);
        }
    }
}

/// The newest lines, and those that come.
#[island]
pub fn LiveActivity(
    /// The newest first.
    lines: Vec<Line>,
    /// Where the rest comes from.
    stream: String,
) -> impl IntoView {
    let tail = Tail::new(lines);
    #[cfg(feature = "hydrate")]
    browser::follow(tail, stream);
    #[cfg(not(feature = "hydrate"))]
    drop(stream);
    let label = move || match (tail.state.get(), tail.pause.get().holds()) {
        (State::Asleep, _) => "Newest first. Reload to see more.",
        (State::Reconnecting, _) => "Reconnecting",
        (State::Ended, _) => "Stopped. Close other tabs like this one, then reload.",
        (State::Missed, _) => "A lot has happened meanwhile. Reload the page.",
        (State::Live, true) => "Paused",
        (State::Live, false) => "Live",
    };
    let word = move || match (tail.state.get(), tail.pause.get().holds()) {
        (State::Live, false) => "live",
        (State::Live, true) => "paused",
        _ => "waiting",
    };
    let is_awake = move || tail.state.get() != State::Asleep;
    let waiting = move || tail.held.with(Vec::len);
    let toggle = move |_| tail.hold(|pause| pause.asked = !pause.asked);
    let see = move |_| {
        tail.hold(|pause| *pause = Pause::default());
        #[cfg(feature = "hydrate")]
        browser::to_top();
    };
    let point = move |_| tail.hold(|pause| pause.pointed = true);
    let leave = move |_| tail.hold(|pause| pause.pointed = false);
    let focus = move |_| tail.hold(|pause| pause.focused = true);
    let blur = move |_| tail.hold(|pause| pause.focused = false);
    view! {
        <div class="live">
            <div class="live-bar">
                <p class="live-state" data-state=word role="status">{label}</p>
                <Show when=move || 0 < waiting()>
                    <button type="button" class="button" data-variant="plain" data-dense="" on:click=see>
                        {move || format!("{} new ↑", waiting())}
                    </button>
                </Show>
                <Show when=is_awake>
                    <button type="button" class="button" data-variant="quiet" data-dense="" on:click=toggle>
                        {move || if tail.pause.get().asked { "Go on" } else { "Pause" }}
                    </button>
                </Show>
            </div>
            <ol
                class="live-lines"
                on:mouseenter=point
                on:mouseleave=leave
                on:focusin=focus
                on:focusout=blur
            >
                <For each=move || tail.lines.get() key=|line| line.seq children=row />
            </ol>
        </div>
    }
}

fn row(line: Line) -> impl IntoView {
    let Line { at, when, tone, title, who, words, note, href, .. } = line;
    let title = match href {
        Some(href) => view! { <a href=href data-row-link="">{title}</a> }.into_any(),
        None => view! { <span>{title}</span> }.into_any(),
    };
    let said = words.map(|words| {
        let who = who.map(|who| view! { <strong>{who}</strong> ": " });
        view! { <p class="live-words">{who}{words}</p> }
    });
    view! {
        <li data-row="" data-tone=tone>
            <p class="live-title">{title}</p>
            {said}
            {note.map(|note| view! { <p class="live-note">{note}</p> })}
            <time class="meta" datetime=at title=when.clone() data-local="instant">{when.clone()}</time>
        </li>
    }
}

#[cfg(test)]
mod tests;
