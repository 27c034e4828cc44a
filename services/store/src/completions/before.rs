//! What is on record of messages, and what was said before them: one transaction for a batch, four
//! statements for each tenant in it.

use std::collections::{BTreeMap, HashMap};

use domain::budget::Scope;
use schemas::{BudgetMet, MessageId, TenantId};
use tokio_postgres::{Row, types::ToSql};

use super::{Before, Completion, Prior, Tried};
use crate::{
    Database, StoreError,
    gather::{Work, by_tenant},
    memory, row,
    session::Step,
    tenant_tx::TenantStep,
};

pub(super) const FIND: &str = "
    select message_id, envelope, event_id, stream_seq,
           (select jsonb_object_agg(scope, limit_micros) from spend
             where tenant_id = $1 and told_by = message_id)
      from completion where tenant_id = $1 and message_id = any($2)";
const ATTEMPTS: &str = "
    select message_id, index, deployment, started_at_ms, outcome from attempt
     where tenant_id = $1 and message_id = any($2) order by message_id, index";
/// For each of several threads, the message by which a person has it, and the one after which the
/// asking message's event gave it back.
const PAUSES: &str = "
    select place, max(message_id) filter (where ended_by is null),
           max(message_id) filter (where ended_by = cause)
      from unnest($2::text[], $3::text[], $4::text[]) with ordinality
           as thread (connection_id, conversation_id, cause, place)
      join pause using (connection_id, conversation_id)
     where tenant_id = $1 group by place";
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
        let mut priors = vec![Prior::default(); asks.len()];
        for (asks, answers) in tenants.values().zip(answers.chunks(READS)) {
            let [completions, attempts, turns, pauses] = answers else {
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
            let of_place = |row: &Row| {
                let nth = usize::try_from(row.try_get::<_, i64>(0)? - 1).ok();
                nth.and_then(|nth| asks.get(nth)).ok_or_else(astray)
            };
            for row in &pauses.rows {
                let prior = priors.get_mut(of_place(row)?.0).ok_or_else(astray)?;
                (prior.handed_off, prior.gave_back) = (row::id_opt(row, 1)?, row::id_opt(row, 2)?);
            }
            for row in &turns.rows {
                let (place, ask) = of_place(row)?;
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

const READS: usize = 4;

/// What is read of one tenant.
struct Group<'a> {
    tenant: &'a TenantId,
    name: &'a str,
    messages: Vec<&'a str>,
    connections: Vec<&'a str>,
    conversations: Vec<&'a str>,
    causes: Vec<&'a str>,
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
            causes: of(|ask| ask.cause.as_str()),
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
        let pauses: Vec<Param<'_>> =
            vec![&self.name, &self.connections, &self.conversations, &self.causes];
        [
            self.step(FIND, message.clone()),
            self.step(ATTEMPTS, message),
            self.step(memory::BEFORE, thread),
            self.step(PAUSES, pauses),
        ]
    }

    fn step<'b>(&'b self, sql: &'static str, params: Vec<Param<'b>>) -> TenantStep<'b> {
        TenantStep { tenant: self.tenant, step: Step { sql, params } }
    }
}

pub(super) fn completion(row: &Row) -> Result<Completion, StoreError> {
    Ok(Completion {
        envelope: row::envelope(row, 1)?,
        cause: row::id(row, 2)?,
        seq: row::count(row.try_get(3)?)?,
        near: near(row)?,
    })
}

/// The budgets that it tells of, in the order of their scopes.
fn near(row: &Row) -> Result<Vec<BudgetMet>, StoreError> {
    let told: BTreeMap<String, u64> = row::json_opt(row, 4)?.unwrap_or_default();
    let met = |(scope, limit): (String, u64)| {
        let scope: Scope = scope.parse().map_err(StoreError::row)?;
        Ok(scope.met(limit))
    };
    told.into_iter().map(met).collect()
}

fn tried(row: &Row) -> Result<Tried, StoreError> {
    Ok(Tried {
        index: row::count(row.try_get::<_, i32>(1)?.into())?,
        deployment: row.try_get(2)?,
        started_at: row::at(row, 3)?,
        outcome: row::json_opt(row, 4)?,
    })
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
