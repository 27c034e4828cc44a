//! Whether single keys do something (WCAG 2.1.4: they can be turned off).

use accounts::LocalPath;
use axum::{extract::Form, response::Response};
use leptos::prelude::*;
use portal_ui::{Card, KeyHint, SubmitButton, Switch};
use serde::Deserialize;

use super::appearance::kept;
use crate::server::{
    error::PageError,
    render::{Cx, SINGLE_KEYS_COOKIE},
    routes::{Need, Routes},
};

const PAGE: &str = "/settings/shortcuts";

pub(super) fn routes() -> Routes {
    Routes::default().get(PAGE, Need::SignedIn, show).post(PAGE, Need::SignedIn, save)
}

/// What is chosen.
#[derive(Deserialize)]
struct Chosen {
    single_keys: Option<String>,
}

async fn show(cx: Cx) -> Response {
    cx.page("Shortcuts", || super::page(PAGE, body(cx.asked.single_keys)))
}

async fn save(Form(chosen): Form<Chosen>) -> Result<Response, PageError> {
    let word = if chosen.single_keys.is_some() { "on" } else { "off" };
    kept(SINGLE_KEYS_COOKIE, word, &LocalPath::parse(PAGE))
}

fn body(single_keys: bool) -> AnyView {
    view! {
        <Card
            title="Single keys"
            lead="Turn them off if you speak to your computer, or if they get in your way. What takes Ctrl stays."
        >
            <form method="post" action=PAGE class="form">
                <Switch
                    name="single_keys"
                    label="Single keys do something"
                    checked=single_keys
                    hint="In this browser. Press ? on any page to see what they do."
                />
                <div class="form-actions"><SubmitButton>"Save"</SubmitButton></div>
            </form>
        </Card>
        <Card title="Always on">
            <p><KeyHint keys=vec!["Ctrl", "K"] /> " finds pages, agents and tenants."</p>
        </Card>
    }
    .into_any()
}
