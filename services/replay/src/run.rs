//! A run: made with all its turns, asked turn by turn, and taken up again where it stopped.
//!
//! One program at a time asks what is missing of a run, so that nothing is asked and paid twice.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Mutex, MutexGuard, PoisonError},
};

use domain::{budget::Budgets, config::OpenConfig, replay::Unplayable, seal::Sealing};
use futures::{StreamExt as _, future::BoxFuture};
use schemas::{OperatorId, TenantId, Timestamp};
use store::{
    TenantTx,
    replays::{self, NewCase, NewRun, RunRow},
    spend,
};

use crate::{
    Candidate, Employee, Estimate, Replay, ReplayError, Report, Stop, StopSign, Taken, Turn,
    ask::Asking,
    case::{Open, sealed},
    estimate::Counting,
    purse::Payer,
    running::Running,
};

/// Turns that are asked at the same time, where no budget bounds the run. With one, it is one after the
/// other: none is turned away for want of room that another gives back.
const TURNS_AT_ONCE: usize = 4;

/// What is asked, and how.
#[derive(Clone, Debug)]
pub struct Setup {
    /// In the place of what answered.
    pub candidate: Candidate,
    /// Whether the version that answered is asked too, so that one sees how much answers differ of
    /// themselves.
    pub baseline: bool,
    /// The model group that compares, if one does.
    pub judge: Option<String>,
    /// How much the run may cost, in millionths of a dollar.
    pub budget_micros: Option<u64>,
    /// The operator who has it made; nobody on the command line.
    pub made_by: Option<OperatorId>,
}

/// How a run goes on.
pub struct Going<'a> {
    /// The run.
    pub run: &'a str,
    /// Its budget from now on, where that is another.
    pub budget_micros: Option<u64>,
    /// When it comes, calls under way are cut off and settled, and the run stops.
    pub stop: BoxFuture<'static, ()>,
}

/// The configurations that answered.
pub(crate) struct Versions(BTreeMap<u32, (u32, OpenConfig)>);

impl Versions {
    /// The configuration of a version, or what is published in its place, with the version that it is.
    pub(crate) fn of(&self, version: u32) -> Option<(u32, &OpenConfig)> {
        self.0.get(&version).map(|(version, config)| (*version, config))
    }
}

impl Replay {
    /// What a run would take.
    pub async fn estimate(
        &self,
        who: &Employee,
        setup: &Setup,
        turns: &[Turn],
    ) -> Result<Estimate, ReplayError> {
        let router = self.models.of(&who.tenant.id).await?;
        self.known_group(who, setup.judge.as_deref())?;
        let frozen = || turns.iter().map(|turn| turn.frozen.as_ref().ok());
        let versions = if setup.baseline {
            let answered = frozen().flatten().map(|turn| turn.version).collect();
            Some(self.versions(who, answered).await?)
        } else {
            None
        };
        let counting = Counting {
            who,
            router: &router,
            candidate: &setup.candidate.config,
            baseline: versions.as_ref(),
            judge: setup.judge.as_deref(),
        };
        counting.count(frozen()).within(setup.budget_micros)
    }

    /// Writes a run down with all its turns, and asks nobody. Its name.
    pub async fn make(
        &self,
        who: &Employee,
        setup: &Setup,
        turns: &[Turn],
    ) -> Result<String, ReplayError> {
        let (tx, run) = self.made(who, setup, turns).await?;
        tx.commit().await?;
        Ok(run)
    }

    /// The same, and takes it up at once, unless turns of the agent are being asked.
    pub(crate) async fn make_taken(
        &self,
        who: &Employee,
        setup: &Setup,
        turns: &[Turn],
    ) -> Result<Taken, ReplayError> {
        let (tx, run) = self.made(who, setup, turns).await?;
        self.begin(tx, who, (run, false)).await
    }

    /// A run that lasts when the transaction does.
    async fn made(
        &self,
        who: &Employee,
        setup: &Setup,
        turns: &[Turn],
    ) -> Result<(TenantTx, String), ReplayError> {
        let (tenant, now) = (&who.tenant.id, self.now());
        let sealing = self.sealer.of(tenant, now).await?;
        let case = |turn: &Turn| {
            let frozen = match &turn.frozen {
                Ok(frozen) => Ok(sealed(&sealing, tenant, &turn.message, frozen)?),
                Err(why) => Err(why.as_str()),
            };
            Ok::<_, ReplayError>(NewCase { message: turn.message.clone(), frozen, test: None })
        };
        let cases = turns.iter().map(case).collect::<Result<Vec<_>, _>>()?;
        self.write(who, (setup, false), &cases, (&sealing, now)).await
    }

    /// Writes down what is asked, and whether these are tests; it lasts when the transaction does.
    pub(crate) async fn write(
        &self,
        who: &Employee,
        (setup, of_tests): (&Setup, bool),
        cases: &[NewCase],
        (sealing, now): (&Sealing, Timestamp),
    ) -> Result<(TenantTx, String), ReplayError> {
        let tenant = &who.tenant.id;
        // Its name tells the tenant, so that whoever names a run need not say both.
        let id = spend::unique(tenant.as_str());
        let config = setup.candidate.config.seal(tenant, &who.agent.id, sealing);
        let run = NewRun {
            id: &id,
            agent: &who.agent.id,
            candidate: &setup.candidate.label,
            config: &config,
            baseline: setup.baseline,
            judge: setup.judge.as_deref(),
            budget_micros: setup.budget_micros,
            made_by: setup.made_by.as_ref(),
            of_tests,
            at: now,
        };
        let mut tx = self.db.tenant(tenant).await?;
        replays::make(&mut tx, &run, cases).await?;
        Ok((tx, id))
    }

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

    /// A model group that is named must be there.
    pub(crate) fn known_group(
        &self,
        who: &Employee,
        group: Option<&str>,
    ) -> Result<(), ReplayError> {
        let groups = self.models.groups(&who.tenant.id);
        match group.filter(|group| !groups.iter().any(|known| known == group)) {
            Some(group) => Err(ReplayError::NoGroup(group.to_owned())),
            None => Ok(()),
        }
    }

    /// A run.
    pub async fn run(&self, tenant: &TenantId, run: &str) -> Result<RunRow, ReplayError> {
        let mut tx = self.db.tenant(tenant).await?;
        let found = replays::find(&mut tx, run).await?;
        found.ok_or_else(|| ReplayError::NoRun(run.to_owned()))
    }

    /// A tenant's runs, the newest first.
    pub async fn runs(&self, tenant: &TenantId, most: u32) -> Result<Vec<RunRow>, ReplayError> {
        let mut tx = self.db.tenant(tenant).await?;
        Ok(replays::runs(&mut tx, most).await?)
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
            Versions(BTreeMap::new())
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

    /// The configurations of these versions. One that is gone is what is published.
    async fn versions(
        &self,
        who: &Employee,
        answered: BTreeSet<u32>,
    ) -> Result<Versions, ReplayError> {
        let sealing = self.sealer.of(&who.tenant.id, self.now()).await?;
        let mut versions = BTreeMap::new();
        for version in answered {
            let published = match self.version(who, version).await? {
                Some(published) => published,
                None => who.published()?.clone(),
            };
            let config = who.open(&published.config, &sealing)?;
            versions.insert(version, (published.version, config));
        }
        Ok(Versions(versions))
    }
}

pub(crate) fn lock(stopped: &Mutex<Option<Stop>>) -> MutexGuard<'_, Option<Stop>> {
    stopped.lock().unwrap_or_else(PoisonError::into_inner)
}
