//! What came of each message, decided once, and what was tried for it.
//!
//! What is asked for at the same moment shares a transaction; see `gather.rs`.

mod before;
mod record;
mod start;

use schemas::{
    BudgetMet, Envelope, EventId, MessageId, MessageRef, TenantId, Timestamp, usage::Attempt,
};

use self::{before::Befores, record::Records, start::Starts};
use crate::{
    Database, StoreError,
    fence::Fence,
    gather::Gather,
    memory::Turn,
    spend::{Admitted, Room},
};

/// What is known of a message before a model is asked.
#[derive(Clone, Debug, Default)]
pub struct Prior {
    /// What came of it, if that was decided: then nobody is paid again.
    pub completion: Option<Completion>,
    /// What was tried; one without an outcome may have been paid for.
    pub attempts: Vec<Tried>,
    /// What its thread remembers from before it, the newest first. What was deleted is not among it.
    pub thread: Vec<Turn>,
    /// The message that its thread was handed over with, where a person has it.
    pub handed_off: Option<MessageId>,
    /// The same, where this message gave it back to the agent.
    pub gave_back: Option<MessageId>,
}

/// What came of a message.
#[derive(Clone, Debug, PartialEq)]
pub struct Completion {
    /// The event that says so, as it is published.
    pub envelope: Envelope,
    /// The `message.admitted` it answers, or the `message.reopened`.
    pub cause: EventId,
    /// The place of that on the stream.
    pub seq: u64,
    /// The budgets that its calls brought near their end, by their scopes. Known only as it is put on
    /// record, so the envelope does not have them.
    pub near: Vec<BudgetMet>,
}

/// One call to a model.
#[derive(Clone, Debug, PartialEq)]
pub struct Tried {
    /// Counts from 0 within one message, crashes included.
    pub index: u32,
    /// The deployment called.
    pub deployment: String,
    /// When.
    pub started_at: Timestamp,
    /// What came of it; nothing if we crashed meanwhile.
    pub outcome: Option<Attempt>,
}

/// A message about to be answered.
#[derive(Clone, Debug)]
pub struct Before {
    /// Whose.
    pub tenant: TenantId,
    /// Which.
    pub message: MessageRef,
    /// The event that brings it.
    pub cause: EventId,
    /// Where it stands in its thread; see [`crate::memory::position`].
    pub position: i64,
    /// The most turns that are read.
    pub turns_max: u32,
}

/// A call about to be made.
#[derive(Clone, Debug)]
pub struct Start {
    /// Whose.
    pub tenant: TenantId,
    /// For which message.
    pub message: MessageId,
    /// See [`Tried::index`].
    pub index: u32,
    /// The deployment to call.
    pub deployment: String,
    /// What it needs of budgets, where anybody chose one.
    pub room: Option<Room>,
    /// When.
    pub at: Timestamp,
}

/// An outcome to be recorded.
#[derive(Clone, Debug)]
pub struct Record {
    /// Whose.
    pub tenant: TenantId,
    /// Of which message.
    pub message: MessageId,
    /// What came of it.
    pub completion: Completion,
    /// What the thread remembers of it: the person's words and the answer.
    pub turns: Vec<Turn>,
    /// Calls whose outcome is not recorded yet.
    pub attempts: Vec<Attempt>,
    /// The message, where a person has its thread from now on.
    pub pause: Option<MessageRef>,
    /// Whether an operator asked for it: then it takes the place of an earlier one.
    pub reopened: bool,
    /// Whether calls of it may have room in budgets, which is settled then.
    pub settles: bool,
    /// When.
    pub at: Timestamp,
}

/// The records of all tenants, for one worker that leads.
pub struct Completions {
    befores: Gather<Befores>,
    starts: Gather<Starts>,
    records: Gather<Records>,
    db: Database,
}

impl Completions {
    /// Opens them for `fence`.
    pub fn open(db: Database, fence: Fence) -> Self {
        Self {
            befores: Gather::start(Befores { db: db.clone() }),
            starts: Gather::start(Starts { db: db.clone() }),
            records: Gather::start(Records { db: db.clone(), fence }),
            db,
        }
    }

    /// What is known of a message and of what was said before it.
    pub async fn before(&self, before: Before) -> Result<Prior, StoreError> {
        self.befores.ask(before).await
    }

    /// Says, and commits, that a model is about to be called, where its budgets have room for it.
    pub async fn start(&self, start: Start) -> Result<Admitted, StoreError> {
        self.starts.ask(start).await
    }

    /// Records what came of a message, with what its thread remembers, in one transaction. Returns what
    /// stands: if another worker was first, or an operator asked for another one later, that outcome, and
    /// nothing of this one is kept. A worker that was replaced meanwhile writes nothing.
    pub async fn record(&self, record: Record) -> Result<Completion, StoreError> {
        self.records.ask(record).await
    }

    /// Says what came of calls, though the message has no outcome yet; the first word stands.
    pub async fn finish(
        &self,
        tenant: &TenantId,
        message: &MessageId,
        attempts: &[Attempt],
        at: Timestamp,
    ) -> Result<(), StoreError> {
        record::finish(&self.db, tenant, message, attempts, at).await
    }

    /// Gives the thread that was handed over with `message` back to its agent; the first event to say so
    /// stands.
    pub async fn give_back(
        &self,
        tenant: &TenantId,
        message: &MessageId,
        by: &EventId,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        let tx = self.db.tenant(tenant).await?;
        let (tenant, message, by) = (tenant.as_str(), message.as_str(), by.as_str());
        tx.last(GIVE_BACK, &[&tenant, &message, &by, &at.as_millis()]).await?;
        Ok(())
    }
}

const GIVE_BACK: &str = "
    update pause set ended_by = $3, ended_at_ms = $4
     where tenant_id = $1 and message_id = $2 and ended_by is null";

/// What came of one message, if that is decided.
pub async fn find(
    db: &Database,
    tenant: &TenantId,
    message: &MessageId,
) -> Result<Option<Completion>, StoreError> {
    before::find(db, tenant, message).await
}
