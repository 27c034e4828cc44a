//! What programs use that ask models themselves, by `konstruct llm`: room in the tenant's budgets before
//! a call, and its usage, in the same sums as that of trials, after.
//!
//! Requests at the same moment share their transactions. A call is added to the sums when it is over;
//! without a budget, what was under way in a crash is in none.

use domain::day::Day;
use schemas::{TenantId, Timestamp, usage::Attempt};

use crate::{
    Database, StoreError,
    gather::{Gather, Work, by_tenant},
    spend::{self, Admitted, Call, Ended, Group, READS, Room, Settling, Taken},
    tenant_tx::TenantStep,
    trials::Booked,
};

/// A call about to be made.
#[derive(Clone, Debug)]
pub struct Start {
    /// Whose.
    pub tenant: TenantId,
    /// The request's name, which no other has.
    pub request: String,
    /// Counts its calls.
    pub index: u32,
    /// What it needs.
    pub room: Room,
    /// When.
    pub at: Timestamp,
}

/// A request that is over.
#[derive(Clone, Debug)]
pub struct End {
    /// Whose.
    pub tenant: TenantId,
    /// See [`Start::request`].
    pub request: String,
    /// Its calls.
    pub attempts: Vec<Attempt>,
    /// Whether they have room in budgets.
    pub settles: bool,
    /// The day it is counted on.
    pub day: Day,
}

/// What programs use, of all tenants.
#[derive(Clone)]
pub struct Programs {
    starts: Gather<Starts>,
    ends: Gather<Ends>,
    db: Database,
}

impl Programs {
    /// Opens it.
    pub fn open(db: &Database) -> Self {
        Self {
            starts: Gather::start(Starts { db: db.clone() }),
            ends: Gather::start(Ends { db: db.clone() }),
            db: db.clone(),
        }
    }

    /// Takes room for a call, where there is some.
    pub async fn start(&self, start: Start) -> Result<Admitted, StoreError> {
        self.starts.ask(start).await
    }

    /// Settles what is over of a request that goes on, so that its next call has the room that is left of
    /// it. Settled before, nothing changes.
    pub async fn settle(
        &self,
        tenant: &TenantId,
        request: &str,
        over: &[Attempt],
    ) -> Result<(), StoreError> {
        let ended: Vec<_> = over.iter().map(Ended::of).collect();
        let mut tx = self.db.tenant(tenant).await?;
        spend::settle(&mut tx, request, &ended).await?;
        tx.commit().await
    }

    /// Adds a request to the sums, and settles its calls.
    pub async fn end(&self, end: End) -> Result<(), StoreError> {
        self.ends.ask(end).await
    }
}

struct Starts {
    db: Database,
}

fn call(start: &Start) -> Call<'_> {
    let Start { request, index, room, at, .. } = start;
    Call { holder: request, index: *index, room, at: *at }
}

impl Work for Starts {
    type Ask = Start;
    type Answer = Admitted;

    async fn run(&self, asks: &[Start]) -> Result<Vec<Admitted>, StoreError> {
        let tenants = by_tenant(asks, |ask| &ask.tenant);
        let mut groups = Vec::with_capacity(tenants.len());
        for (tenant, asks) in &tenants {
            let calls: Vec<_> = asks.iter().map(|(_, start)| call(start)).collect();
            groups.push(Group::new(tenant, &calls)?);
        }
        let mut admitted = vec![Ok(()); asks.len()];
        let limited: Vec<_> =
            groups.iter().zip(tenants.values()).filter(|(group, _)| !group.is_empty()).collect();
        let Some((first, _)) = limited.first() else { return Ok(admitted) };
        let mut tx = self.db.tenant(first.tenant()).await?;
        let reads = limited.iter().flat_map(|(group, _)| group.reads()).collect();
        let answers = tx.run(reads).await?;
        let mut written = Vec::with_capacity(limited.len());
        for ((group, asks), answers) in limited.iter().zip(answers.chunks(READS)) {
            let mut taken = Taken::new(group, answers)?;
            for (place, start) in *asks {
                if let Some(slot) = admitted.get_mut(*place) {
                    *slot = taken.take(call(start));
                }
            }
            written.extend(taken.written()?.map(|written| (*group, written)));
        }
        let writes = written.iter().map(|(group, written)| written.step(group));
        tx.run_last(writes.collect()).await?;
        Ok(admitted)
    }
}

struct Ends {
    db: Database,
}

impl Work for Ends {
    type Ask = End;
    type Answer = ();

    async fn run(&self, asks: &[End]) -> Result<Vec<()>, StoreError> {
        let mut written = Vec::new();
        for (tenant, asks) in by_tenant(asks, |ask| &ask.tenant) {
            let used = asks
                .iter()
                .flat_map(|(_, end)| end.attempts.iter().map(|attempt| (end.day, attempt)));
            let booked = Booked::of_programs(tenant, used)?;
            let settled = || asks.iter().map(|(_, end)| end).filter(|end| end.settles);
            let holders: Vec<_> = settled().map(|end| end.request.as_str()).collect();
            let ended = settled().flat_map(|end| {
                end.attempts.iter().map(|it| (end.request.as_str(), Ended::of(it)))
            });
            let settling = Settling::of_others(tenant, &holders, ended)?;
            written.push((booked, (!holders.is_empty()).then_some(settling)));
        }
        let Some((first, _)) = written.first() else { return Ok(Vec::new()) };
        let tx = self.db.tenant(first.tenant()).await?;
        let steps = written.iter().flat_map(|(booked, settling)| {
            let settling: Option<TenantStep<'_>> = settling.as_ref().map(Settling::step);
            // Budgets before sums, like whoever begins: so nobody waits in a circle.
            [settling, Some(booked.step())].into_iter().flatten()
        });
        tx.run_last(steps.collect()).await?;
        Ok(vec![(); asks.len()])
    }
}
