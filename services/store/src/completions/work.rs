//! The statements behind [`super::Completions`]: each batch is one transaction, each tenant in it a
//! handful of statements.

use std::collections::{HashMap, HashSet};

use schemas::{MessageId, TenantId, usage::Attempt};
use serde::Serialize;
use tokio_postgres::{Row, types::ToSql};

use super::{Before, Completion, Prior, Record, Start, Tried};
use crate::{
    Database, StoreError,
    fence::Fence,
    gather::{Work, by_tenant, rows_of_each},
    memory::{self, TurnRow},
    row::{self, Rows},
    session::Step,
    tenant_tx::TenantStep,
};

const FIND: &str = "
    select message_id, envelope, event_id, stream_seq from completion
     where tenant_id = $1 and message_id = any($2)";
const ATTEMPTS: &str = "
    select message_id, index, deployment, started_at_ms, outcome from attempt
     where tenant_id = $1 and message_id = any($2) order by message_id, index";
const START: &str = "
    insert into attempt (tenant_id, message_id, index, deployment, started_at_ms)
    select $1, message_id, index, deployment, started_at_ms
      from jsonb_populate_recordset(null::attempt, $2)";
const FINISH: &str = "
    update attempt set outcome = said.outcome
      from jsonb_populate_recordset(null::attempt, $2) as said
     where attempt.tenant_id = $1 and attempt.message_id = said.message_id
       and attempt.index = said.index and attempt.outcome is null";
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
        update attempt set outcome = said.outcome
          from jsonb_populate_recordset(null::attempt, $4) as said join made using (message_id)
         where attempt.tenant_id = $1 and attempt.message_id = said.message_id
           and attempt.index = said.index and attempt.outcome is null
    )
    select message_id from made";

type Param<'a> = &'a (dyn ToSql + Sync);

pub(super) struct Befores {
    pub(super) db: Database,
}

impl Work for Befores {
    type Ask = Before;
    type Answer = Prior;

    async fn run(&self, asks: &[Before]) -> Result<Vec<Prior>, StoreError> {
        let tenants = by_tenant(asks, |ask| &ask.tenant);
        let groups: Vec<_> =
            tenants.iter().map(|(tenant, asks)| Group::new(tenant, asks)).collect();
        let Some(first) = groups.first() else { return Ok(Vec::new()) };
        let tx = self.db.tenant(first.tenant).await?;
        let answers = tx.run_last(groups.iter().flat_map(Group::steps).collect()).await?;
        let mut priors =
            vec![Prior { completion: None, attempts: vec![], thread: vec![] }; asks.len()];
        for (asks, answers) in tenants.values().zip(answers.chunks(READS)) {
            let [completions, attempts, turns] = answers else {
                return Err(StoreError::row("answers are missing"));
            };
            let place_of: HashMap<_, _> =
                asks.iter().map(|(place, ask)| (ask.message.id.as_str(), *place)).collect();
            let of = |row: &Row| {
                let place = place_of.get(row.try_get::<_, &str>(0)?);
                place.copied().ok_or_else(astray)
            };
            for row in &completions.rows {
                let prior = priors.get_mut(of(row)?).ok_or_else(astray)?;
                prior.completion = Some(completion(row)?);
            }
            for row in &attempts.rows {
                let prior = priors.get_mut(of(row)?).ok_or_else(astray)?;
                prior.attempts.push(tried(row)?);
            }
            for row in &turns.rows {
                let (place, ask) = usize::try_from(row.try_get::<_, i64>(0)? - 1)
                    .ok()
                    .and_then(|nth| asks.get(nth))
                    .ok_or_else(astray)?;
                let prior = priors.get_mut(*place).ok_or_else(astray)?;
                prior.thread.push(memory::read(row, &ask.message)?);
            }
        }
        Ok(priors)
    }
}

fn astray() -> StoreError {
    StoreError::row("a row that nobody asked for")
}

const READS: usize = 3;

