//! Room for calls: what is read and locked of a tenant, and what is written.

use std::collections::BTreeMap;

use domain::budget::{Ledger, Scope};
use schemas::{AgentId, TenantId};
use serde::Serialize;
use tokio_postgres::types::ToSql;

use super::{Admitted, Call, sum};
use crate::{
    StoreError,
    row::{self, Rows},
    session::{Answer, Step},
    tenant_tx::TenantStep,
};

/// A sum that nobody asked of for so long may have missed what was spent meanwhile: while there is no
/// budget, nothing is added to it.
const ASKED_LATELY_MS: i64 = 10 * 60 * 1_000;

/// A sum that is not there, or that nobody asked of lately, is no less than what the read models know.
const OPEN: &str = r#"
    insert into spend (tenant_id, scope, limit_micros, settled_micros, reserved_micros, asked_at_ms)
    select $1, s.scope, s.limit_micros,
           (select coalesce(sum(u.cost_micros), 0) from p_usage u
             where u.tenant_id = $1 and u.day between s.from_day and s.to_day
               and (s.agent is null or u.agent_id = s.agent))
           + (select coalesce(sum(u.cost_micros), 0) from trial_usage u
               where u.tenant_id = $1 and u.day between s.from_day and s.to_day
                 and (s.agent is null or u.agent_id = s.agent)),
           0, $3
      from jsonb_to_recordset($2) as s(
               scope text collate "C", agent text collate "C", limit_micros bigint,
               from_day int, to_day int)
     where not exists (
               select from spend known
                where known.tenant_id = $1 and known.scope = s.scope and $4 < known.asked_at_ms)
     order by s.scope
    on conflict (tenant_id, scope) do update
       set settled_micros = greatest(spend.settled_micros, excluded.settled_micros)"#;
/// From here on the sums are ours until the transaction ends.
const LOCK: &str = "
    select scope, settled_micros, reserved_micros from spend
     where tenant_id = $1 and scope = any($2) order by scope for update";
const RESERVE: &str = r#"
    with taken as (
        update spend set reserved_micros = spend.reserved_micros + s.micros,
                         limit_micros = s.limit_micros,
                         asked_at_ms = greatest(spend.asked_at_ms, $4)
          from jsonb_to_recordset($2) as s(
                   scope text collate "C", limit_micros bigint, micros bigint)
         where spend.tenant_id = $1 and spend.scope = s.scope
    )
    insert into reservation (tenant_id, holder, index, micros, scopes, made_at_ms)
    select $1, holder, index, micros, scopes, made_at_ms
      from jsonb_populate_recordset(null::reservation, $3)"#;

/// How many statements a tenant is read with.
pub(crate) const READS: usize = 2;

type Param<'a> = &'a (dyn ToSql + Sync);

/// The scopes that one tenant's calls ask of.
pub(crate) struct Group<'a> {
    tenant: &'a TenantId,
    name: &'a str,
    scopes: Vec<String>,
    opened: Rows,
    now_ms: i64,
    lately_ms: i64,
    limits: BTreeMap<Scope, u64>,
}

#[derive(Serialize)]
struct OpenRow<'a> {
    scope: &'a str,
    agent: Option<&'a str>,
    limit_micros: i64,
    from_day: i32,
    to_day: i32,
}

