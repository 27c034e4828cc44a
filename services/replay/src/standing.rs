//! How a run stands, for whoever looks at its row.

use schemas::Timestamp;
use store::replays::RunRow;

use crate::Stop;

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
}
