//! Writing down what came of what was asked: one transaction for a batch, one statement for each tenant
//! in it, and where there are budgets one that settles and one that reads whom they are near.

use std::collections::{HashMap, HashSet};

use domain::budget::Scope;
use schemas::{BudgetMet, MessageId, TenantId, Timestamp, usage::Attempt};
use serde::Serialize;
use serde_json::value::RawValue;
use tokio_postgres::types::ToSql;

use super::{
    Completion, Record,
    before::{FIND, completion},
};
use crate::{
    Database, StoreError,
    fence::Fence,
    gather::{Work, by_tenant, rows_of_each},
    memory::TurnRow,
    row::{self, Rows},
    session::{Answer, Step},
    spend::{Ended, Settling},
    tenant_tx::TenantStep,
};

const FINISH: &str = "
    insert into attempt (tenant_id, message_id, index, deployment, started_at_ms, outcome)
    select $1, message_id, index, deployment, started_at_ms, outcome
      from jsonb_populate_recordset(null::attempt, $2)
    on conflict (tenant_id, message_id, index) do update set outcome = excluded.outcome
     where attempt.outcome is null";
/// Only the leader records. Of what was recorded before nothing is written, memory included; there an
/// edit or a deletion may have come first, and stands. What an operator asked for takes the place of what
/// was recorded before they did.
const RECORD: &str = "
    with made as (
        insert into completion as was (tenant_id, message_id, envelope, event_id, stream_seq, fence,
                                       finished_at_ms, reopened)
        select distinct on (message_id) $1, message_id, envelope, event_id, stream_seq, $5,
               finished_at_ms, reopened
          from jsonb_populate_recordset(null::completion, $2) with ordinality
         where exists (select from stage_fence where stage = $6 and epoch = $5)
         order by message_id, ordinality
        on conflict (tenant_id, message_id) do update
           set envelope = excluded.envelope, event_id = excluded.event_id,
               stream_seq = excluded.stream_seq, fence = excluded.fence,
               finished_at_ms = excluded.finished_at_ms, reopened = true
         where excluded.reopened and was.stream_seq < excluded.stream_seq
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
    ), paused as (
        insert into pause (tenant_id, message_id, connection_id, conversation_id, since_ms)
        select $1, message_id, connection_id, conversation_id, since_ms
          from jsonb_populate_recordset(null::pause, $7) join made using (message_id)
        on conflict do nothing
    )
    select message_id from made";

type Param<'a> = &'a (dyn ToSql + Sync);

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
    reopened: bool,
}

#[derive(Serialize)]
struct PauseRow<'a> {
    message_id: &'a str,
    connection_id: &'a str,
    conversation_id: &'a str,
    since_ms: i64,
}

impl<'a> PauseRow<'a> {
    fn of(ask: &'a Record) -> Option<Self> {
        let message = ask.pause.as_ref()?;
        Some(Self {
            message_id: message.id.as_str(),
            connection_id: message.connection.as_str(),
            conversation_id: message.conversation.as_str(),
            since_ms: ask.at.as_millis(),
        })
    }
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
    pauses: Rows,
    settling: Option<Settling<'a>>,
}

