//! All model groups that a tenant's agents may choose from.

use axum::{extract::Path, response::Response};
use leptos::prelude::*;
use portal_ui::{
    Card, Column, Definition, DefinitionList, EmptyState, Icon, LinkButton, PageHeader, Table,
    Variant,
};
use schemas::{ModelGroup, TenantId, directory::ModelDeployment};

use super::{May, address, words};
use crate::server::{error::PageError, render::Cx};

pub(super) async fn show(cx: Cx, Path(tenant): Path<TenantId>) -> Result<Response, PageError> {
    let desk = &cx.portal.desk;
    let groups = desk.model_groups(&cx.signed.principal, &tenant)?;
    let of_installation = desk.model_groups_of_installation();
    let may_write = May::of(&cx, &tenant).write;
    Ok(cx.page("Models", || view_of(&tenant, &groups, of_installation, may_write)))
}

fn view_of(
    tenant: &TenantId,
    groups: &[ModelGroup],
    of_installation: Vec<String>,
    may_write: bool,
) -> AnyView {
    let new = address(tenant).done() + "/new";
    let body = if groups.is_empty() {
        empty(tenant, may_write)
    } else {
        let rows: Vec<_> = groups.iter().map(|group| row(tenant, group)).collect();
        let columns: Vec<_> =
            ["Group", "Asked first", "Models", "Asked after it"].map(Column::new).into();
        view! { <Card flush=true><Table caption="Model groups" columns>{rows}</Table></Card> }
            .into_any()
    };
    let action = (may_write && !groups.is_empty()).then(|| {
        view! {
            <LinkButton href=new variant=Variant::Primary icon=Icon::Plus>"New group"</LinkButton>
        }
    });
    let others = others(groups, of_installation);
    view! {
        <PageHeader title="Models" lead="Which language models answer for the agents of this tenant.">
            {action}
        </PageHeader>
        {body}
        <Card
            title="Of this installation"
            lead="They answer where you have none of that name. Whoever runs this installation sets them up."
        >
            {others}
        </Card>
    }
    .into_any()
}

fn empty(tenant: &TenantId, may_write: bool) -> AnyView {
    let text = if may_write {
        "The models of this installation answer. With a group of your own, your agents answer by models that you choose, with your own keys."
    } else {
        "The models of this installation answer. An operator of this tenant sets up others: they are listed under Members."
    };
    let next = if may_write {
        ("Set up the first group".to_owned(), address(tenant).done() + "/new")
    } else {
        ("See the members".to_owned(), format!("/t/{tenant}/members"))
    };
    view! {
        <Card flush=true>
            <EmptyState title="No models of your own yet" text icon=Icon::Ai action=Some(next) />
        </Card>
    }
    .into_any()
}

fn row(tenant: &TenantId, group: &ModelGroup) -> AnyView {
    let href = address(tenant).done() + "/" + group.id.as_str();
    let name = group.id.to_string();
    let models = group.deployments.iter().map(model).collect_view();
    let after = if group.fallbacks.is_empty() {
        view! { <span class="meta">"none"</span> }.into_any()
    } else {
        view! { <span>{group.fallbacks.join(", ")}</span> }.into_any()
    };
    view! {
        <tr data-row="">
            <th scope="row"><a href=href data-row-link="">{name}</a></th>
            <td data-label="Asked first">{words::choice(group.choose)}</td>
            <td data-label="Models"><ul class="model-list">{models}</ul></td>
            <td data-label="Asked after it">{after}</td>
        </tr>
    }
    .into_any()
}

/// "claude: Anthropic, claude-sonnet-5-5, a key is stored".
fn model(it: &ModelDeployment) -> AnyView {
    let (name, model) = (it.name.clone(), it.model.clone());
    let (vendor, key) = (words::vendor(it.vendor), words::key(it));
    view! {
        <li>
            <span class="mono">{name}</span>
            <span class="meta">{format!(": {vendor}, {model}, {key}")}</span>
        </li>
    }
    .into_any()
}

/// The installation's groups, and whether they answer here.
fn others(groups: &[ModelGroup], names: Vec<String>) -> AnyView {
    if names.is_empty() {
        return view! { <p>"It has none, or they are not known to this portal."</p> }.into_any();
    }
    let line = |name: String| {
        let has_own = groups.iter().any(|group| group.id.as_str() == name);
        let said = if has_own { "Yours answers in its place." } else { "It answers here." };
        view! { <Definition term=name>{said}</Definition> }
    };
    let lines: Vec<_> = names.into_iter().map(line).collect();
    view! { <DefinitionList>{lines}</DefinitionList> }.into_any()
}
