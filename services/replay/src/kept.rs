//! Turns that are kept as tests: a candidate is asked each, and its answer is checked.

use std::fmt;

use domain::{
    budget::Budgets,
    replay::{
        Frozen, Outcome,
        check::{CHECKS_MAX, Check},
    },
};
use schemas::{AgentId, MessageId, TenantId, Timestamp};
use serde::{Deserialize, Serialize};
use store::{
    replays::{self, SavedTest},
    spend,
};

use crate::{
    Candidate, Employee, Replay, ReplayError, Turn,
    ask::Asking,
    case::{opened, sealed, written},
    purse::Payer,
};

/// A turn that is kept, with what is expected of an answer to it.
#[derive(Clone, Debug)]
pub struct KeptTest {
    /// Its name.
    pub id: String,
    /// The message.
    pub message: MessageId,
    /// What asking it again takes.
    pub frozen: Frozen,
    /// What is expected.
    pub checks: Vec<Check>,
    /// Since when it is kept.
    pub made_at: Timestamp,
    /// What came of it when all were asked last, and when that was.
    pub last: Option<(LastResult, Timestamp)>,
}

/// A check, whether it holds, and the judge's reason where one said.
pub type Checked = (Check, bool, Option<String>);

/// What came of a test when all of an agent were asked. It quotes people: kept, it is sealed.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastResult {
    /// What was asked, for people.
    pub candidate: String,
    /// What it said, or why it was not asked.
    pub outcome: Result<Outcome, String>,
    /// Each check, where it was asked.
    pub checks: Vec<Checked>,
}

/// What came of a test.
#[derive(Clone, Debug)]
pub struct Tested {
    /// The test.
    pub test: KeptTest,
    /// What the candidate said.
    pub outcome: Outcome,
    /// Each check: whether it holds, and the judge's reason where one said. Without a verdict that can be
    /// read, a check does not hold.
    pub checks: Vec<Checked>,
}

impl LastResult {
    /// Whether every check holds; nothing where it was not asked.
    pub fn has_passed(&self) -> Option<bool> {
        self.outcome.as_ref().ok()?;
        Some(self.checks.iter().all(|(_, holds, _)| *holds))
    }
}

/// What people wrote does not belong into logs.
impl fmt::Debug for LastResult {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LastResult").field("passed", &self.has_passed()).finish_non_exhaustive()
    }
}

impl Tested {
    /// Whether every check holds.
    pub fn has_passed(&self) -> bool {
        self.checks.iter().all(|(_, holds, _)| *holds)
    }
}

impl Replay {
    /// Keeps a turn as a test. Its name.
    pub async fn keep_test(
        &self,
        who: &Employee,
        turn: Turn,
        checks: &[Check],
    ) -> Result<String, ReplayError> {
        if checks.is_empty() || CHECKS_MAX < checks.len() {
            return Err(ReplayError::Check(format!("a test has 1 to {CHECKS_MAX} checks")));
        }
        if let Some(problem) = checks.iter().find_map(Check::problem) {
            return Err(ReplayError::Check(problem));
        }
        let Turn { message, frozen } = turn;
        let frozen = frozen.map_err(ReplayError::Unplayable)?;
        let (tenant, now) = (&who.tenant.id, self.now());
        let sealing = self.sealer.of(tenant, now).await?;
        let test = SavedTest {
            id: spend::unique(tenant.as_str()),
            frozen: sealed(&sealing, tenant, &message, &frozen)?,
            checks: sealed(&sealing, tenant, &message, &checks)?,
            message,
            made_at: now,
            result: None,
            asked_at: None,
        };
        let mut tx = self.db.tenant(tenant).await?;
        replays::save(&mut tx, &who.agent.id, &test).await?;
        tx.commit().await?;
        Ok(test.id)
    }

