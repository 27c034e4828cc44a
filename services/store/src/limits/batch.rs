//! The statements of one batch: what is read and locked, and what is written.

use std::collections::HashMap;

use domain::gcra::{self, Tat, Told};
use schemas::{TenantId, Timestamp};
use tokio_postgres::types::ToSql;

use super::{Ask, Decided, Verdict, Verdicts};
use crate::{
    StoreError,
    gather::by_tenant,
    row,
    session::{Answer, Step},
    tenant_tx::TenantStep,
};

/// A limit that was never asked has no row yet, and what does not exist cannot be locked.
const ENSURE: &str = "
    insert into rate_limit (tenant_id, scope, tat_us)
    select $1, scope, 0 from unnest($2::text[]) as scope order by scope collate \"C\"
    on conflict do nothing";
/// From here on the tenant is ours until the transaction ends.
const LOCK: &str = "
    select scope, tat_us from rate_limit
     where tenant_id = $1 and scope = any($2) order by scope for update";
/// A statement of its own, after the lock: it must see what the one before us has committed.
const KNOWN: &str = "
    select message_id, event_id, stream_seq, verdict, null::bigint, null::bigint
      from rate_verdict where tenant_id = $1 and message_id = any($2)
    union all
    select person, null, null, null, told_at_ms, retry_at_ms
      from notice where tenant_id = $1 and person = any($3)";

const WRITE: &str = "
    with spent as (
        update rate_limit set tat_us = spent.tat_us
          from unnest($2::text[], $3::bigint[]) as spent (scope, tat_us)
         where tenant_id = $1 and rate_limit.scope = spent.scope
           and rate_limit.tat_us <> spent.tat_us
    ), told as (
        insert into notice (tenant_id, person, told_at_ms, retry_at_ms)
        select $1, * from unnest($4::text[], $5::bigint[], $6::bigint[])
        on conflict (tenant_id, person) do update
           set told_at_ms = excluded.told_at_ms, retry_at_ms = excluded.retry_at_ms
    )
    insert into rate_verdict (tenant_id, message_id, event_id, stream_seq, verdict, decided_at_ms)
    select $1, made.*, $11
      from unnest($7::text[], $8::text[], $9::bigint[], $10::jsonb[]) as made";

/// How many statements a tenant is read with.
pub(super) const READS: usize = 3;

/// The limit over all channels.
pub(super) const TENANT_SCOPE: &str = "tenant";

type Param<'a> = &'a (dyn ToSql + Sync);

/// What one tenant asks in a batch.
pub(super) struct Group<'a> {
    pub(super) tenant: &'a TenantId,
    pub(super) asks: Vec<(usize, &'a Ask)>,
    name: &'a str,
    scopes: Vec<&'static str>,
    messages: Vec<&'a str>,
    people: Vec<&'a str>,
}

/// By tenant, in the order of tenants; within one, in the order of asking.
pub(super) fn group(asks: &[Ask]) -> Vec<Group<'_>> {
    let tenants = by_tenant(asks, |ask| &ask.tenant);
    tenants.into_iter().map(|(tenant, asks)| Group::new(tenant, asks)).collect()
}

impl<'a> Group<'a> {
    fn new(tenant: &'a TenantId, asks: Vec<(usize, &'a Ask)>) -> Self {
        let mut scopes = vec![TENANT_SCOPE];
        for (_, ask) in &asks {
            if ask.channel_per_minute.is_some() && !scopes.contains(&ask.channel.as_str()) {
                scopes.push(ask.channel.as_str());
            }
        }
        let messages = asks.iter().map(|(_, ask)| ask.message.as_str()).collect();
        let people = asks.iter().map(|(_, ask)| ask.person.as_str()).collect();
        Self { tenant, asks, name: tenant.as_str(), scopes, messages, people }
    }

    /// Locks its limits, then reads what was decided before.
    pub(super) fn read(&self) -> [TenantStep<'_>; READS] {
        [
            self.step(ENSURE, vec![&self.scopes]),
            self.step(LOCK, vec![&self.scopes]),
            self.step(KNOWN, vec![&self.messages, &self.people]),
        ]
    }

    fn step<'b>(&'b self, sql: &'static str, rest: Vec<Param<'b>>) -> TenantStep<'b> {
        let mut params: Vec<Param<'b>> = vec![&self.name];
        params.extend(rest);
        TenantStep { tenant: self.tenant, step: Step { sql, params } }
    }
}

