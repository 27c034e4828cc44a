//! What every page has: it says that the page is awake.

use leptos::prelude::*;

/// Marks the document once the page's islands are awake, so that tests and styles can tell.
#[island]
pub fn Awake() -> impl IntoView {
    Effect::new(|| {
        if let Some(body) = document().body() {
            drop(body.set_attribute("data-hydrated", ""));
        }
    });
    view! { <span hidden></span> }
}
