//! A draft is given up for what is published.

use axum::{extract::Form, response::Response};
use leptos::prelude::*;
use portal_ui::{Card, FormErrors, LinkButton, Problem, SubmitButton, Variant};
use serde::Deserialize;

use super::{
    differences::side_by_side,
    parts::{At, Bench, Place, header},
};
use crate::{
    pages::form::{WITH_PROBLEMS, done, problems, within},
    server::{error::PageError, render::Cx},
};

/// What was looked at.
#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct Asked {
    revision: u32,
}

pub(super) async fn show(cx: Cx, at: At) -> Result<Response, PageError> {
    let bench = Bench::of(&cx, &at).await?;
    Ok(cx.page("Discard the draft", || view_of(&at, &bench, Vec::new())))
}

pub(super) async fn submit(
    cx: Cx,
    at: At,
    Form(asked): Form<Asked>,
) -> Result<Response, PageError> {
    let (desk, who) = (&cx.portal.desk, &cx.signed.principal);
    match desk.discard_draft(who, at.ids(), asked.revision).await {
        Ok(written) => {
            Ok(done(&at.path(""), "The draft is gone. This is what answers people.", written))
        }
        Err(error) => {
            let problems = problems(error)?;
            let bench = Bench::of(&cx, &at).await?;
            let view = || view_of(&at, &bench, problems);
            Ok(cx.page_with(WITH_PROBLEMS, "Discard the draft", view))
        }
    }
}

fn view_of(at: &At, bench: &Bench, problems: Vec<Problem>) -> AnyView {
    let Bench { draft, live } = bench;
    let (name, version) = (bench.name(at), live.version);
    let lead = format!("What is typed below is replaced by version {version}.");
    let header = header((at, &name, live), ("Discard the draft", Some(lead)), Place::Elsewhere);
    let right = format!("Version {version}");
    let body = live
        .config
        .as_ref()
        .and_then(|config| side_by_side(("Your draft", Some(&draft.fields)), (&right, config)));
    let body = body.unwrap_or_else(|| {
        view! { <p class="meta">"The draft and what is published are the same."</p> }.into_any()
    });
    view! {
        {header}
        <FormErrors problems=within(problems, &[]) />
        <Card title="What is given up">{body}</Card>
        <form method="post" action=at.path("/discard") class="form-actions">
            <input type="hidden" name="revision" value=draft.revision />
            <SubmitButton variant=Variant::Danger>"Discard the draft"</SubmitButton>
            <LinkButton href=at.path("")>"Keep it"</LinkButton>
        </form>
    }
    .into_any()
}
