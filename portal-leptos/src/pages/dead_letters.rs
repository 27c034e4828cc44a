//! What could not be handled, and what is done about it: for whoever keeps the installation running.

mod view;

use axum::{
    extract::{Form, Path, Query},
    response::Response,
};
use desk::{
    LeftBe, LetterWish, LettersDone, Which,
    repair::{GroupOfLetters, Kept, Wanted},
};
use domain::access::Permission;
use portal_ui::{Problem, format::counted};
use schemas::{InvalidId, TenantId, Timestamp};
use serde::Deserialize;

use super::{
    authors,
    form::{WITH_PROBLEMS, go, problems, wrong},
};
use crate::server::{
    error::PageError,
    flash::Flash,
    render::Cx,
    routes::{Need, Routes},
};

const PATH: &str = "/dead-letters";

const DECIDE_OF_MANY: &str = "Decide of dead letters";

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
    fn wanted(&self) -> Result<Wanted, Problem> {
        let no_slug =
            |error: InvalidId| wrong("tenant", format!("Tenant is no slug: {}", error.problem()));
        let tenant = of_tenant(&self.tenant).map_err(no_slug)?;
        Ok(Wanted { tenant, decided: self.decided.is_some(), ..Wanted::default() })
    }
}

/// The tenant that was typed; nothing where nothing was.
fn of_tenant(typed: &str) -> Result<Option<TenantId>, InvalidId> {
    let typed = typed.trim();
    (!typed.is_empty()).then(|| typed.parse()).transpose()
}

/// What becomes of letters.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Decided {
    r#do: String,
    reason: String,
    /// Of a group: only the letters of this tenant, where one was looked for.
    tenant: String,
    /// Of a group: when the newest letter was set aside that whoever decides has seen.
    until: Option<i64>,
}

impl Decided {
    fn wish(&self) -> Result<LetterWish<'_>, PageError> {
        match self.r#do.as_str() {
            "retry" => Ok(LetterWish::Retry),
            "discard" => Ok(LetterWish::Discard(self.reason.trim())),
            _ => Err(PageError::BadRequest),
        }
    }

    /// The letters of a group that were looked at.
    fn seen(&self) -> Result<Wanted, PageError> {
        let tenant = of_tenant(&self.tenant).map_err(|_| PageError::BadRequest)?;
        let until = Some(Timestamp::from_millis(self.until.ok_or(PageError::BadRequest)?));
        Ok(Wanted { tenant, until, ..Wanted::default() })
    }
}

async fn list(cx: Cx, Query(search): Query<Search>) -> Result<Response, PageError> {
    let who = &cx.signed.principal;
    let wanted = match search.wanted() {
        Ok(wanted) => wanted,
        Err(problem) => {
            let shown = view::List { search, ..view::List::default() };
            let view = || view::list(shown, Some(problem));
            return Ok(cx.page_with(WITH_PROBLEMS, "Dead letters", view));
        }
    };
    let (mut groups, kept) = cx.portal.desk.letters(who, &wanted).await?;
    name_authors(&cx, &mut groups).await?;
    let may_decide = who.require_platform(Permission::LettersDecide).is_ok();
    let shown = view::List { search, groups, kept, may_decide };
    Ok(cx.page("Dead letters", || view::list(shown, None)))
}

/// Whoever changed something before letters came has their name in the place of their id.
async fn name_authors(cx: &Cx, groups: &mut [GroupOfLetters]) -> Result<(), PageError> {
    let changes = groups.iter().flat_map(|it| &it.before);
    let ids: Vec<&str> = changes.filter_map(|it| it.by.operator.as_deref()).collect();
    let names = authors::names(cx, &ids).await?;
    for change in groups.iter_mut().flat_map(|it| &mut it.before) {
        if let Some(id) = &mut change.by.operator
            && let Some(name) = names.get(id.as_str())
        {
            id.clone_from(name);
        }
    }
    Ok(())
}

async fn show(cx: Cx, Path(letter): Path<String>) -> Result<Response, PageError> {
    let shown = One::of(&cx, &letter).await?;
    Ok(cx.page("Dead letter", || view::one(shown, String::new(), Vec::new())))
}

/// A letter, its event, what whoever decided of it is called, and whether somebody may.
struct One {
    kept: Kept,
    event: Option<Vec<u8>>,
    name: Option<String>,
    may_decide: bool,
}

