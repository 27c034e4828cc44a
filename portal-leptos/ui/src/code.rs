//! What a machine reads, and which keys to press.

use leptos::prelude::*;

/// Code or data, as it is. The browser adds a button that copies it to `data-copy`; without a
/// script one click selects it all.
#[component]
pub fn CodeBlock(
    /// What it is.
    #[prop(into)]
    label: String,
    /// The text.
    #[prop(into)]
    code: String,
) -> impl IntoView {
    view! {
        <figure class="code">
            <figcaption>{label.clone()}</figcaption>
            <pre tabindex="0" data-copy aria-label=label><code>{code}</code></pre>
        </figure>
    }
}

/// The keys of a shortcut, pressed one after the other or together.
#[component]
pub fn KeyHint(
    /// In order, e.g. `["Ctrl", "K"]`.
    keys: Vec<&'static str>,
) -> impl IntoView {
    let keys = keys.into_iter().map(|key| view! { <kbd>{key}</kbd> }).collect_view();
    view! { <span class="keys">{keys}</span> }
}
