//! Attempts on record, with room in budgets, before they are paid for.

use domain::budget::Budgets;
use providers::{AttemptStart, NotStarted, Recorder};
use runtime::Clock;
use schemas::{MessageId, TenantId};
use store::{
    StoreError,
    completions::{Completions, Start},
    spend::Room,
};

use crate::outcome::renumbered;

/// Keeps the attempts of one message; they count on where an earlier delivery left off.
pub(crate) struct Attempts<'a> {
    pub(crate) completions: &'a Completions,
    pub(crate) clock: &'a Clock,
    pub(crate) tenant: &'a TenantId,
    pub(crate) message: &'a MessageId,
    /// What pays for them.
    pub(crate) budgets: &'a Budgets,
    pub(crate) before: u32,
}

impl Recorder for Attempts<'_> {
    type Error = StoreError;

    async fn starting(&self, attempt: &AttemptStart) -> Result<(), NotStarted<StoreError>> {
        let at = self.clock.now();
        let room = Room::of(self.budgets, attempt.worst_cost, at);
        if room.is_some() && !attempt.ended.is_empty() {
            // What the attempts before it did not use is room for this one.
            let ended = renumbered(&attempt.ended, self.before);
            self.completions.finish(self.tenant, self.message, &ended, at).await?;
        }
        let start = Start {
            tenant: self.tenant.clone(),
            message: self.message.clone(),
            index: self.before.saturating_add(attempt.index),
            deployment: attempt.deployment.clone(),
            room,
            at,
        };
        self.completions.start(start).await?.map_err(NotStarted::OverBudget)
    }
}
