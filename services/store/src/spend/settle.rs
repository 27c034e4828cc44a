//! Room given back, and what calls cost put in its place.

use schemas::TenantId;
use serde::Serialize;
use tokio_postgres::types::ToSql;

use super::Ended;
use crate::{
    StoreError,
    row::{self, Rows},
    session::Step,
    tenant_tx::TenantStep,
};

/// Settles calls that are named, and those of holders that are over; of a message only once its outcome
/// is on record, since a worker that was replaced does not say what comes of it. From 80 per cent on,
/// the first message whose calls are settled is the one that tells.
const SETTLE: &str = r#"
    with named as (
        select * from jsonb_to_recordset($3) as n(
                   holder text collate "C", index int, cost_micros bigint)
    ), ended as (
        delete from reservation r
         where r.tenant_id = $1
           and (exists (select from named n where n.holder = r.holder and n.index = r.index)
                or r.holder = any($2)
                   and (not $4 or exists (select from completion c
                                           where c.tenant_id = $1 and c.message_id = r.holder)))
        returning r.holder, r.index, r.micros, r.scopes
    ), change as (
        select scope collate "C" as scope, sum(e.micros)::bigint as freed,
               sum(coalesce(n.cost_micros, e.micros))::bigint as cost, max(e.holder) as by_holder
          from ended e left join named n using (holder, index), unnest(e.scopes) as scope
         group by 1
    ), locked as materialized (
        select scope from spend
         where tenant_id = $1 and scope in (select scope from change) order by scope for update
    )
    update spend
       set reserved_micros = greatest(spend.reserved_micros - change.freed, 0),
           settled_micros = spend.settled_micros + change.cost,
           told_by = case when $4 and spend.told_by is null
                           and spend.limit_micros * 0.8 <= spend.settled_micros + change.cost
                          then change.by_holder else spend.told_by end
      from change join locked using (scope)
     where spend.tenant_id = $1 and spend.scope = change.scope"#;
/// The budgets that these messages tell of.
const NEAR: &str = "
    select told_by, scope, limit_micros from spend
     where tenant_id = $1 and told_by = any($2) order by scope";

type Param<'a> = &'a (dyn ToSql + Sync);

/// What is settled of one tenant.
pub(crate) struct Settling<'a> {
    tenant: &'a TenantId,
    name: &'a str,
    holders: Vec<&'a str>,
    ended: Rows,
    of_messages: bool,
}

#[derive(Serialize)]
struct EndedRow<'a> {
    holder: &'a str,
    index: i32,
    cost_micros: Option<i64>,
}

impl<'a> Settling<'a> {
    /// Calls of messages, and whatever else was reserved for `decided` ones.
    pub(crate) fn of_messages(
        tenant: &'a TenantId,
        decided: &[&'a str],
        ended: impl Iterator<Item = (&'a str, Ended)>,
    ) -> Result<Self, StoreError> {
        Self::new(tenant, decided, ended, true)
    }

    /// All calls of these.
    pub(crate) fn of_others(
        tenant: &'a TenantId,
        holders: &[&'a str],
        ended: impl Iterator<Item = (&'a str, Ended)>,
    ) -> Result<Self, StoreError> {
        Self::new(tenant, holders, ended, false)
    }

    fn new(
        tenant: &'a TenantId,
        holders: &[&'a str],
        ended: impl Iterator<Item = (&'a str, Ended)>,
        of_messages: bool,
    ) -> Result<Self, StoreError> {
        let ended: Vec<_> = ended
            .map(|(holder, ended)| EndedRow {
                holder,
                index: row::small(ended.index),
                cost_micros: ended.cost_micros.map(row::big),
            })
            .collect();
        let (name, holders, ended) = (tenant.as_str(), holders.to_vec(), row::rows(&ended)?);
        Ok(Self { tenant, name, holders, ended, of_messages })
    }

    pub(crate) fn step(&self) -> TenantStep<'_> {
        let params: Vec<Param<'_>> =
            vec![&self.name, &self.holders, &self.ended, &self.of_messages];
        TenantStep { tenant: self.tenant, step: Step { sql: SETTLE, params } }
    }

    /// Which budgets the settled messages tell of.
    pub(crate) fn near(&self) -> TenantStep<'_> {
        let params: Vec<Param<'_>> = vec![&self.name, &self.holders];
        TenantStep { tenant: self.tenant, step: Step { sql: NEAR, params } }
    }
}