impl One {
    async fn of(cx: &Cx, letter: &str) -> Result<Self, PageError> {
        let who = &cx.signed.principal;
        let (kept, event) = cx.portal.desk.letter(who, letter).await?;
        let may_decide = who.require_platform(Permission::LettersDecide).is_ok();
        let by = kept.decision.as_ref().and_then(|it| it.by.operator.clone());
        let name = match by {
            Some(by) => authors::names(cx, &[&*by]).await?.remove(&by),
            None => None,
        };
        Ok(Self { kept, event, name, may_decide })
    }
}

/// Asks before many are decided.
async fn confirm(
    cx: Cx,
    Path(key): Path<String>,
    Query(search): Query<Search>,
) -> Result<Response, PageError> {
    let wanted = search.wanted().map_err(|_| PageError::BadRequest)?;
    let wanted = Wanted { decided: false, ..wanted };
    let found = cx.portal.desk.letters_of(&cx.signed.principal, (key.as_str(), &wanted)).await?;
    let typed = Decided { tenant: search.tenant, ..Decided::default() };
    Ok(cx.page(DECIDE_OF_MANY, || view::confirm(found, &typed, Vec::new())))
}

/// Done, the list says so; what is wrong is said with what was typed.
async fn decide_one(
    cx: Cx,
    Path(letter): Path<String>,
    Form(decided): Form<Decided>,
) -> Result<Response, PageError> {
    match decide(&cx, Which::One(&letter), &decided).await? {
        Ok(done) => Ok(done),
        Err(problems) => {
            let shown = One::of(&cx, &letter).await?;
            let view = || view::one(shown, decided.reason, problems);
            Ok(cx.page_with(WITH_PROBLEMS, "Dead letter", view))
        }
    }
}

async fn decide_group(
    cx: Cx,
    Path(key): Path<String>,
    Form(decided): Form<Decided>,
) -> Result<Response, PageError> {
    let seen = decided.seen()?;
    match decide(&cx, Which::Group(&key, &seen), &decided).await? {
        Ok(done) => Ok(done),
        Err(problems) => {
            let found =
                cx.portal.desk.letters_of(&cx.signed.principal, (key.as_str(), &seen)).await?;
            let view = || view::confirm(found, &decided, problems);
            Ok(cx.page_with(WITH_PROBLEMS, DECIDE_OF_MANY, view))
        }
    }
}

async fn decide(
    cx: &Cx,
    which: Which<'_>,
    decided: &Decided,
) -> Result<Result<Response, Vec<Problem>>, PageError> {
    let (desk, who) = (&cx.portal.desk, &cx.signed.principal);
    match desk.decide_letters(who, which, decided.wish()?).await {
        Ok(done) => Ok(Ok(go(PATH, &said(cx, &done).await?))),
        Err(error) => Ok(Err(problems(error)?)),
    }
}

async fn said(cx: &Cx, done: &LettersDone) -> Result<Flash, PageError> {
    let LettersDone { done, refused, left } = done;
    let letters = |count: usize| counted(count as u64, "letter", "letters");
    let mut text = format!("{} decided.", letters(*done));
    if let Some(first) = refused.first() {
        let why = why(cx, first).await?;
        text = format!("{text} {} left as they are: {why}.", letters(refused.len()));
    }
    let wait = letters(*left);
    match (*left, *done) {
        (0, _) => {}
        (_, 0) => text = format!("{text} {wait} were not tried: discard the others first."),
        (_, _) => text = format!("{text} {wait} wait: do it once more."),
    }
    Ok(match (refused.is_empty(), *done) {
        (true, _) => Flash::good(text),
        (false, 0) => Flash::bad(text),
        (false, _) => Flash::note(text),
    })
}

async fn why(cx: &Cx, left: &LeftBe) -> Result<String, PageError> {
    match left {
        LeftBe::Refused(why) => Ok(why.clone()),
        LeftBe::Decided(standing) => {
            let by = standing.by.operator.as_deref().unwrap_or(&standing.by.via);
            let names = authors::names(cx, &[by]).await?;
            let who = names.get(by).map_or(by, String::as_str);
            Ok(format!("it was {} by {who} at {}", standing.verb.as_str(), standing.at))
        }
    }
}
