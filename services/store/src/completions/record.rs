//! Writing down what is about to be asked and what came of it: one transaction for a batch, one
//! statement for each tenant in it.

use std::collections::HashSet;

use schemas::{MessageId, TenantId, Timestamp, usage::Attempt};
use serde::Serialize;
use serde_json::value::RawValue;
use tokio_postgres::types::ToSql;

use super::{
    Completion, Record, Start,
    before::{FIND, completion},
};
use crate::{
    Database, StoreError,
    fence::Fence,
    gather::{Work, by_tenant, rows_of_each},
    memory::TurnRow,
    row::{self, Rows},
    session::Step,
    tenant_tx::TenantStep,
};

const START: &str = "
    insert into attempt (tenant_id, message_id, index, deployment, started_at_ms)
    select $1, message_id, index, deployment, started_at_ms
      from jsonb_populate_recordset(null::attempt, $2)";
const FINISH: &str = "
    insert into attempt (tenant_id, message_id, index, deployment, started_at_ms, outcome)
    select $1, message_id, index, deployment, started_at_ms, outcome
      from jsonb_populate_recordset(null::attempt, $2)
    on conflict (tenant_id, message_id, index) do update set outcome = excluded.outcome
     where attempt.outcome is null";
/// Only the leader records. Of what was recorded before nothing is written, memory included; there an
/// edit or a deletion may have come first, and stands.
const RECORD: &str = "
    with made as (
        insert into completion (tenant_id, message_id, envelope, event_id, stream_seq, fence,
                                finished_at_ms)
        select $1, message_id, envelope, event_id, stream_seq, $5, finished_at_ms
          from jsonb_populate_recordset(null::completion, $2)
         where exists (select from stage_fence where stage = $6 and epoch = $5)
        on conflict (tenant_id, message_id) do nothing
        returning message_id
    ), said as (
        insert into turn (tenant_id, connection_id, conversation_id, message_id, role, position,
                          sender, sender_name, text, revision)
        select $1, connection_id, conversation_id, message_id, role, position,
               sender, sender_name, text, revision
          from jsonb_populate_recordset(null::turn, $3) join made using (message_id)
        on conflict (tenant_id, connection_id, conversation_id, message_id, role) do update
           set position = excluded.position, sender_name = excluded.sender_name,
               text = case when turn.deleted or turn.edited_at_ms is not null
                           then turn.text else excluded.text end
    ), tried as (
        insert into attempt (tenant_id, message_id, index, deployment, started_at_ms, outcome)
        select $1, message_id, index, deployment, started_at_ms, outcome
          from jsonb_populate_recordset(null::attempt, $4) join made using (message_id)
        on conflict (tenant_id, message_id, index) do update set outcome = excluded.outcome
         where attempt.outcome is null
    )
    select message_id from made";

type Param<'a> = &'a (dyn ToSql + Sync);

pub(super) struct Starts {
    pub(super) db: Database,
}

#[derive(Serialize)]
struct StartRow<'a> {
    message_id: &'a str,
    index: i32,
    deployment: &'a str,
    started_at_ms: i64,
}

impl Work for Starts {
    type Ask = Start;
    type Answer = ();

    async fn run(&self, asks: &[Start]) -> Result<Vec<()>, StoreError> {
        let mut columns = Vec::new();
        for (tenant, asks) in by_tenant(asks, |ask| &ask.tenant) {
            let rows: Vec<_> = asks
                .iter()
                .map(|(_, ask)| StartRow {
                    message_id: ask.message.as_str(),
                    index: row::small(ask.index),
                    deployment: &ask.deployment,
                    started_at_ms: ask.at.as_millis(),
                })
                .collect();
            columns.push((tenant, tenant.as_str(), row::rows(&rows)?));
        }
        let Some((first, ..)) = columns.first() else { return Ok(Vec::new()) };
        let steps = columns.iter().map(|(tenant, name, rows)| {
            let params: Vec<Param<'_>> = vec![name, rows];
            TenantStep { tenant, step: Step { sql: START, params } }
        });
        self.db.tenant(first).await?.run_last(steps.collect()).await?;
        Ok(vec![(); asks.len()])
    }
}

pub(super) struct Records {
    pub(super) db: Database,
    pub(super) fence: Fence,
}

#[derive(Serialize)]
struct CompletionRow<'a> {
    message_id: &'a str,
    envelope: Box<RawValue>,
    event_id: &'a str,
    stream_seq: i64,
    finished_at_ms: i64,
}

