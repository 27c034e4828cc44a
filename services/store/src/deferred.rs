//! Events that must wait longer than a pause between attempts. Acked where they were, so that they
//! hold no place in a consumer's window; the sweeper puts them back on the log when they are due.
//!
//! A row stays until its event is handled, and the later events of its conversation wait behind it.

use std::time::Duration;

use schemas::{Envelope, EventId, TenantId, Timestamp};

use crate::{Database, Platform, PlatformTx, StoreError, TenantTx, row};

/// An event that was brought back and is still not handled is brought back again after this long.
const AGAIN_AFTER: Duration = Duration::from_mins(5);

/// An event that was brought back so often without a word is let go: it may kill its worker, and is
/// among the dead letters then.
pub const BROUGHT_BACK_MAX: u32 = 12;

/// An event that waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deferred {
    /// Whose.
    pub tenant: TenantId,
    /// The event.
    pub event: EventId,
    /// Who could not handle it yet.
    pub consumer: String,
    /// What must wait behind it.
    pub lane: String,
    /// The subject it was published on.
    pub subject: String,
    /// Its place on the stream, where it can be read again.
    pub seq: u64,
    /// When it is due.
    pub due_at: Timestamp,
    /// Why it waits, for people.
    pub reason: String,
    /// How often it was tried.
    pub attempts: u32,
    /// How often it was brought back since.
    pub brought_back: u32,
}

/// An event that somebody cannot handle yet.
#[derive(Clone, Copy, Debug)]
pub struct Wait<'a> {
    /// Who.
    pub consumer: &'static str,
    /// The event.
    pub cause: &'a Envelope,
    /// Its place on the stream.
    pub seq: u64,
    /// When it is to come again.
    pub until: Timestamp,
    /// Why, for people.
    pub reason: &'static str,
    /// How often it was tried.
    pub attempts: u32,
}

const PUT: &str = "
    insert into deferred (tenant_id, consumer, event_id, lane, subject, stream_seq, due_at_ms,
                          reason, attempts)
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
    on conflict (tenant_id, consumer, event_id) do update
       set due_at_ms = excluded.due_at_ms, reason = excluded.reason, attempts = excluded.attempts,
           brought_back = 0";
const BEHIND: &str = "
    select max(due_at_ms) from deferred
     where tenant_id = $1 and consumer = $2 and lane = $3 and stream_seq < $4";
/// Whoever waited behind it is due.
const SETTLE: &str = "
    with gone as (
        delete from deferred where tenant_id = $1 and consumer = $2 and event_id = $3
        returning lane)
    update deferred set due_at_ms = least(due_at_ms, $4)
     where tenant_id = $1 and consumer = $2 and event_id <> $3 and lane in (select lane from gone)";
const TAKE_DUE: &str = "
    with due as (
        select tenant_id, consumer, event_id, due_at_ms from deferred
         where due_at_ms <= $1 order by due_at_ms, stream_seq limit $2 for update)
    update deferred set due_at_ms = $3, brought_back = brought_back + 1 from due
     where deferred.tenant_id = due.tenant_id and deferred.consumer = due.consumer
       and deferred.event_id = due.event_id
    returning deferred.tenant_id, deferred.event_id, deferred.consumer, deferred.lane,
              deferred.subject, deferred.stream_seq, due.due_at_ms, deferred.reason,
              deferred.attempts, deferred.brought_back";
const LET_GO: &str =
    "delete from deferred where tenant_id = $1 and consumer = $2 and event_id = $3";
const NEXT_DUE: &str = "select min(due_at_ms) from deferred";

/// What keeps its order: the conversation. What is about no message waits for nobody.
fn lane(cause: &Envelope) -> Option<String> {
    let message = cause.event.message()?;
    Some(format!("{}/{}", message.connection, message.conversation))
}

/// Puts an event aside in a transaction of its own. Its lane is the conversation.
pub async fn defer(db: &Database, wait: &Wait<'_>) -> Result<(), StoreError> {
    let cause = wait.cause;
    let deferred = Deferred {
        tenant: cause.tenant.clone(),
        event: cause.id.clone(),
        consumer: wait.consumer.to_owned(),
        lane: lane(cause).unwrap_or_default(),
        subject: cause.subject().to_string(),
        seq: wait.seq,
        due_at: wait.until,
        reason: wait.reason.to_owned(),
        attempts: wait.attempts,
        brought_back: 0,
    };
    let mut tx = db.tenant(&cause.tenant).await?;
    put(&mut tx, &deferred).await?;
    tx.commit().await
}

