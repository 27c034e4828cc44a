//! What all forms do with the answer of the desk.

use axum::{
    http::{StatusCode, header},
    response::Response,
};
use desk::{DeskError, Written};
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
        DeskError::Invalid(problems) => Ok(problems
            .into_iter()
            .map(|it| Problem {
                field: it.field.to_owned(),
                message: format!("{} {}", words(it.field), it.problem),
            })
            .collect()),
        DeskError::Conflict { .. } | DeskError::Full { .. } | DeskError::Unavailable => {
            Ok(vec![Problem { field: String::new(), message: sentence(&error.to_string()) }])
        }
    }
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
    use desk::FieldProblem;

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
    fn what_a_form_cannot_mend_is_a_page_of_its_own() {
        assert!(matches!(problems(DeskError::NotFound), Err(PageError::NotFound)));
        assert!(matches!(problems(DeskError::Denied), Err(PageError::Forbidden)));
    }
}
