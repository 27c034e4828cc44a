//! Events that must wait longer than a pause between attempts. Acked where they were, so that they
//! hold no place in a consumer's window; the sweeper puts them back on the log when they are due.

use schemas::{Envelope, EventId, TenantId, Timestamp};

use crate::{Database, PlatformTx, StoreError, TenantTx, row};

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
       set due_at_ms = excluded.due_at_ms, reason = excluded.reason, attempts = excluded.attempts";
const BLOCKED_UNTIL: &str = "
    select max(due_at_ms) from deferred
     where tenant_id = $1 and consumer = $2 and lane = $3 and stream_seq < $4";
const TAKE_DUE: &str = "
    delete from deferred where (tenant_id, consumer, event_id) in (
        select tenant_id, consumer, event_id from deferred
         where due_at_ms <= $1 order by due_at_ms, stream_seq limit $2)
    returning tenant_id, event_id, consumer, lane, subject, stream_seq, due_at_ms, reason, attempts";
const NEXT_DUE: &str = "select min(due_at_ms) from deferred";

/// Puts an event aside in a transaction of its own. Its lane is the conversation.
pub async fn defer(db: &Database, wait: &Wait<'_>) -> Result<(), StoreError> {
    let cause = wait.cause;
    let conversation = cause.event.message().map(|message| message.conversation.to_string());
    let deferred = Deferred {
        tenant: cause.tenant.clone(),
        event: cause.id.clone(),
        consumer: wait.consumer.to_owned(),
        lane: conversation.unwrap_or_default(),
        subject: cause.subject().to_string(),
        seq: wait.seq,
        due_at: wait.until,
        reason: wait.reason.to_owned(),
        attempts: wait.attempts,
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

/// Until when an event at `seq` must wait behind earlier ones of its lane; nothing if it need not.
pub async fn blocked_until(
    tx: &mut TenantTx,
    consumer: &str,
    lane: &str,
    seq: u64,
) -> Result<Option<Timestamp>, StoreError> {
    let tenant = tx.tenant().clone();
    let params: &[&(dyn tokio_postgres::types::ToSql + Sync)] =
        &[&tenant.as_str(), &consumer, &lane, &row::big(seq)];
    let row = tx.query_opt(BLOCKED_UNTIL, params).await?;
    row.map_or(Ok(None), |row| row::at_opt(&row, 0))
}

/// Takes what is due, in the order of the stream, at most `limit`. Publish it, then commit: what is
/// not committed stays, and is taken again.
pub async fn take_due(
    tx: &mut PlatformTx,
    now: Timestamp,
    limit: u32,
) -> Result<Vec<Deferred>, StoreError> {
    let rows = tx.query(TAKE_DUE, &[&now.as_millis(), &i64::from(limit)]).await?;
    let mut due = rows.iter().map(read).collect::<Result<Vec<_>, _>>()?;
    due.sort_by_key(|event| event.seq);
    Ok(due)
}

/// When the next one is due.
pub async fn next_due(tx: &mut PlatformTx) -> Result<Option<Timestamp>, StoreError> {
    let rows = tx.query(NEXT_DUE, &[]).await?;
    rows.first().map_or(Ok(None), |row| row::at_opt(row, 0))
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
    })
}
