//! A vendor's limit of calls or tokens a minute, kept here so that it need not be run into: GCRA, with
//! a minute's worth at once.

use std::time::Duration;

use tokio::time::Instant;

const MINUTE: Duration = Duration::from_mins(1);

/// One limit and its state.
#[derive(Debug)]
pub(super) struct Rate {
    per_minute: u32,
    /// The theoretical arrival time: when all that was spent has been earned again.
    tat: Option<Instant>,
}

impl Rate {
    pub(super) fn new(per_minute: u32) -> Self {
        Self { per_minute: per_minute.max(1), tat: None }
    }

    /// The limit from now on, where there is one: what was spent of the one before is not earned sooner.
    pub(super) fn adjusted(before: Option<Self>, per_minute: Option<u32>) -> Option<Self> {
        let tat = before.and_then(|before| before.tat);
        per_minute.map(|per_minute| Self { tat, ..Self::new(per_minute) })
    }

    /// When there is room for that many, unless there is now. More than a minute's worth is taken as
    /// a minute's worth: it would never fit.
    pub(super) fn room_at(&self, units: u32, now: Instant) -> Option<Instant> {
        let next = self.tat.map_or(now, |tat| tat.max(now)) + self.worth(units);
        let room_at = next.checked_sub(MINUTE)?;
        (now < room_at).then_some(room_at)
    }

    /// Spends that many.
    pub(super) fn spend(&mut self, units: u32, now: Instant) {
        self.tat = Some(self.tat.map_or(now, |tat| tat.max(now)) + self.worth(units));
    }

    /// Puts right what was guessed.
    pub(super) fn settle(&mut self, guessed: u32, used: u32) {
        let (guessed, used) = (self.worth(guessed), self.worth(used));
        self.tat = self.tat.and_then(|tat| (tat + used).checked_sub(guessed));
    }

    fn worth(&self, units: u32) -> Duration {
        let units = f64::from(units.min(self.per_minute));
        MINUTE.mul_f64(units / f64::from(self.per_minute))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_minutes_worth_at_once_and_then_as_it_is_earned() {
        let (mut rate, now) = (Rate::new(60), Instant::now() + Duration::from_hours(1));
        for _ in 0..60 {
            assert_eq!(rate.room_at(1, now), None);
            rate.spend(1, now);
        }
        assert_eq!(rate.room_at(1, now), Some(now + Duration::from_secs(1)));
        assert_eq!(rate.room_at(10, now), Some(now + Duration::from_secs(10)));
        assert_eq!(rate.room_at(1, now + Duration::from_secs(1)), None);
    }

    #[tokio::test(start_paused = true)]
    async fn what_was_guessed_too_high_is_given_back() {
        let (mut rate, now) = (Rate::new(1_000), Instant::now() + Duration::from_hours(1));
        rate.spend(1_000, now);
        assert_eq!(rate.room_at(500, now), Some(now + Duration::from_secs(30)));
        rate.settle(1_000, 500);
        assert_eq!(rate.room_at(500, now), None);
        assert_eq!(rate.room_at(9_000, now), Some(now + Duration::from_secs(30)), "a whole minute");
    }
}
