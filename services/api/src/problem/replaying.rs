//! Why turns are not asked again, in the API's words.

use replay::{Refusal, ReplayError};

use super::{ApiError, Wrong};

impl From<ReplayError> for ApiError {
    fn from(error: ReplayError) -> Self {
        if let Some(field) = of_field(&error) {
            return field;
        }
        match error.refusal() {
            Refusal::Denied(denied) => denied.into(),
            Refusal::NotFound => ApiError::NotFound,
            Refusal::InTheWay => ApiError::Conflict(error.to_string()),
            Refusal::Later => ApiError::Unavailable,
            Refusal::Away | Refusal::Unreadable => {
                tracing::warn!(%error, "a replay cannot be read");
                ApiError::Unavailable
            }
        }
    }
}

/// What a field of the request is at fault for.
fn of_field(error: &ReplayError) -> Option<ApiError> {
    if let ReplayError::NoVersion(version) = error {
        let problem = format!("is version {version}, which there is not");
        Some(ApiError::field("candidate", problem))
    } else if let ReplayError::Candidate(problems) = error {
        let wrong = |problem| Wrong::new("candidate", format!("cannot be asked: {problem}"));
        Some(ApiError::Invalid(problems.iter().map(wrong).collect()))
    } else if let ReplayError::Unpriced = error {
        let problem = "cannot be kept: a model that may be asked has no price";
        Some(ApiError::field("budget_micros", problem))
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use replay::Stop;

    use super::*;

    #[test]
    fn what_stands_in_the_way_is_said_and_what_can_be_mended_is_named() {
        let conflict = |what: &str| ApiError::Conflict(what.to_owned());
        let problems = vec!["`name` is missing".to_owned()];
        let cases = [
            (ReplayError::NoRun("r".to_owned()), ApiError::NotFound),
            (ReplayError::NoDraft, conflict("the agent has no draft")),
            (ReplayError::Done, conflict("it is done: nothing is left to be asked")),
            (ReplayError::Stopped(Stop::RunBudget), conflict("stopped by its budget")),
            (
                ReplayError::NoVersion(9),
                ApiError::field("candidate", "is version 9, which there is not"),
            ),
            (
                ReplayError::Candidate(problems),
                ApiError::field("candidate", "cannot be asked: `name` is missing"),
            ),
            (ReplayError::Ending, ApiError::Unavailable),
            (ReplayError::Garbled, ApiError::Unavailable),
        ];
        for (error, want) in cases {
            let said = error.to_string();
            assert_eq!(ApiError::from(error), want, "{said}");
        }
    }
}
