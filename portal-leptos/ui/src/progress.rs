//! How far something is.

use leptos::prelude::*;

use crate::{Tone, format};

/// How far a task is, on `<progress>`; without `done` it says only that it runs.
#[component]
pub fn Progress(
    /// What runs.
    #[prop(into)]
    label: String,
    /// How much is done.
    #[prop(optional_no_strip)]
    done: Option<u64>,
    /// How much there is.
    #[prop(default = 100)]
    total: u64,
) -> impl IntoView {
    let said = done.map(|done| format::percent(done, total));
    view! {
        <div class="gauge">
            <p><span>{label.clone()}</span><span class="numbers">{said}</span></p>
            <progress aria-label=label.clone() value=done max=total></progress>
        </div>
    }
}

/// How much of a budget is used. Says in words when it is nearly or wholly used up.
#[component]
pub fn Meter(
    /// What is used.
    #[prop(into)]
    label: String,
    /// How much.
    used: u64,
    /// How much there is.
    limit: u64,
    /// Both in words, e.g. "$3.10 of $20.00".
    #[prop(into)]
    text: String,
) -> impl IntoView {
    let (tone, word) = match () {
        () if limit <= used => (Tone::Bad, Some("used up")),
        () if limit - limit / 5 <= used => (Tone::Warn, Some("nearly used up")),
        () => (Tone::Ok, None),
    };
    // In hundredths of a percent of the width, so that any numbers fit.
    let share = u128::from(used.min(limit)) * 10_000 / u128::from(limit.max(1));
    let width = format!("{}.{:02}%", share / 100, share % 100);
    let value = format!("{text}{}", word.map(|it| format!(", {it}")).unwrap_or_default());
    view! {
        <div class="gauge" data-tone=tone.word()>
            <p>
                <span>{label.clone()}</span>
                <span class="numbers">{value.clone()}</span>
            </p>
            <svg class="gauge-bar" role="img" aria-label=format!("{label}: {value}")>
                <rect class="gauge-track" width="100%" height="100%" rx="3"></rect>
                <rect class="gauge-fill" width=width height="100%" rx="3"></rect>
            </svg>
        </div>
    }
}
