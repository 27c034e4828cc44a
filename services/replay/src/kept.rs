//! Turns that are kept as tests, with what is expected of an answer.

use std::{collections::BTreeMap, fmt};

use domain::{
    replay::{
        Frozen, Outcome, Unplayable,
        check::{CHECKS_MAX, Check},
    },
    seal::Sealing,
};
use schemas::{AgentId, MessageId, TenantId, Text, Timestamp};
use serde::{Deserialize, Serialize};
use store::{
    replays::{self, LastAsked, SavedTest, Which},
    spend,
};

use crate::{
    Employee, Replay, ReplayError, Turn,
    case::{opened, sealed},
};

/// The most tests of an agent: all of them are asked in one run, and stand on its pages.
pub const TESTS_MAX: usize = 200;

/// The tests of an agent.
#[derive(Clone, Debug, Default)]
pub struct KeptTests {
    /// Those that can be asked, the oldest first.
    pub tests: Vec<KeptTest>,
    /// Those that do not open any more.
    pub unreadable: Vec<UnreadableTest>,
}

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
    /// What came of it in the last run of tests that says anything of it, while runs are kept.
    pub last: Option<LastResult>,
}

/// What came of a test when it was asked last. It quotes people.
#[derive(Clone, PartialEq, Eq)]
pub struct LastResult {
    /// What was asked, for people.
    pub candidate: String,
    /// What it said, or why it was not asked to the end.
    pub outcome: Result<Outcome, String>,
    /// Each check, where it was.
    pub checks: Vec<Checked>,
    /// When the run was made.
    pub asked_at: Timestamp,
}

/// A test that cannot be asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct UnreadableTest {
    /// Its name.
    pub id: String,
    /// The message.
    pub message: MessageId,
    /// Why, in a sentence.
    pub why: String,
    /// Since when it is kept.
    pub made_at: Timestamp,
}

/// A check, and whether it holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checked {
    /// What is expected.
    pub check: Check,
    /// Whether it holds. Without a verdict that can be read, it does not.
    pub holds: bool,
    /// The judge's reason where one said.
    pub reason: Option<String>,
}

impl LastResult {
    fn of(
        last: LastAsked,
        (sealing, tenant, message): (&Sealing, &TenantId, &MessageId),
    ) -> Option<Self> {
        let LastAsked { candidate, why, outcome, checked, asked_at, .. } = last;
        let (outcome, checks) = match checked {
            None => (Err(why?), Vec::new()),
            Some(checked) => {
                let outcome = opened(sealing, tenant, message, outcome.as_ref()?)?;
                (Ok(outcome), opened(sealing, tenant, message, &checked)?)
            }
        };
        Some(Self { candidate, outcome, checks, asked_at })
    }

    /// Whether every check holds; nothing where it was not asked to the end.
    pub fn has_passed(&self) -> Option<bool> {
        self.outcome.as_ref().ok()?;
        Some(self.checks.iter().all(|check| check.holds))
    }
}

/// What people wrote does not belong into logs.
impl fmt::Debug for LastResult {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LastResult").field("passed", &self.has_passed()).finish_non_exhaustive()
    }
}

impl Replay {
    /// Keeps a turn as a test, unless it is one with the same checks already. Its name.
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
        };
        let mut tx = self.db.tenant(tenant).await?;
        let agent = &who.agent.id;
        let (count, known) = replays::before_saving(&mut tx, agent, &test.message).await?;
        let is_same = |text: &Text| {
            let known: Option<Vec<Check>> = opened(&sealing, tenant, &test.message, text);
            known.as_deref() == Some(checks)
        };
        if let Some((id, _)) = known.into_iter().find(|(_, text)| is_same(text)) {
            return Ok(id);
        }
        if u64::try_from(TESTS_MAX).unwrap_or(u64::MAX) <= count {
            return Err(ReplayError::TooManyTests);
        }
        replays::save(&mut tx, agent, &test).await?;
        tx.commit().await?;
        Ok(test.id)
    }

    /// The tests of an agent. One that does not open hides no other.
    pub async fn kept_tests(&self, of: (&TenantId, &AgentId)) -> Result<KeptTests, ReplayError> {
        self.some_tests(of, Which::All).await
    }

    /// How many tests an agent has.
    pub(crate) async fn count_tests(
        &self,
        (tenant, agent): (&TenantId, &AgentId),
    ) -> Result<u64, ReplayError> {
        let mut tx = self.db.tenant(tenant).await?;
        Ok(replays::count_saved(&mut tx, agent).await?)
    }

    /// Some of them.
    pub(crate) async fn some_tests(
        &self,
        (tenant, agent): (&TenantId, &AgentId),
        which: Which<'_>,
    ) -> Result<KeptTests, ReplayError> {
        let sealing = self.sealer.of(tenant, self.now()).await?;
        let mut tx = self.db.tenant(tenant).await?;
        let found = replays::saved(&mut tx, agent, which).await?;
        let last = replays::last_asked(&mut tx, agent).await?;
        let mut last: BTreeMap<_, _> = last.into_iter().map(|it| (it.test.clone(), it)).collect();
        let unreadable = |id, message, made_at| {
            let why = Unplayable::Unreadable.to_string();
            UnreadableTest { id, message, why, made_at }
        };
        let mut kept = KeptTests::default();
        for test in found {
            let SavedTest { id, message, frozen, checks, made_at } = match test {
                Ok(test) => test,
                Err(it) => {
                    kept.unreadable.push(unreadable(it.id, it.message, it.made_at));
                    continue;
                }
            };
            let frozen = opened(&sealing, tenant, &message, &frozen);
            match frozen.zip(opened(&sealing, tenant, &message, &checks)) {
                Some((frozen, checks)) => {
                    let last = last.remove(&id);
                    let last = last.and_then(|it| LastResult::of(it, (&sealing, tenant, &message)));
                    kept.tests.push(KeptTest { id, message, frozen, checks, made_at, last });
                }
                None => kept.unreadable.push(unreadable(id, message, made_at)),
            }
        }
        Ok(kept)
    }

    /// Removes a test, of that agent where one is named.
    pub async fn forget_test(
        &self,
        (tenant, agent): (&TenantId, Option<&AgentId>),
        id: &str,
    ) -> Result<(), ReplayError> {
        let mut tx = self.db.tenant(tenant).await?;
        if !replays::forget(&mut tx, agent, id).await? {
            return Err(ReplayError::NoTest(id.to_owned()));
        }
        Ok(tx.commit().await?)
    }
}
