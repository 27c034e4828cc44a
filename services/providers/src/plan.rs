//! Which deployment is tried next, and when. Pure: told the time and the dice, it only decides.
//!
//! The candidates come in the order of [`crate::choose`]; those that rest go last.

use std::time::Duration;

use tokio::time::Instant;

use crate::{Action, Failure, FailureClass};

/// A pause of our own up to this is waited out; for a longer one the next deployment is tried first.
const STAY_MAX: Duration = Duration::from_secs(2);

/// How often a deployment may come back without a text.
const EMPTY_TRIES: u32 = 2;

/// One request's budget of retries, over all deployments and groups. Time is the other half of it:
/// the deadline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Retries {
    /// All attempts of one request.
    pub attempts_max: u32,
    /// Attempts at one deployment.
    pub tries_per_deployment: u32,
    /// The longest pause after the first failure; it doubles with each further one.
    pub pause: Duration,
    /// The longest pause of our own choosing.
    pub pause_max: Duration,
}

impl Default for Retries {
    fn default() -> Self {
        Self {
            attempts_max: 6,
            tries_per_deployment: 3,
            pause: Duration::from_millis(500),
            pause_max: Duration::from_secs(8),
        }
    }
}

impl Retries {
    /// The same with no more attempts than that.
    pub(crate) fn at_most(self, attempts: Option<u32>) -> Self {
        let attempts_max = attempts.map_or(self.attempts_max, |most| most.min(self.attempts_max));
        Self { attempts_max, ..self }
    }
}

/// A deployment, as far as the plan has to know it.
#[derive(Clone, Debug)]
pub(crate) struct Candidate<'a> {
    /// Deployments with the same one share a key and a quota.
    pub credential: &'a str,
    pub context_window: Option<u32>,
    /// When it may be called, if not now.
    pub opens_at: Option<Instant>,
}

/// What to do now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// Call that deployment after the wait.
    Try { candidate: usize, wait: Duration },
    /// Nothing more can be tried in time.
    Stop,
}

/// When a failure came, and what chance says.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moment {
    pub now: Instant,
    /// Evenly spread over 0 to 1.
    pub jitter: f64,
    /// The attempt can be made again with a higher limit of tokens.
    pub can_grow: bool,
}

/// The state of one request.
pub(crate) struct Plan<'a> {
    retries: Retries,
    attempts: u32,
    stopped: bool,
    routes: Vec<Route<'a>>,
}

struct Route<'a> {
    candidate: Candidate<'a>,
    tries: u32,
    out: bool,
    /// Before all others.
    first: bool,
    /// Others go first.
    put_off: bool,
    /// Not to be called before.
    not_before: Option<Instant>,
    /// The same, if that is known for certain: its vendor said so, or it rests.
    asked: Option<Instant>,
}

impl<'a> Plan<'a> {
    /// A plan that tries the candidates in their order.
    pub(crate) fn new(retries: Retries, candidates: impl Iterator<Item = Candidate<'a>>) -> Self {
        let route = |candidate: Candidate<'a>| Route {
            tries: 0,
            out: false,
            first: false,
            put_off: candidate.opens_at.is_some(),
            not_before: candidate.opens_at,
            asked: candidate.opens_at,
            candidate,
        };
        Self { retries, attempts: 0, stopped: false, routes: candidates.map(route).collect() }
    }

    /// Chooses the next attempt, and counts it.
    pub(crate) fn next(&mut self, now: Instant, deadline: Instant) -> Step {
        if self.stopped || self.retries.attempts_max <= self.attempts {
            return Step::Stop;
        }
        let start = |route: &Route<'_>| route.not_before.map_or(now, |at| at.max(now));
        let open = self.routes.iter_mut().enumerate().filter(|(_, route)| !route.out);
        // Those put off come after all others, the earliest first; the sort is stable.
        let place = |route: &Route<'_>| (!route.first, route.put_off.then(|| start(route)));
        let first = open.min_by_key(|(_, route)| place(route));
        let Some((candidate, route)) = first else { return Step::Stop };
        route.first = false;
        let start = start(route);
        if deadline <= start {
            return Step::Stop;
        }
        route.tries = route.tries.saturating_add(1);
        self.attempts = self.attempts.saturating_add(1);
        Step::Try { candidate, wait: start.duration_since(now) }
    }

    /// The same again at once, asked in another way: the request was at fault, and it is mended.
    pub(crate) fn mended(&mut self, candidate: usize) {
        let Some(route) = self.routes.get_mut(candidate) else { return };
        route.tries = route.tries.saturating_sub(1);
        route.first = true;
    }

    /// Takes back the attempt that was chosen last: its deployment rests until then.
    pub(crate) fn shut(&mut self, candidate: usize, until: Instant) {
        let Some(route) = self.routes.get_mut(candidate) else { return };
        self.attempts = self.attempts.saturating_sub(1);
        route.tries = route.tries.saturating_sub(1);
        route.put_off = true;
        route.not_before = Some(until);
        route.asked = Some(until);
    }

    /// Takes note of a failed attempt.
    pub(crate) fn failed(&mut self, candidate: usize, failure: &Failure, moment: Moment) {
        let retries = self.retries;
        let Some(route) = self.routes.get_mut(candidate) else { return };
        route.asked = failure.retry_after.and_then(|wait| moment.now.checked_add(wait));
        let (credential, window) = (route.candidate.credential, route.candidate.context_window);
        match failure.action() {
            Action::Again => route.again(retries, failure, moment),
            Action::Later => {
                route.again(retries, failure, moment);
                route.put_off = true;
            }
            Action::Next => route.out = true,
            Action::NextCredential => {
                self.close(|other| other.credential == credential);
            }
            Action::Larger => {
                route.out = true;
                self.close(|other| other.context_window.is_some_and(|w| Some(w) <= window));
            }
            Action::Stop => self.stopped = true,
        }
    }

    /// How many attempts may still be made.
    pub(crate) fn attempts_left(&self) -> u32 {
        self.retries.attempts_max.saturating_sub(self.attempts)
    }

    /// When a deployment may be asked again: by its vendor's word, or when it has rested.
    pub(crate) fn retry_at(&self) -> Option<Instant> {
        self.routes.iter().filter_map(|route| route.asked).min()
    }

    fn close(&mut self, which: impl Fn(&Candidate<'_>) -> bool) {
        for route in &mut self.routes {
            route.out |= which(&route.candidate);
        }
    }
}

impl Route<'_> {
    fn again(&mut self, retries: Retries, failure: &Failure, moment: Moment) {
        let pause = pause(retries, self.tries, moment.jitter);
        let pause = failure.retry_after.map_or(pause, |asked| asked.max(pause));
        self.not_before = moment.now.checked_add(pause);
        // Who asks for a pause gets it; meanwhile others may answer.
        self.put_off |= STAY_MAX < pause || failure.retry_after.is_some_and(|it| !it.is_zero());
        let empty = failure.class == FailureClass::Empty;
        let tries = if empty { EMPTY_TRIES } else { u32::MAX }.min(retries.tries_per_deployment);
        self.out |= tries <= self.tries || (failure.starved && !moment.can_grow);
    }
}

/// Full jitter: anything between nothing and a bound that doubles, so that many clients that failed
/// together do not come back together.
fn pause(retries: Retries, tries: u32, jitter: f64) -> Duration {
    let doubled = 1_u32.checked_shl(tries.saturating_sub(1)).unwrap_or(u32::MAX);
    let bound = retries.pause.saturating_mul(doubled).min(retries.pause_max);
    bound.mul_f64(jitter.clamp(0.0, 1.0))
}

#[cfg(test)]
mod tests;
