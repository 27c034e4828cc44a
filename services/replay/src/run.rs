//! A run: what it would take, and how it is made with all its turns.

use std::collections::{BTreeMap, BTreeSet};

use domain::{config::OpenConfig, seal::Sealing};
use schemas::{OperatorId, TenantId, Timestamp};
use store::{
    TenantTx,
    replays::{self, NewCase, NewRun, RunRow},
    spend,
};

use crate::{
    Candidate, Employee, Estimate, Replay, ReplayError, Taken, Turn, case::sealed,
    estimate::Counting,
};

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
#[derive(Default)]
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

    /// The configurations of these versions. One that is gone is what is published.
    pub(crate) async fn versions(
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
