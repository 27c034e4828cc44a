//! How an agent stood at a moment, and what is different now.

use axum::{extract::Query, response::Response};
use desk::Live;
use domain::difference::{OpenAgent, of_agent};
use leptos::prelude::*;
use portal_ui::{Card, Definition, DefinitionList, Status, Tone, format::dollars};
use views::Past;

use super::parts::{At, Place, header, known, label, reading};
use crate::{
    pages::{
        address::Address,
        past::{Asked, Looked, authors, bar, different, form, not_yet},
    },
    server::{error::PageError, render::Cx},
};

pub(super) async fn show(
    cx: Cx,
    at: At,
    Query(asked): Query<Asked>,
) -> Result<Response, PageError> {
    let (name, live) = known(&cx, &at).await?;
    let (who, now) = (&cx.signed.principal, cx.now());
    let looked = asked.looked(now);
    let past = cx.portal.views.agent_past(who, at.ids(), looked.until(), now).await?;
    let names = authors(&cx, &past.moments).await?;
    let page = Address::of_tenant(&at.tenant, &["agents", at.agent.as_str(), "past"]);
    let title = format!("{name} over time");
    Ok(cx.page_with(looked.status(), &title, || {
        let bar = bar(&page, &past.moments, &names);
        let header = head((&at, &name, &live), &title);
        let state = state(&name, &page, &looked, past);
        view! { {header} <div class="stack">{form(&page, &looked)} {bar} {state}</div> }.into_any()
    }))
}

fn head(of: (&At, &str, &Live), title: &str) -> AnyView {
    let lead = "How it stood at any moment, and what is different now. Drafts are here as they were \
                saved, not as they were typed.";
    header(of, (title, Some(lead.to_owned())), Place::Past)
}

fn state(name: &str, page: &Address, looked: &Looked, past: Past<OpenAgent>) -> AnyView {
    let Past { moments, then, now } = past;
    let Some(then) = then else { return not_yet(name, page, (looked, &moments)) };
    let changes = now.map(|now| of_agent(Some(&then), &now)).unwrap_or_default();
    let different = different(looked, changes, label);
    view! { {stood(looked, &then)} {different} {said(&then)} }.into_any()
}

fn stood(looked: &Looked, agent: &OpenAgent) -> AnyView {
    let (tone, word) = match (agent.retired, &agent.published) {
        (true, _) => (Tone::Neutral, "Retired: it answered nobody".to_owned()),
        (false, None) => (Tone::Info, "Not published: it answered nobody".to_owned()),
        (false, Some((version, _))) => (Tone::Ok, format!("Version {version} answered")),
    };
    let or_none = |micros: Option<u64>| micros.map_or("none".to_owned(), dollars);
    let [daily, monthly] = [agent.budget.daily_micros, agent.budget.monthly_micros].map(or_none);
    view! {
        <Card title=looked.words()>
            <DefinitionList>
                <Definition term="State"><Status tone label=word /></Definition>
                <Definition term="Budget of a day">{daily}</Definition>
                <Definition term="Budget of a month">{monthly}</Definition>
            </DefinitionList>
        </Card>
    }
    .into_any()
}

/// What it said, and the draft that lay beside it.
fn said(agent: &OpenAgent) -> AnyView {
    let published = agent.published.as_ref().map(|(version, config)| {
        let said = reading(config);
        view! { <Card title=format!("What version {version} said")>{said}</Card> }
    });
    let draft = agent.draft.as_ref().map(|config| {
        let said = reading(config);
        view! { <Card title="The draft that was saved">{said}</Card> }
    });
    view! { {published} {draft} }.into_any()
}
