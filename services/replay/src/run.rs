//! A run: made with all its turns, asked turn by turn, and taken up again where it stopped.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Mutex, MutexGuard, PoisonError},
};

use domain::{
    budget::Budgets,
    config::OpenConfig,
    replay::{Frozen, Outcome, judge::Judged},
    seal::Sealing,
};
use futures::StreamExt as _;
use schemas::{MessageId, OperatorId, TenantId};
use serde::Serialize;
use store::{
    replays::{self, NewCase, NewRun, Part, RunRow},
    spend,
};

use crate::{
    Candidate, Employee, Estimate, Replay, ReplayError, Report, Stop, Turn,
    ask::Asking,
    case::{Open, sealed, written},
    estimate::Counting,
    judge::Compared,
    purse::Payer,
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
        let groups = self.models.groups(&who.tenant.id);
        if let Some(judge) = setup.judge.as_ref().filter(|judge| !groups.contains(judge)) {
            return Err(ReplayError::NoGroup(judge.clone()));
        }
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
        let estimate = counting.count(frozen());
        if setup.budget_micros.is_some() && estimate.micros_max.is_none() {
            return Err(ReplayError::Unpriced);
        }
        Ok(estimate)
    }

    /// Writes a run down with all its turns, and asks nobody. Its name.
    pub async fn make(
        &self,
        who: &Employee,
        setup: &Setup,
        turns: &[Turn],
    ) -> Result<String, ReplayError> {
        let (tenant, now) = (&who.tenant.id, self.now());
        let sealing = self.sealer.of(tenant, now).await?;
        let case = |turn: &Turn| {
            let frozen = match &turn.frozen {
                Ok(frozen) => Ok(sealed(&sealing, tenant, &turn.message, frozen)?),
                Err(why) => Err(why.as_str()),
            };
            Ok::<_, ReplayError>(NewCase { message: turn.message.clone(), frozen })
        };
        let cases = turns.iter().map(case).collect::<Result<Vec<_>, _>>()?;
        // Its name tells the tenant, so that whoever names a run need not say both.
        let id = spend::unique(tenant.as_str());
        let config = setup.candidate.config.seal(tenant, &who.agent.id, &sealing);
        let run = NewRun {
            id: &id,
            agent: &who.agent.id,
            candidate: &setup.candidate.label,
            config: &config,
            baseline: setup.baseline,
            judge: setup.judge.as_deref(),
            budget_micros: setup.budget_micros,
            made_by: setup.made_by.as_ref(),
            at: now,
        };
        let mut tx = self.db.tenant(tenant).await?;
        replays::make(&mut tx, &run, &cases).await?;
        tx.commit().await?;
        Ok(id)
    }

    /// Asks what is missing of a run that was taken, and says what there is then: all of it, or what there
    /// was when it stopped. Each turn that is through is told to `on`.
    pub async fn finish(
        &self,
        who: &Employee,
        run: &str,
        on: impl Fn(),
    ) -> Result<Report, ReplayError> {
        let tenant = &who.tenant.id;
        let stop = self.ask_all(who, run, on).await?;
        let why = stop.as_ref().map(ToString::to_string);
        let mut tx = self.db.tenant(tenant).await?;
        replays::end(&mut tx, run, why.as_deref(), self.now()).await?;
        tx.commit().await?;
        self.report(tenant, run).await
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
        run: &str,
        on: impl Fn(),
    ) -> Result<Option<Stop>, ReplayError> {
        let tenant = &who.tenant.id;
        let sealing = self.sealer.of(tenant, self.now()).await?;
        let mut tx = self.db.tenant(tenant).await?;
        let row = replays::find(&mut tx, run).await?;
        let row = row.ok_or_else(|| ReplayError::NoRun(run.to_owned()))?;
        let cases = replays::cases(&mut tx, run).await?;
        drop(tx);
        let opened = cases.into_iter().filter_map(|case| Open::of(case, &sealing, tenant));
        let opened: Vec<_> = opened.filter(|case| !case.is_through(&row)).collect();
        let answered = opened.iter().map(|case| case.frozen.version).collect();
        let versions = self.versions(who, answered).await?;
        let candidate = who.open(&row.config, &sealing)?;
        let router = self.models.of(tenant).await?;
        let budgets = Budgets::of(&who.tenant, Some(&who.agent));
        let is_bounded = row.budget_micros.is_some();
        let payer = Payer {
            db: &self.db,
            tenant,
            agent: &who.agent.id,
            budgets: &budgets,
            run: Some(row.id.as_str()),
            is_bounded,
        };
        let asking = Asking { replay: self, who, router: &router, payer };
        let running = Running { asking, row: &row, candidate, versions, sealing: &sealing };
        let stopped = Mutex::new(None);
        let asked = opened.into_iter().map(|case| async {
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
            never = self.hold(tenant, run, &stopped) => match never {},
        }
        Ok(stopped.into_inner().unwrap_or_else(PoisonError::into_inner))
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

/// A run being asked.
struct Running<'a> {
    asking: Asking<'a>,
    row: &'a RunRow,
    candidate: OpenConfig,
    versions: Versions,
    sealing: &'a Sealing,
}

impl Running<'_> {
    /// Asks what is missing of one turn, each part written down before the next is asked.
    async fn case(&self, case: Open) -> Result<(), Stop> {
        let at = (case.place, &case.message);
        let candidate = (&self.candidate, None);
        let answer = self.part(at, Part::Candidate, &case.frozen, (case.candidate, candidate));
        let answer = answer.await?;
        self.verdict(at, &case.frozen, ("candidate", &answer), case.verdict).await?;
        if !self.row.baseline {
            return Ok(());
        }
        let Some((version, config)) = self.versions.of(case.frozen.version) else { return Ok(()) };
        let before = (config, Some(version));
        let answer = self.part(at, Part::Baseline, &case.frozen, (case.baseline, before)).await?;
        self.verdict(at, &case.frozen, ("baseline", &answer), case.baseline_verdict).await
    }

    async fn part(
        &self,
        at: (u32, &MessageId),
        part: Part,
        frozen: &Frozen,
        (known, config): (Option<Outcome>, (&OpenConfig, Option<u32>)),
    ) -> Result<Outcome, Stop> {
        if let Some(known) = known {
            return Ok(known);
        }
        let outcome = self.asking.ask(frozen, config).await?;
        self.keep(at, part, &outcome).await?;
        Ok(outcome)
    }

    async fn verdict(
        &self,
        at: (u32, &MessageId),
        frozen: &Frozen,
        (who, other): (&str, &Outcome),
        known: Option<Judged>,
    ) -> Result<(), Stop> {
        let Some(group) = self.row.judge.as_deref().filter(|_| known.is_none()) else {
            return Ok(());
        };
        let compared = Compared { run: &self.row.id, who, frozen, other };
        let Some(judged) = self.asking.judged(group, &compared).await? else { return Ok(()) };
        let part = if who == "baseline" { Part::BaselineVerdict } else { Part::Verdict };
        self.keep(at, part, &judged).await
    }

    async fn keep(
        &self,
        (place, message): (u32, &MessageId),
        part: Part,
        what: &impl Serialize,
    ) -> Result<(), Stop> {
        let Payer { db, tenant, .. } = self.asking.payer;
        let text = written(self.sealing, tenant, message, what);
        let tx = db.tenant(tenant).await?;
        Ok(replays::keep(tx, (self.row.id.as_str(), place), part, &text).await?)
    }
}
