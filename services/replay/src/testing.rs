//! A run of tests: it asks a candidate each of them, and checks what it says.

use domain::replay::{Frozen, Outcome, check::Check};
use schemas::{AgentId, OperatorId, TenantId};
use store::{
    TenantTx,
    replays::{self, CaseTest, NewCase},
};

use crate::{
    Candidate, Checked, Employee, Estimate, KeptTest, Replay, ReplayError, Setup, Taken,
    TestReport, ask::Asking, case::sealed, error::Stop, estimate::Counting, going::Going,
};

/// What is asked of tests.
#[derive(Clone, Debug)]
pub struct TestSetup {
    /// Who is asked.
    pub candidate: Candidate,
    /// The model group that judges; the candidate's own if unsaid.
    pub judge: Option<String>,
    /// How much all of them may cost, in millionths of a dollar.
    pub budget_micros: Option<u64>,
    /// The operator who has them run; nobody on the command line.
    pub made_by: Option<OperatorId>,
}

impl TestSetup {
    /// The same of a run: the version that answered is not asked.
    fn of_run(&self) -> Setup {
        Setup {
            candidate: self.candidate.clone(),
            baseline: false,
            judge: self.judge.clone(),
            budget_micros: self.budget_micros,
            made_by: self.made_by.clone(),
        }
    }
}

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
        counting.count_tests(tests).within(setup.budget_micros)
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
        self.write(who, (&setup.of_run(), true), &cases, (&sealing, now)).await
    }

    /// Has the tests of an agent stopped, whoever is at them: those under way end, and no other begins. The
    /// runs that were open.
    pub(crate) async fn stop_tests(
        &self,
        (tenant, agent): (&TenantId, &AgentId),
    ) -> Result<Vec<String>, ReplayError> {
        let mut tx = self.db.tenant(tenant).await?;
        let why = Stop::Operator.to_string();
        let stopped = replays::stop_tests(&mut tx, agent, (&why, self.now())).await?;
        tx.commit().await?;
        Ok(stopped)
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

impl Asking<'_> {
    /// Which checks hold of an answer. What a model must judge is judged by that group.
    pub(crate) async fn checked(
        &self,
        group: &str,
        (frozen, outcome): (&Frozen, &Outcome),
        checks: &[Check],
    ) -> Result<Vec<Checked>, Stop> {
        let mut checked = Vec::with_capacity(checks.len());
        for check in checks {
            let (holds, reason) = match (check, check.holds(outcome)) {
                (_, Some(holds)) => (holds, None),
                (Check::Judged(criterion), None) => {
                    let said = outcome.said().unwrap_or_default();
                    let asked = (frozen.newest.text.as_str(), said);
                    let (met, reason) = self.meets(group, asked, criterion).await?;
                    (met == Some(true), Some(reason))
                }
                (_, None) => (false, None),
            };
            checked.push(Checked { check: check.clone(), holds, reason });
        }
        Ok(checked)
    }
}
