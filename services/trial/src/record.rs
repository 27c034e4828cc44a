//! What a trial uses, written down for the tenant.

use domain::day::Day;
use providers::{AttemptStart, Recorder};
use schemas::{AgentId, TenantId, usage::Attempt};
use store::{Database, StoreError, trials};

use crate::TrialInput;

/// The tenant's sums of a day.
pub(crate) struct Record<'a> {
    db: &'a Database,
    tenant: &'a TenantId,
    agent: AgentId,
    day: Day,
}

impl<'a> Record<'a> {
    pub(crate) fn new(db: &'a Database, tenant: &'a TenantId, input: &TrialInput) -> Self {
        Self { db, tenant, agent: input.agent.clone(), day: Day::of(input.at) }
    }

    /// How many calls the tenant's trials have made today.
    pub(crate) async fn calls(&self) -> Result<u64, StoreError> {
        trials::calls(&mut self.db.tenant(self.tenant).await?, self.day).await
    }

    /// What the calls came to. Where that cannot be written, they stay among those of unknown cost.
    pub(crate) async fn ended(&self, attempts: &[Attempt]) {
        let written = async {
            trials::ended(self.db.tenant(self.tenant).await?, (self.day, &self.agent), attempts)
                .await
        };
        if let Err(error) = written.await {
            tracing::warn!(tenant = %self.tenant, %error, "what a trial cost is not written down");
        }
    }
}

impl Recorder for Record<'_> {
    type Error = StoreError;

    async fn starting(&self, attempt: &AttemptStart) -> Result<(), StoreError> {
        let tx = self.db.tenant(self.tenant).await?;
        trials::starting(tx, (self.day, &self.agent), &attempt.model).await
    }
}
