//! Values in words, with the exact value beside them where it helps.

use leptos::prelude::*;
use schemas::Timestamp;

use crate::format;

/// An instant, in UTC. The browser rewrites what carries `data-local` to the reader's own zone.
#[component]
pub fn Time(
    /// When.
    at: Timestamp,
    /// Now, to say how long ago instead. The exact instant is then in the title.
    #[prop(optional_no_strip)]
    now: Option<Timestamp>,
) -> impl IntoView {
    let exact = format::instant(at);
    let (text, form) = match now {
        Some(now) => (format::relative(at, now), "relative"),
        None => (exact.clone(), "instant"),
    };
    view! { <time datetime=at.to_string() title=exact data-local=form>{text}</time> }
}

/// An amount in millionths of a dollar.
#[component]
pub fn Money(
    /// How much; nothing where no price is known.
    #[prop(into)]
    micros: Option<u64>,
    /// In plain words: "≈ 0.4 ¢".
    #[prop(optional)]
    about: bool,
) -> impl IntoView {
    match micros {
        None => view! { <span class="meta">"no price"</span> }.into_any(),
        Some(micros) => {
            let exact = format::dollars(micros);
            let text = if about { format::about(micros) } else { exact.clone() };
            view! { <data class="numbers" value=micros title=exact>{text}</data> }.into_any()
        }
    }
}

/// A count, its thousands set apart.
#[component]
pub fn Count(
    /// How many.
    of: u64,
    /// "12.8k" rather than "12,840".
    #[prop(optional)]
    short: bool,
) -> impl IntoView {
    let exact = format::count(of);
    let text = if short { format::short_count(of) } else { exact.clone() };
    view! { <data class="numbers" value=of title=exact>{text}</data> }
}

/// How long something took.
#[component]
pub fn Duration(
    /// In milliseconds.
    millis: u64,
) -> impl IntoView {
    let text = format::duration(std::time::Duration::from_millis(millis));
    view! { <data class="numbers" value=millis title=format!("{} ms", format::count(millis))>{text}</data> }
}
