//! Which runs there were.

use std::collections::BTreeMap;

use axum::{extract::Query, response::Response};
use domain::access::Permission;
use leptos::prelude::*;
use portal_ui::{
    Card, Column, EmptyState, Icon, LinkButton, Money, Pagination, Status, Table, Time,
    format::{count, counted, instant},
};
use replay::{RUNS_PAGE, RunRow, Standing};
use schemas::{OperatorId, Timestamp};
use serde::Deserialize;

use super::{
    super::parts::{At, Place, checked_name, header, known, names},
    playable, words,
};
use crate::{
    pages::address::Address,
    server::{error::PageError, render::Cx},
};

/// Where the page begins.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(in crate::pages::agents) struct Page {
    after: String,
}

struct Shown {
    runs: Vec<RunRow>,
    names: BTreeMap<OperatorId, String>,
    may_write: bool,
    is_first: bool,
    now: Timestamp,
}

pub(in crate::pages::agents) async fn list(
    cx: Cx,
    at: At,
    Query(page): Query<Page>,
) -> Result<Response, PageError> {
    let (name, live) = known(&cx, &at).await?;
    let who = &cx.signed.principal;
    let title = format!("Replays of {name}");
    let lead = "What people asked before, asked again. Nobody hears of it, and no tool is called.";
    let Some(shadow) = &cx.portal.shadow else {
        return Ok(cx.page(&title, || {
            let lead = Some(lead.to_owned());
            let header = header((&at, &name, &live), (&title, lead), Place::Replays);
            view! { {header} {without_models()} }.into_any()
        }));
    };
    let after = match page.after.as_str() {
        "" => None,
        after => Some(checked_name(after)?),
    };
    let runs = shadow.runs(who, at.ids(), after.as_deref()).await?;
    let makers = runs.iter().filter_map(|run| run.made_by.clone()).collect();
    let names = names(&cx, makers).await?;
    let may_write = who.require(Permission::AgentsWrite, &at.tenant).is_ok();
    let shown = Shown { runs, names, may_write, is_first: after.is_none(), now: cx.now() };
    Ok(cx.page(&title, || {
        let lead = Some(lead.to_owned());
        let header = header((&at, &name, &live), (&title, lead), Place::Replays);
        let body = listed(&at, shown);
        view! { {header} {body} }.into_any()
    }))
}

/// A portal without models asks nobody.
pub(in crate::pages::agents) fn without_models() -> AnyView {
    view! {
        <Card>
            <EmptyState
                title="No models are set up"
                text="Turns are asked again where the portal knows the models that answer."
                icon=Icon::Ai
            />
        </Card>
    }
    .into_any()
}

fn listed(at: &At, shown: Shown) -> AnyView {
    let Shown { runs, names, may_write, is_first, now } = shown;
    let new = at.path("/replays/new");
    if runs.is_empty() && is_first {
        let action = may_write.then(|| ("Ask the last answers again".to_owned(), new));
        return view! {
            <Card>
                <EmptyState
                    title="No replay yet"
                    text="Before a draft is published, its answers to what people asked before can stand beside those that they got."
                    icon=Icon::Compare
                    action
                />
            </Card>
        }
        .into_any();
    }
    let next = runs.last().filter(|_| u32::try_from(runs.len()) == Ok(RUNS_PAGE));
    let page = || Address::of_tenant(&at.tenant, &["agents", at.agent.as_str(), "replays"]);
    let older = next.map(|last| page().with("after", &last.id).done());
    let newer = (!is_first).then(|| page().done());
    let columns = vec![
        Column::new("Asked"),
        Column::new("State"),
        Column::new("Turns").numbers(),
        Column::new("Differ").numbers(),
        Column::new("Cost").numbers(),
        Column::new("Made"),
    ];
    let rows: Vec<_> = runs.into_iter().map(|run| row(at, run, &names, now)).collect();
    let new = may_write.then(|| {
        view! {
            <p class="row">
                <LinkButton href=new icon=Icon::Plus>"Ask answers again"</LinkButton>
            </p>
        }
    });
    view! {
        {new}
        <Card flush=true>
            <Table caption="Replays, the newest first" columns>{rows}</Table>
            <Pagination newer older words=("Newest", "Older") />
        </Card>
    }
    .into_any()
}

fn row(at: &At, run: RunRow, names: &BTreeMap<OperatorId, String>, now: Timestamp) -> AnyView {
    let href = at.path(&format!("/replays/{}", run.id));
    let (tone, label) = words(&Standing::of(&run, now));
    let turns = format!("{} of {}", count(run.asked), count(playable(&run)));
    let differ = run.differ.filter(|_| 0 < run.asked).map(count);
    let (by, made) = (who(&run, names), format!(", made {}", instant(run.made_at)));
    view! {
        <tr data-row id=format!("run-{}", run.id)>
            <th scope="row">
                <a href=href data-row-link>
                    {run.candidate}
                    <span class="visually-hidden">{made}</span>
                </a>
            </th>
            <td data-label="State"><Status tone label /></td>
            <td data-label="Turns" data-align="end">{turns}</td>
            <td data-label="Differ" data-align="end">{differ}</td>
            <td data-label="Cost" data-align="end"><Money micros=Some(run.spent_micros) /></td>
            <td data-label="Made"><Time at=run.made_at now=Some(now) />" "<span class="meta">{by}</span></td>
        </tr>
    }
    .into_any()
}

/// `by you`, `by Ada`, `by the command line`.
pub(super) fn who(run: &RunRow, names: &BTreeMap<OperatorId, String>) -> String {
    match &run.made_by {
        None => "by the command line".to_owned(),
        Some(id) => {
            format!("by {}", names.get(id).map_or("somebody who is gone", String::as_str))
        }
    }
}

/// What the publish sheet says of replays.
pub(in crate::pages::agents) struct Rehearsal {
    last: Option<RunRow>,
    now: Timestamp,
}

/// The newest run of an agent that has answered; nothing where there can be none.
pub(in crate::pages::agents) async fn rehearsal(
    cx: &Cx,
    at: &At,
    version: u32,
) -> Result<Option<Rehearsal>, PageError> {
    let Some(shadow) = cx.portal.shadow.as_ref().filter(|_| 0 < version) else { return Ok(None) };
    let last = shadow.last(&cx.signed.principal, at.ids()).await?;
    Ok(Some(Rehearsal { last, now: cx.now() }))
}

impl Rehearsal {
    /// The card of the publish sheet.
    pub(in crate::pages::agents) fn view(self, at: &At) -> AnyView {
        let Self { last, now } = self;
        let last = last.map(|run| {
            let href = at.path(&format!("/replays/{}", run.id));
            let differ = run.differ.filter(|_| 0 < run.asked).map(|differ| {
                let asked = counted(run.asked, "answer", "answers");
                format!(": {} of {asked} differ", count(differ))
            });
            view! {
                <p class="meta">
                    "Asked last, " <Time at=run.made_at now=Some(now) /> ": "
                    <a href=href>{run.candidate}</a> {differ} "."
                </p>
            }
        });
        let new = at.path("/replays/new");
        view! {
            <Card
                title="Your last 20 conversations, re-answered"
                lead="The draft is asked what people asked before, and its answers stand beside those that they got. Nobody hears of it, and no tool is called."
            >
                <div class="stack" data-gap="small">
                    {last}
                    <p>
                        <LinkButton href=new icon=Icon::Compare>
                            "See what that takes"
                        </LinkButton>
                    </p>
                </div>
            </Card>
        }
        .into_any()
    }
}
