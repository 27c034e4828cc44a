//! A reply as a row.

use domain::reply_state::Verdict;
use schemas::{MessageRef, event::ReplyKind};
use serde::Serialize;
use tokio_postgres::Row;

use super::{Outcome, Reply};
use crate::{StoreError, fence::Fence, row};

pub(super) const INSERT: &str = "
    insert into reply (tenant_id, message_id, message, verdict, parts, verdict_event_id, waited_out,
                       outcome, outcome_event_id, round, order_event_id, order_seq, fence,
                       updated_at_ms)
    select $1, message_id, message, verdict, parts, verdict_event_id, waited_out,
           outcome, outcome_event_id, round, order_event_id, order_seq, fence, updated_at_ms
      from jsonb_populate_recordset(null::reply, $2)";
/// Of rows that are there. As an insert that finds them, it is sure to look them up by their key,
/// whatever the planner thinks of the table.
pub(super) const UPDATE: &str = "
    insert into reply (tenant_id, message_id, message, verdict, parts, verdict_event_id, waited_out,
                       outcome, outcome_event_id, round, order_event_id, order_seq, fence,
                       updated_at_ms)
    select $1, message_id, message, verdict, parts, verdict_event_id, waited_out,
           outcome, outcome_event_id, round, order_event_id, order_seq, fence, updated_at_ms
      from jsonb_populate_recordset(null::reply, $2)
    on conflict (tenant_id, message_id) do update
       set verdict = excluded.verdict, parts = excluded.parts,
           verdict_event_id = excluded.verdict_event_id, waited_out = excluded.waited_out,
           outcome = excluded.outcome, outcome_event_id = excluded.outcome_event_id,
           round = excluded.round, order_event_id = excluded.order_event_id,
           order_seq = excluded.order_seq,
           fence = excluded.fence, updated_at_ms = excluded.updated_at_ms";

/// The columns of [`INSERT`] and [`UPDATE`].
#[derive(Serialize)]
pub(super) struct ReplyRow<'a> {
    message_id: &'a str,
    message: &'a MessageRef,
    verdict: Option<&'static str>,
    parts: Option<i32>,
    verdict_event_id: Option<&'a str>,
    waited_out: bool,
    outcome: Option<&'static str>,
    outcome_event_id: Option<&'a str>,
    round: i32,
    order_event_id: Option<&'a str>,
    order_seq: i64,
    fence: i64,
    updated_at_ms: i64,
}

impl<'a> ReplyRow<'a> {
    pub(super) fn of(reply: &'a Reply, fence: &Fence, at_ms: i64) -> Self {
        let (verdict, parts) = match reply.verdict {
            None => (None, None),
            Some(Verdict::Nothing) => (Some(NOTHING), None),
            Some(Verdict::Reply { kind, parts }) => {
                (Some(kind.as_str()), Some(i32::try_from(parts).unwrap_or(i32::MAX)))
            }
        };
        Self {
            message_id: reply.message.id.as_str(),
            message: &reply.message,
            verdict,
            parts,
            verdict_event_id: reply.verdict_event.as_ref().map(schemas::EventId::as_str),
            waited_out: reply.waited_out,
            outcome: reply.outcome.map(Outcome::as_str),
            outcome_event_id: reply.outcome_event.as_ref().map(schemas::EventId::as_str),
            round: row::small(reply.round),
            order_event_id: reply.ordered.as_ref().map(|(event, _)| event.as_str()),
            order_seq: reply.ordered.as_ref().map_or(0, |(_, seq)| row::big(*seq)),
            fence: fence.epoch(),
            updated_at_ms: at_ms,
        }
    }
}

const NOTHING: &str = "nothing";

/// Reads a row into the reply it is of: message id, verdict, parts, verdict's event, waited out,
/// outcome, outcome's event, round, order's event, order's place.
pub(super) fn read(row: &Row, reply: &mut Reply) -> Result<(), StoreError> {
    reply.verdict = read_verdict(row)?;
    reply.verdict_event = row::id_opt(row, 3)?;
    reply.waited_out = row.try_get(4)?;
    reply.outcome = read_outcome(row)?;
    reply.outcome_event = row::id_opt(row, 6)?;
    reply.round = row::count(row.try_get::<_, i32>(7)?.into())?;
    let seq = row::count(row.try_get(9)?)?;
    reply.ordered = row::id_opt(row, 8)?.map(|event| (event, seq));
    Ok(())
}

fn read_verdict(row: &Row) -> Result<Option<Verdict>, StoreError> {
    let kind = match row.try_get::<_, Option<&str>>(1)? {
        None => return Ok(None),
        Some(NOTHING) => return Ok(Some(Verdict::Nothing)),
        Some("answer") => ReplyKind::Answer,
        Some("apology") => ReplyKind::Apology,
        Some("notice") => ReplyKind::Notice,
        Some("hand_off") => ReplyKind::HandOff,
        Some("held") => ReplyKind::Held,
        Some(_) => return Err(StoreError::row("an unknown verdict")),
    };
    let parts = row.try_get::<_, Option<i32>>(2)?.unwrap_or(1);
    Ok(Some(Verdict::Reply { kind, parts: usize::try_from(parts).unwrap_or(1) }))
}

fn read_outcome(row: &Row) -> Result<Option<Outcome>, StoreError> {
    let Some(text) = row.try_get::<_, Option<&str>>(5)? else { return Ok(None) };
    let known = Outcome::ALL.into_iter().find(|outcome| outcome.as_str() == text);
    known.map(Some).ok_or_else(|| StoreError::row("an unknown outcome"))
}
