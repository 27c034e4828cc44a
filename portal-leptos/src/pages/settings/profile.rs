//! Who somebody is, here.

use axum::{extract::Form, response::Response};
use leptos::prelude::*;
use portal_ui::{
    Card, Definition, DefinitionList, FormErrors, InputKind, Problem, SubmitButton, TextField,
};
use serde::Deserialize;

use crate::{
    pages::{
        form::{WITH_PROBLEMS, go, problem_of},
        roles,
    },
    server::{
        error::PageError,
        flash::Flash,
        render::Cx,
        routes::{Need, Routes},
        session::Visited,
    },
};

pub(super) fn routes() -> Routes {
    Routes::default().get("/settings", Need::SignedIn, show).post(
        "/settings",
        Need::SignedIn,
        rename,
    )
}

/// What was typed.
#[derive(Deserialize)]
struct Typed {
    #[serde(default)]
    name: String,
}

async fn show(cx: Cx) -> Response {
    cx.page("Your settings", || body(&cx, cx.signed.name.clone(), Vec::new()))
}

async fn rename(
    cx: Cx,
    Visited(visit): Visited,
    Form(typed): Form<Typed>,
) -> Result<Response, PageError> {
    if typed.name.trim().is_empty() {
        let message = "Enter your name".to_owned();
        let problems = vec![Problem { field: "name".to_owned(), message }];
        let body = || body(&cx, typed.name, problems);
        return Ok(cx.page_with(WITH_PROBLEMS, "Your settings", body));
    }
    cx.portal.accounts.rename(&cx.signed, &typed.name, &visit).await?;
    Ok(go("/settings", &Flash::good("Your name is saved.")))
}

fn body(cx: &Cx, name: String, problems: Vec<Problem>) -> AnyView {
    let error = problem_of(&problems, "name");
    let who = &cx.signed.principal;
    let email = cx.signed.email.clone();
    let platform =
        who.platform.map(|role| ("This installation".to_owned(), roles::platform_words(role)));
    let tenants =
        who.tenants.iter().map(|(tenant, role)| (tenant.to_string(), roles::tenant_words(*role)));
    let roles: Vec<_> = platform
        .into_iter()
        .chain(tenants)
        .map(|(term, role)| view! { <Definition term>{role}</Definition> })
        .collect();
    let body = view! {
        <Card title="Profile">
            <form method="post" action="/settings" class="form">
                <FormErrors problems />
                <TextField
                    name="name"
                    label="Name"
                    value=name
                    error=error
                    required=true
                    autocomplete="name"
                    maxlength=100
                />
                <TextField
                    name="email"
                    label="E-mail"
                    kind=InputKind::Email
                    value=email
                    hint="You sign in with it. It cannot be changed."
                    readonly=true
                />
                <div class="form-actions"><SubmitButton>"Save"</SubmitButton></div>
            </form>
        </Card>
        <Card title="Your roles" lead="Administrators give and take them.">
            <DefinitionList>{roles}</DefinitionList>
        </Card>
    };
    super::page("/settings", body.into_any())
}
