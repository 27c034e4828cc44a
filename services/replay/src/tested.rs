//! What came of a run of tests.

use domain::replay::{Outcome, Unplayable};
use schemas::{MessageId, TenantId};
use store::replays::{self, CaseRow, RunRow};

use crate::{Checked, Replay, ReplayError, case::Open};

/// What came of a run of tests.
#[derive(Clone, Debug)]
pub struct TestReport {
    /// What was asked for, and how that stands.
    pub run: RunRow,
    /// Every test of it, the oldest first.
    pub tests: Vec<Tested>,
}

/// What came of a test.
#[derive(Clone, Debug)]
pub struct Tested {
    /// The test.
    pub id: String,
    /// The message.
    pub message: MessageId,
    /// What the candidate said, or why what is kept of it cannot be read.
    pub answer: Result<Box<TestAnswer>, Unplayable>,
}

/// What a candidate said to a test. It holds what people wrote.
#[derive(Clone)]
pub struct TestAnswer {
    /// What was asked.
    pub question: String,
    /// What came of it; nothing where it was not asked yet.
    pub outcome: Option<Outcome>,
    /// Each check; nothing where that is not known yet.
    pub checks: Option<Vec<Checked>>,
}

impl Tested {
    /// Whether every check holds; nothing where that is not known.
    pub fn has_passed(&self) -> Option<bool> {
        let checks = self.answer.as_ref().ok()?.checks.as_ref()?;
        Some(checks.iter().all(|check| check.holds))
    }
}

impl TestReport {
    /// How many failed, and of how many it is not known.
    pub fn failed(&self) -> (usize, usize) {
        let count = |of| self.tests.iter().filter(|test| test.has_passed() == of).count();
        (count(Some(false)), count(None))
    }
}

impl Replay {
    /// What came of a run of tests so far.
    pub async fn tested(&self, tenant: &TenantId, run: &str) -> Result<TestReport, ReplayError> {
        let sealing = self.sealer.of(tenant, self.now()).await?;
        let mut tx = self.db.tenant(tenant).await?;
        let found = replays::find(&mut tx, run).await?;
        let row = found.ok_or_else(|| ReplayError::NoRun(run.to_owned()))?;
        if !row.of_tests {
            return Err(ReplayError::NotOfTests(run.to_owned()));
        }
        let cases = replays::cases(&mut tx, run).await?;
        drop(tx);
        let test = |case: CaseRow| {
            let id = case.test.as_ref().map(|test| test.id.clone()).unwrap_or_default();
            let message = case.message.clone();
            let open = match case.unplayable.as_deref().map(str::parse::<Unplayable>) {
                Some(why) => Err(why.unwrap_or(Unplayable::Unreadable)),
                None => Open::of(case, &sealing, tenant),
            };
            Tested { id, message, answer: open.map(|open| Box::new(TestAnswer::from(open))) }
        };
        Ok(TestReport { run: row, tests: cases.into_iter().map(test).collect() })
    }
}

impl From<Open> for TestAnswer {
    fn from(open: Open) -> Self {
        Self {
            question: open.frozen.newest.text,
            outcome: open.candidate,
            checks: open.test.and_then(|test| test.checked),
        }
    }
}

/// What people wrote does not belong into logs.
impl std::fmt::Debug for TestAnswer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TestAnswer").field("outcome", &self.outcome).finish_non_exhaustive()
    }
}
