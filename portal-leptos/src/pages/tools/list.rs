//! All tools of a tenant.

use axum::{extract::Path, response::Response};
use domain::access::Permission;
use leptos::prelude::*;
use portal_ui::{
    Card, Column, Definition, DefinitionList, EmptyState, Icon, LinkButton, PageHeader, Status,
    Table, Tone, Variant, format::shortened,
};
use schemas::TenantId;

use super::{Found, address, host, kind, kinds::kinds, users};
use crate::server::{error::PageError, render::Cx};

/// The most of a description that stands in a row, in characters.
const SHORT_CHARS: usize = 120;

pub(super) async fn show(cx: Cx, Path(tenant): Path<TenantId>) -> Result<Response, PageError> {
    let (desk, who) = (&cx.portal.desk, &cx.signed.principal);
    let mut lines = Vec::new();
    for tool in desk.tools(who, &tenant)? {
        let users = desk.tool_users(who, &tenant, &tool.id)?;
        lines.push(Found { tool, users });
    }
    let may_write = who.require(Permission::AgentsWrite, &tenant).is_ok();
    let built_in = desk.built_in_tools();
    Ok(cx.page("Tools", || view_of(&tenant, lines, may_write, built_in)))
}

fn view_of(
    tenant: &TenantId,
    lines: Vec<Found>,
    may_write: bool,
    built_in: Vec<(String, String)>,
) -> AnyView {
    let new = address(tenant).done() + "/new";
    let is_empty = lines.is_empty();
    let body = if is_empty {
        empty(tenant, may_write)
    } else {
        let rows: Vec<_> = lines.into_iter().map(|line| row(tenant, line)).collect();
        view! { <Card flush=true><Table caption="Tools" columns=columns()>{rows}</Table></Card> }
            .into_any()
    };
    let action = (may_write && !is_empty).then(|| {
        view! {
            <LinkButton href=new variant=Variant::Primary icon=Icon::Plus>"New tool"</LinkButton>
        }
    });
    let built_in = built_in.into_iter().map(|(name, text)| {
        view! { <Definition term=name>{text}</Definition> }
    });
    let built_in: Vec<_> = built_in.collect();
    view! {
        <PageHeader title="Tools" lead="What the agents of this tenant can do besides talking.">
            {action}
        </PageHeader>
        {body}
        <Card
            title="Built in"
            lead="Every agent may have these; nobody needs to set them up. Tick them in the Designer."
        >
            <DefinitionList>{built_in}</DefinitionList>
        </Card>
    }
    .into_any()
}

fn empty(tenant: &TenantId, may_write: bool) -> AnyView {
    let text = if may_write {
        "With a tool an agent looks something up or gets something done while it answers: the state of an order, a refund, a customer's file."
    } else {
        "With a tool an agent looks something up or gets something done while it answers. An operator of this tenant sets one up: they are listed under Members."
    };
    let next = if may_write {
        ("Add the first tool".to_owned(), address(tenant).done() + "/new")
    } else {
        ("See the members".to_owned(), format!("/t/{tenant}/members"))
    };
    view! {
        <Card flush=true>
            <EmptyState title="No tools yet" text icon=Icon::Tool action=Some(next) />
        </Card>
        {kinds(None)}
    }
    .into_any()
}

fn columns() -> Vec<Column> {
    ["Tool", "State", "Kind", "Host", "Agents"].map(Column::new).into()
}

fn row(tenant: &TenantId, line: Found) -> AnyView {
    let tool = &line.tool;
    let (tone, word) = match (line.is_in_use(), line.users.is_empty()) {
        (true, _) => (Tone::Ok, "In use"),
        (false, false) => (Tone::Info, "In a draft"),
        (false, true) => (Tone::Neutral, "Not used yet"),
    };
    let href = address(tenant).done() + "/" + tool.id.as_str();
    let (name, text) = (tool.id.to_string(), first_line(&tool.description));
    let (kind, host) = (kind(tool), host(tool));
    let users = users(tenant, &line.users);
    view! {
        <tr data-row="">
            <th scope="row">
                <a href=href data-row-link="">{name}</a>
                <span class="meta tool-text">{text}</span>
            </th>
            <td data-label="State" class="tool-cell"><Status tone label=word /></td>
            <td data-label="Kind" class="tool-cell">{kind}</td>
            <td data-label="Host"><span class="mono">{host}</span></td>
            <td data-label="Agents"><span class="tool-users">{users}</span></td>
        </tr>
    }
    .into_any()
}

/// Its first line, or as much of it as fits.
fn first_line(text: &str) -> String {
    shortened(text.lines().next().unwrap_or_default(), SHORT_CHARS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_description_ends_where_there_is_no_room() {
        assert_eq!(first_line("Looks up.\nOnly once."), "Looks up.");
        let long = "é".repeat(SHORT_CHARS);
        assert_eq!(first_line(&long), long);
        assert_eq!(first_line(&format!("{long}é")), format!("{long}…"));
    }
}