/// Puts an event aside until it is due. The same event again moves that.
pub async fn put(tx: &mut TenantTx, event: &Deferred) -> Result<(), StoreError> {
    let params: &[&(dyn tokio_postgres::types::ToSql + Sync)] = &[
        &event.tenant.as_str(),
        &event.consumer,
        &event.event.as_str(),
        &event.lane,
        &event.subject,
        &row::big(event.seq),
        &event.due_at.as_millis(),
        &event.reason,
        &row::small(event.attempts),
    ];
    tx.execute(PUT, params).await?;
    Ok(())
}

/// Until when an event at `seq` must wait behind earlier ones of its conversation; nothing if it need
/// not.
pub async fn behind(
    db: &Database,
    consumer: &str,
    cause: &Envelope,
    seq: u64,
) -> Result<Option<Timestamp>, StoreError> {
    let Some(lane) = lane(cause) else { return Ok(None) };
    let tx = db.tenant(&cause.tenant).await?;
    let params: &[&(dyn tokio_postgres::types::ToSql + Sync)] =
        &[&cause.tenant.as_str(), &consumer, &lane, &row::big(seq)];
    let answer = tx.last(BEHIND, params).await?;
    answer.rows.first().map_or(Ok(None), |row| row::at_opt(row, 0))
}

/// An event that was deferred is handled: its row goes, and those behind it are due at `now`.
pub async fn settle(
    db: &Database,
    consumer: &str,
    cause: &Envelope,
    now: Timestamp,
) -> Result<(), StoreError> {
    let tx = db.tenant(&cause.tenant).await?;
    let params: &[&(dyn tokio_postgres::types::ToSql + Sync)] =
        &[&cause.tenant.as_str(), &consumer, &cause.id.as_str(), &now.as_millis()];
    tx.last(SETTLE, params).await?;
    Ok(())
}

/// Takes what is due, in the order of the stream, at most `limit`. Publish it, then commit: what is
/// not committed is due still. What nobody handles is due again later.
pub async fn take_due(
    tx: &mut PlatformTx,
    now: Timestamp,
    limit: u32,
) -> Result<Vec<Deferred>, StoreError> {
    let again_at = now.plus(AGAIN_AFTER).as_millis();
    let rows = tx.query(TAKE_DUE, &[&now.as_millis(), &i64::from(limit), &again_at]).await?;
    let mut due = rows.iter().map(read).collect::<Result<Vec<_>, _>>()?;
    due.sort_by_key(|event| event.seq);
    Ok(due)
}

/// Forgets a deferral: its event is no longer on the log, or was brought back too often.
pub async fn let_go(tx: &mut PlatformTx, event: &Deferred) -> Result<(), StoreError> {
    let (tenant, id) = (event.tenant.as_str(), event.event.as_str());
    tx.execute(LET_GO, &[&tenant, &event.consumer, &id]).await?;
    Ok(())
}

/// When the next one is due. It tells nothing of anybody, and leaves no row in the audit.
pub async fn next_due(platform: &Platform) -> Result<Option<Timestamp>, StoreError> {
    let answer = platform.look(NEXT_DUE).await?;
    answer.first().map_or(Ok(None), |row| row::at_opt(row, 0))
}

fn read(row: &tokio_postgres::Row) -> Result<Deferred, StoreError> {
    Ok(Deferred {
        tenant: row::id(row, 0)?,
        event: row::id(row, 1)?,
        consumer: row.try_get(2)?,
        lane: row.try_get(3)?,
        subject: row.try_get(4)?,
        seq: row::count(row.try_get(5)?)?,
        due_at: row::at(row, 6)?,
        reason: row.try_get(7)?,
        attempts: row::count(row.try_get::<_, i32>(8)?.into())?,
        brought_back: row::count(row.try_get::<_, i32>(9)?.into())?,
    })
}
