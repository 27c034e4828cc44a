//! The list of tenants.

mod new;

use axum::{extract::Query, response::Response};
use domain::access::Permission;
use leptos::prelude::*;
use portal_ui::{
    Card, Choice, Column, EmptyState, Icon, InputKind, LinkButton, PageHeader, Pagination,
    SelectField, Status, SubmitButton, Table, TextField, Tone, Variant,
    format::{count, dollars},
};
use schemas::{TenantId, TenantStatus};
use serde::Deserialize;
use views::{TenantFilter, TenantLine, Tenants, TenantsPage};

use super::address::Address;
use crate::server::{
    error::PageError,
    render::Cx,
    routes::{Need, Routes},
};

const PATH: &str = "/tenants";

/// Tenants on one page.
const PAGE: u32 = 50;

pub(crate) fn routes() -> Routes {
    let manage = Need::Platform(Permission::TenantsManage);
    Routes::default().get(PATH, Need::SignedIn, list).get("/tenants/new", manage, new::show).post(
        "/tenants/new",
        manage,
        new::create,
    )
}

/// What is looked for.
#[derive(Clone, Debug, Default, Deserialize)]
struct Search {
    #[serde(default)]
    q: String,
    #[serde(default)]
    status: String,
    after: Option<String>,
}

impl Search {
    fn filter(&self) -> TenantFilter {
        let status = match self.status.as_str() {
            "active" => Some(TenantStatus::Active),
            "suspended" => Some(TenantStatus::Suspended),
            "deleted" => Some(TenantStatus::Deleted),
            _ => None,
        };
        TenantFilter { search: self.q.trim().to_lowercase(), status }
    }

    fn is_asking(&self) -> bool {
        !self.q.trim().is_empty() || self.filter().status.is_some()
    }

    /// The first page of what is looked for.
    fn first(&self) -> Address {
        Address::new(PATH).with("q", self.q.trim()).with("status", &self.status)
    }
}

async fn list(cx: Cx, Query(search): Query<Search>) -> Result<Response, PageError> {
    let after = search.after.as_deref().and_then(|after| after.parse::<TenantId>().ok());
    let views = &cx.portal.views;
    let page = TenantsPage { after: after.as_ref(), limit: PAGE, now: cx.now() };
    let who = &cx.signed.principal;
    let found = views.tenants(who, &search.filter(), page).await?;
    // Whoever works for one tenant has no use for a list of one.
    if let ([only], false) = (found.tenants.as_slice(), who.platform.is_some())
        && !search.is_asking()
        && search.after.is_none()
    {
        return Ok(crate::server::error::see_other(&format!("/t/{}", only.tenant.id)));
    }
    let role = Role {
        may_create: who.require_platform(Permission::TenantsManage).is_ok(),
        sees_all: who.platform.is_some(),
    };
    Ok(cx.page("Tenants", || list_view(found, search, role)))
}

/// What this person has to do with tenants.
#[derive(Clone, Copy)]
struct Role {
    may_create: bool,
    /// Else only those in which they have a role.
    sees_all: bool,
}

fn list_view(found: Tenants, search: Search, role: Role) -> AnyView {
    let Tenants { tenants, next } = found;
    let older = next.map(|next| search.first().with("after", next.as_str()).done());
    let newer = search.after.is_some().then(|| search.first().done());
    let body = if tenants.is_empty() {
        empty(&search, role)
    } else {
        view! {
            <Table caption="Tenants" columns=columns()>
                {tenants.into_iter().map(row).collect_view()}
            </Table>
        }
        .into_any()
    };
    let create = role.may_create.then(|| {
        view! {
            <LinkButton href="/tenants/new" variant=Variant::Primary icon=Icon::Plus>
                "New tenant"
            </LinkButton>
        }
    });
    view! {
        <PageHeader title="Tenants" lead="The companies that hire agents here.">
            {create}
        </PageHeader>
        {form(search)}
        <Card flush=true>{body} <Pagination newer older words=("First page", "Next") /></Card>
    }
    .into_any()
}

fn empty(search: &Search, role: Role) -> AnyView {
    let all = ("Show all tenants".to_owned(), PATH.to_owned());
    let create = ("Create the first tenant".to_owned(), "/tenants/new".to_owned());
    let (title, text, icon, action) = match (search.is_asking() || search.after.is_some(), role) {
        (true, _) => (
            "No tenant is like that",
            "Search for a part of the name or the slug, in any state.",
            Icon::Search,
            Some(all),
        ),
        (false, Role { may_create: true, .. }) => (
            "No tenants yet",
            "A tenant is a company that hires agents. Nobody else sees what is its own.",
            Icon::Tenants,
            Some(create),
        ),
        (false, Role { sees_all: true, .. }) => (
            "No tenants yet",
            "A tenant is a company that hires agents. An administrator of this installation creates it.",
            Icon::Tenants,
            None,
        ),
        (false, _) => (
            "You have no role in any tenant",
            "Ask an administrator of this installation to make you a member of yours. Until then, your own settings are all there is.",
            Icon::Tenants,
            Some(("Your settings".to_owned(), "/settings".to_owned())),
        ),
    };
    view! { <EmptyState title text icon action /> }.into_any()
}

fn form(search: Search) -> AnyView {
    let mut states = vec![
        Choice::new("", "All"),
        Choice::new("active", state(TenantStatus::Active).1),
        Choice::new("suspended", state(TenantStatus::Suspended).1),
    ];
    // Nobody is led to those that are gone; who asks for them sees what was asked for.
    if search.status == "deleted" {
        states.push(Choice::new("deleted", state(TenantStatus::Deleted).1));
    }
    view! {
        <form method="get" action=PATH role="search" class="filters">
            <TextField name="q" label="Search" kind=InputKind::Search value=search.q />
            <SelectField name="status" label="State" choices=states value=search.status />
            <div class="row">
                <SubmitButton variant=Variant::Plain>"Search"</SubmitButton>
            </div>
        </form>
    }
    .into_any()
}

fn columns() -> Vec<Column> {
    vec![
        Column::new("Tenant"),
        Column::new("State"),
        Column::new("Agents").numbers(),
        Column::new("Connections").numbers(),
        Column::new("Messages today").numbers(),
        Column::new("Cost this month").numbers(),
    ]
}

fn row(line: TenantLine) -> impl IntoView {
    let TenantLine { tenant, agents, connections, messages_today, cost_micros_month } = line;
    let (tone, state) = state(tenant.status);
    view! {
        <tr data-row>
            <th scope="row">
                <a href=format!("/t/{}", tenant.id) data-row-link>{tenant.name}</a>
                <span class="meta mono">{tenant.id.to_string()}</span>
            </th>
            <td data-label="State"><Status tone label=state /></td>
            <td data-label="Agents" data-align="end">{count(agents.into())}</td>
            <td data-label="Connections" data-align="end">{count(connections.into())}</td>
            <td data-label="Messages today" data-align="end">{count(messages_today)}</td>
            <td data-label="Cost this month" data-align="end">{dollars(cost_micros_month)}</td>
        </tr>
    }
}

/// A tenant's state in a word.
pub(crate) const fn state(status: TenantStatus) -> (Tone, &'static str) {
    match status {
        TenantStatus::Active => (Tone::Ok, "Active"),
        TenantStatus::Suspended => (Tone::Warn, "Suspended"),
        TenantStatus::Deleted => (Tone::Neutral, "Deleted"),
    }
}
