//! No deployment gave an answer: what was tried, and what to do about it.

use std::fmt;

use domain::budget::in_words;
use schemas::{BudgetMet, usage::Attempt};
use tokio::time::Instant;

use crate::{Failure, FailureClass, NotStarted};

/// Why there is no answer. Its `Display` is fit for logs: no key, no address, nobody's words.
#[derive(Debug)]
pub struct Exhausted {
    /// The group asked for.
    pub group: String,
    /// What it came down to.
    pub cause: Cause,
    /// Every attempt that was made, in order.
    pub attempts: Vec<Attempt>,
    /// Why each of them failed, in the same order.
    pub failures: Vec<Failure>,
    /// When another request will be taken, by a vendor's own word or because what failed has rested:
    /// no sooner.
    pub retry_at: Option<Instant>,
    /// What is left of the request's budget of attempts ([`crate::Request::attempts_max`]).
    pub attempts_left: u32,
}

/// What it came down to.
#[derive(Debug)]
pub enum Cause {
    /// The decisive failure: a refusal; else the first that time may mend; else the first.
    Failed(FailureClass),
    /// The attempt could not be recorded, so the call was not made.
    NotRecorded(Box<dyn std::error::Error + Send + Sync>),
    /// A budget had no room for the next attempt, so the call was not made.
    OverBudget(BudgetMet),
    /// There is no such group.
    UnknownGroup,
    /// The deadline passed before anything could be tried.
    OutOfTime,
    /// All that could answer rest, for longer than there is time: see [`Exhausted::retry_at`].
    AllRest,
    /// No deployment can take the request: it is too long, or asks for what none of them has.
    NoneFits,
}

impl Exhausted {
    /// The decisive class, if anything was tried.
    pub fn class(&self) -> Option<FailureClass> {
        match self.cause {
            Cause::Failed(class) => Some(class),
            Cause::NotRecorded(_)
            | Cause::OverBudget(_)
            | Cause::UnknownGroup
            | Cause::OutOfTime
            | Cause::AllRest
            | Cause::NoneFits => None,
        }
    }

    /// Whether a shorter prompt may be answered now: a vendor found this one too long, or it fits no
    /// window, and there is an attempt left for another.
    pub fn wants_less(&self) -> bool {
        let too_long = |failure: &Failure| failure.class == FailureClass::ContextTooLong;
        let would_do = match &self.cause {
            Cause::NoneFits => true,
            Cause::Failed(class) if *class != FailureClass::Refused => {
                self.failures.iter().any(too_long)
            }
            Cause::Failed(_)
            | Cause::NotRecorded(_)
            | Cause::OverBudget(_)
            | Cause::UnknownGroup
            | Cause::OutOfTime
            | Cause::AllRest => false,
        };
        would_do && 0 < self.attempts_left
    }

    /// Whether the same request may succeed later with nothing changed.
    pub fn is_temporary(&self) -> bool {
        match &self.cause {
            Cause::Failed(class) => class.is_temporary(),
            Cause::NotRecorded(_) | Cause::OutOfTime | Cause::AllRest => true,
            Cause::OverBudget(_) | Cause::UnknownGroup | Cause::NoneFits => false,
        }
    }
}

impl Cause {
    /// The cause, where an attempt could not be made.
    pub(crate) fn of_start<E: std::error::Error + Send + Sync + 'static>(
        error: NotStarted<E>,
    ) -> Self {
        match error {
            NotStarted::NotRecorded(error) => Self::NotRecorded(Box::new(error)),
            NotStarted::OverBudget(met) => {
                metrics::counter!("konstruct_llm_over_budget_total").increment(1);
                Self::OverBudget(met)
            }
        }
    }

    /// The cause, after those failures. The first one is kept where none is better: what came later
    /// may only be the fault of a fallback.
    pub(crate) fn of(failures: &[Failure], retry_at: Option<Instant>) -> Self {
        let classes = || failures.iter().map(|failure| failure.class);
        let refused = classes().find(|class| *class == FailureClass::Refused);
        let decisive = refused
            .or_else(|| classes().find(|class| class.is_temporary()))
            .or_else(|| classes().next());
        let untried = if retry_at.is_some() { Self::AllRest } else { Self::OutOfTime };
        decisive.map_or(untried, Self::Failed)
    }
}

impl fmt::Display for Exhausted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no answer from `{}`: ", self.group)?;
        match &self.cause {
            Cause::Failed(class) => write!(f, "{class}")?,
            Cause::NotRecorded(error) => write!(f, "the attempt could not be recorded: {error}")?,
            Cause::OverBudget(met) => write!(f, "{} has no room", in_words(met))?,
            Cause::UnknownGroup => f.write_str("there is no such group")?,
            Cause::OutOfTime => f.write_str("out of time")?,
            Cause::AllRest => f.write_str("all that could answer rest after failures")?,
            Cause::NoneFits => f.write_str("no deployment can take such a request")?,
        }
        for (attempt, failure) in self.attempts.iter().zip(&self.failures) {
            write!(f, "; {} after {} ms: {failure}", attempt.deployment, attempt.latency_ms)?;
        }
        Ok(())
    }
}

impl std::error::Error for Exhausted {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.cause {
            Cause::NotRecorded(error) => Some(error.as_ref()),
            Cause::Failed(_)
            | Cause::OverBudget(_)
            | Cause::UnknownGroup
            | Cause::OutOfTime
            | Cause::AllRest
            | Cause::NoneFits => None,
        }
    }
}