    /// The tests of an agent, the oldest first.
    pub async fn kept_tests(
        &self,
        (tenant, agent): (&TenantId, &AgentId),
    ) -> Result<Vec<KeptTest>, ReplayError> {
        let sealing = self.sealer.of(tenant, self.now()).await?;
        let mut tx = self.db.tenant(tenant).await?;
        let found = replays::saved(&mut tx, agent).await?;
        let open = |test: SavedTest| {
            let SavedTest { id, message, frozen, checks, made_at, result, asked_at } = test;
            let last = opened(&sealing, tenant, &message, result.as_ref()).zip(asked_at);
            let frozen = opened(&sealing, tenant, &message, Some(&frozen));
            let checks = opened(&sealing, tenant, &message, Some(&checks));
            let (frozen, checks) = frozen.zip(checks).ok_or(ReplayError::Garbled)?;
            Ok::<_, ReplayError>(KeptTest { id, message, frozen, checks, made_at, last })
        };
        found.into_iter().map(open).collect()
    }

    /// Removes a test.
    pub async fn forget_test(&self, tenant: &TenantId, id: &str) -> Result<(), ReplayError> {
        let mut tx = self.db.tenant(tenant).await?;
        if !replays::forget(&mut tx, id).await? {
            return Err(ReplayError::NoTest(id.to_owned()));
        }
        Ok(tx.commit().await?)
    }

    /// Asks a candidate every test, one after the other, and writes down what came of each: of those that
    /// are not asked any more, why.
    pub async fn test_all(
        &self,
        who: &Employee,
        candidate: &Candidate,
        tests: Vec<KeptTest>,
    ) -> Result<(), ReplayError> {
        let tenant = &who.tenant.id;
        let mut stopped = None;
        for test in tests {
            let (id, message) = (test.id.clone(), test.message.clone());
            let (outcome, checks) = match &stopped {
                Some(why) => (Err(String::clone(why)), Vec::new()),
                None => match self.test(who, candidate, None, test).await {
                    Ok(tested) => (Ok(tested.outcome), tested.checks),
                    Err(ReplayError::Stopped(stop)) => {
                        let why = stop.to_string();
                        stopped = Some(why.clone());
                        (Err(why), Vec::new())
                    }
                    Err(error) => return Err(error),
                },
            };
            let result = LastResult { candidate: candidate.label.clone(), outcome, checks };
            let now = self.now();
            let sealing = self.sealer.of(tenant, now).await?;
            let result = written(&sealing, tenant, &message, &result);
            let mut tx = self.db.tenant(tenant).await?;
            replays::tested(&mut tx, &id, (&result, now)).await?;
            tx.commit().await?;
        }
        Ok(())
    }

    /// Asks a candidate one test, and checks its answer. What a model must judge is judged by `judge`, or
    /// by the candidate's own group.
    pub async fn test(
        &self,
        who: &Employee,
        candidate: &Candidate,
        judge: Option<&str>,
        test: KeptTest,
    ) -> Result<Tested, ReplayError> {
        let router = self.models.of(&who.tenant.id).await?;
        let budgets = Budgets::of(&who.tenant, Some(&who.agent));
        let payer = Payer {
            db: &self.db,
            tenant: &who.tenant.id,
            agent: &who.agent.id,
            budgets: &budgets,
            run: None,
            is_bounded: false,
        };
        let asking = Asking { replay: self, who, router: &router, payer };
        let config = (&candidate.config, candidate.version);
        let outcome = asking.ask(&test.frozen, config).await?;
        let group = judge.unwrap_or(&candidate.config.model);
        let mut checks = Vec::with_capacity(test.checks.len());
        for check in &test.checks {
            let (holds, reason) = match (check, check.holds(&outcome)) {
                (_, Some(holds)) => (holds, None),
                (Check::Judged(criterion), None) => {
                    let said = outcome.said().unwrap_or_default();
                    let asked = (test.frozen.newest.text.as_str(), said);
                    let (met, reason) = asking.meets(group, asked, criterion).await?;
                    (met == Some(true), Some(reason))
                }
                (_, None) => (false, None),
            };
            checks.push((check.clone(), holds, reason));
        }
        Ok(Tested { test, outcome, checks })
    }
}
