//! A run that is taken up: what is missing of it is asked, turn by turn.
//!
//! One program at a time does so, so that nothing is asked and paid twice.

use std::sync::{Mutex, MutexGuard, PoisonError};

use domain::{budget::Budgets, replay::Unplayable, seal::Sealing};
use futures::{StreamExt as _, future::BoxFuture};
use schemas::TenantId;
use store::replays::{self, RunRow};

use crate::{
    Employee, Replay, ReplayError, Report, Stop, StopSign, Taken, ask::Asking, case::Open,
    purse::Payer, run::Versions, running::Running,
};

/// Turns that are asked at the same time, where no budget bounds the run. With one, it is one after the
/// other: none is turned away for want of room that another gives back.
const TURNS_AT_ONCE: usize = 4;

/// How a run goes on.
pub struct Going<'a> {
    /// The run.
    pub run: &'a str,
    /// Its budget from now on, where that is another.
    pub budget_micros: Option<u64>,
    /// When it comes, calls under way are cut off and settled, and the run stops.
    pub stop: BoxFuture<'static, ()>,
}

impl Replay {
    /// Takes a run up and asks what is missing of it, and says what there is then: all of it, or what there
    /// was when it stopped. Each turn that is through is told to `on`.
    pub async fn go_on(
        &self,
        who: &Employee,
        going: Going<'_>,
        on: impl Fn(),
    ) -> Result<Report, ReplayError> {
        let run = going.run;
        if self.run(&who.tenant.id, run).await?.of_tests {
            return Err(ReplayError::OfTests(run.to_owned()));
        }
        self.advance(who, going, on).await?;
        self.report(&who.tenant.id, run).await
    }

    /// Takes a run up and asks what is missing.
    pub(crate) async fn advance(
        &self,
        who: &Employee,
        going: Going<'_>,
        on: impl Fn(),
    ) -> Result<(), ReplayError> {
        let Going { run, budget_micros, stop } = going;
        let taken = self.take(&who.tenant.id, run, budget_micros).await?;
        self.finish(who, taken, StopSign::at_once(stop), on).await
    }

    /// Asks what is missing of a run that was taken, and lets go of it, whatever came of that. As `stop`
    /// says, no other call begins and those under way are cut off and settled, and the run stops.
    pub async fn finish(
        &self,
        who: &Employee,
        taken: Taken,
        stop: StopSign,
        on: impl Fn(),
    ) -> Result<(), ReplayError> {
        let asked = self.ask_all(who, &taken, (stop, &on)).await;
        let why = match &asked {
            Ok(stopped) => stopped.as_ref().map(ToString::to_string),
            Err(error) => Some(error.to_string()),
        };
        let put_down = self.put_down(&who.tenant.id, &taken, why.as_deref()).await;
        asked?;
        put_down
    }

    /// Why it stopped, if it did.
    async fn ask_all(
        &self,
        who: &Employee,
        taken: &Taken,
        (stop, on): (StopSign, &impl Fn()),
    ) -> Result<Option<Stop>, ReplayError> {
        let tenant = &who.tenant.id;
        let sealing = self.sealer.of(tenant, self.now()).await?;
        let row = self.run(tenant, taken.run()).await?;
        let opened = self.missing(&row, (tenant, &sealing)).await?;
        let versions = if row.baseline {
            self.versions(who, opened.iter().map(|case| case.frozen.version).collect()).await?
        } else {
            Versions::default()
        };
        let candidate = who.open(&row.config, &sealing)?;
        let router = self.models.of(tenant).await?;
        let budgets = Budgets::of(&who.tenant, Some(&who.agent));
        let is_bounded = row.budget_micros.is_some();
        let payer = Payer {
            db: &self.db,
            tenant,
            agent: &who.agent.id,
            budgets: &budgets,
            run: row.id.as_str(),
            is_bounded,
        };
        let asking = Asking { replay: self, who, router: &router, payer, stop };
        let running = Running { asking, row: &row, candidate, versions, sealing: &sealing };
        let stopped = Mutex::new(None);
        let asked = opened.into_iter().map(|case| async {
            if lock(&stopped).is_none() {
                self.hear(tenant, taken, &stopped).await;
            }
            let is_over = lock(&stopped).is_some();
            if !is_over && let Err(stop) = running.case(case).await {
                lock(&stopped).get_or_insert(stop);
            }
            on();
        });
        let at_once = if is_bounded { 1 } else { TURNS_AT_ONCE };
        let asking = futures::stream::iter(asked).buffer_unordered(at_once).collect::<Vec<()>>();
        tokio::select! {
            _through = asking => {}
            never = self.hold(tenant, taken, &stopped) => match never {},
        }
        Ok(stopped.into_inner().unwrap_or_else(PoisonError::into_inner))
    }

    /// The turns that are not through. Those that do not open are given up, once and for all.
    async fn missing(
        &self,
        row: &RunRow,
        (tenant, sealing): (&TenantId, &Sealing),
    ) -> Result<Vec<Open>, ReplayError> {
        let mut tx = self.db.tenant(tenant).await?;
        let cases = replays::cases(&mut tx, &row.id).await?;
        let (mut missing, mut unreadable) = (Vec::new(), Vec::new());
        for case in cases.into_iter().filter(|case| case.unplayable.is_none()) {
            let place = case.place;
            match Open::of(case, sealing, tenant) {
                Ok(open) if open.is_through(row) => {}
                Ok(open) => missing.push(open),
                Err(_) => unreadable.push(place),
            }
        }
        if !unreadable.is_empty() {
            let why = Unplayable::Unreadable.as_str();
            replays::give_up(&mut tx, &row.id, &unreadable, why).await?;
            tx.commit().await?;
        }
        Ok(missing)
    }
}

pub(crate) fn lock(stopped: &Mutex<Option<Stop>>) -> MutexGuard<'_, Option<Stop>> {
    stopped.lock().unwrap_or_else(PoisonError::into_inner)
}
