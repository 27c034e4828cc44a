//! Lanes that may have something deferred: only there is it asked who waits behind whom.

use std::{
    collections::HashSet,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use nats::bounds::DEFER_MAX;
use tokio::time::Instant;

use super::Lane;

/// Lanes remembered at once.
const LANES_PARKED_MAX: usize = 100_000;

/// What was deferred before this worker began is back by then.
const ASK_ALL_FOR: Duration = DEFER_MAX.saturating_add(Duration::from_mins(5));

pub(super) struct Parked(Mutex<State>);

struct State {
    lanes: HashSet<Lane>,
    /// Until then every lane may have something deferred, by whoever worked here before.
    ask_all_until: Instant,
}

impl Parked {
    pub(super) fn new(now: Instant) -> Self {
        Self(Mutex::new(State { lanes: HashSet::new(), ask_all_until: now + ASK_ALL_FOR }))
    }

    /// Whether something of the lane may be deferred.
    pub(super) fn may_hold(&self, lane: Lane, now: Instant) -> bool {
        let state = self.state();
        now < state.ask_all_until || state.lanes.contains(&lane)
    }

    /// Something of the lane is deferred now. Where there are too many to remember, all are asked.
    pub(super) fn hold(&self, lane: Lane, now: Instant) {
        let mut state = self.state();
        if LANES_PARKED_MAX <= state.lanes.len() {
            *state = State { lanes: HashSet::new(), ask_all_until: now + ASK_ALL_FOR };
        }
        state.lanes.insert(lane);
    }

    /// Nothing of the lane is deferred any more.
    pub(super) fn free(&self, lane: Lane) {
        self.state().lanes.remove(&lane);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_lane_is_asked_while_it_may_hold_something() {
        let begun = Instant::now();
        let (parked, lane) = (Parked::new(begun), Lane::ONE);
        assert!(
            parked.may_hold(lane, begun),
            "whoever was here before may have deferred something"
        );
        let later = begun + ASK_ALL_FOR;
        assert!(!parked.may_hold(lane, later));
        parked.hold(lane, later);
        assert!(parked.may_hold(lane, later));
        parked.free(lane);
        assert!(!parked.may_hold(lane, later));
    }
}
