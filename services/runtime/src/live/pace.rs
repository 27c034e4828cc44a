//! How often each session may begin to look on.

use std::{
    collections::HashMap,
    num::NonZeroU32,
    sync::{Mutex, PoisonError},
};

use domain::gcra::{self, Decision, Quota, Tat};
use schemas::Timestamp;

/// Beginnings a minute, and at once. A page that is left and come back to takes one.
const PER_MINUTE: NonZeroU32 = NonZeroU32::new(20).unwrap();

/// With more sessions than this, those that owe nothing any more are forgotten.
const SESSIONS_MAX: usize = 10_000;

/// What each session has spent.
#[derive(Default)]
pub(super) struct Pace(Mutex<HashMap<String, Tat>>);

impl Pace {
    /// Spends one beginning, or says when the next one will pass.
    pub(super) fn admit(&self, session: &str, now: Timestamp) -> Result<(), Timestamp> {
        let mut spent = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if SESSIONS_MAX <= spent.len() {
            let now_us = now.as_millis().saturating_mul(1000);
            spent.retain(|_, tat| now_us < tat.0);
        }
        let quota = Quota { per_minute: PER_MINUTE };
        match gcra::admit(quota, spent.get(session).copied(), now) {
            Decision::Admitted(tat) => {
                spent.insert(session.to_owned(), tat);
                Ok(())
            }
            Decision::Throttled { retry_at } => Err(retry_at),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_comes_back_again_and_again_waits_and_others_do_not() {
        let (pace, at) = (Pace::default(), Timestamp::from_millis);
        for _ in 0..PER_MINUTE.get() {
            assert_eq!(pace.admit("s1", at(0)), Ok(()));
        }
        assert_eq!(pace.admit("s1", at(0)), Err(at(3_000)));
        assert_eq!(pace.admit("s2", at(0)), Ok(()));
        assert_eq!(pace.admit("s1", at(3_000)), Ok(()));
    }
}
