//! What is used beside messages, in sums: by trials of drafts, by replays (see `replays`), and by programs
//! that ask models themselves. A call of a trial is counted before it is made: until it is known what it cost, its cost
//! counts as not known.

use std::collections::BTreeMap;

use domain::day::Day;
use schemas::{
    AgentId, TenantId,
    usage::{Attempt, Usage},
};
use serde::Serialize;
use tokio_postgres::types::ToSql;

use crate::{
    StoreError, TenantTx,
    row::{self, Rows},
    session::Step,
    spend::{self, Admitted, Call, Ended},
    tenant_tx::TenantStep,
};

/// Programs have no agent.
const CALLS: &str = "
    select coalesce(sum(calls - replayed_calls), 0)::bigint from trial_usage
     where tenant_id = $1 and day = $2 and agent_id <> ''";
const STARTING: &str = "
    insert into trial_usage as was (tenant_id, day, agent_id, model, calls, unpriced)
    values ($1, $2, $3, $4, 1, 1)
    on conflict (tenant_id, day, agent_id, model) do update
        set calls = was.calls + 1, unpriced = was.unpriced + 1";
/// All in one statement, whose trigger comes after it: a day is locked before its month.
const ENDED: &str = "
    update trial_usage u set
           unpriced = u.unpriced - s.priced, input_tokens = u.input_tokens + s.input_tokens,
           output_tokens = u.output_tokens + s.output_tokens,
           cost_micros = u.cost_micros + s.cost_micros
      from jsonb_to_recordset($4) as s(model text collate \"C\", priced bigint, input_tokens bigint,
                                       output_tokens bigint, cost_micros bigint)
     where u.tenant_id = $1 and u.day = $2 and u.agent_id = $3 and u.model = s.model";
const BOOK: &str = "
    insert into trial_usage as was (tenant_id, day, agent_id, model, calls, unpriced, input_tokens,
                                    output_tokens, cost_micros)
    select $1, day, agent_id, model, calls, unpriced, input_tokens, output_tokens, cost_micros
      from jsonb_populate_recordset(null::trial_usage, $2)
     order by day, model collate \"C\"
    on conflict (tenant_id, day, agent_id, model) do update
        set calls = was.calls + excluded.calls,
            unpriced = was.unpriced + excluded.unpriced,
            input_tokens = was.input_tokens + excluded.input_tokens,
            output_tokens = was.output_tokens + excluded.output_tokens,
            cost_micros = was.cost_micros + excluded.cost_micros";

type Param<'a> = &'a (dyn ToSql + Sync);

/// How many calls to models a tenant's trials have made on that day.
pub async fn calls(tx: &mut TenantTx, day: Day) -> Result<u64, StoreError> {
    let tenant = tx.tenant().clone();
    let found = tx.query_opt(CALLS, &[&tenant.as_str(), &row::small(day.number())]).await?;
    let row = found.ok_or_else(|| StoreError::row("a sum without a row"))?;
    row::count(row.try_get(0)?)
}

/// A model is about to be called, where budgets have room for it; if not, nothing is counted.
pub async fn starting(
    mut tx: TenantTx,
    (day, agent): (Day, &AgentId),
    model: &str,
    call: Option<Call<'_>>,
) -> Result<Admitted, StoreError> {
    if let Some(call) = call {
        let admitted = spend::reserve(&mut tx, call).await?;
        if admitted.is_err() {
            return Ok(admitted);
        }
    }
    let (tenant, day) = (tx.tenant().clone(), row::small(day.number()));
    tx.execute(STARTING, &[&tenant.as_str(), &day, &agent.as_str(), &model]).await?;
    tx.commit().await?;
    Ok(Ok(()))
}

/// What the calls of a trial came to. One that broke off may have been billed: its cost is not known.
pub async fn ended(
    mut tx: TenantTx,
    (day, agent): (Day, &AgentId),
    holder: &str,
    attempts: &[Attempt],
) -> Result<(), StoreError> {
    let (tenant, day) = (tx.tenant().clone(), row::small(day.number()));
    // Budgets before sums, like whoever begins: so nobody waits in a circle.
    let ended: Vec<_> = attempts.iter().map(Ended::of).collect();
    spend::settle(&mut tx, holder, &ended).await?;
    tx.execute(ENDED, &[&tenant.as_str(), &day, &agent.as_str(), &sums(attempts)?]).await?;
    tx.commit().await
}

