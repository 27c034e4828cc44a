//! What a handler says when it cannot finish. The kind of failure *is* the decision.

use schemas::Timestamp;

use crate::BusError;

/// What to do with the delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Something we cannot do without is away: wait for it, however long. Not counted.
    Wait,
    /// It may go better next time: try again in place, after the consumer's pause. Counted.
    Retry,
    /// The other side said when to come back.
    RetryAt(Timestamp),
    /// No retry can help: set the event aside for a person.
    Reject,
}

/// An error together with what to do about it.
#[derive(Debug, thiserror::Error)]
#[error("{source:#}")]
pub struct Failure {
    /// What the loop will do.
    pub verdict: Verdict,
    /// Why. Never holds what people wrote, nor a secret.
    pub source: anyhow::Error,
}

impl Failure {
    /// Something we cannot do without is away.
    pub fn wait(source: impl Into<anyhow::Error>) -> Self {
        Self { verdict: Verdict::Wait, source: source.into() }
    }

    /// It may go better next time.
    pub fn retry(source: impl Into<anyhow::Error>) -> Self {
        Self { verdict: Verdict::Retry, source: source.into() }
    }

    /// The other side said when to come back.
    pub fn retry_at(at: Timestamp, source: impl Into<anyhow::Error>) -> Self {
        Self { verdict: Verdict::RetryAt(at), source: source.into() }
    }

    /// No retry can help.
    pub fn reject(source: impl Into<anyhow::Error>) -> Self {
        Self { verdict: Verdict::Reject, source: source.into() }
    }
}

impl From<BusError> for Failure {
    fn from(error: BusError) -> Self {
        match error {
            BusError::Unpublishable(_) => Self::reject(error),
            BusError::Away(_)
            | BusError::NotStored(_)
            | BusError::Conflict
            | BusError::Read { .. } => Self::wait(error),
        }
    }
}
