//! Attempts on record before they are paid for.

use providers::{AttemptStart, Recorder};
use runtime::Clock;
use schemas::{MessageId, TenantId};
use store::{
    Database, StoreError,
    completions::{self, Start},
};

/// Keeps the attempts of one message; they count on where an earlier delivery left off.
pub(crate) struct Attempts<'a> {
    pub(crate) db: &'a Database,
    pub(crate) clock: &'a Clock,
    pub(crate) tenant: &'a TenantId,
    pub(crate) message: &'a MessageId,
    pub(crate) before: u32,
}

impl Recorder for Attempts<'_> {
    type Error = StoreError;

    async fn starting(&self, attempt: &AttemptStart) -> Result<(), StoreError> {
        let tx = self.db.tenant(self.tenant).await?;
        let start = Start {
            message: self.message,
            index: self.before.saturating_add(attempt.index),
            deployment: &attempt.deployment,
            at: self.clock.now(),
        };
        completions::start(tx, &start).await
    }
}
