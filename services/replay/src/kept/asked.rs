//! A run of tests, which asks a candidate each and checks what it says.

use store::{
    TenantTx,
    replays::{self, CaseTest, NewCase, NewRun},
    spend,
};

use super::{KeptTest, TestSetup};
use crate::{
    Employee, Estimate, Replay, ReplayError, Taken, TestReport, case::sealed, estimate::Counting,
    run::Going,
};

impl Replay {
    /// What a run of these tests would take.
    pub async fn estimate_tests(
        &self,
        who: &Employee,
        setup: &TestSetup,
        tests: &[KeptTest],
    ) -> Result<Estimate, ReplayError> {
        let router = self.models.of(&who.tenant.id).await?;
        let judge = setup.judge.as_deref();
        self.known_group(who, judge)?;
        let counting = Counting {
            who,
            router: &router,
            candidate: &setup.candidate.config,
            baseline: None,
            judge,
        };
        let estimate = counting.count_tests(tests);
        if setup.budget_micros.is_some() && estimate.micros_max.is_none() {
            return Err(ReplayError::Unpriced);
        }
        Ok(estimate)
    }

    /// Writes a run of tests down, and asks nobody. Its name.
    pub async fn make_tests(
        &self,
        who: &Employee,
        setup: &TestSetup,
        tests: &[KeptTest],
    ) -> Result<String, ReplayError> {
        let (tx, run) = self.made_of_tests(who, setup, tests).await?;
        tx.commit().await?;
        Ok(run)
    }

    /// The same, and takes it up at once, unless the agent's tests are being asked.
    pub(crate) async fn make_tests_taken(
        &self,
        who: &Employee,
        setup: &TestSetup,
        tests: &[KeptTest],
    ) -> Result<Taken, ReplayError> {
        let (tx, run) = self.made_of_tests(who, setup, tests).await?;
        self.begin(tx, who, (run, true)).await
    }

    /// A run that lasts when the transaction does.
    async fn made_of_tests(
        &self,
        who: &Employee,
        setup: &TestSetup,
        tests: &[KeptTest],
    ) -> Result<(TenantTx, String), ReplayError> {
        let (tenant, now) = (&who.tenant.id, self.now());
        let sealing = self.sealer.of(tenant, now).await?;
        let case = |test: &KeptTest| {
            let KeptTest { id, message, frozen, checks, .. } = test;
            let checks = Some(sealed(&sealing, tenant, message, checks)?);
            Ok::<_, ReplayError>(NewCase {
                message: message.clone(),
                frozen: Ok(sealed(&sealing, tenant, message, frozen)?),
                test: Some(CaseTest { id: id.clone(), checks }),
            })
        };
        let cases = tests.iter().map(case).collect::<Result<Vec<_>, _>>()?;
        let id = spend::unique(tenant.as_str());
        let config = setup.candidate.config.seal(tenant, &who.agent.id, &sealing);
        let run = NewRun {
            id: &id,
            agent: &who.agent.id,
            candidate: &setup.candidate.label,
            config: &config,
            baseline: false,
            judge: setup.judge.as_deref(),
            budget_micros: setup.budget_micros,
            made_by: setup.made_by.as_ref(),
            of_tests: true,
            at: now,
        };
        let mut tx = self.db.tenant(tenant).await?;
        replays::make(&mut tx, &run, &cases).await?;
        Ok((tx, id))
    }

    /// Asks what is missing of a run of tests, as [`Replay::go_on`] does.
    pub async fn go_on_tests(
        &self,
        who: &Employee,
        going: Going<'_>,
        on: impl Fn(),
    ) -> Result<TestReport, ReplayError> {
        let run = going.run;
        if !self.run(&who.tenant.id, run).await?.of_tests {
            return Err(ReplayError::NotOfTests(run.to_owned()));
        }
        self.advance(who, going, on).await?;
        self.tested(&who.tenant.id, run).await
    }
}
