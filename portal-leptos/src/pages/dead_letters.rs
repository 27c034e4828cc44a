//! What could not be handled, and what is done about it: for whoever keeps the installation running.

mod view;

use axum::{
    extract::{Form, Path, Query},
    response::Response,
};
use desk::{DeskError, LetterWish, LettersDone, Which, repair::Wanted};
use domain::access::Permission;
use portal_ui::format::counted;
use schemas::{OperatorId, TenantId};
use serde::Deserialize;

use super::form::{go, sentence};
use crate::server::{
    error::PageError,
    flash::Flash,
    render::Cx,
    routes::{Need, Routes},
};

const PATH: &str = "/dead-letters";

pub(crate) fn routes() -> Routes {
    let read = Need::Platform(Permission::StreamsRead);
    let decide = Need::Platform(Permission::LettersDecide);
    Routes::default()
        .get(PATH, read, list)
        .get("/dead-letters/groups/{key}", decide, confirm)
        .post("/dead-letters/groups/{key}", decide, decide_group)
        .get("/dead-letters/{letter}", read, show)
        .post("/dead-letters/{letter}", decide, decide_one)
}

/// Which letters, as it stands in the address.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
struct Search {
    tenant: String,
    decided: Option<String>,
}

impl Search {
    fn wanted(&self) -> Result<Wanted, PageError> {
        let tenant = self.tenant.trim();
        let tenant = (!tenant.is_empty()).then(|| tenant.parse::<TenantId>()).transpose();
        let tenant = tenant.map_err(|_| PageError::BadRequest)?;
        Ok(Wanted { tenant, decided: self.decided.is_some(), ..Wanted::default() })
    }
}

/// What becomes of letters.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Decided {
    r#do: String,
    reason: String,
}

impl Decided {
    fn wish(&self) -> Result<LetterWish<'_>, PageError> {
        match self.r#do.as_str() {
            "retry" => Ok(LetterWish::Retry),
            "discard" => Ok(LetterWish::Discard(self.reason.trim())),
            _ => Err(PageError::BadRequest),
        }
    }
}

async fn list(cx: Cx, Query(search): Query<Search>) -> Result<Response, PageError> {
    let who = &cx.signed.principal;
    let (groups, kept) = cx.portal.desk.letters(who, &search.wanted()?).await?;
    let may_decide = who.require_platform(Permission::LettersDecide).is_ok();
    let shown = view::List { search, groups, kept, may_decide };
    Ok(cx.page("Dead letters", || view::list(shown)))
}

async fn show(cx: Cx, Path(letter): Path<String>) -> Result<Response, PageError> {
    let who = &cx.signed.principal;
    let (kept, event) = cx.portal.desk.letter(who, &letter).await?;
    let may_decide = who.require_platform(Permission::LettersDecide).is_ok();
    let by = kept.decision.as_ref().and_then(|it| it.by.operator.as_deref());
    let name = match by.and_then(|by| by.parse::<OperatorId>().ok()) {
        Some(id) => cx.portal.accounts.names(vec![id.clone()]).await?.remove(&id),
        None => None,
    };
    Ok(cx.page("Dead letter", || view::one(kept, event, name, may_decide)))
}

/// Asks before many are decided.
async fn confirm(cx: Cx, Path(key): Path<String>) -> Result<Response, PageError> {
    let who = &cx.signed.principal;
    let (groups, _) = cx.portal.desk.letters(who, &Wanted::default()).await?;
    let found = groups.into_iter().find(|it| it.group.key == key).ok_or(PageError::NotFound)?;
    Ok(cx.page("Decide of dead letters", || view::confirm(found)))
}

async fn decide_one(
    cx: Cx,
    Path(letter): Path<String>,
    Form(decided): Form<Decided>,
) -> Result<Response, PageError> {
    let back = format!("{PATH}/{letter}");
    decide(&cx, Which::One(&letter), &decided, &back).await
}

async fn decide_group(
    cx: Cx,
    Path(key): Path<String>,
    Form(decided): Form<Decided>,
) -> Result<Response, PageError> {
    let back = format!("{PATH}/groups/{key}");
    decide(&cx, Which::Group(&key), &decided, &back).await
}

/// Done, the list says so; where nothing was, whoever asked is where they were.
async fn decide(
    cx: &Cx,
    which: Which<'_>,
    decided: &Decided,
    back: &str,
) -> Result<Response, PageError> {
    let (desk, who) = (&cx.portal.desk, &cx.signed.principal);
    match desk.decide_letters(who, which, decided.wish()?).await {
        Ok(done) => Ok(go(PATH, &said(&done))),
        Err(DeskError::Invalid(_)) => Ok(go(back, &Flash::note("Say why."))),
        Err(DeskError::Conflict { what }) => Ok(go(back, &Flash::note(sentence(&what)))),
        Err(error) => Err(error.into()),
    }
}

fn said(done: &LettersDone) -> Flash {
    let LettersDone { done, refused, left } = done;
    let letters = |count: usize| counted(count as u64, "letter", "letters");
    let mut text = format!("{} decided.", letters(*done));
    if let Some(first) = refused.first() {
        text = format!("{text} {} left as they are: {first}.", letters(refused.len()));
    }
    if 0 < *left {
        text = format!("{text} {} wait: do it once more.", letters(*left));
    }
    if refused.is_empty() { Flash::good(text) } else { Flash::note(text) }
}
