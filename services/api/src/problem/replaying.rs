//! Why turns are not asked again, in the API's words.

use replay::{ReplayError, Stop};

use super::{ApiError, Wrong};

impl From<ReplayError> for ApiError {
    fn from(error: ReplayError) -> Self {
        match error {
            ReplayError::Denied(denied) => denied.into(),
            ReplayError::NoTenant(_)
            | ReplayError::NoAgent(_)
            | ReplayError::NoRun(_)
            | ReplayError::NoTest(_)
            | ReplayError::NotAnswered(_) => ApiError::NotFound,
            ReplayError::NoVersion(version) => {
                ApiError::field("candidate", format!("is version {version}, which there is not"))
            }
            ReplayError::Candidate(problems) => {
                let wrong =
                    |problem| Wrong::new("candidate", format!("cannot be asked: {problem}"));
                ApiError::Invalid(problems.into_iter().map(wrong).collect())
            }
            ReplayError::Unpriced => {
                let problem = "cannot be kept: a model that may be asked has no price";
                ApiError::field("budget_micros", problem)
            }
            ReplayError::NotServed
            | ReplayError::NotPublished
            | ReplayError::NoDraft
            | ReplayError::NoGroup(_)
            | ReplayError::Held
            | ReplayError::Lost(_)
            | ReplayError::Done
            | ReplayError::TooMuchLeft { .. }
            | ReplayError::Unbounded { .. }
            | ReplayError::Busy(_)
            | ReplayError::NothingToAsk
            | ReplayError::NoTests
            | ReplayError::TooManyTests
            | ReplayError::OfTests(_)
            | ReplayError::NotOfTests(_)
            | ReplayError::Unplayable(_)
            | ReplayError::Check(_)
            | ReplayError::Stopped(
                Stop::RunBudget
                | Stop::Operator
                | Stop::Interrupted
                | Stop::Budget(_)
                | Stop::Unpriced(_),
            ) => ApiError::Conflict(error.to_string()),
            ReplayError::Ending => ApiError::Unavailable,
            ReplayError::Store(_)
            | ReplayError::Log(_)
            | ReplayError::Sealed(_)
            | ReplayError::Garbled
            | ReplayError::Stopped(Stop::Store(_)) => {
                tracing::warn!(%error, "a replay cannot be read");
                ApiError::Unavailable
            }
        }
    }
}

#[cfg(test)]
mod tests {
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