/// Its call has a row since before it was made; the first word on it stands.
#[derive(Serialize)]
struct OutcomeRow<'a> {
    message_id: &'a str,
    index: i32,
    deployment: &'a str,
    /// For a row that is not there after all.
    started_at_ms: i64,
    outcome: &'a Attempt,
}

impl<'a> OutcomeRow<'a> {
    fn of(message: &'a MessageId, attempt: &'a Attempt, at: Timestamp) -> Self {
        Self {
            message_id: message.as_str(),
            index: row::small(attempt.index),
            deployment: &attempt.deployment,
            started_at_ms: at.as_millis(),
            outcome: attempt,
        }
    }
}

/// What is written for one tenant.
struct Written<'a> {
    tenant: &'a TenantId,
    name: &'a str,
    completions: Rows,
    turns: Rows,
    outcomes: Rows,
}

impl<'a> Written<'a> {
    fn of(tenant: &'a TenantId, asks: &[(usize, &Record)]) -> Result<Self, StoreError> {
        let (mut completions, mut turns, mut outcomes) = (Vec::new(), Vec::new(), Vec::new());
        for (_, ask) in asks {
            completions.push(CompletionRow {
                message_id: ask.message.as_str(),
                envelope: row::envelope_in_json(&ask.completion.envelope)?,
                event_id: ask.completion.cause.as_str(),
                stream_seq: row::big(ask.completion.seq),
                finished_at_ms: ask.at.as_millis(),
            });
            turns.extend(ask.turns.iter().map(TurnRow::of));
            outcomes.extend(ask.attempts.iter().map(|it| OutcomeRow::of(&ask.message, it, ask.at)));
        }
        Ok(Self {
            tenant,
            name: tenant.as_str(),
            completions: row::rows(&completions)?,
            turns: row::rows(&turns)?,
            outcomes: row::rows(&outcomes)?,
        })
    }
}

impl Work for Records {
    type Ask = Record;
    type Answer = Completion;

    async fn run(&self, asks: &[Record]) -> Result<Vec<Completion>, StoreError> {
        let tenants = by_tenant(asks, |ask| &ask.tenant);
        let writes: Result<Vec<_>, _> =
            tenants.iter().map(|(tenant, asks)| Written::of(tenant, asks)).collect();
        let writes = writes?;
        let Some(first) = writes.first() else { return Ok(Vec::new()) };
        let (epoch, stage) = (self.fence.epoch(), self.fence.stage());
        let steps = writes.iter().map(|it| {
            let params: Vec<Param<'_>> =
                vec![&it.name, &it.completions, &it.turns, &it.outcomes, &epoch, &stage];
            TenantStep { tenant: it.tenant, step: Step { sql: RECORD, params } }
        });
        let answers = self.db.tenant(first.tenant).await?.run_last(steps.collect()).await?;
        let mut made = HashSet::new();
        for (tenant, answer) in tenants.keys().zip(&answers) {
            for row in &answer.rows {
                made.insert((*tenant, row.try_get::<_, &str>(0)?));
            }
        }
        let late: Vec<_> = asks
            .iter()
            .filter(|ask| !made.contains(&(&ask.tenant, ask.message.as_str())))
            .collect();
        let standing =
            rows_of_each(&self.db, &late, |ask| (&ask.tenant, ask.message.as_str()), FIND);
        let mut standing = standing.await?.into_iter();
        let mut outcomes = Vec::with_capacity(asks.len());
        for ask in asks {
            if made.contains(&(&ask.tenant, ask.message.as_str())) {
                outcomes.push(ask.completion.clone());
                continue;
            }
            let rows = standing.next().unwrap_or_default();
            let row = rows.first().ok_or_else(|| StoreError::Fenced(stage.to_owned()))?;
            outcomes.push(completion(row)?);
        }
        Ok(outcomes)
    }
}

pub(super) async fn finish(
    db: &Database,
    tenant: &TenantId,
    message: &MessageId,
    attempts: &[Attempt],
    at: Timestamp,
) -> Result<(), StoreError> {
    let rows: Vec<_> = attempts.iter().map(|it| OutcomeRow::of(message, it, at)).collect();
    let Some(rows) = row::rows(&rows)? else { return Ok(()) };
    db.tenant(tenant).await?.last(FINISH, &[&tenant.as_str(), &rows]).await?;
    Ok(())
}
