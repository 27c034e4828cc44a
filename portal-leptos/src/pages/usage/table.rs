//! Usage as a table, and its rows in words.

use std::collections::BTreeMap;

use domain::day::Day;
use leptos::prelude::*;
use portal_ui::{
    Column, Table,
    format::{self, count, dollars},
};
use schemas::TenantId;
use views::UsageRow;

use super::asked::By;
use crate::pages::address::{self, Address};

/// What agents, or tenants, are called, by id.
pub(super) type Names = BTreeMap<String, String>;

pub(super) fn table(
    by: By,
    (rows, total): (Vec<UsageRow>, &UsageRow),
    tenant: Option<&TenantId>,
    names: &Names,
) -> AnyView {
    let columns = vec![
        Column::new(by.title()),
        Column::new("Messages").numbers(),
        Column::new("Answered").numbers(),
        Column::new("Failed").numbers(),
        Column::new("Over a limit").numbers(),
        Column::new("Tokens read").numbers(),
        Column::new("Tokens written").numbers(),
        Column::new("Half within").numbers(),
        Column::new("95 of 100 within").numbers(),
        Column::new("Cost").numbers(),
    ];
    let rows = rows.into_iter().map(|row| {
        let name = label(by, &row.key, names, false);
        let href = link(by, &row.key, tenant);
        let name = match href {
            Some(href) => view! { <a href=href>{name}</a> }.into_any(),
            None => name.into_any(),
        };
        line(name, &row)
    });
    let rows = rows.collect_view();
    let total = line("Together".into_any(), total);
    view! {
        <Table caption=format!("Usage by {}", by.word()) columns wide=true>
            {rows}
            {total}
        </Table>
    }
    .into_any()
}

/// Where a row leads.
fn link(by: By, key: &str, tenant: Option<&TenantId>) -> Option<String> {
    match (by, tenant) {
        (By::Agent, Some(tenant)) => Some(address::agent(tenant, &key.parse().ok()?)),
        (By::Version, Some(tenant)) => {
            let (agent, version) = key.split_once(' ')?;
            Some(address::version(tenant, &agent.parse().ok()?, version.parse().ok()?))
        }
        (By::Tenant, _) => {
            Some(Address::of_tenant(&key.parse::<TenantId>().ok()?, &["usage"]).done())
        }
        (By::Day | By::Agent | By::Version | By::Model, _) => None,
    }
}

fn line(name: AnyView, row: &UsageRow) -> AnyView {
    let counts = row.counts;
    let took = |ms: Option<u64>| ms.map(millis);
    view! {
        <tr>
            <th scope="row">{name}</th>
            <td data-align="end">{count(counts.messages)}</td>
            <td data-align="end">{count(counts.answered)}</td>
            <td data-align="end">{count(counts.failed)}</td>
            <td data-align="end">{count(counts.throttled)}</td>
            <td data-align="end">{count(counts.input_tokens)}</td>
            <td data-align="end">{count(counts.output_tokens)}</td>
            <td data-align="end">{took(row.latency_ms_p50)}</td>
            <td data-align="end">{took(row.latency_ms_p95)}</td>
            <td data-align="end">{dollars(counts.cost_micros)}</td>
        </tr>
    }
    .into_any()
}

/// A key as people read it.
pub(super) fn label(by: By, key: &str, names: &Names, short: bool) -> String {
    let called = |key: &str| names.get(key).cloned().unwrap_or_else(|| key.to_owned());
    match by {
        By::Day => match key.parse().ok().and_then(Day::new) {
            Some(day) if short => format::day(day.start())
                .rsplit_once(' ')
                .map_or_else(|| day.to_string(), |(day, _)| day.to_owned()),
            Some(day) => format::day(day.start()),
            None => key.to_owned(),
        },
        By::Version => match key.split_once(' ') {
            Some(("konstruct", "llm")) => "Programs, by konstruct llm".to_owned(),
            Some((agent, "draft")) => format!("{}, drafts tried", called(agent)),
            Some((agent, "replay")) => format!("{}, replays and tests", called(agent)),
            Some((agent, version)) => format!("{}, version {version}", called(agent)),
            None if key.is_empty() => "Not known".to_owned(),
            None => called(key),
        },
        // What failed before an agent was found is nobody's.
        By::Agent if key.is_empty() => "Nobody".to_owned(),
        By::Agent if key == "konstruct llm" => "Programs, by konstruct llm".to_owned(),
        By::Model | By::Tenant if key.is_empty() => "Not known".to_owned(),
        By::Agent | By::Tenant => called(key),
        By::Model => key.to_owned(),
    }
}

pub(super) fn millis(ms: u64) -> String {
    format::duration(std::time::Duration::from_millis(ms))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_is_known_is_called_by_name_and_what_is_not_is_not_nobody() {
        let names = BTreeMap::from([("mara".to_owned(), "Mara".to_owned())]);
        let cases = [
            (By::Agent, "mara", "Mara"),
            (By::Agent, "gone", "gone"),
            (By::Agent, "", "Nobody"),
            (By::Version, "mara 3", "Mara, version 3"),
            (By::Version, "mara draft", "Mara, drafts tried"),
            (By::Version, "mara", "Mara"),
            (By::Version, "mara replay", "Mara, replays and tests"),
            (By::Version, "", "Not known"),
            (By::Tenant, "mara", "Mara"),
            (By::Tenant, "", "Not known"),
            (By::Model, "mara", "mara"),
            (By::Model, "", "Not known"),
        ];
        for (by, key, want) in cases {
            assert_eq!(label(by, key, &names, false), want, "{key:?}");
        }
    }
}
