//! The changes of one batch: every reply is locked and read, every change is made, and what differs is
//! written. Two round trips, however many changes; two statements read a tenant, at most four write it.

use std::collections::BTreeMap;

use schemas::TenantId;
use tokio_postgres::types::ToSql;

use super::{
    Change, Locked,
    columns::{INSERT, ReplyRow, UPDATE},
};
use crate::{
    Database, StoreError,
    effects::{self, EffectRow, Ledgered},
    fence::Fence,
    gather::by_tenant,
    row::{self, Rows},
    session::{Answer, Step},
    tenant_tx::TenantStep,
};

/// From here on these replies are ours until the transaction ends. In the order of their ids: two
/// workers never wait for each other in a circle.
const LOCK: &str = "
    select message_id, verdict, parts, verdict_event_id, waited_out, outcome, outcome_event_id,
           round, order_event_id, order_seq
      from reply where tenant_id = $1 and message_id = any($2) order by message_id for update";
const READS: usize = 2;
/// Asked after all locks: it must see who took over while we waited for them.
const EPOCH: &str = "select coalesce((select epoch from stage_fence where stage = $1), 0)";

/// Makes every change, and returns what they returned, in their order. All or nothing: a row that
/// another worker made meanwhile fails the transaction, and whoever asked finds it the next time.
pub(super) async fn change<T>(
    db: &Database,
    fence: &Fence,
    asks: &[Change<T>],
) -> Result<Vec<T>, StoreError> {
    let groups: Vec<_> = by_tenant(asks, |ask| &ask.tenant).into_iter().map(Group::new).collect();
    let Some(first) = groups.first() else { return Ok(Vec::new()) };
    let mut tx = db.tenant(first.tenant).await?;
    let stage = fence.stage();
    let epoch = Step { sql: EPOCH, params: vec![&stage as &(dyn ToSql + Sync)] };
    let reads = groups.iter().flat_map(Group::read);
    let reads = reads.chain([TenantStep { tenant: first.tenant, step: epoch }]).collect();
    let answers = tx.run(reads).await?;
    let (epoch, answers) =
        answers.split_last().ok_or_else(|| StoreError::row("answers are missing"))?;
    let epoch = epoch.rows.first().ok_or_else(|| StoreError::row("no epoch"))?;
    let leads = epoch.try_get::<_, i64>(0)? == fence.epoch();

    let mut changed: Vec<Option<T>> = Vec::new();
    changed.resize_with(asks.len(), || None);
    let mut writes = Vec::with_capacity(groups.len());
    for (group, answers) in groups.iter().zip(answers.chunks(READS)) {
        let mut known = group.known(answers, leads)?;
        for (place, ask) in &group.asks {
            let reply = known.get_mut(ask.message.id.as_str());
            let reply = reply.ok_or_else(|| StoreError::row("a reply was left out"))?;
            reply.at_ms = ask.now.as_millis();
            if let Some(slot) = changed.get_mut(*place) {
                *slot = Some((ask.make)(&mut reply.now));
            }
        }
        writes.push(Written::of(group, known.values(), fence)?);
    }
    if !leads && writes.iter().any(|written| written.needs_lead) {
        return Err(StoreError::Fenced(stage.to_owned()));
    }
    tx.run_last(writes.iter().flat_map(Written::steps).collect()).await?;
    let all = changed.into_iter();
    all.map(|it| it.ok_or_else(|| StoreError::row("a change was left out"))).collect()
}

/// What one tenant has in a batch.
struct Group<'a, T> {
    tenant: &'a TenantId,
    name: &'a str,
    messages: Vec<&'a str>,
    asks: Vec<(usize, &'a Change<T>)>,
}

/// One reply, as it was and as it is now.
struct Known {
    /// Nothing where it is new.
    before: Option<Locked>,
    now: Locked,
    at_ms: i64,
}

