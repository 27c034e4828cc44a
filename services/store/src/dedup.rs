//! Which delivery of a message came first.
//!
//! A message has two keys, since one mention arrives as `message` *and* as `app_mention`: the
//! delivery that brought it, and the message itself. Whoever writes a key first holds it. A
//! verdict is the holder's envelope *and* its place on the stream: the same envelope at the same
//! place is accepted again, however often it is redelivered, and everything else is a duplicate.

use schemas::{ConnectionId, EventId, MessageId, TenantId, Timestamp, event::DuplicateReason};

use crate::{
    Database, StoreError,
    gather::by_tenant,
    row,
    session::{Answer, Step},
    tenant_tx::TenantStep,
};

/// A `message.received`, as dedup sees it.
#[derive(Clone, Debug)]
pub struct Arrival {
    /// Whose.
    pub tenant: TenantId,
    /// The envelope.
    pub event: EventId,
    /// Its place on the stream.
    pub seq: u64,
    /// Through which connection it came.
    pub connection: ConnectionId,
    /// The chat system's name for the delivery. One delivery always brings the same message.
    pub delivery: String,
    /// The message it brought.
    pub message: MessageId,
}

/// What dedup says of an arrival.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is the first delivery.
    First,
    /// It is not.
    Duplicate {
        /// The envelope that was first.
        first: EventId,
        /// What was seen before.
        reason: DuplicateReason,
    },
}

/// A conflict writes the row's own value back: only so does `returning` give what another worker
/// has just committed. The keys are written in their order, so that two workers never wait for
/// each other in a circle.
const CLAIM: &str = "
    insert into dedup_verdict (tenant_id, key, event_id, stream_seq, seen_at_ms)
    select distinct on (key collate \"C\") $1, key, event_id, stream_seq, $5
      from unnest($2::text[], $3::text[], $4::bigint[]) with ordinality
           as arrival (key, event_id, stream_seq, place)
     order by key collate \"C\", place
    on conflict (tenant_id, key) do update set seen_at_ms = dedup_verdict.seen_at_ms
    returning key, event_id, stream_seq";

/// Says of each arrival, in their order, whether it is the first. One transaction and one round
/// trip for the whole batch.
pub async fn decide(
    db: &Database,
    arrivals: &[Arrival],
    now: Timestamp,
) -> Result<Vec<Verdict>, StoreError> {
    let tenants = by_tenant(arrivals, |arrival| &arrival.tenant).into_iter();
    let groups: Vec<_> = tenants.map(|(tenant, mine)| Group::new(tenant, mine)).collect();
    let Some(first) = groups.first() else { return Ok(Vec::new()) };
    let tx = db.tenant(first.tenant).await?;
    let now = now.as_millis();
    let batch = groups.iter().map(|group| group.step(&now)).collect();
    let answers = tx.run_last(batch).await?;

    let mut verdicts: Vec<Option<Verdict>> = vec![None; arrivals.len()];
    for (group, answer) in groups.iter().zip(&answers) {
        let holders = holders(answer)?;
        for (place, arrival) in &group.arrivals {
            if let Some(slot) = verdicts.get_mut(*place) {
                *slot = verdict(arrival, &holders);
            }
        }
    }
    verdicts.into_iter().map(|v| v.ok_or_else(|| StoreError::row("a key has no holder"))).collect()
}

/// What one tenant has in a batch, with the columns of its statement.
struct Group<'a> {
    tenant: &'a TenantId,
    name: &'a str,
    arrivals: Vec<(usize, &'a Arrival)>,
    keys: Vec<String>,
    events: Vec<&'a str>,
    seqs: Vec<i64>,
}

impl<'a> Group<'a> {
    fn new(tenant: &'a TenantId, arrivals: Vec<(usize, &'a Arrival)>) -> Self {
        let mut group = Self {
            tenant,
            name: tenant.as_str(),
            arrivals,
            keys: Vec::new(),
            events: Vec::new(),
            seqs: Vec::new(),
        };
        for (_, arrival) in &group.arrivals {
            for key in [delivery_key(arrival), message_key(arrival)] {
                group.keys.push(key);
                group.events.push(arrival.event.as_str());
                group.seqs.push(row::big(arrival.seq));
            }
        }
        group
    }

    fn step<'b>(&'b self, now: &'b i64) -> TenantStep<'b> {
        let params: Vec<&(dyn tokio_postgres::types::ToSql + Sync)> =
            vec![&self.name, &self.keys, &self.events, &self.seqs, now];
        TenantStep { tenant: self.tenant, step: Step { sql: CLAIM, params } }
    }
}

fn delivery_key(arrival: &Arrival) -> String {
    format!("d:{}:{}", arrival.connection, arrival.delivery)
}

fn message_key(arrival: &Arrival) -> String {
    format!("m:{}", arrival.message)
}

/// Who holds each key: the envelope and its place.
type Holders = std::collections::HashMap<String, (EventId, i64)>;

fn holders(answer: &Answer) -> Result<Holders, StoreError> {
    let holder = |row: &tokio_postgres::Row| {
        Ok((row.try_get(0)?, (row::id(row, 1)?, row.try_get::<_, i64>(2)?)))
    };
    answer.rows.iter().map(holder).collect()
}

fn verdict(arrival: &Arrival, holders: &Holders) -> Option<Verdict> {
    let mine = (arrival.event.clone(), row::big(arrival.seq));
    let keys = [
        (delivery_key(arrival), DuplicateReason::Delivery),
        (message_key(arrival), DuplicateReason::Message),
    ];
    for (key, reason) in keys {
        let holder = holders.get(&key)?;
        if *holder != mine {
            return Some(Verdict::Duplicate { first: holder.0.clone(), reason });
        }
    }
    Some(Verdict::First)
}
