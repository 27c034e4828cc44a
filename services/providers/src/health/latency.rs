//! How soon a deployment speaks: a peak-sensitive moving average of the time to the first token.
//!
//! A slower call counts at once and in full, faster ones bring the average down by and by, so that
//! one bad turn is noticed before it is repeated (as in Finagle's and tower's `PeakEwma`,
//! <https://docs.rs/tower/latest/tower/load/peak_ewma>).

use std::time::Duration;

use tokio::time::Instant;

/// After this long, a new sample weighs 63 %.
const DECAY: Duration = Duration::from_secs(10);

/// The average so far.
#[derive(Debug, Default)]
pub(super) struct Latency(Option<(Duration, Instant)>);

impl Latency {
    /// Takes note of one answer. Failures and cold loads are no samples.
    pub(super) fn record(&mut self, took: Duration, now: Instant) {
        let average = match self.0 {
            Some((average, at)) if took < average => {
                let age = now.saturating_duration_since(at).as_secs_f64();
                let kept = (-age / DECAY.as_secs_f64()).exp();
                average.mul_f64(kept) + took.mul_f64(1.0 - kept)
            }
            Some(_) | None => took,
        };
        self.0 = Some((average, now));
    }

    /// The average, once there is one.
    pub(super) fn first_token(&self) -> Option<Duration> {
        self.0.map(|(average, _)| average)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_slow_answer_counts_at_once_and_is_forgotten_by_and_by() {
        let (mut latency, start) = (Latency::default(), Instant::now());
        let millis = Duration::from_millis;
        assert_eq!(latency.first_token(), None, "unknown is not fast");
        latency.record(millis(100), start);
        latency.record(millis(900), start + millis(1));
        assert_eq!(latency.first_token(), Some(millis(900)));
        latency.record(millis(100), start + millis(1));
        assert_eq!(latency.first_token(), Some(millis(900)), "no time has passed");
        latency.record(millis(100), start + DECAY + millis(1));
        let now = latency.first_token().unwrap().as_secs_f64();
        assert!((now - (0.1 + 0.8 * (-1.0_f64).exp())).abs() < 1e-6, "{now}");
    }
}
