//! A tool is taken away.

use axum::{extract::Path, response::Response};
use leptos::prelude::*;
use portal_ui::{
    Banner, Card, Crumb, FormErrors, LinkButton, PageHeader, Problem, SubmitButton, Tone, Variant,
};
use schemas::{TenantId, ToolId};

use super::{Found, address, users};
use crate::{
    pages::form::{WITH_PROBLEMS, done, problems},
    server::{error::PageError, render::Cx},
};

type At = Path<(TenantId, ToolId)>;

pub(super) async fn show(cx: Cx, Path((tenant, id)): At) -> Result<Response, PageError> {
    let found = Found::of(&cx, &tenant, &id)?;
    Ok(cx.page(&title(&id), || view_of(&tenant, &found, Vec::new())))
}

pub(super) async fn submit(cx: Cx, Path((tenant, id)): At) -> Result<Response, PageError> {
    let found = Found::of(&cx, &tenant, &id)?;
    match cx.portal.desk.remove_tool(&cx.signed.principal, &tenant, &id).await {
        Ok(written) => {
            let said = format!("{id} is removed, and its secrets are forgotten.");
            Ok(done(&address(&tenant).done(), &said, written))
        }
        Err(error) => {
            let problems = problems(error)?;
            let view = || view_of(&tenant, &found, problems);
            Ok(cx.page_with(WITH_PROBLEMS, &title(&id), view))
        }
    }
}

fn title(id: &ToolId) -> String {
    format!("Remove {id}")
}

fn view_of(tenant: &TenantId, found: &Found, problems: Vec<Problem>) -> AnyView {
    let id = &found.tool.id;
    let (all, own) = (address(tenant).done(), format!("{}/{id}", address(tenant).done()));
    let crumbs = vec![Crumb::new("Tools", all), Crumb::new(id.as_str(), own.clone())];
    let body = if found.is_in_use() {
        let answering: Vec<_> = found.users.iter().filter(|it| it.answers).cloned().collect();
        let answering = users(tenant, &answering);
        view! {
            <Banner tone=Tone::Warn title="Agents that answer people have it">
                <p>{answering}</p>
                <p>"Untick it in their Designer and publish them first. Then it can go."</p>
            </Banner>
            <p><LinkButton href=own>"Back to the tool"</LinkButton></p>
        }
        .into_any()
    } else {
        let drafts = (!found.users.is_empty()).then(|| {
            let drafts = users(tenant, &found.users);
            view! {
                <p>
                    "It is in these drafts, and will be shown as missing there: " <span>{drafts}</span>
                </p>
            }
        });
        let (action, title) = (format!("{own}/remove"), title(id));
        view! {
            <Card>
                <form method="post" action=action class="form">
                    <p>
                        "No agent that answers people has it. Its declaration stays in the audit; its secrets are forgotten for good."
                    </p>
                    {drafts}
                    <div class="form-actions">
                        <SubmitButton variant=Variant::Danger>{title}</SubmitButton>
                        <LinkButton href=own>"Keep it"</LinkButton>
                    </div>
                </form>
            </Card>
        }
        .into_any()
    };
    view! {
        <PageHeader title=title(id) crumbs />
        <FormErrors problems />
        {body}
    }
    .into_any()
}
