//! One run: its report, to read and to take along, and the words that stop it and take it up again.

use axum::{
    extract::{Form, Query},
    http::{HeaderValue, header},
    response::Response,
};
use domain::access::Permission;
use replay::{Report, Standing};
use serde::Deserialize;
use serde_json::json;

use super::{
    super::parts::{At, known, names},
    list, refused, shadow, view,
};
use crate::{
    pages::{
        file::{Kind, file},
        form::go,
    },
    server::{error::PageError, flash::Flash, render::Cx, session::Visited},
};

/// After how many seconds a page of a run that is under way is loaded again.
const AGAIN_S: &str = "5";

/// Which turns, as it stands in the address.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(in crate::pages::agents) struct Look {
    /// `changed`, or `all`; nothing shows how far a run is while it is asked, and then all.
    pub(super) show: String,
    /// How many of them come before this page.
    pub(super) from: usize,
}

impl Look {
    pub(super) fn is_changed_only(&self) -> bool {
        self.show == "changed"
    }
}

/// The report, once it is on record that somebody of the installation reads what people wrote.
async fn report(cx: &Cx, at: &At, Visited(visit): &Visited) -> Result<Report, PageError> {
    let (who, run) = (&cx.signed.principal, at.named()?);
    let detail = json!({ "replay": run });
    cx.portal.accounts.note_read(who, &at.tenant, detail, visit).await?;
    Ok(shadow(cx)?.report(who, at.ids(), run).await?)
}

pub(in crate::pages::agents) async fn show(
    cx: Cx,
    visited: Visited,
    at: At,
    Query(look): Query<Look>,
) -> Result<Response, PageError> {
    let (name, live) = known(&cx, &at).await?;
    let (who, now) = (&cx.signed.principal, cx.now());
    let run = shadow(&cx)?.run(who, at.ids(), at.named()?).await?;
    let title = format!("Replay of {}", run.candidate);
    let names = names(&cx, run.made_by.iter().cloned().collect()).await?;
    let may_write = who.require(Permission::AgentsWrite, &at.tenant).is_ok();
    let by = list::who(&run, &names);
    if look.show.is_empty() && Standing::of(&run, now) == Standing::UnderWay {
        let view = || view::under_way((&at, &name, &live), &run, (&by, may_write), now);
        let mut response = cx.page(&title, view);
        // The page shows how far it is, with or without a script.
        response.headers_mut().insert(header::REFRESH, HeaderValue::from_static(AGAIN_S));
        return Ok(response);
    }
    let report = report(&cx, &at, &visited).await?;
    let shown = view::Shown { at, name, live, report, look, by, may_write, now };
    // Texts are compared here, and that is work.
    let page = tokio::task::spawn_blocking(move || cx.page(&title, || view::page(shown)));
    page.await.map_err(|_| PageError::Internal)
}

pub(in crate::pages::agents) async fn markdown(
    cx: Cx,
    visited: Visited,
    at: At,
) -> Result<Response, PageError> {
    taken_along(&cx, &at, &visited, (Kind::Markdown, replay::markdown)).await
}

pub(in crate::pages::agents) async fn json(
    cx: Cx,
    visited: Visited,
    at: At,
) -> Result<Response, PageError> {
    let body = |report: &Report| format!("{:#}\n", report.json());
    taken_along(&cx, &at, &visited, (Kind::Json, body)).await
}

/// The report as a file.
async fn taken_along(
    cx: &Cx,
    at: &At,
    visited: &Visited,
    (kind, body): (Kind, fn(&Report) -> String),
) -> Result<Response, PageError> {
    known(cx, at).await?;
    let report = report(cx, at, visited).await?;
    Ok(file(&format!("replay-{}", report.run.id), kind, body(&report)))
}

pub(in crate::pages::agents) async fn stop(
    cx: Cx,
    Visited(visit): Visited,
    at: At,
) -> Result<Response, PageError> {
    known(&cx, &at).await?;
    let (who, run) = (&cx.signed.principal, at.named()?);
    let to = at.path(&format!("/replays/{run}"));
    if !shadow(&cx)?.stop(who, at.ids(), run).await? {
        return Ok(go(&to, &Flash::note("It had ended already.")));
    }
    let detail = json!({ "agent": at.agent, "replay": run });
    let did = (accounts::Replaying::Stopped, detail);
    cx.portal.accounts.note_replay(who, &at.tenant, did, &visit).await?;
    Ok(go(&to, &Flash::good("It stops once the turns that are being asked have ended.")))
}

/// How much more it may cost, in millionths of a dollar, as it was shown.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(default)]
pub(in crate::pages::agents) struct More {
    more: u64,
}

/// Takes it up again.
pub(in crate::pages::agents) async fn go_on(
    cx: Cx,
    Visited(visit): Visited,
    at: At,
    Form(More { more }): Form<More>,
) -> Result<Response, PageError> {
    known(&cx, &at).await?;
    let (who, run) = (&cx.signed.principal, at.named()?);
    let to = at.path(&format!("/replays/{run}"));
    if let Err(error) = shadow(&cx)?.go_on(who, at.ids(), (run, more)).await {
        return Ok(go(&to, &Flash::bad(format!("{}.", refused(error)?))));
    }
    let detail = json!({ "agent": at.agent, "replay": run });
    let did = (accounts::Replaying::Resumed, detail);
    cx.portal.accounts.note_replay(who, &at.tenant, did, &visit).await?;
    Ok(go(&to, &Flash::good("It goes on with what is missing.")))
}
