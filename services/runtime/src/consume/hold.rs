//! The order of a lane across a crash.
//!
//! What a worker had in hand when it died comes again only after the ack wait, and newer events of
//! the same conversation would go ahead. So whoever takes up a consumer lets nothing begin until all
//! that was delivered before has come again, or until the ack wait is over.

use std::time::Duration;

use tokio::time::Instant;

/// Past the ack wait, whatever has not come was settled meanwhile.
const GRACE: Duration = Duration::from_secs(2);

/// What was delivered to somebody before, and not settled.
#[derive(Debug)]
pub(super) struct Hold {
    /// The last sequence that was delivered then.
    horizon: u64,
    outstanding: u64,
    until: Instant,
}

impl Hold {
    /// Waits for `outstanding` deliveries up to `horizon`.
    pub(super) fn new(horizon: u64, outstanding: u64, ack_wait: Duration, now: Instant) -> Self {
        Self { horizon, outstanding, until: now + ack_wait + GRACE }
    }

    /// One of them came again, if it is one.
    pub(super) fn came(&mut self, sequence: u64) {
        if sequence <= self.horizon {
            self.outstanding = self.outstanding.saturating_sub(1);
        }
    }

    /// Whether anything may begin: what comes again comes in any order.
    pub(super) fn admits(&self, now: Instant) -> bool {
        self.outstanding == 0 || self.until <= now
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_is_new_waits_for_what_was_in_hand() {
        let begun = Instant::now();
        let mut hold = Hold::new(10, 2, Duration::from_secs(15), begun);
        assert!(!hold.admits(begun), "two are still out");
        hold.came(9);
        hold.came(11);
        assert!(!hold.admits(begun), "one is still out, and may be before 9 in its lane");
        hold.came(4);
        assert!(hold.admits(begun), "both have come");
    }

    #[tokio::test]
    async fn nobody_waits_longer_than_the_ack_wait() {
        let begun = Instant::now();
        let hold = Hold::new(10, 1, Duration::from_secs(15), begun);
        assert!(!hold.admits(begun + Duration::from_secs(16)));
        assert!(hold.admits(begun + Duration::from_secs(17)));
    }
}
