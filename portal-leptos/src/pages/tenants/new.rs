//! The form that makes a tenant.

use axum::{extract::Form, response::Response};
use leptos::prelude::*;
use portal_ui::{Card, FormErrors, LinkButton, PageHeader, Problem, SubmitButton, TextField};
use schemas::Limits;
use serde::Deserialize;

use crate::{
    pages::form::{WITH_PROBLEMS, done, problem_of, problems},
    server::{error::PageError, render::Cx},
};

/// What was typed into the form of a new tenant.
#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct NewTenant {
    name: String,
    slug: String,
}

pub(super) async fn show(cx: Cx) -> Response {
    cx.page("New tenant", || view_of(NewTenant::default(), Vec::new()))
}

pub(super) async fn create(cx: Cx, Form(typed): Form<NewTenant>) -> Result<Response, PageError> {
    let (desk, who) = (&cx.portal.desk, &cx.signed.principal);
    let slug = if typed.slug.trim().is_empty() {
        domain::names::slug_of(&typed.name)
    } else {
        typed.slug.trim().to_owned()
    };
    match desk.create_tenant(who, &slug, typed.name.trim(), Limits::default()).await {
        Ok(written) => {
            let said = format!("{} is here. Next: its first agent.", typed.name.trim());
            Ok(done(&format!("/t/{slug}"), &said, written))
        }
        Err(error) => {
            let problems = problems(error)?;
            Ok(cx.page_with(WITH_PROBLEMS, "New tenant", || view_of(typed, problems)))
        }
    }
}

fn view_of(typed: NewTenant, problems: Vec<Problem>) -> AnyView {
    let (name, slug) = (problem_of(&problems, "name"), problem_of(&problems, "slug"));
    view! {
        <PageHeader
            title="New tenant"
            lead="A company that hires agents. Its data are kept apart from everybody else's."
        />
        <Card>
            <form method="post" action="/tenants/new" class="stack">
                <FormErrors problems />
                <TextField name="name" label="Name" value=typed.name error=name required=true maxlength=200 />
                <TextField
                    name="slug"
                    label="Slug"
                    value=typed.slug
                    error=slug
                    hint="Lower-case letters, digits and dashes. It stands in addresses and never changes; left empty, it is made from the name."
                    maxlength=40
                />
                <div class="form-actions">
                    <SubmitButton>"Create tenant"</SubmitButton>
                    <LinkButton href="/tenants">"Cancel"</LinkButton>
                </div>
            </form>
        </Card>
    }
    .into_any()
}
