//! A tenant's agents.

use axum::{extract::Path, response::Response};
use domain::access::Permission;
use leptos::prelude::*;
use portal_ui::{
    Card, Column, EmptyState, Icon, LinkButton, PageHeader, Person, Status, Table, Time, Tone,
    Variant,
    format::{count, dollars},
};
use schemas::{TenantId, Timestamp};
use views::{AgentLine, AgentState};

use crate::server::{error::PageError, render::Cx};

pub(super) async fn show(cx: Cx, Path(tenant): Path<TenantId>) -> Result<Response, PageError> {
    let who = &cx.signed.principal;
    let agents = cx.portal.views.agents(who, &tenant, cx.now()).await?;
    let may_write = who.require(Permission::AgentsWrite, &tenant).is_ok();
    let now = cx.now();
    Ok(cx.page("Agents", || view_of(&tenant, agents, may_write, now)))
}

fn view_of(tenant: &TenantId, agents: Vec<AgentLine>, may_write: bool, now: Timestamp) -> AnyView {
    let new = format!("/t/{tenant}/agents/new");
    let is_empty = agents.is_empty();
    let text = if may_write {
        "An agent is an AI employee with a name, a job and a way of speaking. It answers in your channels once it is published."
    } else {
        "An agent is an AI employee. An operator of this tenant hires one: ask one of them, they are listed under Members."
    };
    let members = ("See the members".to_owned(), format!("/t/{tenant}/members"));
    let next = if may_write { ("Hire the first agent".to_owned(), new.clone()) } else { members };
    let body = if is_empty {
        view! {
            <EmptyState
                title="Nobody works here yet"
                text
                icon=Icon::Agent
                action=Some(next)
            />
        }
        .into_any()
    } else {
        let rows: Vec<_> = agents.into_iter().map(|line| row(tenant, line, now)).collect();
        view! { <Table caption="Agents" columns=columns()>{rows}</Table> }.into_any()
    };
    let action = (may_write && !is_empty).then(|| {
        view! {
            <LinkButton href=new variant=Variant::Primary icon=Icon::Plus>"New agent"</LinkButton>
        }
    });
    view! {
        <PageHeader title="Agents" lead="Who works here, and how the last 7 days went.">
            {action}
        </PageHeader>
        <Card flush=true>{body}</Card>
    }
    .into_any()
}

fn columns() -> Vec<Column> {
    vec![
        Column::new("Agent"),
        Column::new("State"),
        Column::new("Version").numbers(),
        Column::new("Messages, 7 days").numbers(),
        Column::new("Cost, 7 days").numbers(),
        Column::new("Last error"),
    ]
}

fn row(tenant: &TenantId, line: AgentLine, now: Timestamp) -> AnyView {
    let AgentLine { id, name, role, state, version, has_draft, .. } = line;
    let (tone, word) = word(state);
    let href = format!("/t/{tenant}/agents/{id}");
    let note = if role.is_empty() { id.to_string() } else { role };
    let version = version.map_or_else(|| "not published".to_owned(), |version| version.to_string());
    let draft = (has_draft && state == AgentState::Published)
        .then(|| view! { <Status tone=Tone::Neutral label="Draft saved" /> });
    let error = match line.last_error {
        None => view! { <span class="meta">"none"</span> }.into_any(),
        Some(error) => {
            let trace = format!("/t/{tenant}/messages/{}", error.message);
            let detail = error.detail.unwrap_or_else(|| "failed".to_owned()).replace('_', " ");
            view! { <a href=trace>{detail}</a> " " <Time at=error.at now=Some(now) /> }.into_any()
        }
    };
    view! {
        <tr data-row>
            <th scope="row" data-row-link><Person name ai=true note href /></th>
            <td data-label="State"><div class="row"><Status tone label=word />{draft}</div></td>
            <td data-label="Version" data-align="end">{version}</td>
            <td data-label="Messages, 7 days" data-align="end">{count(line.messages_week)}</td>
            <td data-label="Cost, 7 days" data-align="end">{dollars(line.cost_micros_week)}</td>
            <td data-label="Last error">{error}</td>
        </tr>
    }
    .into_any()
}

/// An agent's state in a word.
const fn word(state: AgentState) -> (Tone, &'static str) {
    match state {
        AgentState::Draft => (Tone::Info, "Not published"),
        AgentState::Published => (Tone::Ok, "Answers"),
        AgentState::Retired => (Tone::Neutral, "Retired"),
    }
}
