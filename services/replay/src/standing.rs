//! How a run stands, for whoever looks at its row.

use schemas::Timestamp;
use store::replays::RunRow;

use crate::{ReplayError, Stop, TESTS_MAX, TURNS_AT_HAND_MAX};

/// How a run stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Somebody asks it.
    UnderWay,
    /// Whoever asked it was ended or killed; it goes on when somebody says so.
    Interrupted,
    /// It was stopped, for that reason.
    Stopped(String),
    /// Every turn was asked.
    Done,
}

impl Standing {
    /// As its row has it at that time.
    pub fn of(run: &RunRow, now: Timestamp) -> Self {
        Self::told(&run.state, run.why.as_deref(), run.is_held(now))
    }

    fn told(state: &str, why: Option<&str>, is_held: bool) -> Self {
        match (state, is_held) {
            ("done", _) => Self::Done,
            ("open", true) => Self::UnderWay,
            ("open", false) => Self::Interrupted,
            (_, _) => match why {
                Some(why) if why == Stop::Interrupted.to_string() => Self::Interrupted,
                why => Self::Stopped(why.unwrap_or("stopped").to_owned()),
            },
        }
    }

    /// Whether its own budget ended it: without more of that it does not go on.
    pub fn lacks_budget(&self) -> bool {
        matches!(self, Self::Stopped(why) if *why == Stop::RunBudget.to_string())
    }
}

/// Whether a run may go on in the background, where nobody watches it: no more of it is left than is begun
/// there, and it has a budget, or whoever had it made there was told that nobody knows what it costs.
pub fn at_hand(run: &RunRow) -> Result<(), ReplayError> {
    let left = run.cases.saturating_sub(run.unplayable).saturating_sub(run.asked);
    let is_bounded = run.budget_micros.is_some() || run.made_by.is_some();
    goes_on(&run.id, run.of_tests, (left, is_bounded))
}

fn goes_on(run: &str, of_tests: bool, (left, is_bounded): (u64, bool)) -> Result<(), ReplayError> {
    let (command, most) = if of_tests {
        ("test", u64::try_from(TESTS_MAX).unwrap_or(u64::MAX))
    } else {
        ("replay shadow", TURNS_AT_HAND_MAX.into())
    };
    let run = run.to_owned();
    if most < left {
        return Err(ReplayError::TooMuchLeft { run, command });
    }
    if is_bounded { Ok(()) } else { Err(ReplayError::Unbounded { run, command }) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_was_told_to_end_and_who_was_killed_leave_the_same_behind() {
        let stopped = |why: &Stop| Standing::Stopped(why.to_string());
        let interrupted = Stop::Interrupted.to_string();
        let (budget, operator) = (Stop::RunBudget.to_string(), Stop::Operator.to_string());
        let cases = [
            ("open", None, true, Standing::UnderWay),
            ("open", None, false, Standing::Interrupted),
            ("stopped", Some(&interrupted), false, Standing::Interrupted),
            ("stopped", Some(&budget), false, stopped(&Stop::RunBudget)),
            ("stopped", Some(&operator), true, stopped(&Stop::Operator)),
            ("stopped", None, false, Standing::Stopped("stopped".to_owned())),
            ("done", None, false, Standing::Done),
        ];
        for (state, why, is_held, want) in cases {
            let got = Standing::told(state, why.map(String::as_str), is_held);
            assert_eq!(got, want, "{state} {why:?} {is_held}");
            assert_eq!(got.lacks_budget(), why == Some(&budget), "{got:?}");
        }
    }

    #[test]
    fn what_goes_on_unwatched_is_bounded_and_else_its_command_is_named() {
        let (turns, tests) = (u64::from(TURNS_AT_HAND_MAX), u64::try_from(TESTS_MAX).unwrap());
        let said = |of_tests, left, is_bounded| {
            goes_on("acme-1", of_tests, (left, is_bounded)).map_err(|why| why.to_string())
        };
        assert_eq!((said(false, turns, true), said(true, tests, true)), (Ok(()), Ok(())));
        for (of_tests, left, is_bounded, want) in [
            (
                false,
                turns + 1,
                true,
                "more of it is left than is asked here: `konstruct replay shadow --resume acme-1` goes on \
                 with it",
            ),
            (
                true,
                tests + 1,
                true,
                "more of it is left than is asked here: `konstruct test --resume acme-1` goes on with it",
            ),
            (
                false,
                1,
                false,
                "it has no budget: `konstruct replay shadow --resume acme-1 --budget DOLLARS` goes on with \
                 it",
            ),
        ] {
            assert_eq!(said(of_tests, left, is_bounded), Err(want.to_owned()));
        }
    }
}
