//! What the pages of one agent share: which agent, its head, and how its fields are called.

use std::collections::BTreeMap;

use axum::{
    extract::{FromRequestParts, RawPathParams},
    http::request::Parts,
};
use desk::{Draft, Live, OpenConfig};
use domain::config::Field;
use leptos::prelude::*;
use portal_ui::{
    Avatar, Crumb, Definition, DefinitionList, PageHeader, Status, Tab, Tabs, Tone,
    format::{counted, shortened},
};
use schemas::{AgentId, OperatorId, TenantId};

use crate::server::{error::PageError, render::Cx};

/// The agent that a path names.
#[derive(Clone)]
pub(super) struct At {
    pub(super) tenant: TenantId,
    pub(super) agent: AgentId,
    pub(super) version: Option<u32>,
    /// A run or a test of it, by its name.
    pub(super) named: Option<String>,
}

/// The longest name of a run or a test.
const NAME_CHARS_MAX: usize = 128;

impl<S: Send + Sync> FromRequestParts<S> for At {
    type Rejection = PageError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, PageError> {
        let params = RawPathParams::from_request_parts(parts, state).await;
        let params = params.map_err(|_| PageError::NotFound)?;
        let find = |name: &str| params.iter().find(|(it, _)| *it == name).map(|(_, value)| value);
        let tenant = find("tenant").and_then(|it| it.parse().ok()).ok_or(PageError::NotFound)?;
        let agent = find("agent").and_then(|it| it.parse().ok()).ok_or(PageError::NotFound)?;
        let version = match find("version") {
            Some(version) => Some(version.parse().map_err(|_| PageError::NotFound)?),
            None => None,
        };
        let named = find("run").or_else(|| find("test")).map(checked_name).transpose()?;
        Ok(Self { tenant, agent, version, named })
    }
}

/// A name of a run or a test, as we make them.
pub(super) fn checked_name(text: &str) -> Result<String, PageError> {
    let is_name = |text: &str| text.bytes().all(|it| it.is_ascii_alphanumeric() || it == b'-');
    let found = Some(text).filter(|text| text.len() <= NAME_CHARS_MAX && is_name(text));
    Ok(found.ok_or(PageError::NotFound)?.to_owned())
}

impl At {
    /// The run or the test that the path names.
    pub(super) fn named(&self) -> Result<&str, PageError> {
        self.named.as_deref().ok_or(PageError::NotFound)
    }

    /// The agent, as the desk and the views take it.
    pub(super) fn ids(&self) -> (&TenantId, &AgentId) {
        (&self.tenant, &self.agent)
    }

    /// A page of the agent; `end` begins with a slash, or is empty.
    pub(super) fn path(&self, end: &str) -> String {
        format!("/t/{}/agents/{}{end}", self.tenant, self.agent)
    }
}

/// What is being worked on, and what answers meanwhile.
pub(super) struct Bench {
    pub(super) draft: Draft,
    pub(super) live: Live,
}

impl Bench {
    pub(super) async fn of(cx: &Cx, at: &At) -> Result<Self, PageError> {
        let (desk, who) = (&cx.portal.desk, &cx.signed.principal);
        let draft = desk.draft(who, &at.tenant, &at.agent).await?;
        let live = desk.live(who, &at.tenant, &at.agent).await?;
        Ok(Self { draft, live })
    }

    /// In how many fields the draft goes beyond what answers.
    pub(super) fn changes(&self) -> usize {
        let live = self.live.config.as_ref();
        live.map_or(0, |live| live.difference(&self.draft.fields).len())
    }

    /// The same in words, e.g. "2 changes since version 3".
    pub(super) fn since(&self) -> String {
        let changes = u64::try_from(self.changes()).unwrap_or_default();
        match (self.live.version, changes) {
            (0, _) => "not published yet".to_owned(),
            (version, 0) => format!("the same as version {version}"),
            (version, changes) => {
                format!("{} since version {version}", counted(changes, "change", "changes"))
            }
        }
    }

    /// What the agent is called.
    pub(super) fn name(&self, at: &At) -> String {
        name_of(&self.draft.fields, &at.agent)
    }
}

/// What a configuration calls the agent; its slug while it has no name.
pub(super) fn name_of(config: &OpenConfig, agent: &AgentId) -> String {
    let name = config.name.trim();
    if name.is_empty() { agent.to_string() } else { name.to_owned() }
}

/// The longest question in a title, in characters.
const QUESTION_CHARS: usize = 90;

