//! Each component's output, written down; and what none of them may write.

use leptos::prelude::*;

use super::*;

/// Names and texts that try to be markup.
const HOSTILE: &str = r#"</textarea><script>alert(1)</script>" onload="x' &amp; <b>"#;

fn hostile() -> String {
    HOSTILE.to_owned()
}

/// Every component, every text of it hostile.
fn everything() -> Vec<(&'static str, String)> {
    vec![("button", view! { <Button icon=Icon::Plus>{hostile()}</Button> }.to_html())]
}

#[test]
fn hostile_text_stays_text() {
    for (name, html) in everything() {
        assert!(!html.contains("<script"), "{name}: {html}");
    }
}