impl<'a, T> Group<'a, T> {
    fn new((tenant, asks): (&'a TenantId, Vec<(usize, &'a Change<T>)>)) -> Self {
        let messages = asks.iter().map(|(_, ask)| ask.message.id.as_str()).collect();
        Self { tenant, name: tenant.as_str(), messages, asks }
    }

    fn read(&self) -> [TenantStep<'_>; READS] {
        let step = |sql| {
            let params: Vec<&(dyn ToSql + Sync)> = vec![&self.name, &self.messages];
            TenantStep { tenant: self.tenant, step: Step { sql, params } }
        };
        [step(LOCK), step(effects::OF_MESSAGES)]
    }

    /// From the answers to [`Self::read`].
    fn known(
        &self,
        answers: &[Answer],
        leads: bool,
    ) -> Result<BTreeMap<&'a str, Known>, StoreError> {
        let [replies, effects] = answers else {
            return Err(StoreError::row("answers are missing"));
        };
        let mut known = BTreeMap::new();
        for (_, ask) in &self.asks {
            let now = Locked { leads, ..Locked::new(ask.message.clone()) };
            known.insert(ask.message.id.as_str(), Known { before: None, now, at_ms: 0 });
        }
        for found in &replies.rows {
            let Some(known) = known.get_mut(found.try_get::<_, &str>(0)?) else { continue };
            super::columns::read(found, &mut known.now.reply)?;
            known.before = Some(known.now.clone());
        }
        for found in &effects.rows {
            let effect = effects::read(found)?;
            let Some(known) = known.get_mut(effect.message.as_str()) else { continue };
            if let Some(before) = &mut known.before {
                before.effects.push(effect.clone());
            }
            known.now.effects.push(effect);
        }
        Ok(known)
    }
}

/// What differs for one tenant.
struct Written<'a> {
    tenant: &'a TenantId,
    name: &'a str,
    rows: [(&'static str, Rows); 4],
    /// Whether only the leader may write this.
    needs_lead: bool,
}

impl<'a> Written<'a> {
    fn of<'b, T>(
        group: &Group<'a, T>,
        known: impl Iterator<Item = &'b Known>,
        fence: &Fence,
    ) -> Result<Self, StoreError> {
        let (mut made, mut moved) = (Vec::new(), Vec::new());
        let (mut planned, mut stepped) = (Vec::new(), Vec::new());
        let mut claims = false;
        for Known { before, now, at_ms } in known {
            let row = || ReplyRow::of(&now.reply, fence, *at_ms);
            match before {
                None => made.push(row()),
                Some(before) if before.reply != now.reply => moved.push(row()),
                Some(_) => {}
            }
            let before = before.as_ref().map_or(&[][..], |before| before.effects.as_slice());
            for effect in &now.effects {
                let was = before.iter().find(|was| was.id == effect.id);
                claims |= claimed(was, effect);
                match was {
                    None => planned.push(EffectRow::of(effect, *at_ms)),
                    Some(was) if was != effect => stepped.push(EffectRow::of(effect, *at_ms)),
                    Some(_) => {}
                }
            }
        }
        Ok(Self {
            tenant: group.tenant,
            name: group.name,
            needs_lead: claims || !made.is_empty() || !moved.is_empty(),
            rows: [
                (INSERT, row::rows(&made)?),
                (UPDATE, row::rows(&moved)?),
                (effects::INSERT, row::rows(&planned)?),
                (effects::UPDATE, row::rows(&stepped)?),
            ],
        })
    }

    fn steps(&self) -> impl Iterator<Item = TenantStep<'_>> {
        self.rows.iter().filter_map(|(sql, rows)| {
            let rows = rows.as_ref()?;
            let params: Vec<&(dyn ToSql + Sync)> = vec![&self.name, rows];
            Some(TenantStep { tenant: self.tenant, step: Step { sql, params } })
        })
    }
}

/// Whether the call is about to be made.
fn claimed(was: Option<&Ledgered>, now: &Ledgered) -> bool {
    was.is_none_or(|was| was.effect.attempt < now.effect.attempt)
}
