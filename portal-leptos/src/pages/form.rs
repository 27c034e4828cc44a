//! What all forms do: how they are read, and what they do with the answer of the desk.

use axum::{
    http::{StatusCode, header},
    response::Response,
};
pub(crate) use desk::fingerprint;
use desk::{DeskError, FieldProblem, Written};
use leptos::prelude::*;
use portal_ui::Problem;

use crate::server::{
    error::{PageError, see_other},
    flash::Flash,
};

/// What to show above a form that was sent: the problems of its fields, or a page of its own where
/// the form cannot help.
pub(crate) fn problems(error: DeskError) -> Result<Vec<Problem>, PageError> {
    match error {
        DeskError::Denied => Err(PageError::Forbidden),
        DeskError::NotFound => Err(PageError::NotFound),
        DeskError::Invalid(problems) => Ok(problems.into_iter().map(problem).collect()),
        DeskError::Conflict { .. } | DeskError::Full { .. } | DeskError::Unavailable => {
            Ok(vec![Problem { field: String::new(), message: sentence(&error.to_string()) }])
        }
    }
}

/// A row of rules has controls of its own.
fn problem(it: FieldProblem) -> Problem {
    let FieldProblem { field, rule, problem } = it;
    let Some(nth) = rule else {
        let message = format!("{} {problem}", words(field));
        return Problem { field: field.to_owned(), message };
    };
    let (control, what) = match field {
        "to_channel" => ("channel", "the channel"),
        "keywords" => ("keywords", "the list of words"),
        other => (other, other),
    };
    let message = format!("Rule {}: {what} {problem}", nth + 1);
    Problem { field: format!("rule-{control}-{nth}"), message }
}

/// The same for a page that has only these fields: what is wrong with others is said, and leads nowhere.
pub(crate) fn within(problems: Vec<Problem>, fields: &[&str]) -> Vec<Problem> {
    let here = |it: Problem| {
        let is_here = fields.contains(&it.field.as_str());
        if is_here { it } else { Problem { field: String::new(), ..it } }
    };
    problems.into_iter().map(here).collect()
}

/// Something is wrong with a field.
pub(crate) fn wrong(field: &str, message: impl Into<String>) -> Problem {
    Problem { field: field.to_owned(), message: message.into() }
}

/// What was wrong with one field.
pub(crate) fn problem_of(problems: &[Problem], field: &str) -> Option<String> {
    problems.iter().find(|it| it.field == field).map(|it| it.message.clone())
}

/// To the next page, which says that it is done, and whether it shows yet.
pub(crate) fn done(to: &str, said: &str, written: Written) -> Response {
    let flash = if written.visible {
        Flash::good(said)
    } else {
        Flash::note(format!(
            "{said} It is stored, and will show here in a moment: reload the page."
        ))
    };
    go(to, &flash)
}

/// To the next page, with a word.
pub(crate) fn go(to: &str, flash: &Flash) -> Response {
    let mut response = see_other(to);
    if let Some(cookie) = flash.cookie() {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    response
}

/// What was sent. Browsers send lines with `\r\n`; we keep them with `\n`.
pub(crate) fn sent(pairs: Vec<(String, String)>) -> impl Iterator<Item = (String, String)> {
    pairs.into_iter().map(|(name, value)| (name, value.replace("\r\n", "\n")))
}

/// What came of a form that says what it was made from.
pub(crate) enum Saved {
    /// It is so.
    Written(Written),
    /// Somebody else came first: there is another thing than the form was made from.
    Overtaken,
    /// It cannot be so.
    Wrong(Vec<Problem>),
}

/// What Enter presses in a form of several buttons: its first one.
pub(crate) fn enter_saves() -> AnyView {
    view! { <button type="submit" name="do" value="save" hidden></button> }.into_any()
}

/// The status of a form that comes back with problems.
pub(crate) const WITH_PROBLEMS: StatusCode = StatusCode::UNPROCESSABLE_ENTITY;

/// `system_prompt` as people read it.
fn words(field: &str) -> String {
    sentence(&field.replace('_', " "))
}

/// With a capital at its start.
pub(crate) fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(|first| first.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}", letters.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_reads_as_a_sentence_and_points_to_its_field() {
        let error = DeskError::Invalid(vec![FieldProblem::new("system_prompt", "is too long")]);
        let want = Problem {
            field: "system_prompt".to_owned(),
            message: "System prompt is too long".to_owned(),
        };
        assert_eq!(problems(error).unwrap(), [want]);
    }

    #[test]
    fn a_problem_of_a_rule_says_which_and_points_to_its_row() {
        let of_rule =
            |field| FieldProblem { rule: Some(1), ..FieldProblem::new(field, "is empty") };
        let error = DeskError::Invalid(vec![of_rule("to_channel"), of_rule("keywords")]);
        let found = problems(error).unwrap();
        let got: Vec<_> = found.iter().map(|it| (&*it.field, &*it.message)).collect();
        let want = [
            ("rule-channel-1", "Rule 2: the channel is empty"),
            ("rule-keywords-1", "Rule 2: the list of words is empty"),
        ];
        assert_eq!(got, want);
        let elsewhere = within(found, &["note"]);
        assert!(elsewhere.iter().all(|it| it.field.is_empty()), "{elsewhere:?}");
    }

    #[test]
    fn what_a_form_cannot_mend_is_a_page_of_its_own() {
        assert!(matches!(problems(DeskError::NotFound), Err(PageError::NotFound)));
        assert!(matches!(problems(DeskError::Denied), Err(PageError::Forbidden)));
    }
}
