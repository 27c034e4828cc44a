//! A circuit breaker: what fails is left alone for a while, then tried by one call, and then comes
//! back by and by.

use std::time::Duration;

use tokio::time::Instant;

/// Failures one after the other that open it.
const FAILURES_MAX: u32 = 3;

/// The part of its calls that it is given after the probe; each success doubles it.
const FIRST_SHARE: f64 = 0.25;

/// How long what failed is left alone, where it does not say so itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Rest {
    /// At the most after it opened once; it doubles with each further time.
    pub first: Duration,
    /// At the most however often it opened.
    pub max: Duration,
}

impl Default for Rest {
    fn default() -> Self {
        Self { first: Duration::from_secs(5), max: Duration::from_mins(1) }
    }
}

/// Whether calls go through.
#[derive(Debug, Default)]
pub(super) struct Breaker {
    rest: Rest,
    state: State,
    /// Failures since the last success.
    failures: u32,
    /// How often it opened since it was whole.
    opened: u32,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum State {
    /// Calls go through; while it comes back, a part of them.
    Closed { share: f64 },
    /// None does before that.
    Open { until: Instant },
    /// One is under way, and decides.
    HalfOpen { since: Instant },
}

/// How a call goes through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Entry {
    /// As any other.
    Pass,
    /// As the one that decides.
    Probe,
}

impl Default for State {
    fn default() -> Self {
        Self::Closed { share: 1.0 }
    }
}

impl Breaker {
    pub(super) fn new(rest: Rest) -> Self {
        Self { rest, ..Self::default() }
    }

    /// Rests like that from the next time on.
    pub(super) fn adjust(&mut self, rest: Rest) {
        self.rest = rest;
    }

    /// When a call may go through, unless it may now. While another one probes: `look` from now.
    pub(super) fn opens_at(&self, now: Instant, look: Duration) -> Option<Instant> {
        match self.state {
            State::Closed { .. } => None,
            State::Open { until } => Some(until).filter(|until| now < *until),
            State::HalfOpen { .. } => now.checked_add(look),
        }
    }

    /// Lets a call through; only where [`Self::opens_at`] says that it may.
    pub(super) fn enter(&mut self, now: Instant) -> Entry {
        match self.state {
            State::Open { until } if until <= now => {
                self.state = State::HalfOpen { since: now };
                Entry::Probe
            }
            State::Closed { .. } | State::Open { .. } | State::HalfOpen { .. } => Entry::Pass,
        }
    }

    /// A call was answered.
    pub(super) fn passed(&mut self) {
        self.failures = 0;
        match &mut self.state {
            State::Closed { share } => *share = (*share * 2.0).min(1.0),
            // Also where another call of earlier succeeds while it rests: it works again.
            State::Open { .. } | State::HalfOpen { .. } => {
                self.state = State::Closed { share: FIRST_SHARE };
            }
        }
        if self.share() >= 1.0 {
            self.opened = 0;
        }
    }

    /// A call failed in a way that says something about what answers it.
    pub(super) fn failed(&mut self, now: Instant, jitter: f64) {
        self.failures = self.failures.saturating_add(1);
        let whole = matches!(self.state, State::Closed { share } if share >= 1.0);
        if !whole || FAILURES_MAX <= self.failures {
            self.open(now, jitter);
        }
    }

    /// It asked to be left alone. One call is enough, and it is no fault.
    pub(super) fn refused(&mut self, now: Instant, asked: Option<Duration>, jitter: f64) {
        match asked {
            Some(asked) => self.shut(now + asked),
            None => self.open(now, jitter),
        }
    }

    /// Rests until then, or for longer if it does already.
    pub(super) fn shut(&mut self, until: Instant) {
        let until = match self.state {
            State::Open { until: already } => already.max(until),
            State::Closed { .. } | State::HalfOpen { .. } => until,
        };
        self.state = State::Open { until };
    }

    /// The probe ended without a word: the next call is one.
    pub(super) fn gave_up(&mut self) {
        if let State::HalfOpen { since } = self.state {
            self.state = State::Open { until: since };
        }
    }

    /// The part of its calls that it is given.
    pub(super) fn share(&self) -> f64 {
        match self.state {
            State::Closed { share } => share,
            State::Open { .. } | State::HalfOpen { .. } => FIRST_SHARE,
        }
    }

    fn open(&mut self, now: Instant, jitter: f64) {
        let doubled = 1_u32.checked_shl(self.opened).unwrap_or(u32::MAX);
        let longest = self.rest.first.saturating_mul(doubled).min(self.rest.max);
        self.opened = self.opened.saturating_add(1);
        // Half of it at the least: it has just failed.
        let rest = longest.mul_f64(f64::midpoint(1.0, jitter.clamp(0.0, 1.0)));
        self.shut(now + rest);
    }
}

#[cfg(test)]
mod tests;
