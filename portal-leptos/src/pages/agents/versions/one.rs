//! One version, and back to it.

use axum::{extract::Form, response::Response};
use desk::Live;
use domain::access::Permission;
use leptos::prelude::*;
use portal_ui::{Card, FormErrors, Icon, LinkButton, Problem, SubmitButton, TextAreaField, Time};
use schemas::Timestamp;
use serde::Deserialize;
use views::{Version, VersionLine};

use super::{
    super::parts::{At, Place, header, known, names, reading},
    who as who_of,
};
use crate::{
    pages::form::{WITH_PROBLEMS, done, problem_of, problems, within},
    server::{error::PageError, render::Cx},
};

/// Why an earlier version comes back.
#[derive(Clone, Debug, Default, Deserialize)]
pub(in crate::pages::agents) struct Back {
    #[serde(default)]
    note: String,
}

pub(in crate::pages::agents) async fn one(cx: Cx, at: At) -> Result<Response, PageError> {
    let shown = Shown::of(&cx, &at).await?;
    Ok(cx.page(&shown.title(), || shown.view(&at, String::new(), Vec::new())))
}

pub(in crate::pages::agents) async fn restore(
    cx: Cx,
    at: At,
    Form(back): Form<Back>,
) -> Result<Response, PageError> {
    let version = at.version.ok_or(PageError::NotFound)?;
    let note = back.note.replace("\r\n", "\n");
    let (desk, who) = (&cx.portal.desk, &cx.signed.principal);
    match desk.restore(who, at.ids(), version, &note).await {
        Ok(written) => {
            let said = format!("What version {version} said answers again, as the newest version.");
            Ok(done(&at.path("/versions"), &said, written))
        }
        Err(error) => {
            let problems = problems(error)?;
            let shown = Shown::of(&cx, &at).await?;
            let view = || shown.view(&at, note, problems);
            Ok(cx.page_with(WITH_PROBLEMS, &shown.title(), view))
        }
    }
}

/// A version on its page.
struct Shown {
    name: String,
    live: Live,
    version: Version,
    by: String,
    may_write: bool,
    now: Timestamp,
}

impl Shown {
    async fn of(cx: &Cx, at: &At) -> Result<Self, PageError> {
        let version = at.version.ok_or(PageError::NotFound)?;
        let (name, live) = known(cx, at).await?;
        let who = &cx.signed.principal;
        let version = cx.portal.views.version(who, at.ids(), version, cx.now()).await?;
        let names = names(cx, version.line.operator.iter().cloned().collect()).await?;
        let may_write = who.require(Permission::AgentsWrite, &at.tenant).is_ok();
        Ok(Self {
            by: who_of(&version.line, &names),
            name,
            live,
            version,
            may_write,
            now: cx.now(),
        })
    }

    fn title(&self) -> String {
        format!("{}, version {}", self.name, self.version.line.version)
    }

    fn view(&self, at: &At, note: String, problems: Vec<Problem>) -> AnyView {
        let VersionLine { version, at: when, note: why, .. } = self.version.line.clone();
        let header = header((at, &self.name, &self.live), (&self.title(), why), Place::Versions);
        let is_live = version == self.live.version && !self.live.retired;
        let restore = (self.may_write && !is_live).then(|| {
            restore_form(at, (version, self.live.version.saturating_add(1)), note, problems)
        });
        let compare = (version != self.live.version && 0 < self.live.version).then(|| {
            let href = at.path(&format!("/versions/diff?from={version}&to={}", self.live.version));
            view! { <LinkButton href icon=Icon::Compare>"Compare with what answers"</LinkButton> }
        });
        let said = reading(&self.version.config);
        let (by, now) = (self.by.clone(), self.now);
        view! {
            {header}
            <p class="row">
                <span>"Published " <Time at=when now=Some(now) /> " " {by} "."</span>
                {compare}
            </p>
            <Card title="What it said">{said}</Card>
            {restore}
        }
        .into_any()
    }
}

fn restore_form(
    at: &At,
    (version, next): (u32, u32),
    note: String,
    problems: Vec<Problem>,
) -> AnyView {
    let wrong = problem_of(&problems, "note");
    let action = at.path(&format!("/versions/{version}"));
    let lead = format!("It is published once more, as version {next}. The draft stays as it is.");
    view! {
        <Card title="Bring it back" lead>
            <form method="post" action=action class="form">
                <FormErrors problems=within(problems, &["note"]) />
                <TextAreaField
                    name="note"
                    label="Note"
                    value=note
                    error=wrong
                    hint="Why, in a line. It stands in the history of versions."
                    rows=2
                />
                <div class="form-actions">
                    <SubmitButton icon=Icon::Restore>
                        {format!("Publish as version {next}")}
                    </SubmitButton>
                </div>
            </form>
        </Card>
    }
    .into_any()
}
