//! An agent leaves.

use axum::{extract::Form, response::Response};
use leptos::prelude::*;
use portal_ui::{Card, FormErrors, LinkButton, Problem, SubmitButton, TextField, Variant};
use serde::Deserialize;

use super::parts::{At, Bench, Place, header};
use crate::{
    pages::form::{WITH_PROBLEMS, done, problem_of, problems, within},
    server::{error::PageError, render::Cx},
};

/// The name, typed to be sure.
#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct Typed {
    name: String,
}

pub(super) async fn show(cx: Cx, at: At) -> Result<Response, PageError> {
    let bench = Bench::of(&cx, &at).await?;
    Ok(cx.page(&title(&at, &bench), || view_of(&at, &bench, String::new(), Vec::new())))
}

pub(super) async fn submit(
    cx: Cx,
    at: At,
    Form(typed): Form<Typed>,
) -> Result<Response, PageError> {
    let bench = Bench::of(&cx, &at).await?;
    let name = bench.name(&at);
    let retired = if typed.name.trim() == name {
        let (desk, who) = (&cx.portal.desk, &cx.signed.principal);
        match desk.retire_agent(who, &at.tenant, &at.agent).await {
            Ok(written) => Ok(written),
            Err(error) => Err(problems(error)?),
        }
    } else {
        let message = format!("Type {name} as it is written here");
        Err(vec![Problem { field: "name".to_owned(), message }])
    };
    match retired {
        Ok(written) => {
            let said = format!("{name} has retired. Publishing a version brings it back.");
            Ok(done(&format!("/t/{}/agents", at.tenant), &said, written))
        }
        Err(problems) => {
            let view = || view_of(&at, &bench, typed.name, problems);
            Ok(cx.page_with(WITH_PROBLEMS, &title(&at, &bench), view))
        }
    }
}

fn title(at: &At, bench: &Bench) -> String {
    format!("Retire {}", bench.name(at))
}

fn view_of(at: &At, bench: &Bench, typed: String, problems: Vec<Problem>) -> AnyView {
    let name = bench.name(at);
    let lead = "It answers nobody any more. Its versions and conversations stay, and publishing \
                brings it back.";
    let title = title(at, bench);
    let header =
        header((at, &name, &bench.live), (&title, Some(lead.to_owned())), Place::Elsewhere);
    let (action, back) = (at.path("/retire"), at.path(""));
    let wrong = problem_of(&problems, "name");
    view! {
        {header}
        <Card>
            <form method="post" action=action class="form">
                <FormErrors problems=within(problems, &["name"]) />
                <TextField
                    name="name"
                    label=format!("Type {name} to be sure")
                    value=typed
                    error=wrong
                    required=true
                    autocomplete="off"
                />
                <div class="form-actions">
                    <SubmitButton variant=Variant::Danger>{title}</SubmitButton>
                    <LinkButton href=back>"Keep it"</LinkButton>
                </div>
            </form>
        </Card>
    }
    .into_any()
}
