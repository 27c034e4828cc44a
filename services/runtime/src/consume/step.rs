//! What to do with a delivery that failed, as a pure function.

use std::time::Duration;

use nats::bounds::{DEFER_MAX, PAUSE_MAX};
use schemas::Timestamp;

use crate::Verdict;

/// Whoever asks for short waits again and again is left alone for this long.
const LATER: Duration = Duration::from_secs(30);

/// What becomes of a delivery that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Try it again in place after the pause.
    Again(Duration),
    /// Come back to it then; until then it holds no room.
    Later(Timestamp),
    /// Give up and keep it for a person.
    SetAside,
}

impl Step {
    /// `attempt` counts from one, for each kind of failure by itself. The server applies no backoff to
    /// what it is told, so the pause is chosen here, from the consumer's row.
    pub(super) fn after(
        verdict: Verdict,
        attempt: u32,
        backoff: &[Duration],
        now: Timestamp,
    ) -> Self {
        let tries_made = usize::try_from(attempt.saturating_sub(1)).unwrap_or(usize::MAX);
        let pause = backoff.get(tries_made).copied();
        match verdict {
            Verdict::Wait => Step::Again(pause.unwrap_or(PAUSE_MAX)),
            Verdict::Retry => pause.map_or(Step::SetAside, Step::Again),
            Verdict::RetryAt(at) if at.since(now) <= PAUSE_MAX => {
                let again = |_| Step::Again(at.since(now));
                pause.map_or(Step::Later(now.plus(LATER)), again)
            }
            Verdict::RetryAt(at) => Step::Later(at.min(now.plus(DEFER_MAX))),
            Verdict::Reject => Step::SetAside,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_verdict_the_attempt_and_the_row_decide() {
        let [one, three] = [1, 3].map(Duration::from_secs);
        let now = Timestamp::from_millis(60_000);
        let soon = now.plus(three);
        let later = now.plus(Duration::from_secs(6));
        let next_year = now.plus(Duration::from_hours(365 * 24));
        let cases = [
            (Verdict::Retry, 1, Step::Again(one)),
            (Verdict::Retry, 2, Step::Again(three)),
            (Verdict::Retry, 3, Step::SetAside),
            (Verdict::Wait, 2, Step::Again(three)),
            (Verdict::Wait, 3, Step::Again(PAUSE_MAX)),
            (Verdict::Wait, u32::MAX, Step::Again(PAUSE_MAX)),
            (Verdict::RetryAt(soon), 2, Step::Again(three)),
            (Verdict::RetryAt(soon), 3, Step::Later(now.plus(LATER))),
            (Verdict::RetryAt(later), 1, Step::Later(later)),
            (Verdict::RetryAt(next_year), 1, Step::Later(now.plus(DEFER_MAX))),
            (Verdict::RetryAt(Timestamp::from_millis(0)), 1, Step::Again(Duration::ZERO)),
            (Verdict::Reject, 1, Step::SetAside),
        ];
        for (verdict, attempt, want) in cases {
            let got = Step::after(verdict, attempt, &[one, three], now);
            assert_eq!(got, want, "{verdict:?} {attempt}");
        }
    }
}