/// What is read of one tenant.
struct Group<'a> {
    tenant: &'a TenantId,
    name: &'a str,
    messages: Vec<&'a str>,
    connections: Vec<&'a str>,
    conversations: Vec<&'a str>,
    positions: Vec<i64>,
    turns_max: i64,
}

impl<'a> Group<'a> {
    fn new(tenant: &'a TenantId, asks: &[(usize, &'a Before)]) -> Self {
        let of = |part: fn(&Before) -> &str| asks.iter().map(|(_, ask)| part(ask)).collect();
        let most = asks.iter().map(|(_, ask)| ask.turns_max).max().unwrap_or(0);
        Self {
            tenant,
            name: tenant.as_str(),
            messages: of(|ask| ask.message.id.as_str()),
            connections: of(|ask| ask.message.connection.as_str()),
            conversations: of(|ask| ask.message.conversation.as_str()),
            positions: asks.iter().map(|(_, ask)| ask.position).collect(),
            turns_max: i64::from(most.min(memory::TURNS_MAX)),
        }
    }

    fn steps(&self) -> [TenantStep<'_>; READS] {
        let message: Vec<Param<'_>> = vec![&self.name, &self.messages];
        let thread: Vec<Param<'_>> = vec![
            &self.name,
            &self.connections,
            &self.conversations,
            &self.positions,
            &self.turns_max,
        ];
        [
            self.step(FIND, message.clone()),
            self.step(ATTEMPTS, message),
            self.step(memory::BEFORE, thread),
        ]
    }

    fn step<'b>(&'b self, sql: &'static str, params: Vec<Param<'b>>) -> TenantStep<'b> {
        TenantStep { tenant: self.tenant, step: Step { sql, params } }
    }
}

fn completion(row: &Row) -> Result<Completion, StoreError> {
    Ok(Completion {
        envelope: row::envelope(row, 1)?,
        cause: row::id(row, 2)?,
        seq: row::count(row.try_get(3)?)?,
    })
}

fn tried(row: &Row) -> Result<Tried, StoreError> {
    Ok(Tried {
        index: row::count(row.try_get::<_, i32>(1)?.into())?,
        deployment: row.try_get(2)?,
        started_at: row::at(row, 3)?,
        outcome: row::json_opt(row, 4)?,
    })
}

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
    envelope: serde_json::Value,
    event_id: &'a str,
    stream_seq: i64,
    finished_at_ms: i64,
}

#[derive(Serialize)]
struct OutcomeRow<'a> {
    message_id: &'a str,
    index: i32,
    outcome: &'a Attempt,
}

impl<'a> OutcomeRow<'a> {
    fn of(message: &'a MessageId, attempt: &'a Attempt) -> Self {
        Self { message_id: message.as_str(), index: row::small(attempt.index), outcome: attempt }
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
                envelope: row::envelope_to_json(&ask.completion.envelope)?.0,
                event_id: ask.completion.cause.as_str(),
                stream_seq: row::big(ask.completion.seq),
                finished_at_ms: ask.at.as_millis(),
            });
            turns.extend(ask.turns.iter().map(TurnRow::of));
            outcomes.extend(ask.attempts.iter().map(|it| OutcomeRow::of(&ask.message, it)));
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
) -> Result<(), StoreError> {
    let rows: Vec<_> = attempts.iter().map(|it| OutcomeRow::of(message, it)).collect();
    let Some(rows) = row::rows(&rows)? else { return Ok(()) };
    db.tenant(tenant).await?.last(FINISH, &[&tenant.as_str(), &rows]).await?;
    Ok(())
}

pub(super) async fn find(
    db: &Database,
    tenant: &TenantId,
    message: &MessageId,
) -> Result<Option<Completion>, StoreError> {
    let messages = vec![message.as_str()];
    let found = db.tenant(tenant).await?.last(FIND, &[&tenant.as_str(), &messages]).await?;
    found.rows.first().map(completion).transpose()
}
