//! What a request uses: room in the tenant's budgets before each call, and its sums after.

use domain::{budget::Budgets, day::Day};
use providers::{AttemptStart, Completed, Exhausted, NotStarted, Recorder};
use schemas::{TenantId, Timestamp, usage::Attempt};
use store::{
    StoreError,
    programs::{End, Start},
    spend::{self, Room},
};
use tokio::runtime::Handle;
use tracing::warn;

use crate::Llm;

/// One request, for the books.
pub(crate) struct Record {
    llm: Llm,
    tenant: TenantId,
    budgets: Budgets,
    name: String,
    at: Timestamp,
}

impl Record {
    /// Of a request of that tenant, which no agent asks.
    pub(crate) fn new(llm: &Llm, tenant: TenantId) -> Self {
        let known = llm.parts.directory.read(|directory| directory.tenant(&tenant).cloned());
        let budgets = known.map(|tenant| Budgets::of(&tenant, None)).unwrap_or_default();
        let (name, at) = (spend::unique("llm"), llm.parts.clock.now());
        Self { llm: llm.clone(), tenant, budgets, name, at }
    }

    /// Adds what it used to the sums.
    pub(crate) fn end(&self, ended: &Result<Completed, Exhausted>) {
        self.write(ended.as_ref().map_or_else(|it| &it.attempts, |it| &it.attempts));
    }

    /// Nobody waits for it: what cannot be written stays reserved.
    fn write(&self, attempts: &[Attempt]) {
        // Without a runtime the process is going, and its database with it.
        let (false, Ok(runtime)) = (attempts.is_empty(), Handle::try_current()) else { return };
        let end = End {
            tenant: self.tenant.clone(),
            request: self.name.clone(),
            attempts: attempts.to_vec(),
            settles: !self.budgets.is_unset(),
            day: Day::of(self.at),
        };
        let programs = self.llm.parts.programs.clone();
        runtime.spawn(async move {
            let tenant = end.tenant.clone();
            if let Err(error) = programs.end(end).await {
                warn!(%tenant, %error, "what a program used is not written down");
            }
        });
    }
}

impl Recorder for Record {
    type Error = StoreError;

    async fn starting(&self, attempt: &AttemptStart) -> Result<(), NotStarted<StoreError>> {
        let Some(room) = Room::of(&self.budgets, attempt.worst_cost, self.at) else {
            return Ok(());
        };
        let programs = &self.llm.parts.programs;
        if !attempt.ended.is_empty() {
            // What the attempts before it did not use is room for this one.
            programs.settle(&self.tenant, &self.name, &attempt.ended).await?;
        }
        let start = Start {
            tenant: self.tenant.clone(),
            request: self.name.clone(),
            index: attempt.index,
            room,
            at: self.at,
        };
        programs.start(start).await?.map_err(NotStarted::OverBudget)
    }

    /// Whoever hangs up pays for what was made until then.
    fn left(&self, attempts: &[Attempt]) {
        self.write(attempts);
    }
}
