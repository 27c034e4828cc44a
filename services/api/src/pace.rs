//! How often each key may ask.

use std::{
    collections::HashMap,
    num::NonZeroU32,
    sync::{Mutex, PoisonError},
};

use domain::gcra::{self, Decision, Quota, Tat};
use schemas::{OperatorId, Timestamp};

/// With more keys than this, those that owe nothing any more are forgotten.
const KEYS_MAX: usize = 10_000;

/// What each key has spent. It is this process's own: with several portals, each counts for itself.
pub(crate) struct Pace {
    quota: Quota,
    spent: Mutex<HashMap<OperatorId, Tat>>,
}

impl Pace {
    /// So many requests a minute, and at once.
    pub(crate) fn new(per_minute: NonZeroU32) -> Self {
        Self { quota: Quota { per_minute }, spent: Mutex::default() }
    }

    /// Spends one request, or says when the next one will pass.
    pub(crate) fn admit(&self, key: &OperatorId, now: Timestamp) -> Result<(), Timestamp> {
        let mut spent = self.spent.lock().unwrap_or_else(PoisonError::into_inner);
        if KEYS_MAX <= spent.len() {
            let now_us = now.as_millis().saturating_mul(1000);
            spent.retain(|_, tat| now_us < tat.0);
        }
        match gcra::admit(self.quota, spent.get(key).copied(), now) {
            Decision::Admitted(tat) => {
                spent.insert(key.clone(), tat);
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
    fn one_key_does_not_spend_what_another_may() {
        let pace = Pace::new(NonZeroU32::new(2).unwrap());
        let (one, other): (OperatorId, OperatorId) = ("k1".parse().unwrap(), "k2".parse().unwrap());
        let at = Timestamp::from_millis;
        assert_eq!(pace.admit(&one, at(0)), Ok(()));
        assert_eq!(pace.admit(&one, at(0)), Ok(()));
        assert_eq!(pace.admit(&one, at(0)), Err(at(30_000)));
        assert_eq!(pace.admit(&other, at(0)), Ok(()));
        assert_eq!(pace.admit(&one, at(30_000)), Ok(()));
    }
}
