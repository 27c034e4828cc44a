//! The list of tenants, and the form that makes one.

use axum::{
    extract::{Form, Query},
    response::Response,
};
use domain::access::Permission;
use leptos::prelude::*;
use portal_ui::{
    Card, Column, EmptyState, FormErrors, Icon, InputKind, LinkButton, PageHeader, Pagination,
    Problem, Status, SubmitButton, Table, TextField, Tone, Variant,
    format::{count, dollars},
};
use schemas::{Limits, TenantId, TenantStatus};
use serde::Deserialize;
use views::{TenantFilter, TenantLine, Tenants, TenantsPage};

use super::form::{WITH_PROBLEMS, done, problem_of, problems};
use crate::server::{
    error::PageError,
    render::Cx,
    routes::{Need, Routes},
};

/// Tenants on one page.
const PAGE: u32 = 50;

pub(crate) fn routes() -> Routes {
    let manage = Need::Platform(Permission::TenantsManage);
    Routes::default().get("/tenants", Need::SignedIn, list).get("/tenants/new", manage, new).post(
        "/tenants/new",
        manage,
        create,
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
}

async fn list(cx: Cx, Query(search): Query<Search>) -> Result<Response, PageError> {
    let after = search.after.as_deref().and_then(|after| after.parse::<TenantId>().ok());
    let views = &cx.portal.views;
    let page = TenantsPage { after: after.as_ref(), limit: PAGE, now: cx.now() };
    let who = &cx.signed.principal;
    let found = views.tenants(who, &search.filter(), page).await?;
    // Whoever works for one tenant has no use for a list of one.
    if let ([only], false) = (found.tenants.as_slice(), who.platform.is_some())
        && search.q.is_empty()
        && search.after.is_none()
    {
        return Ok(crate::server::error::see_other(&format!("/t/{}", only.tenant.id)));
    }
    let may_create = who.require_platform(Permission::TenantsManage).is_ok();
    Ok(cx.page("Tenants", || list_view(found, search, may_create)))
}

fn list_view(found: Tenants, search: Search, may_create: bool) -> AnyView {
    let Tenants { tenants, next } = found;
    let is_searched = !search.q.is_empty() || !search.status.is_empty();
    let older = next.map(|next| {
        let q =
            percent_encoding::utf8_percent_encode(&search.q, percent_encoding::NON_ALPHANUMERIC);
        format!("/tenants?q={q}&status={}&after={next}", search.status)
    });
    let is_first = search.after.is_none();
    let newer = (!is_first).then(|| "/tenants".to_owned());
    let body = match (tenants.is_empty(), is_searched) {
        (true, true) => view! {
            <EmptyState
                title="No tenant is called that"
                text="Search for a part of the name or the slug."
                icon=Icon::Search
                action=Some(("Show all tenants".to_owned(), "/tenants".to_owned()))
            />
        }
        .into_any(),
        (true, false) => view! {
            <EmptyState
                title="No tenants yet"
                text="A tenant is a company that hires agents. Nobody else sees what is its own."
                icon=Icon::Tenants
                action=may_create
                    .then(|| ("Create the first tenant".to_owned(), "/tenants/new".to_owned()))
            />
        }
        .into_any(),
        (false, _) => view! {
            <Table caption="Tenants" columns=columns()>
                {tenants.into_iter().map(row).collect_view()}
            </Table>
            <Pagination newer older words=("First page", "Next") />
        }
        .into_any(),
    };
    view! {
        <PageHeader title="Tenants" lead="The companies that hire agents here.">
            {may_create
                .then(|| {
                    view! {
                        <LinkButton href="/tenants/new" variant=Variant::Primary icon=Icon::Plus>
                            "New tenant"
                        </LinkButton>
                    }
                })}
        </PageHeader>
        <form method="get" action="/tenants" role="search" class="filters">
            <TextField name="q" label="Search" kind=InputKind::Search value=search.q.clone() />
            <SubmitButton variant=Variant::Plain>"Search"</SubmitButton>
        </form>
        <Card flush=true>{body}</Card>
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

/// What was typed into the form of a new tenant.
#[derive(Clone, Debug, Default, Deserialize)]
struct NewTenant {
    name: String,
    slug: String,
}

async fn new(cx: Cx) -> Response {
    cx.page("New tenant", || new_view(NewTenant::default(), Vec::new()))
}

async fn create(cx: Cx, Form(typed): Form<NewTenant>) -> Result<Response, PageError> {
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
            Ok(cx.page_with(WITH_PROBLEMS, "New tenant", || new_view(typed, problems)))
        }
    }
}

fn new_view(typed: NewTenant, problems: Vec<Problem>) -> AnyView {
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