/// The beginning of what somebody asked, for a title.
pub(super) fn question(text: &str) -> String {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if text.is_empty() {
        return "A message without words".to_owned();
    }
    shortened(&text, QUESTION_CHARS)
}

/// The agent's name and what answers.
pub(super) async fn known(cx: &Cx, at: &At) -> Result<(String, Live), PageError> {
    let (desk, who) = (&cx.portal.desk, &cx.signed.principal);
    let live = desk.live(who, &at.tenant, &at.agent).await?;
    let name = match &live.config {
        Some(config) => name_of(config, &at.agent),
        None => name_of(&desk.draft(who, &at.tenant, &at.agent).await?.fields, &at.agent),
    };
    Ok((name, live))
}

/// Whether it answers, in a word.
pub(super) fn standing(live: &Live) -> (Tone, String) {
    match (live.retired, live.version) {
        (true, _) => (Tone::Neutral, "Retired".to_owned()),
        (false, 0) => (Tone::Info, "Never published".to_owned()),
        (false, version) => (Tone::Ok, format!("Version {version} answers")),
    }
}

/// The pages of an agent that stand beside each other.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Design,
    Versions,
    Past,
    Replays,
    Tests,
    Budget,
    /// Below one of them.
    Elsewhere,
}

/// The head of a page of an agent. `title` is the agent's name, or what is done to it.
pub(super) fn header(
    (at, name, live): (&At, &str, &Live),
    (title, lead): (&str, Option<String>),
    place: Place,
) -> AnyView {
    let mut crumbs = vec![Crumb::new("Agents", format!("/t/{}/agents", at.tenant))];
    if place != Place::Design {
        crumbs.push(Crumb::new(name, at.path("")));
    }
    let tab = |label: &str, end: &str, own: Place| Tab {
        label: label.to_owned(),
        href: at.path(end),
        current: place == own,
        count: None,
    };
    let tabs = vec![
        tab("Design", "", Place::Design),
        tab("Versions", "/versions", Place::Versions),
        tab("Over time", "/past", Place::Past),
        tab("Replays", "/replays", Place::Replays),
        tab("Tests", "/tests", Place::Tests),
        tab("Budget", "/budget", Place::Budget),
    ];
    let (tone, word) = standing(live);
    let face = name.to_owned();
    let aside = move || {
        let (face, word) = (face.clone(), word.clone());
        view! { <Avatar name=face ai=true large=true /> <Status tone label=word /> }
    };
    let title = title.to_owned();
    let header = match lead {
        Some(lead) => view! { <PageHeader title lead crumbs aside=aside /> }.into_any(),
        None => view! { <PageHeader title crumbs aside=aside /> }.into_any(),
    };
    view! { {header} <Tabs label="Pages of this agent" tabs /> }.into_any()
}

/// A field's name as people read it.
pub(super) fn label(field: &str) -> &'static str {
    match field {
        "name" => "Name",
        "role" => "Role",
        "job_description" => "Job description",
        "statement_of_work" => "Statement of work",
        "persona" => "Persona",
        "system_prompt" => "System prompt",
        "model" => "Model group",
        "tools" => "Tools",
        "escalation" => "Escalation rules",
        "follow_minutes" => "Follow time, in minutes",
        "version" => "Version",
        "daily_budget" => "Budget of a day",
        "monthly_budget" => "Budget of a month",
        "retired" => "Retired",
        _ => "Other",
    }
}

/// A configuration to read.
pub(super) fn reading(config: &OpenConfig) -> AnyView {
    let term = |field: Field| {
        let text = config.get(field).to_string();
        let shown = if text.trim().is_empty() {
            view! { <span class="meta">"empty"</span> }.into_any()
        } else {
            view! { <p class="prose">{text}</p> }.into_any()
        };
        view! { <Definition term=label(field.as_str())>{shown}</Definition> }
    };
    let terms: Vec<_> = Field::ALL.into_iter().map(term).collect();
    view! { <DefinitionList>{terms}</DefinitionList> }.into_any()
}

/// What those who did something are called; `You` for whoever looks.
pub(super) async fn names(
    cx: &Cx,
    of: Vec<OperatorId>,
) -> Result<BTreeMap<OperatorId, String>, PageError> {
    let mut names = cx.portal.accounts.names(of).await?;
    if let Some(own) = names.get_mut(&cx.signed.principal.operator) {
        "you".clone_into(own);
    }
    Ok(names)
}
