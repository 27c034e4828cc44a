//! What asking costs: taken of the run's budget, of the agent's and of the tenant's before each call, and
//! settled after, also where whoever asked for it leaves.

use std::{
    mem,
    sync::{Mutex, MutexGuard, PoisonError},
};

use domain::{budget::Budgets, day::Day};
use providers::{AttemptStart, NotStarted, Recorder};
use schemas::{
    AgentId, BudgetMet, TenantId, Timestamp,
    usage::{Attempt, MicroDollars},
};
use store::{
    Database, StoreError,
    replays::{self, Calling, NoRoom, Over},
    spend::{self, Call, Room},
};

use crate::{ending::StopSign, error::Stop};

/// Who pays, and for what.
#[derive(Clone, Copy)]
pub(crate) struct Payer<'a> {
    pub(crate) db: &'a Database,
    pub(crate) tenant: &'a TenantId,
    pub(crate) agent: &'a AgentId,
    pub(crate) budgets: &'a Budgets,
    /// The run.
    pub(crate) run: &'a str,
    /// Whether the run has a budget, so that no call may be of unknown cost.
    pub(crate) is_bounded: bool,
}

/// The calls of one request. Whoever is killed in the middle leaves them counted at their worst: in the
/// run for good, in budgets as reserved until they are too old to be under way.
pub(crate) struct Purse<'a> {
    payer: Payer<'a>,
    at: Timestamp,
    /// What its calls are reserved under.
    holder: String,
    worst: Mutex<Worst>,
    stop: StopSign,
    /// Held while room is taken: who is dropped then does not know whether it was.
    taking: tokio::sync::Mutex<()>,
    /// The calls that were made until whoever asked left.
    left: Mutex<Vec<Attempt>>,
}

/// What the calls were counted at, each before it was made.
#[derive(Clone, Debug, Default)]
struct Worst {
    micros: Vec<u64>,
    /// How many of them stand corrected.
    corrected: usize,
    /// Whether it is not known of one if it was counted: the connection broke.
    is_unsure: bool,
}

impl Worst {
    /// What those cost that are over and not corrected yet, less what they were counted at. What a call
    /// cost that nobody knows stays at its worst.
    fn correction(&self, over: &[Attempt]) -> i64 {
        let calls = over.iter().zip(&self.micros).skip(self.corrected);
        let signed = |micros: u64| i64::try_from(micros).unwrap_or(i64::MAX);
        let less = |(attempt, worst): (&Attempt, &u64)| {
            let cost = attempt.cost.amount;
            cost.map_or(0, |MicroDollars(cost)| signed(cost).saturating_sub(signed(*worst)))
        };
        calls.map(less).fold(0, i64::saturating_add)
    }
}

impl<'a> Purse<'a> {
    pub(crate) fn new(payer: Payer<'a>, at: Timestamp, stop: StopSign) -> Self {
        let (holder, worst, left) = (spend::unique("replay"), Mutex::default(), Mutex::default());
        Self { payer, at, holder, worst, stop, taking: tokio::sync::Mutex::default(), left }
    }

    /// Comes when whoever asks is to leave, and no room is being taken just then.
    pub(crate) async fn leave(&self) {
        self.stop.cut().await;
        drop(self.taking.lock().await);
    }

    /// The calls that were made until whoever asked left.
    pub(crate) fn take_left(&self) -> Vec<Attempt> {
        mem::take(&mut *lock(&self.left))
    }

    /// What the calls came to. What of them nobody speaks of is settled at its worst.
    pub(crate) async fn ended(&self, attempts: &[Attempt]) -> Result<(), StoreError> {
        let is_unsure = lock(&self.worst).is_unsure;
        if attempts.is_empty() && !is_unsure {
            return Ok(());
        }
        let tx = self.payer.db.tenant(self.payer.tenant).await?;
        replays::ended(tx, self.calling("", 0, None), self.over(attempts)).await
    }

    fn over<'c>(&'c self, attempts: &'c [Attempt]) -> Over<'c> {
        let correction_micros = lock(&self.worst).correction(attempts);
        Over { holder: &self.holder, attempts, correction_micros }
    }

    fn calling<'c>(
        &'c self,
        model: &'c str,
        worst_micros: u64,
        call: Option<Call<'c>>,
    ) -> Calling<'c> {
        let Payer { run, agent, .. } = self.payer;
        Calling { run: Some(run), day: Day::of(self.at), agent, model, worst_micros, call }
    }
}

impl Recorder for Purse<'_> {
    type Error = Stop;

    async fn starting(&self, attempt: &AttemptStart) -> Result<(), NotStarted<Stop>> {
        let _taking = self.taking.lock().await;
        if self.stop.is_enough() {
            return Err(Stop::Interrupted.into());
        }
        if self.payer.is_bounded && attempt.worst_cost.is_none() {
            return Err(Stop::Unpriced(attempt.model.clone()).into());
        }
        let MicroDollars(worst) = attempt.worst_cost.unwrap_or_default();
        match self.begin(attempt, worst).await {
            Ok(Ok(())) => {
                let mut counted = lock(&self.worst);
                counted.corrected = attempt.ended.len();
                counted.micros.push(worst);
                Ok(())
            }
            Ok(Err(NoRoom::Run)) => Err(Stop::RunBudget.into()),
            Ok(Err(NoRoom::Budget(met))) => Err(over(met)),
            Err(error) => {
                lock(&self.worst).is_unsure = true;
                Err(Stop::Store(error).into())
            }
        }
    }

    /// Settled by whoever left, who is there still.
    fn left(&self, attempts: &[Attempt]) {
        *lock(&self.left) = attempts.to_vec();
    }
}

impl Purse<'_> {
    async fn begin(
        &self,
        attempt: &AttemptStart,
        worst: u64,
    ) -> Result<Result<(), NoRoom>, StoreError> {
        let tx = self.payer.db.tenant(self.payer.tenant).await?;
        let room = Room::of(self.payer.budgets, attempt.worst_cost, self.at);
        let (holder, index, at) = (self.holder.as_str(), attempt.index, self.at);
        let call = room.as_ref().map(|room| Call { holder, index, room, at });
        // What the attempts before it did not use is room for this one.
        let over = self.over(&attempt.ended);
        replays::starting(tx, self.calling(&attempt.model, worst, call), over).await
    }
}

fn over(met: BudgetMet) -> NotStarted<Stop> {
    NotStarted::OverBudget(met)
}

fn lock<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}
