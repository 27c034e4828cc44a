//! What is known of a deployment from earlier calls: whether it may be called now, and how soon it
//! speaks. Shared by all requests; pure state with an I/O-free shell of locks and tickets.
//!
//! A call takes a [`Ticket`] first. What became of it closes or opens the breakers of the deployment
//! and of its credential. A ticket that is dropped (its caller left) says nothing about either.

mod breaker;
mod latency;
mod rate;

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

pub(crate) use self::breaker::Rest;
use self::{
    breaker::{Breaker, Entry},
    latency::Latency,
    rate::Rate,
};
use crate::{Failure, FailureClass};

/// How long a key is left alone whose account has no money, where its vendor does not say.
const QUOTA_PAUSE: Duration = Duration::from_mins(10);

/// The same for a key that is refused. A new key comes with new settings, which know nothing of this.
const CREDENTIAL_PAUSE: Duration = Duration::from_mins(5);

/// How soon a deployment is asked for again while another call probes it.
const PROBE_LOOK: Duration = Duration::from_millis(500);

/// How much a deployment may be used, by its settings.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Allowance {
    /// Calls a minute.
    pub requests: Option<u32>,
    /// Tokens a minute, of prompts and answers.
    pub tokens: Option<u32>,
}

/// The state of one deployment.
#[derive(Debug)]
pub(crate) struct Health {
    own: Mutex<Own>,
    /// Shared by all deployments with the same key.
    credential: Arc<Credential>,
}

/// The state of a key.
#[derive(Debug, Default)]
pub(crate) struct Credential(Mutex<Breaker>);

#[derive(Debug)]
struct Own {
    breaker: Breaker,
    latency: Latency,
    in_flight: u32,
    requests: Option<Rate>,
    tokens: Option<Rate>,
}

/// What the choice between deployments has to know.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Standing {
    /// When it may be called; `None` means now.
    pub opens_at: Option<Instant>,
    /// The time to the first token, by those seen so far.
    pub first_token: Option<Duration>,
    /// Calls under way.
    pub in_flight: u32,
    /// The part of its calls that it is given: less than 1 while it comes back.
    pub share: f64,
}

/// The right to make one call.
#[derive(Debug)]
pub(crate) struct Ticket<'a> {
    health: &'a Health,
    probes: Probes,
    tokens: u32,
    open: bool,
}

/// For which breakers the call is the one probe.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Probes {
    own: bool,
    credential: bool,
}

/// What became of a call.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Outcome<'a> {
    /// Why there was no answer, if there was none.
    pub failure: Option<&'a Failure>,
    /// From the request to the first token, unless the model had to be loaded first.
    pub first_token: Option<Duration>,
    /// The model may have had to be loaded, so its silence says nothing.
    pub cold: bool,
    /// Tokens of prompt and answer, where they were counted.
    pub tokens: Option<u32>,
    /// When.
    pub now: Instant,
    /// Evenly spread over 0 to 1.
    pub jitter: f64,
}

impl Health {
    pub(crate) fn new(rest: Rest, allowance: Allowance, credential: Arc<Credential>) -> Self {
        let own = Own {
            breaker: Breaker::new(rest),
            latency: Latency::default(),
            in_flight: 0,
            requests: allowance.requests.map(Rate::new),
            tokens: allowance.tokens.map(Rate::new),
        };
        Self { own: Mutex::new(own), credential }
    }

    /// Takes other settings: what is known stays, and so does what rests.
    pub(crate) fn adjust(&self, rest: Rest, allowance: Allowance) {
        let mut own = self.lock();
        own.breaker.adjust(rest);
        own.requests = Rate::adjusted(own.requests.take(), allowance.requests);
        own.tokens = Rate::adjusted(own.tokens.take(), allowance.tokens);
    }

    /// How it stands for a call of about that many tokens.
    pub(crate) fn standing(&self, tokens: u32, now: Instant) -> Standing {
        let credential = self.credential.lock().opens_at(now, PROBE_LOOK);
        let own = self.lock();
        let spent = own.room_at(tokens, now);
        Standing {
            opens_at: own.breaker.opens_at(now, PROBE_LOOK).max(credential).max(spent),
            first_token: own.latency.first_token(),
            in_flight: own.in_flight,
            share: own.breaker.share(),
        }
    }

