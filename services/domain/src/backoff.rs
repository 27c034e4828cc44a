//! How long to wait before trying again.

use std::time::Duration;

/// Exponential backoff with full jitter: the crowd that failed together does not return together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backoff {
    /// The longest first wait.
    pub base: Duration,
    /// The longest wait of all.
    pub cap: Duration,
}

impl Backoff {
    /// The wait after failure number `attempt`, counted from 0. `fraction` is drawn by the caller
    /// from 0 to 1; anything else counts as 1.
    pub fn wait(self, attempt: u32, fraction: f64) -> Duration {
        let factor = 1_u32.checked_shl(attempt).unwrap_or(u32::MAX);
        let most = self.base.saturating_mul(factor).min(self.cap);
        if (0.0..1.0).contains(&fraction) { most.mul_f64(fraction) } else { most }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const BACKOFF: Backoff =
        Backoff { base: Duration::from_millis(100), cap: Duration::from_secs(5) };

    #[test]
    fn it_doubles_up_to_the_cap() {
        let waits: Vec<_> = [0, 1, 2, 5, 6, 31, 32, u32::MAX]
            .map(|attempt| BACKOFF.wait(attempt, 1.0).as_millis().to_string())
            .to_vec();
        assert_eq!(waits.join(" "), "100 200 400 3200 5000 5000 5000 5000");
        assert_eq!(BACKOFF.wait(1, 0.5), Duration::from_millis(100));
        assert_eq!(BACKOFF.wait(1, f64::NAN), Duration::from_millis(200));
    }

    proptest! {
        #[test]
        fn no_wait_is_above_the_cap(attempt: u32, fraction: f64) {
            prop_assert!(BACKOFF.wait(attempt, fraction) <= BACKOFF.cap);
        }
    }
}