impl<'a> Group<'a> {
    pub(crate) fn new(tenant: &'a TenantId, calls: &[Call<'_>]) -> Result<Self, StoreError> {
        // Of a budget that was changed meanwhile, the last word counts.
        let limits: BTreeMap<_, _> = calls
            .iter()
            .flat_map(|call| &call.room.limits)
            .map(|limit| (limit.scope.clone(), limit.micros))
            .collect();
        let scopes: Vec<_> = limits.keys().map(ToString::to_string).collect();
        let opened: Vec<_> = limits
            .iter()
            .zip(&scopes)
            .map(|((scope, micros), name)| {
                let (from, to) = scope.days();
                OpenRow {
                    scope: name,
                    agent: scope.agent().map(AgentId::as_str),
                    limit_micros: row::big(*micros),
                    from_day: row::small(from.number()),
                    to_day: row::small(to.number()),
                }
            })
            .collect();
        let opened = row::rows(&opened)?;
        let now_ms = calls.iter().map(|call| call.at.as_millis()).max().unwrap_or_default();
        let lately_ms = now_ms.saturating_sub(ASKED_LATELY_MS);
        Ok(Self { tenant, name: tenant.as_str(), scopes, opened, now_ms, lately_ms, limits })
    }

    pub(crate) fn tenant(&self) -> &'a TenantId {
        self.tenant
    }

    /// Whether nobody chose a budget.
    pub(crate) fn is_empty(&self) -> bool {
        self.limits.is_empty()
    }

    /// Makes the sums, and locks them.
    pub(crate) fn reads(&self) -> [TenantStep<'_>; READS] {
        let open: Vec<Param<'_>> = vec![&self.name, &self.opened, &self.now_ms, &self.lately_ms];
        let lock: Vec<Param<'_>> = vec![&self.name, &self.scopes];
        [(OPEN, open), (LOCK, lock)].map(|(sql, params)| {
            let step = Step { sql, params };
            TenantStep { tenant: self.tenant, step }
        })
    }
}

/// The sums of one tenant while its calls are decided.
pub(crate) struct Taken<'a> {
    limits: &'a BTreeMap<Scope, u64>,
    ledger: Ledger,
    more: BTreeMap<Scope, u64>,
    reservations: Vec<ReservationRow>,
}

#[derive(Serialize)]
struct ReservationRow {
    holder: String,
    index: i32,
    micros: i64,
    scopes: Vec<String>,
    made_at_ms: i64,
}

#[derive(Serialize)]
struct MoreRow {
    scope: String,
    limit_micros: i64,
    micros: i64,
}

impl<'a> Taken<'a> {
    /// From the answers to [`Group::reads`].
    pub(crate) fn new(group: &'a Group<'_>, answers: &[Answer]) -> Result<Self, StoreError> {
        let [_, locked] = answers else { return Err(StoreError::row("answers are missing")) };
        let sums: Result<Vec<_>, _> = locked.rows.iter().map(sum).collect();
        let (ledger, more) = (Ledger::new(sums?), BTreeMap::new());
        Ok(Self { limits: &group.limits, ledger, more, reservations: Vec::new() })
    }

    /// Takes room for one call.
    pub(crate) fn take(&mut self, call: Call<'_>) -> Admitted {
        let Call { holder, index, room, at } = call;
        self.ledger.reserve(&room.limits, room.micros)?;
        for limit in &room.limits {
            let more = self.more.entry(limit.scope.clone()).or_default();
            *more = more.saturating_add(room.micros);
        }
        if !room.limits.is_empty() {
            self.reservations.push(ReservationRow {
                holder: holder.to_owned(),
                index: row::small(index),
                micros: row::big(room.micros),
                scopes: room.limits.iter().map(|limit| limit.scope.to_string()).collect(),
                made_at_ms: at.as_millis(),
            });
        }
        Ok(())
    }

    /// What is to be written; nothing if nobody was admitted.
    pub(crate) fn written(self) -> Result<Option<Written>, StoreError> {
        if self.reservations.is_empty() {
            return Ok(None);
        }
        let more: Vec<_> = self
            .more
            .iter()
            .map(|(scope, micros)| MoreRow {
                scope: scope.to_string(),
                limit_micros: row::big(self.limits.get(scope).copied().unwrap_or_default()),
                micros: row::big(*micros),
            })
            .collect();
        Ok(Some(Written { more: row::rows(&more)?, reservations: row::rows(&self.reservations)? }))
    }
}

/// What was taken of one tenant's budgets.
pub(crate) struct Written {
    more: Rows,
    reservations: Rows,
}

impl Written {
    pub(crate) fn step<'b>(&'b self, group: &'b Group<'_>) -> TenantStep<'b> {
        let params: Vec<Param<'b>> =
            vec![&group.name, &self.more, &self.reservations, &group.now_ms];
        TenantStep { tenant: group.tenant, step: Step { sql: RESERVE, params } }
    }
}
