//! What an agent was: every published version, two of them side by side, and back to one of them.

mod one;

use std::collections::BTreeMap;

use axum::{extract::Query, response::Response};
use leptos::prelude::*;
use portal_ui::{
    Card, Column, EmptyState, Icon, Pagination, Status, SubmitButton, Table, Time, Tone, Variant,
};
use schemas::{OperatorId, Timestamp};
use serde::Deserialize;
use views::{VERSIONS_MAX, VersionLine};

use super::{
    differences::side_by_side,
    parts::{At, Place, header, known, names},
};
use crate::server::{error::PageError, render::Cx};

pub(super) use self::one::{one, restore};

/// Where the page begins.
#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct Page {
    before: Option<u32>,
}

/// Which two.
#[derive(Clone, Copy, Debug, Deserialize)]
pub(super) struct Two {
    from: u32,
    to: u32,
}

type Names = BTreeMap<OperatorId, String>;

pub(super) async fn list(cx: Cx, at: At, Query(page): Query<Page>) -> Result<Response, PageError> {
    let (name, live) = known(&cx, &at).await?;
    let who = &cx.signed.principal;
    let lines = cx.portal.views.versions(who, at.ids(), page.before, cx.now()).await?;
    let writers = lines.iter().filter_map(|line| line.operator.clone()).collect();
    let names = names(&cx, writers).await?;
    let title = format!("Versions of {name}");
    let (now, is_first) = (cx.now(), page.before.is_none());
    Ok(cx.page(&title, || {
        let lead = "Every publication, the newest first. Nothing is ever overwritten.".to_owned();
        let header = header((&at, &name, &live), (&title, Some(lead)), Place::Versions);
        let body = listed(&at, lines, (&names, live.version), is_first, now);
        view! { {header} {body} }.into_any()
    }))
}

fn listed(
    at: &At,
    lines: Vec<VersionLine>,
    (names, answers): (&Names, u32),
    is_first: bool,
    now: Timestamp,
) -> AnyView {
    if lines.is_empty() {
        let design = at.path("");
        return view! {
            <Card>
                <EmptyState
                    title="No version yet"
                    text="The first one is made when the draft is published."
                    icon=Icon::History
                    action=Some(("Go to the design".to_owned(), design))
                />
            </Card>
        }
        .into_any();
    }
    let older = lines.last().filter(|_| u32::try_from(lines.len()) == Ok(VERSIONS_MAX));
    let older = older.map(|last| at.path(&format!("/versions?before={}", last.version)));
    let newer = (!is_first).then(|| at.path("/versions"));
    let comparable = 1 < lines.len();
    let columns = vec![
        Column::new("Version"),
        Column::new("Note"),
        Column::new("Published"),
        Column::new("Older side"),
        Column::new("Newer side"),
    ];
    let rows: Vec<_> = lines
        .into_iter()
        .enumerate()
        .map(|(nth, line)| row(at, (nth, line), (names, answers), now))
        .collect();
    let compare = comparable.then(|| {
        view! {
            <SubmitButton variant=Variant::Plain icon=Icon::Compare>
                "Compare the two chosen"
            </SubmitButton>
        }
    });
    view! {
        <form method="get" action=at.path("/versions/diff") class="stack" data-gap="small">
            <Card flush=true>
                <Table caption="Versions" columns>{rows}</Table>
                <Pagination newer older words=("Newest", "Older") />
            </Card>
            <div class="form-actions">{compare}</div>
        </form>
    }
    .into_any()
}

fn row(
    at: &At,
    (nth, line): (usize, VersionLine),
    (names, answers): (&Names, u32),
    now: Timestamp,
) -> AnyView {
    let version = line.version;
    let by = who(&line, names);
    let href = at.path(&format!("/versions/{version}"));
    let answers = (version == answers).then(|| view! { <Status tone=Tone::Ok label="Answers" /> });
    let note = match line.note {
        Some(note) => view! { <p class="prose">{note}</p> }.into_any(),
        None => view! { <span class="meta">"no note"</span> }.into_any(),
    };
    let pick = |name: &'static str, chosen: bool, side: &str| {
        let label = format!("Version {version} as the {side} side");
        view! { <input type="radio" class="pick" name=name value=version checked=chosen aria-label=label /> }
    };
    let (from, to) = (pick("from", nth == 1, "older"), pick("to", nth == 0, "newer"));
    view! {
        <tr data-row id=format!("version-{version}")>
            <th scope="row">
                <span class="row"><a href=href data-row-link>{format!("Version {version}")}</a>{answers}</span>
            </th>
            <td data-label="Note">{note}</td>
            <td data-label="Published"><Time at=line.at now=Some(now) />" "<span class="meta">{by}</span></td>
            <td data-label="Older side">{from}</td>
            <td data-label="Newer side">{to}</td>
        </tr>
    }
    .into_any()
}

/// `by you`, `by Ada`, `by apply`.
fn who(line: &VersionLine, names: &Names) -> String {
    let name = line.operator.as_ref().and_then(|id| names.get(id).cloned());
    format!("by {}", name.unwrap_or_else(|| line.via.clone()))
}

pub(super) async fn compare(cx: Cx, at: At, Query(two): Query<Two>) -> Result<Response, PageError> {
    let (name, live) = known(&cx, &at).await?;
    // Whichever way round they were chosen, the older one stands on the left.
    let (from, to) = (two.from.min(two.to), two.from.max(two.to));
    let (views, principal) = (&cx.portal.views, &cx.signed.principal);
    let left = views.version(principal, at.ids(), from, cx.now()).await?;
    let right = views.version(principal, at.ids(), to, cx.now()).await?;
    let title = format!("Versions {from} and {to}");
    Ok(cx.page(&title, || {
        let names = (format!("Version {from}"), format!("Version {to}"));
        let body = side_by_side((&names.0, Some(&left.config)), (&names.1, &right.config));
        let body = body
            .unwrap_or_else(|| view! { <p class="meta">"The two say the same."</p> }.into_any());
        let header = header((&at, &name, &live), (&title, None), Place::Versions);
        view! {
            {header}
            <Card title="What differs">{body}</Card>
            <p><a href=at.path("/versions")>"All versions"</a></p>
        }
        .into_any()
    }))
}
