//! Writing down what is about to be asked, with the room that it takes in budgets: one transaction for
//! a batch. Without a budget that is one statement for each tenant in it; with one, the tenant's sums
//! are locked and read first.

use schemas::TenantId;
use serde::Serialize;
use tokio_postgres::types::ToSql;

use super::Start;
use crate::{
    Database, StoreError,
    gather::{Work, by_tenant},
    row::{self, Rows},
    session::{Answer, Step},
    spend::{Admitted, Call, Group, READS, Taken},
    tenant_tx::TenantStep,
};

const START: &str = "
    insert into attempt (tenant_id, message_id, index, deployment, started_at_ms)
    select $1, message_id, index, deployment, started_at_ms
      from jsonb_populate_recordset(null::attempt, $2)";

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

impl<'a> StartRow<'a> {
    fn of(start: &'a Start) -> Self {
        Self {
            message_id: start.message.as_str(),
            index: row::small(start.index),
            deployment: &start.deployment,
            started_at_ms: start.at.as_millis(),
        }
    }
}

/// What one tenant asks in a batch.
struct Asked<'a> {
    tenant: &'a TenantId,
    name: &'a str,
    asks: Vec<(usize, &'a Start)>,
    group: Group<'a>,
}

impl<'a> Asked<'a> {
    fn new(tenant: &'a TenantId, asks: Vec<(usize, &'a Start)>) -> Result<Self, StoreError> {
        let calls: Vec<_> = asks.iter().filter_map(|(_, start)| call(start)).collect();
        let group = Group::new(tenant, &calls)?;
        Ok(Self { tenant, name: tenant.as_str(), asks, group })
    }

    /// Decides for each; what is admitted is written.
    fn decide(
        &self,
        answers: Option<&[Answer]>,
        admitted: &mut [Admitted],
    ) -> Result<Decided, StoreError> {
        let mut taken = answers.map(|answers| Taken::new(&self.group, answers)).transpose()?;
        let mut rows = Vec::new();
        for (place, start) in &self.asks {
            let decided = match (call(start), &mut taken) {
                (Some(call), Some(taken)) => taken.take(call),
                (_, _) => Ok(()),
            };
            if decided.is_ok() {
                rows.push(StartRow::of(start));
            }
            if let Some(slot) = admitted.get_mut(*place) {
                *slot = decided;
            }
        }
        let taken = taken.map(Taken::written).transpose()?.flatten();
        Ok(Decided { rows: row::rows(&rows)?, taken })
    }
}

fn call(start: &Start) -> Option<Call<'_>> {
    let Start { message, index, room, at, .. } = start;
    Some(Call { holder: message.as_str(), index: *index, room: room.as_ref()?, at: *at })
}

/// What was decided for one tenant.
struct Decided {
    rows: Rows,
    taken: Option<crate::spend::Written>,
}

impl Decided {
    fn steps<'b>(&'b self, asked: &'b Asked<'_>) -> impl Iterator<Item = TenantStep<'b>> {
        let params: Vec<Param<'b>> = vec![&asked.name, &self.rows];
        let start = TenantStep { tenant: asked.tenant, step: Step { sql: START, params } };
        let start = self.rows.is_some().then_some(start);
        start.into_iter().chain(self.taken.as_ref().map(|taken| taken.step(&asked.group)))
    }
}

impl Work for Starts {
    type Ask = Start;
    type Answer = Admitted;

    async fn run(&self, asks: &[Start]) -> Result<Vec<Admitted>, StoreError> {
        let tenants = by_tenant(asks, |ask| &ask.tenant).into_iter();
        let asked: Result<Vec<_>, _> =
            tenants.map(|(tenant, asks)| Asked::new(tenant, asks)).collect();
        let asked = asked?;
        let Some(first) = asked.first() else { return Ok(Vec::new()) };
        let mut tx = self.db.tenant(first.tenant).await?;
        let limited = || asked.iter().filter(|it| !it.group.is_empty());
        let reads: Vec<_> = limited().flat_map(|it| it.group.reads()).collect();
        let answers = if reads.is_empty() { Vec::new() } else { tx.run(reads).await? };

        let mut answers = answers.chunks(READS);
        let mut admitted = vec![Ok(()); asks.len()];
        let mut decided = Vec::with_capacity(asked.len());
        for it in &asked {
            let answers = if it.group.is_empty() { None } else { answers.next() };
            decided.push(it.decide(answers, &mut admitted)?);
        }
        let writes = decided.iter().zip(&asked).flat_map(|(decided, it)| decided.steps(it));
        tx.run_last(writes.collect()).await?;
        Ok(admitted)
    }
}