    /// Takes the right to make a call of about that many tokens; else when to ask again.
    pub(crate) fn enter(&self, tokens: u32, now: Instant) -> Result<Ticket<'_>, Instant> {
        let mut credential = self.credential.lock();
        let mut own = self.lock();
        let shut = own.breaker.opens_at(now, PROBE_LOOK).max(credential.opens_at(now, PROBE_LOOK));
        if let Some(at) = shut.max(own.room_at(tokens, now)) {
            return Err(at);
        }
        let probes = Probes {
            own: own.breaker.enter(now) == Entry::Probe,
            credential: credential.enter(now) == Entry::Probe,
        };
        own.in_flight = own.in_flight.saturating_add(1);
        own.spend(tokens, now);
        Ok(Ticket { health: self, probes, tokens, open: true })
    }

    fn lock(&self) -> MutexGuard<'_, Own> {
        self.own.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Credential {
    fn lock(&self) -> MutexGuard<'_, Breaker> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Own {
    /// When there is room for one more call, unless there is now.
    fn room_at(&self, tokens: u32, now: Instant) -> Option<Instant> {
        let requests = self.requests.as_ref().and_then(|rate| rate.room_at(1, now));
        let tokens = self.tokens.as_ref().and_then(|rate| rate.room_at(tokens, now));
        requests.max(tokens)
    }

    fn spend(&mut self, tokens: u32, now: Instant) {
        for (rate, units) in [(&mut self.requests, 1), (&mut self.tokens, tokens)] {
            if let Some(rate) = rate {
                rate.spend(units, now);
            }
        }
    }

    /// A call ended that says nothing.
    fn says_nothing(&mut self, probe: bool) {
        if probe {
            self.breaker.gave_up();
        }
    }
}

impl Ticket<'_> {
    /// Takes note of what became of the call.
    pub(crate) fn done(mut self, outcome: Outcome<'_>) {
        self.open = false;
        let Outcome { failure, first_token, cold, tokens, now, jitter } = outcome;
        let mut credential = self.health.credential.lock();
        let mut own = self.health.lock();
        own.in_flight = own.in_flight.saturating_sub(1);
        if let (Some(rate), Some(used)) = (&mut own.tokens, tokens) {
            rate.settle(self.tokens, used);
        }
        let class = failure.map(|failure| failure.class);
        let asked = failure.and_then(|failure| failure.retry_after);
        let after = |usual: Duration| now + asked.unwrap_or(usual).max(usual);
        match class {
            Some(FailureClass::QuotaExhausted) => credential.shut(after(QUOTA_PAUSE)),
            Some(FailureClass::CredentialDead) => credential.shut(after(CREDENTIAL_PAUSE)),
            Some(_) if self.probes.credential => credential.gave_up(),
            Some(_) => {}
            None => credential.passed(),
        }
        match class {
            None => {
                own.breaker.passed();
                if let Some(took) = first_token.filter(|_| !cold) {
                    own.latency.record(took, now);
                }
            }
            Some(FailureClass::RateLimited) => own.breaker.refused(now, asked, jitter),
            Some(FailureClass::TimedOut) if cold => own.says_nothing(self.probes.own),
            Some(FailureClass::Overloaded | FailureClass::Transient | FailureClass::TimedOut) => {
                own.breaker.failed(now, jitter);
                if let Some(asked) = asked {
                    own.breaker.shut(now + asked);
                }
            }
            // The vendor works: it is this request, or this key, that does not; or nobody waited.
            Some(
                FailureClass::ContextTooLong
                | FailureClass::Refused
                | FailureClass::Empty
                | FailureClass::BadRequest
                | FailureClass::QuotaExhausted
                | FailureClass::CredentialDead
                | FailureClass::Cancelled,
            ) => own.says_nothing(self.probes.own),
        }
    }
}

impl Drop for Ticket<'_> {
    fn drop(&mut self) {
        if !self.open {
            return;
        }
        if self.probes.credential {
            self.health.credential.lock().gave_up();
        }
        let mut own = self.health.lock();
        own.in_flight = own.in_flight.saturating_sub(1);
        own.says_nothing(self.probes.own);
    }
}

#[cfg(test)]
mod tests;
