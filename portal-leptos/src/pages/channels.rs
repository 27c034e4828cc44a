//! The workspaces in which a tenant's agents answer, and how each is doing.

mod manifest;
mod new;
mod one;

use axum::{extract::Path, response::Response};
use domain::access::Permission;
use leptos::prelude::*;
use portal_ui::{
    Card, Column, EmptyState, Icon, LinkButton, PageHeader, Status, Table, Time, Tone, Variant,
};
use schemas::{AgentId, ConnectionStatus, TenantId, Timestamp};
use views::{AgentLine, AgentState, ConnectionLine};

use crate::server::{
    error::PageError,
    render::Cx,
    routes::{Need, Routes},
};

pub(crate) fn routes() -> Routes {
    let read = Need::Tenant(Permission::ChannelsRead);
    Routes::default().get("/t/{tenant}/channels", read, list).and(new::routes()).and(one::routes())
}

async fn list(cx: Cx, Path(tenant): Path<TenantId>) -> Result<Response, PageError> {
    let (views, who) = (&cx.portal.views, &cx.signed.principal);
    let lines = views.connections(who, &tenant, cx.now()).await?;
    let agents = views.agents(who, &tenant, cx.now()).await?;
    let may_write = who.require(Permission::ChannelsWrite, &tenant).is_ok();
    let now = cx.now();
    Ok(cx.page("Channels", || list_view(&tenant, (lines, &agents), may_write, now)))
}

fn list_view(
    tenant: &TenantId,
    (lines, agents): (Vec<ConnectionLine>, &[AgentLine]),
    may_write: bool,
    now: Timestamp,
) -> AnyView {
    let connect = format!("/t/{tenant}/channels/slack/new");
    let body = if lines.is_empty() {
        let action = may_write.then(|| ("Connect Slack".to_owned(), connect.clone()));
        view! {
            <EmptyState
                title="No workspace is connected"
                text="An agent answers where people write: connect the Slack workspace they work in."
                icon=Icon::Channel
                action
            />
        }
        .into_any()
    } else {
        let rows = lines.into_iter().map(|line| row(tenant, line, agents, now)).collect_view();
        view! { <Table caption="Connected workspaces" columns=columns()>{rows}</Table> }.into_any()
    };
    let button = may_write.then(|| {
        view! {
            <LinkButton href=connect.clone() variant=Variant::Primary icon=Icon::Plus>
                "Connect Slack"
            </LinkButton>
        }
    });
    view! {
        <PageHeader title="Channels" lead="Where people reach the agents of this tenant.">
            {button}
        </PageHeader>
        <Card flush=true>{body}</Card>
    }
    .into_any()
}

fn columns() -> Vec<Column> {
    ["Workspace", "State", "Agent", "Last message", "Last answer", "Last trouble"]
        .map(Column::new)
        .into()
}

fn row(tenant: &TenantId, line: ConnectionLine, agents: &[AgentLine], now: Timestamp) -> AnyView {
    let (tone, state) = health(&line);
    let trouble = trouble(tenant, &line, now);
    let ConnectionLine { connection, last_in_at, last_out_at, .. } = line;
    let name = named(agents, &connection.agent);
    let (href, agent) = (
        format!("/t/{tenant}/channels/{}", connection.id),
        format!("/t/{tenant}/agents/{}", connection.agent),
    );
    view! {
        <tr data-row="">
            <th scope="row">
                <a href=href data-row-link="">{format!("Slack {}", connection.workspace)}</a>
                <span class="meta mono">{connection.id.to_string()}</span>
            </th>
            <td data-label="State"><Status tone label=state /></td>
            <td data-label="Agent"><a href=agent>{name}</a></td>
            <td data-label="Last message">{when(last_in_at, now)}</td>
            <td data-label="Last answer">{when(last_out_at, now)}</td>
            <td data-label="Last trouble">{trouble}</td>
        </tr>
    }
    .into_any()
}

/// An instant that may not have come yet.
fn when(at: Option<Timestamp>, now: Timestamp) -> AnyView {
    match at {
        Some(at) => view! { <Time at now=Some(now) /> }.into_any(),
        None => view! { <span class="meta">"never"</span> }.into_any(),
    }
}

/// The newest message that failed, with a way to its story.
fn trouble(tenant: &TenantId, line: &ConnectionLine, now: Timestamp) -> AnyView {
    let Some(error) = &line.last_error else {
        return view! { <span class="meta">"none this week"</span> }.into_any();
    };
    let words = error.detail.as_deref().map_or_else(|| "no answer".to_owned(), plain);
    let href = format!("/t/{tenant}/messages/{}", error.message);
    view! { <a href=href>{words}</a> " " <span class="meta"><Time at=error.at now=Some(now) /></span> }
        .into_any()
}

/// `models_failed` as people read it.
fn plain(code: &str) -> String {
    code.replace('_', " ")
}

/// How a connection is doing, in a word.
fn health(line: &ConnectionLine) -> (Tone, String) {
    match &line.connection.status {
        ConnectionStatus::Removed { reason, .. } => {
            let how = match reason.as_str() {
                "operator" => "Disconnected".to_owned(),
                "app_uninstalled" => "The app was uninstalled".to_owned(),
                "tokens_revoked" => "Its token was revoked".to_owned(),
                other => format!("Disconnected: {}", plain(other)),
            };
            (Tone::Neutral, how)
        }
        ConnectionStatus::Active => {
            let failed_at = line.last_error.as_ref().map(|it| it.at);
            // An answer since then says that it is over.
            match (failed_at, line.last_out_at) {
                (Some(failed), Some(answered)) if failed < answered => healthy(),
                (Some(_), _) => (Tone::Warn, "Last message failed".to_owned()),
                (None, _) if line.last_in_at.is_none() => {
                    (Tone::Info, "Waiting for its first message".to_owned())
                }
                (None, _) => healthy(),
            }
        }
    }
}

fn healthy() -> (Tone, String) {
    (Tone::Ok, "Connected".to_owned())
}

/// What an agent is called.
fn named(agents: &[AgentLine], id: &AgentId) -> String {
    let found = agents.iter().find(|agent| agent.id == *id);
    found.map_or_else(|| id.to_string(), |agent| agent.name.clone())
}

/// Agents that may answer, as they are chosen from.
fn choices(agents: &[AgentLine]) -> Vec<portal_ui::Choice> {
    let there = agents.iter().filter(|agent| agent.state != AgentState::Retired);
    let choice = |agent: &AgentLine| {
        let role = if agent.role.is_empty() { String::new() } else { format!(", {}", agent.role) };
        let draft = if agent.state == AgentState::Draft { " (not published yet)" } else { "" };
        portal_ui::Choice::new(agent.id.to_string(), format!("{}{role}{draft}", agent.name))
    };
    there.map(choice).collect()
}

#[cfg(test)]
mod tests;