impl<'a> Written<'a> {
    fn of(tenant: &'a TenantId, asks: &[(usize, &'a Record)]) -> Result<Self, StoreError> {
        let (mut completions, mut turns, mut outcomes) = (Vec::new(), Vec::new(), Vec::new());
        for (_, ask) in asks {
            completions.push(CompletionRow {
                message_id: ask.message.as_str(),
                envelope: row::envelope_in_json(&ask.completion.envelope)?,
                event_id: ask.completion.cause.as_str(),
                stream_seq: row::big(ask.completion.seq),
                finished_at_ms: ask.at.as_millis(),
                reopened: ask.reopened,
            });
            turns.extend(ask.turns.iter().map(TurnRow::of));
            outcomes.extend(ask.attempts.iter().map(|it| OutcomeRow::of(&ask.message, it, ask.at)));
        }
        let pauses: Vec<_> = asks.iter().filter_map(|(_, ask)| PauseRow::of(ask)).collect();
        let settled = || asks.iter().map(|(_, ask)| ask).filter(|ask| ask.settles);
        let decided: Vec<_> = settled().map(|ask| ask.message.as_str()).collect();
        let ended = settled().flat_map(|ask| ended(&ask.message, &ask.attempts));
        let settling = Settling::of_messages(tenant, &decided, ended)?;
        Ok(Self {
            tenant,
            name: tenant.as_str(),
            completions: row::rows(&completions)?,
            turns: row::rows(&turns)?,
            outcomes: row::rows(&outcomes)?,
            pauses: row::rows(&pauses)?,
            settling: (!decided.is_empty()).then_some(settling),
        })
    }

    fn steps<'b>(
        &'b self,
        epoch: &'b i64,
        stage: &'b &'b str,
    ) -> impl Iterator<Item = TenantStep<'b>> {
        let Self { name, completions, turns, outcomes, pauses, .. } = self;
        let params: Vec<Param<'b>> = vec![name, completions, turns, outcomes, epoch, stage, pauses];
        let record = TenantStep { tenant: self.tenant, step: Step { sql: RECORD, params } };
        let settling = self.settling.iter().flat_map(|it| [it.step(), it.near()]);
        std::iter::once(record).chain(settling)
    }
}

fn key(ask: &Record) -> (&TenantId, String) {
    (&ask.tenant, ask.message.to_string())
}

/// Calls that are over, as budgets see them.
fn ended<'a>(
    message: &'a MessageId,
    attempts: &'a [Attempt],
) -> impl Iterator<Item = (&'a str, Ended)> {
    attempts.iter().map(|attempt| (message.as_str(), Ended::of(attempt)))
}

/// What was made of one tenant's, and which budgets its messages tell of.
fn outcomes<'a>(
    it: &Written<'a>,
    answers: &mut impl Iterator<Item = Answer>,
    made: &mut HashSet<(&'a TenantId, String)>,
    near: &mut HashMap<(&'a TenantId, String), Vec<BudgetMet>>,
) -> Result<(), StoreError> {
    let missing = || StoreError::row("answers are missing");
    for row in &answers.next().ok_or_else(missing)?.rows {
        made.insert((it.tenant, row.try_get(0)?));
    }
    if it.settling.is_some() {
        let told = answers.nth(1).ok_or_else(missing)?;
        for row in &told.rows {
            let (scope, limit): (Scope, u64) = (row::id(row, 1)?, row::count(row.try_get(2)?)?);
            let mets = near.entry((it.tenant, row.try_get(0)?)).or_default();
            mets.push(scope.met(limit));
        }
    }
    Ok(())
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
        let steps = writes.iter().flat_map(|it| it.steps(&epoch, &stage));
        let answers = self.db.tenant(first.tenant).await?.run_last(steps.collect()).await?;
        let (mut made, mut near) = (HashSet::new(), HashMap::new());
        let mut answers = answers.into_iter();
        for it in &writes {
            outcomes(it, &mut answers, &mut made, &mut near)?;
        }
        let late: Vec<_> = asks.iter().filter(|ask| !made.contains(&key(ask))).collect();
        let standing =
            rows_of_each(&self.db, &late, |ask| (&ask.tenant, ask.message.as_str()), FIND);
        let mut standing = standing.await?.into_iter();
        let mut outcomes = Vec::with_capacity(asks.len());
        for ask in asks {
            if made.contains(&key(ask)) {
                let near = near.remove(&key(ask)).unwrap_or_default();
                outcomes.push(Completion { near, ..ask.completion.clone() });
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
    let settling = Settling::of_messages(tenant, &[], ended(message, attempts))?;
    let name = tenant.as_str();
    let params: Vec<Param<'_>> = vec![&name, &rows];
    let finish = TenantStep { tenant, step: Step { sql: FINISH, params } };
    db.tenant(tenant).await?.run_last(vec![finish, settling.step()]).await?;
    Ok(())
}
