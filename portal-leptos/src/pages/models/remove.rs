//! A model group is taken away.

use axum::{extract::Path, response::Response};
use leptos::prelude::*;
use portal_ui::{Card, Crumb, FormErrors, LinkButton, PageHeader, Problem, SubmitButton, Variant};
use schemas::{ModelGroupId, TenantId};

use super::{address, found};
use crate::{
    pages::form::{WITH_PROBLEMS, done, problems},
    server::{error::PageError, render::Cx},
};

type At = Path<(TenantId, ModelGroupId)>;

pub(super) async fn show(cx: Cx, Path((tenant, id)): At) -> Result<Response, PageError> {
    found(&cx, &tenant, &id)?;
    let instead = takes_its_place(&cx, &id);
    Ok(cx.page(&title(&id), || view_of(&tenant, &id, instead, Vec::new())))
}

pub(super) async fn submit(cx: Cx, Path((tenant, id)): At) -> Result<Response, PageError> {
    found(&cx, &tenant, &id)?;
    match cx.portal.desk.remove_model_group(&cx.signed.principal, &tenant, &id).await {
        Ok(written) => {
            let said = format!("{id} is removed, and its keys are forgotten.");
            Ok(done(&address(&tenant).done(), &said, written))
        }
        Err(error) => {
            let (problems, instead) = (problems(error)?, takes_its_place(&cx, &id));
            let view = || view_of(&tenant, &id, instead, problems);
            Ok(cx.page_with(WITH_PROBLEMS, &title(&id), view))
        }
    }
}

/// Whether the installation has a group of that name.
fn takes_its_place(cx: &Cx, id: &ModelGroupId) -> bool {
    cx.portal.desk.model_groups_of_installation().iter().any(|name| name == id.as_str())
}

fn title(id: &ModelGroupId) -> String {
    format!("Remove {id}")
}

fn view_of(tenant: &TenantId, id: &ModelGroupId, instead: bool, problems: Vec<Problem>) -> AnyView {
    let (all, own) = (address(tenant).done(), format!("{}/{id}", address(tenant).done()));
    let crumbs = vec![Crumb::new("Models", all), Crumb::new(id.as_str(), own.clone())];
    let then = if instead {
        format!(
            "From the next request on, the group {id} of this installation answers in its place."
        )
    } else {
        format!(
            "This installation has no group {id}: as long as an agent that answers people is set to \
             it, or another group of yours asks it next, it stays."
        )
    };
    let (action, words) = (format!("{own}/remove"), title(id));
    view! {
        <PageHeader title=title(id) crumbs />
        <FormErrors problems />
        <Card>
            <form method="post" action=action class="form">
                <p>{then}</p>
                <p>"What it was stays in the audit; its keys are forgotten for good."</p>
                <div class="form-actions">
                    <SubmitButton variant=Variant::Danger>{words}</SubmitButton>
                    <LinkButton href=own>"Keep it"</LinkButton>
                </div>
            </form>
        </Card>
    }
    .into_any()
}
