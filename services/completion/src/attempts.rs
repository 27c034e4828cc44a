//! Attempts on record before they are paid for.

use providers::{AttemptStart, Recorder};
use runtime::Clock;
use schemas::{MessageId, TenantId};
use store::{
    StoreError,
    completions::{Completions, Start},
};

/// Keeps the attempts of one message; they count on where an earlier delivery left off.
pub(crate) struct Attempts<'a> {
    pub(crate) completions: &'a Completions,
    pub(crate) clock: &'a Clock,
    pub(crate) tenant: &'a TenantId,
    pub(crate) message: &'a MessageId,
    pub(crate) before: u32,
}

impl Recorder for Attempts<'_> {
    type Error = StoreError;

    async fn starting(&self, attempt: &AttemptStart) -> Result<(), StoreError> {
        let start = Start {
            tenant: self.tenant.clone(),
            message: self.message.clone(),
            index: self.before.saturating_add(attempt.index),
            deployment: attempt.deployment.clone(),
            at: self.clock.now(),
        };
        self.completions.start(start).await
    }
}