/// What calls used of each model, in the order of its names. A statement changes no row twice.
pub(crate) fn sums<'a>(attempts: &'a [Attempt]) -> Result<Rows, StoreError> {
    #[derive(Serialize)]
    struct Sum<'a> {
        model: &'a str,
        priced: i64,
        input_tokens: i64,
        output_tokens: i64,
        cost_micros: i64,
    }
    let mut sums = BTreeMap::<_, Used>::new();
    for attempt in attempts {
        let sum = sums.entry(attempt.model.as_str()).or_default();
        *sum = sum.plus(Used::of(attempt));
    }
    let sum = |(model, used): (&&'a str, &Used)| Sum {
        model,
        priced: used.calls - used.unpriced,
        input_tokens: used.input_tokens,
        output_tokens: used.output_tokens,
        cost_micros: used.cost_micros,
    };
    row::rows(&sums.iter().map(sum).collect::<Vec<_>>())
}

/// What calls used.
#[derive(Clone, Copy, Default)]
struct Used {
    calls: i64,
    unpriced: i64,
    input_tokens: i64,
    output_tokens: i64,
    cost_micros: i64,
}

impl Used {
    fn of(attempt: &Attempt) -> Self {
        let usage = attempt.usage.as_ref();
        let tokens = |of: fn(&Usage) -> Option<u64>| row::big(usage.and_then(of).unwrap_or(0));
        let cost = attempt.cost.amount;
        Self {
            calls: 1,
            unpriced: i64::from(cost.is_none()),
            input_tokens: tokens(|it| it.input_tokens),
            output_tokens: tokens(|it| it.output_tokens),
            cost_micros: row::big(cost.unwrap_or_default().0),
        }
    }

    fn plus(self, more: Self) -> Self {
        Self {
            calls: self.calls.saturating_add(more.calls),
            unpriced: self.unpriced.saturating_add(more.unpriced),
            input_tokens: self.input_tokens.saturating_add(more.input_tokens),
            output_tokens: self.output_tokens.saturating_add(more.output_tokens),
            cost_micros: self.cost_micros.saturating_add(more.cost_micros),
        }
    }
}

/// What a tenant's programs used, to be added to its sums.
pub(crate) struct Booked<'a> {
    tenant: &'a TenantId,
    name: &'a str,
    rows: Rows,
}

#[derive(Serialize)]
struct BookedRow<'a> {
    day: i32,
    agent_id: &'static str,
    model: &'a str,
    calls: i64,
    unpriced: i64,
    input_tokens: i64,
    output_tokens: i64,
    cost_micros: i64,
}

impl<'a> Booked<'a> {
    pub(crate) fn of_programs(
        tenant: &'a TenantId,
        attempts: impl Iterator<Item = (Day, &'a Attempt)>,
    ) -> Result<Self, StoreError> {
        // A statement changes no row twice, so what is alike is added up first.
        let mut sums = BTreeMap::<_, Used>::new();
        for (day, attempt) in attempts {
            let sum = sums.entry((day, attempt.model.as_str())).or_default();
            *sum = sum.plus(Used::of(attempt));
        }
        let row = |((day, model), used): (&(Day, &'a str), &Used)| BookedRow {
            day: row::small(day.number()),
            agent_id: "",
            model,
            calls: used.calls,
            unpriced: used.unpriced,
            input_tokens: used.input_tokens,
            output_tokens: used.output_tokens,
            cost_micros: used.cost_micros,
        };
        let rows: Vec<_> = sums.iter().map(row).collect();
        Ok(Self { tenant, name: tenant.as_str(), rows: row::rows(&rows)? })
    }

    pub(crate) fn tenant(&self) -> &'a TenantId {
        self.tenant
    }

    pub(crate) fn step(&self) -> TenantStep<'_> {
        let params: Vec<Param<'_>> = vec![&self.name, &self.rows];
        TenantStep { tenant: self.tenant, step: Step { sql: BOOK, params } }
    }
}
