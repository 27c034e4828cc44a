//! What came of each message, decided once, and what was tried for it.

use schemas::{Envelope, EventId, MessageId, TenantId, Timestamp, usage::Attempt};
use tokio_postgres::types::{Json, ToSql};

use crate::{
    Database, StoreError, TenantTx,
    fence::Fence,
    memory::{self, Turn},
    row,
    session::Step,
    tenant_tx::TenantStep,
};

/// What is known of a message before a model is asked.
#[derive(Debug)]
pub struct Prior {
    /// What came of it, if that was decided: then nobody is paid again.
    pub completion: Option<Completion>,
    /// What was tried; one without an outcome may have been paid for.
    pub attempts: Vec<Tried>,
}

/// What came of a message.
#[derive(Clone, Debug, PartialEq)]
pub struct Completion {
    /// The event that says so, as it is published.
    pub envelope: Envelope,
    /// The `message.admitted` it answers.
    pub cause: EventId,
    /// The place of that on the stream.
    pub seq: u64,
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

/// A call about to be made.
#[derive(Clone, Debug)]
pub struct Start<'a> {
    /// For which message.
    pub message: &'a MessageId,
    /// See [`Tried::index`].
    pub index: u32,
    /// The deployment to call.
    pub deployment: &'a str,
    /// When.
    pub at: Timestamp,
}

const FIND: &str = "
    select envelope, event_id, stream_seq from completion
     where tenant_id = $1 and message_id = $2";
const ATTEMPTS: &str = "
    select index, deployment, started_at_ms, outcome from attempt
     where tenant_id = $1 and message_id = $2 order by index";
const START: &str = "
    insert into attempt (tenant_id, message_id, index, deployment, started_at_ms)
    values ($1, $2, $3, $4, $5)";
const FINISH: &str = "
    update attempt set outcome = $4
     where tenant_id = $1 and message_id = $2 and index = $3 and outcome is null";
/// Only the leader records; a worker that was replaced meanwhile writes nothing.
const RECORD: &str = "
    insert into completion (tenant_id, message_id, envelope, event_id, stream_seq, fence, finished_at_ms)
    select $1, $2, $3, $4, $5, $6, $7
     where exists (select from stage_fence where stage = $8 and epoch = $6)
    on conflict (tenant_id, message_id) do nothing";

/// What is known of a message.
pub async fn find(tx: &mut TenantTx, message: &MessageId) -> Result<Prior, StoreError> {
    let completion = find_completion(tx, message).await?;
    let tenant = tx.tenant().clone();
    let mut attempts = Vec::new();
    for row in tx.query(ATTEMPTS, &[&tenant.as_str(), &message.as_str()]).await? {
        attempts.push(Tried {
            index: row::count(row.try_get::<_, i32>(0)?.into())?,
            deployment: row.try_get(1)?,
            started_at: row::at(&row, 2)?,
            outcome: row::json_opt(&row, 3)?,
        });
    }
    Ok(Prior { completion, attempts })
}

async fn find_completion(
    tx: &mut TenantTx,
    message: &MessageId,
) -> Result<Option<Completion>, StoreError> {
    let tenant = tx.tenant().clone();
    let row = tx.query_opt(FIND, &[&tenant.as_str(), &message.as_str()]).await?;
    let read = |row: tokio_postgres::Row| {
        Ok(Completion {
            envelope: row::envelope(&row, 0)?,
            cause: row::id(&row, 1)?,
            seq: row::count(row.try_get(2)?)?,
        })
    };
    row.map(read).transpose()
}

/// Says, and commits, that a model is about to be called.
pub async fn start(tx: TenantTx, start: &Start<'_>) -> Result<(), StoreError> {
    let (tenant, index) = (tx.tenant().clone(), row::small(start.index));
    let (message, at) = (start.message.as_str(), start.at.as_millis());
    tx.last(START, &[&tenant.as_str(), &message, &index, &start.deployment, &at]).await?;
    Ok(())
}

/// Says what came of a call; the first word stands.
pub async fn finish(
    tx: &mut TenantTx,
    message: &MessageId,
    attempt: &Attempt,
) -> Result<(), StoreError> {
    let tenant = tx.tenant().clone();
    let outcome = Outcome::of(&tenant, message, attempt)?;
    tx.run(vec![outcome.finish()]).await?;
    Ok(())
}

/// What came of a call, as the columns of [`FINISH`].
struct Outcome<'a> {
    tenant: &'a TenantId,
    keys: [&'a str; 2],
    index: i32,
    json: Json<serde_json::Value>,
}

impl<'a> Outcome<'a> {
    fn of(
        tenant: &'a TenantId,
        message: &'a MessageId,
        attempt: &Attempt,
    ) -> Result<Self, StoreError> {
        let keys = [tenant.as_str(), message.as_str()];
        Ok(Self { tenant, keys, index: row::small(attempt.index), json: row::to_json(attempt)? })
    }

    fn finish(&self) -> TenantStep<'_> {
        let [tenant, message] = &self.keys;
        let params: Vec<&(dyn ToSql + Sync)> = vec![tenant, message, &self.index, &self.json];
        TenantStep { tenant: self.tenant, step: Step { sql: FINISH, params } }
    }
}

/// An outcome to be recorded.
#[derive(Clone, Debug)]
pub struct Record<'a> {
    /// Of which message.
    pub message: &'a MessageId,
    /// What came of it.
    pub completion: &'a Completion,
    /// What the thread remembers of it: the person's words and the answer.
    pub turns: &'a [Turn],
    /// Calls whose outcome is not recorded yet.
    pub attempts: &'a [Attempt],
    /// When.
    pub at: Timestamp,
}

/// Records what came of a message, with what its thread remembers, in one transaction. Returns what
/// stands: if another worker was first, its outcome, and nothing of this one is kept.
pub async fn record(
    db: &Database,
    tenant: &TenantId,
    fence: &Fence,
    record: &Record<'_>,
) -> Result<Completion, StoreError> {
    let mut tx = db.tenant(tenant).await?;
    if !insert(&mut tx, fence, record).await? {
        let standing = find_completion(&mut tx, record.message).await?;
        return standing.ok_or_else(|| StoreError::Fenced(fence.stage().to_owned()));
    }
    let turns: Result<Vec<_>, _> =
        record.turns.iter().map(|turn| memory::Columns::of(tenant, turn)).collect();
    let outcomes: Result<Vec<_>, _> = record
        .attempts
        .iter()
        .map(|attempt| Outcome::of(tenant, record.message, attempt))
        .collect();
    let (turns, outcomes) = (turns?, outcomes?);
    let steps = turns.iter().map(memory::Columns::put);
    tx.run_last(steps.chain(outcomes.iter().map(Outcome::finish)).collect()).await?;
    Ok(record.completion.clone())
}

async fn insert(tx: &mut TenantTx, fence: &Fence, it: &Record<'_>) -> Result<bool, StoreError> {
    let tenant = tx.tenant().clone();
    let envelope = row::envelope_to_json(&it.completion.envelope)?;
    let (cause, seq) = (it.completion.cause.as_str(), row::big(it.completion.seq));
    let (message, at) = (it.message.as_str(), it.at.as_millis());
    let (epoch, stage) = (fence.epoch(), fence.stage());
    let params: &[&(dyn ToSql + Sync)] =
        &[&tenant.as_str(), &message, &envelope, &cause, &seq, &epoch, &at, &stage];
    Ok(tx.execute(RECORD, params).await? == 1)
}
