//! Events that must wait longer than a pause between attempts. Acked where they were, so that they
//! hold no place in a consumer's window; the sweeper puts them back on the log when they are due.
//!
//! A row stays until its event is handled, and the later events of its conversation wait behind it.

use std::time::Duration;

use schemas::{Envelope, EventId, TenantId, Timestamp};
use tokio_postgres::types::ToSql;

use crate::{
    Database, Platform, PlatformTx, StoreError,
    gather::{Gather, Work, by_tenant},
    row,
    session::Step,
    tenant_tx::TenantStep,
};

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
    select (select max(due_at_ms) from deferred
             where tenant_id = $1 and consumer = $2 and deferred.lane = asked.lane
               and stream_seq < asked.seq)
      from unnest($3::text[], $4::bigint[]) with ordinality as asked (lane, seq, place)
     order by place";
/// Whoever waited behind it is due.
const SETTLE: &str = "
    with gone as (
        delete from deferred where tenant_id = $1 and consumer = $2 and event_id = $3
        returning lane)
    update deferred set due_at_ms = least(due_at_ms, $4)
     where tenant_id = $1 and consumer = $2 and event_id <> $3
       and lane in (select lane from gone where lane <> '')";
/// Of a conversation only the first: the others would wait behind it, and be copies on the log.
const TAKE_DUE: &str = "
    with due as (
        select tenant_id, consumer, event_id, due_at_ms from deferred as it
         where due_at_ms <= $1
           and (lane = '' or not exists (
               select from deferred as earlier
                where earlier.tenant_id = it.tenant_id and earlier.consumer = it.consumer
                  and earlier.lane = it.lane and earlier.stream_seq < it.stream_seq))
         order by due_at_ms, stream_seq limit $2 for update)
    update deferred set due_at_ms = $3, brought_back = brought_back + 1 from due
     where deferred.tenant_id = due.tenant_id and deferred.consumer = due.consumer
       and deferred.event_id = due.event_id
    returning deferred.tenant_id, deferred.event_id, deferred.consumer, deferred.lane,
              deferred.subject, deferred.stream_seq, due.due_at_ms, deferred.reason,
              deferred.attempts, deferred.brought_back";
const LET_GO: &str =
    "delete from deferred where tenant_id = $1 and consumer = $2 and event_id = $3";
const NEXT_DUE: &str = "
    select min(due_at_ms) from deferred as it
     where lane = '' or not exists (
           select from deferred as earlier
            where earlier.tenant_id = it.tenant_id and earlier.consumer = it.consumer
              and earlier.lane = it.lane and earlier.stream_seq < it.stream_seq)";

/// What keeps its order: the conversation. What is about no message waits for nobody.
fn lane(cause: &Envelope) -> Option<String> {
    let message = cause.event.message()?;
    Some(format!("{}/{}", message.connection, message.conversation))
}

/// What one consumer has put aside. Cheap to clone.
#[derive(Clone)]
pub struct Deferrals {
    db: Database,
    consumer: &'static str,
    behinds: Gather<Behinds>,
}

impl Deferrals {
    /// Those of `consumer`.
    pub fn open(db: Database, consumer: &'static str) -> Self {
        let behinds = Gather::start(Behinds { db: db.clone(), consumer });
        Self { db, consumer, behinds }
    }

    /// Puts an event aside until it is due. The same event again moves that.
    pub async fn defer(&self, wait: &Wait<'_>) -> Result<(), StoreError> {
        let cause = wait.cause;
        let tx = self.db.tenant(&cause.tenant).await?;
        let (lane, subject) = (lane(cause).unwrap_or_default(), cause.subject().to_string());
        let params: &[&(dyn ToSql + Sync)] = &[
            &cause.tenant.as_str(),
            &self.consumer,
            &cause.id.as_str(),
            &lane,
            &subject,
            &row::big(wait.seq),
            &wait.until.as_millis(),
            &wait.reason,
            &row::small(wait.attempts),
        ];
        tx.last(PUT, params).await?;
        Ok(())
    }

    /// Until when an event at `seq` must wait behind earlier ones of its conversation; nothing if it
    /// need not.
    pub async fn behind(
        &self,
        cause: &Envelope,
        seq: u64,
    ) -> Result<Option<Timestamp>, StoreError> {
        let Some(lane) = lane(cause) else { return Ok(None) };
        self.behinds.ask((cause.tenant.clone(), lane, row::big(seq))).await
    }

    /// An event that was deferred is handled: its row goes, and those behind it are due at `now`.
    pub async fn settle(&self, cause: &Envelope, now: Timestamp) -> Result<(), StoreError> {
        let tx = self.db.tenant(&cause.tenant).await?;
        let params: &[&(dyn ToSql + Sync)] =
            &[&cause.tenant.as_str(), &self.consumer, &cause.id.as_str(), &now.as_millis()];
        tx.last(SETTLE, params).await?;
        Ok(())
    }
}

/// Finds what stands before events.
struct Behinds {
    db: Database,
    consumer: &'static str,
}

impl Work for Behinds {
    type Ask = (TenantId, String, i64);
    type Answer = Option<Timestamp>;

    async fn run(&self, asks: &[Self::Ask]) -> Result<Vec<Self::Answer>, StoreError> {
        let tenants = by_tenant(asks, |(tenant, ..)| tenant);
        let groups: Vec<_> = tenants
            .iter()
            .map(|(tenant, asks)| {
                let lanes: Vec<_> = asks.iter().map(|(_, (_, lane, _))| lane.as_str()).collect();
                let seqs: Vec<_> = asks.iter().map(|(_, (.., seq))| *seq).collect();
                (*tenant, tenant.as_str(), lanes, seqs)
            })
            .collect();
        let Some((first, ..)) = groups.first() else { return Ok(Vec::new()) };
        let steps = groups.iter().map(|(tenant, name, lanes, seqs)| {
            let params: Vec<&(dyn ToSql + Sync)> = vec![name, &self.consumer, lanes, seqs];
            TenantStep { tenant, step: Step { sql: BEHIND, params } }
        });
        let answers = self.db.tenant(first).await?.run_last(steps.collect()).await?;
        let mut behind = vec![None; asks.len()];
        for (asks, answer) in tenants.values().zip(answers) {
            for ((place, _), row) in asks.iter().zip(&answer.rows) {
                if let Some(slot) = behind.get_mut(*place) {
                    *slot = row::at_opt(row, 0)?;
                }
            }
        }
        Ok(behind)
    }
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
