//! Time bars: how something stood at a moment, the changes around it, and what is different now.
//!
//! Every instant of these pages is in UTC and stays so, since that is what the field takes.

mod view;

use std::collections::BTreeMap;

use axum::http::StatusCode;
use domain::look::{NoMoment, moment};
use portal_ui::{
    InputKind,
    format::{instant, shortened},
};
use schemas::{OperatorId, Timestamp};
use serde::Deserialize;
use views::Moments;

pub(super) use self::view::{bar, different, form, not_yet};
use super::{address::Address, form::WITH_PROBLEMS};
use crate::server::{error::PageError, render::Cx};

/// The most characters that are said again of what was no moment.
const SAID_CHARS: usize = 40;

/// What was asked for, as it stands in the address.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    /// The moment; now if it is left open.
    at: String,
    /// Of a list: after what it goes on.
    pub(super) after: String,
}

/// The moment that is looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Looked {
    /// `None` is the present.
    at: Option<Timestamp>,
    /// What the field holds.
    typed: String,
    /// Why that is no moment; then now is looked at.
    problem: Option<String>,
}

/// What authors call themselves.
type Names = BTreeMap<OperatorId, String>;

impl Asked {
    /// The moment that was typed.
    pub(super) fn looked(&self, now: Timestamp) -> Looked {
        let typed = self.at.trim();
        if typed.is_empty() {
            return Looked::default();
        }
        match moment(typed, now) {
            Ok(at) => Looked { at: Some(at), typed: in_field(at), problem: None },
            Err(why) => {
                let problem = Some(problem(typed, &why));
                Looked { at: None, typed: typed.to_owned(), problem }
            }
        }
    }
}

impl Looked {
    /// Changes after it are not looked at.
    pub(super) fn until(&self) -> Timestamp {
        // Now is after every change: the clocks of hosts differ.
        self.at.unwrap_or_else(|| Timestamp::from_millis(i64::MAX))
    }

    /// Whether it is now.
    pub(super) const fn is_now(&self) -> bool {
        self.at.is_none()
    }

    /// The field that shows what was typed: one for days and times shows nothing else, and the browser's
    /// console complains.
    pub(super) fn kind(&self) -> InputKind {
        let is_shown = self.problem.is_none() || is_local(&self.typed);
        if is_shown { InputKind::Moment } else { InputKind::Text }
    }

    /// The status of a page that shows it.
    pub(super) const fn status(&self) -> StatusCode {
        if self.problem.is_some() { WITH_PROBLEMS } else { StatusCode::OK }
    }

    /// It in words.
    pub(super) fn words(&self) -> String {
        self.at.map_or_else(|| "Now".to_owned(), instant)
    }

    /// That page at this moment.
    pub(super) fn on(&self, page: Address) -> Address {
        page.with("at", &self.at.map(|at| at.to_string()).unwrap_or_default())
    }
}

/// As browsers have it: without a zone, and no more of it than there is to say.
fn in_field(at: Timestamp) -> String {
    let text = at.to_string();
    let text = text.trim_end_matches('Z');
    text.strip_suffix(".000").unwrap_or(text).to_owned()
}

/// Whether it looks as browsers have it.
fn is_local(typed: &str) -> bool {
    let shape: String =
        typed.chars().map(|it| if it.is_ascii_digit() { '0' } else { it }).collect();
    ["0000-00-00T00:00", "0000-00-00T00:00:00", "0000-00-00T00:00:00.000"].contains(&shape.as_str())
}

fn problem(typed: &str, why: &NoMoment) -> String {
    let what = match why {
        NoMoment::NoInstant(_) => format!("“{}” is no moment", shortened(typed, SAID_CHARS)),
        NoMoment::Ahead(at) => format!("{} lies ahead", instant(*at)),
    };
    format!(
        "{what}. Choose a day and a time that have been. Until then, this is how it stands now."
    )
}

/// What those who made these changes call themselves.
pub(super) async fn authors(cx: &Cx, moments: &Moments) -> Result<Names, PageError> {
    let all = moments.newer.iter().chain(&moments.older);
    let authors = all.filter_map(|it| it.operator.clone()).collect();
    Ok(cx.portal.accounts.names(authors).await?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn looked(at: &str) -> Looked {
        let asked = Asked { at: at.to_owned(), after: String::new() };
        asked.looked("2026-11-22T09:30:00Z".parse().unwrap())
    }

    #[test]
    fn what_is_shown_in_the_field_is_the_moment_that_is_looked_at() {
        for (typed, field, words) in [
            ("2026-11-21T09:30", "2026-11-21T09:30:00", "21 Nov 2026, 09:30:00 UTC"),
            ("2026-11-21T09:30:05.250Z", "2026-11-21T09:30:05.250", "21 Nov 2026, 09:30:05 UTC"),
            ("2h", "2026-11-22T07:30:00", "22 Nov 2026, 07:30:00 UTC"),
        ] {
            let it = looked(typed);
            assert_eq!((&*it.typed, &*it.words()), (field, words), "{typed}");
            assert_eq!((it.status(), it.is_now()), (StatusCode::OK, false));
            assert_eq!(looked(&it.typed), it, "it is the same once more");
            let again = it.on(Address::new("/p")).done();
            assert!(again.starts_with("/p?at=2026-11-2") && again.ends_with('Z'), "{again}");
        }
    }

    #[test]
    fn no_moment_is_now_with_nothing_lost_of_what_was_typed() {
        for (typed, why) in [
            ("yesterday", "“yesterday” is no moment."),
            ("2999-01-01T00:00", "1 Jan 2999, 00:00:00 UTC lies ahead."),
        ] {
            let it = looked(typed);
            assert_eq!((&*it.typed, it.status(), it.is_now()), (typed, WITH_PROBLEMS, true));
            assert!(it.problem.as_ref().is_some_and(|it| it.starts_with(why)), "{it:?}");
        }
        let open = looked(" ");
        assert_eq!((open.status(), open.words()), (StatusCode::OK, "Now".to_owned()));
        assert_eq!(open.on(Address::new("/p")).done(), "/p");
    }
}
