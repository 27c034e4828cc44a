//! What a trial uses, written down for the tenant, with room in its budgets.

use domain::{budget::Budgets, day::Day};
use providers::{AttemptStart, NotStarted, Recorder};
use schemas::{AgentId, TenantId, Timestamp, usage::Attempt};
use store::{
    Database, StoreError,
    spend::{self, Call, Ended, Room},
    trials,
};
use tokio::runtime::Handle;

use crate::TrialInput;

/// The tenant's sums of a day.
pub(crate) struct Record<'a> {
    db: &'a Database,
    tenant: &'a TenantId,
    agent: AgentId,
    day: Day,
    at: Timestamp,
    budgets: &'a Budgets,
    /// What its calls are reserved under.
    name: String,
}

impl<'a> Record<'a> {
    pub(crate) fn new(db: &'a Database, tenant: &'a TenantId, input: &'a TrialInput) -> Self {
        let TrialInput { agent, budgets, at, .. } = input;
        let (agent, day, name) = (agent.clone(), Day::of(*at), spend::unique("trial"));
        Self { db, tenant, agent, day, at: *at, budgets, name }
    }

    /// How many calls the tenant's trials have made today.
    pub(crate) async fn calls(&self) -> Result<u64, StoreError> {
        trials::calls(&mut self.db.tenant(self.tenant).await?, self.day).await
    }

    /// What the calls came to.
    pub(crate) async fn ended(&self, attempts: &[Attempt]) {
        write(self.books(), attempts).await;
    }

    fn books(&self) -> Books {
        Books {
            db: self.db.clone(),
            tenant: self.tenant.clone(),
            agent: self.agent.clone(),
            day: self.day,
            name: self.name.clone(),
        }
    }
}

/// What outlives a trial that somebody has left.
struct Books {
    db: Database,
    tenant: TenantId,
    agent: AgentId,
    day: Day,
    name: String,
}

/// Where it cannot be written, the calls stay among those of unknown cost.
async fn write(books: Books, attempts: &[Attempt]) {
    let Books { db, tenant, agent, day, name } = books;
    let written = async {
        let tx = db.tenant(&tenant).await?;
        trials::ended(tx, (day, &agent), &name, attempts).await
    };
    if let Err(error) = written.await {
        tracing::warn!(%tenant, %error, "what a trial cost is not written down");
    }
}

impl Recorder for Record<'_> {
    type Error = StoreError;

    async fn starting(&self, attempt: &AttemptStart) -> Result<(), NotStarted<StoreError>> {
        let mut tx = self.db.tenant(self.tenant).await?;
        let room = Room::of(self.budgets, attempt.worst_cost, self.at);
        let (holder, index, at) = (self.name.as_str(), attempt.index, self.at);
        if room.is_some() && !attempt.ended.is_empty() {
            // What the attempts before it did not use is room for this one.
            let ended: Vec<_> = attempt.ended.iter().map(Ended::of).collect();
            spend::settle(&mut tx, holder, &ended).await?;
        }
        let call = room.as_ref().map(|room| Call { holder, index, room, at });
        let started = trials::starting(tx, (self.day, &self.agent), &attempt.model, call).await?;
        started.map_err(NotStarted::OverBudget)
    }

    /// Whoever leaves pays for what was made until then, and their room is free. Without a runtime the
    /// process is going, and its database with it.
    fn left(&self, attempts: &[Attempt]) {
        let Ok(runtime) = Handle::try_current() else { return };
        let (books, attempts) = (self.books(), attempts.to_vec());
        runtime.spawn(async move { write(books, &attempts).await });
    }
}