/// What is known of one tenant while its batch is decided.
pub(super) struct Known {
    pub(super) verdicts: Verdicts,
    tats_us: HashMap<String, i64>,
    notices: HashMap<String, Notice>,
}

struct Notice {
    told: Told,
    /// Given just now, so to be written.
    is_new: bool,
}

impl Known {
    /// From the answers to [`Group::read`].
    pub(super) fn read(answers: &[Answer]) -> Result<Self, StoreError> {
        let [_, limits, rows] = answers else {
            return Err(StoreError::row("answers are missing"));
        };
        let mut known =
            Self { verdicts: HashMap::new(), tats_us: HashMap::new(), notices: HashMap::new() };
        for row in &limits.rows {
            known.tats_us.insert(row.try_get(0)?, row.try_get(1)?);
        }
        for row in &rows.rows {
            if let (Some(at), Some(retry_at)) = (row::at_opt(row, 4)?, row::at_opt(row, 5)?) {
                let told = Told { at, retry_at };
                known.notices.insert(row.try_get(0)?, Notice { told, is_new: false });
                continue;
            }
            let verdict = Decided {
                event: row::id(row, 1)?,
                seq: row::count(row.try_get(2)?)?,
                verdict: row::json(row, 3)?,
                is_new: false,
            };
            known.verdicts.insert(row::id(row, 0)?, verdict);
        }
        Ok(known)
    }

    pub(super) fn tat(&self, scope: &str) -> Option<Tat> {
        self.tats_us.get(scope).copied().map(Tat)
    }

    pub(super) fn spend(&mut self, scope: &str, tat: Option<Tat>) {
        if let (Some(slot), Some(tat)) = (self.tats_us.get_mut(scope), tat) {
            *slot = tat.0;
        }
    }

    /// Whether this message is the one that tells its person.
    pub(super) fn tell(&mut self, person: &str, now: Timestamp, retry_at: Timestamp) -> bool {
        let last = self.notices.get(person).map(|notice| notice.told);
        let tells = gcra::tells(last, now);
        if tells {
            let told = Told { at: now, retry_at };
            self.notices.insert(person.to_owned(), Notice { told, is_new: true });
        }
        tells
    }

    pub(super) fn remember(&mut self, ask: &Ask, verdict: Verdict) {
        let decided = Decided { event: ask.event.clone(), seq: ask.seq, verdict, is_new: true };
        self.verdicts.insert(ask.message.clone(), decided);
    }

    /// What is new, as columns.
    pub(super) fn made(self, group: &Group<'_>, now: Timestamp) -> Result<Made, StoreError> {
        let tats_us = group.scopes.iter();
        let tats_us = tats_us.map(|&s| self.tats_us.get(s).copied().unwrap_or(0)).collect();
        let mut made = Made { tats_us, now_ms: now.as_millis(), ..Made::default() };
        for (message, decided) in self.verdicts.into_iter().filter(|(_, new)| new.is_new) {
            made.messages.push(message.into());
            made.events.push(decided.event.into());
            made.seqs.push(row::big(decided.seq));
            made.verdicts.push(row::to_json(&decided.verdict)?);
        }
        for (person, notice) in self.notices.into_iter().filter(|(_, new)| new.is_new) {
            made.people.push(person);
            made.told_at_ms.push(notice.told.at.as_millis());
            made.retry_at_ms.push(notice.told.retry_at.as_millis());
        }
        Ok(made)
    }
}

/// What was decided for one tenant, as columns.
#[derive(Default)]
pub(super) struct Made {
    tats_us: Vec<i64>,
    messages: Vec<String>,
    events: Vec<String>,
    seqs: Vec<i64>,
    verdicts: Vec<row::Written>,
    people: Vec<String>,
    told_at_ms: Vec<i64>,
    retry_at_ms: Vec<i64>,
    now_ms: i64,
}

impl Made {
    /// Nothing, if all was known.
    pub(super) fn write<'a>(&'a self, group: &'a Group<'_>) -> Option<TenantStep<'a>> {
        let params: Vec<Param<'a>> = vec![
            &group.scopes,
            &self.tats_us,
            &self.people,
            &self.told_at_ms,
            &self.retry_at_ms,
            &self.messages,
            &self.events,
            &self.seqs,
            &self.verdicts,
            &self.now_ms,
        ];
        (!self.messages.is_empty()).then(|| group.step(WRITE, params))
    }
}
