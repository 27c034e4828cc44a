//! How a tenant stood at a moment, what it had, and what is different now.

use axum::{
    extract::{Path, Query},
    response::Response,
};
use domain::{
    access::Permission,
    difference::{FieldChange, of_tenant},
};
use leptos::prelude::*;
use portal_ui::{
    Badge, Card, Column, Crumb, Definition, DefinitionList, EmptyState, Icon, PageHeader,
    Pagination, Table,
};
use schemas::{Tenant, TenantId, TenantStatus};
use views::{Past, TenantLine, There, ThereLine};

use super::{
    address::Address,
    past::{Asked, Looked, authors, bar, different, form, not_yet},
};
use crate::server::{
    error::PageError,
    render::Cx,
    routes::{Need, Routes},
};

pub(crate) fn routes() -> Routes {
    Routes::default().get("/t/{tenant}/past", Need::Tenant(Permission::TenantRead), show)
}

async fn show(
    cx: Cx,
    Path(tenant): Path<TenantId>,
    Query(asked): Query<Asked>,
) -> Result<Response, PageError> {
    let (views, who, now) = (&cx.portal.views, &cx.signed.principal, cx.now());
    let line = views.tenant(who, &tenant, now).await?;
    let looked = asked.looked(now);
    let past = views.tenant_past(who, &tenant, looked.until()).await?;
    let there = views.there(who, &tenant, looked.until(), &asked.after).await?;
    let names = authors(&cx, &past.moments).await?;
    let page = Address::of_tenant(&tenant, &["past"]);
    let title = format!("{} over time", line.tenant.name);
    Ok(cx.page_with(looked.status(), &title, || {
        let bar = bar(&page, &past.moments, &names);
        let shown = Shown { line: &line, page: &page, looked: &looked, asked: &asked };
        // Where there was no tenant, it had nothing.
        let there = past.then.is_some().then(|| all(shown, there));
        let state = state(&line, &page, &looked, past);
        let crumbs = vec![Crumb::new("Tenant", format!("/t/{tenant}/settings"))];
        let lead = "How it stood at any moment, what it had, and what is different now.";
        view! {
            <PageHeader title=title.clone() lead=lead crumbs />
            <div class="stack">
                {form(&page, &looked)} {bar} {state} {there}
                <p class="meta">
                    "Roles of people are not among the changes of a tenant: "
                    <a href=format!("/t/{tenant}/members")>"Members"</a> " shows who has one now."
                </p>
            </div>
        }
        .into_any()
    }))
}

fn state(line: &TenantLine, page: &Address, looked: &Looked, past: Past<Tenant>) -> AnyView {
    let Past { moments, then, now } = past;
    let Some(then) = then else {
        return not_yet(&line.tenant.name, page, (looked, &moments));
    };
    let changes = now.map(|now| of_tenant(Some(&then), &now)).unwrap_or_default();
    let different = different(looked, changes, label);
    // Against nothing, every field is another.
    let terms = of_tenant(None, &then).into_iter().map(|FieldChange { field, after, .. }| {
        view! { <Definition term=label(field)>{after}</Definition> }
    });
    let terms = terms.collect_view();
    view! {
        <Card title=looked.words()><DefinitionList>{terms}</DefinitionList></Card>
        {different}
    }
    .into_any()
}

fn label(field: &str) -> &'static str {
    match field {
        "name" => "Name",
        "messages_per_minute" => "Messages a minute",
        "per_channel" => "Of these through a channel",
        "keep_days" => "Days that conversations are kept, where set",
        "daily_budget" => "Budget of a day",
        "monthly_budget" => "Budget of a month",
        "status" => "State",
        _ => "Other",
    }
}

/// What a list of things is shown with.
#[derive(Clone, Copy)]
struct Shown<'a> {
    line: &'a TenantLine,
    page: &'a Address,
    looked: &'a Looked,
    asked: &'a Asked,
}

fn all(shown: Shown<'_>, there: There) -> AnyView {
    let There { lines, next } = there;
    let on = || shown.looked.on(shown.page.clone());
    let first = (!shown.asked.after.is_empty()).then(|| on().done());
    let next = next.map(|after| on().with("after", &after).done());
    let title = if first.is_some() { "It had nothing more" } else { "It had nothing yet" };
    let body = if lines.is_empty() {
        view! {
            <EmptyState
                title
                text="Agents, channels, tools and models that the tenant had stand here."
                icon=Icon::Layers
            />
        }
        .into_any()
    } else {
        let rows = lines.into_iter().map(|it| row(shown, it)).collect_view();
        let columns: Vec<_> = ["Name", "What", "State", "More"].map(Column::new).into();
        view! { <Table caption="What the tenant had" columns>{rows}</Table> }.into_any()
    };
    view! {
        <Card title="What it had" flush=true>{body}</Card>
        <Pagination newer=first older=next words=("First", "More") />
    }
    .into_any()
}

fn row(shown: Shown<'_>, it: ThereLine) -> AnyView {
    let tenant = &shown.line.tenant;
    let ThereLine { what, id, name, stood } = it;
    let of = |parts: &[&str]| Address::of_tenant(&tenant.id, parts);
    // A tool or a group that was taken away since has no page, nor has anything of a tenant that is deleted.
    let (word, page) = match what.as_str() {
        "agent" => ("Agent", Some(shown.looked.on(of(&["agents", &id, "past"])))),
        "connection" => ("Channel", Some(of(&["channels", &id]))),
        "tool" => ("Tool", None),
        _ => ("Model group", None),
    };
    let name = match page.filter(|_| tenant.status != TenantStatus::Deleted) {
        Some(page) => view! { <a href=page.done() data-row-link>{name}</a> }.into_any(),
        None => view! { <span>{name}</span> }.into_any(),
    };
    view! {
        <tr data-row>
            <th scope="row">{name}</th>
            <td data-label="What"><Badge label=word /></td>
            <td data-label="State">{stood.state}</td>
            <td data-label="More">{stood.more}</td>
        </tr>
    }
    .into_any()
}
