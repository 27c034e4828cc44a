//! What operators do with turns that are kept as tests.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use domain::{
    access::{Permission, Principal},
    replay::check::Check,
};
use schemas::{AgentId, MessageId, TenantId};
use store::replays::{self, RunRow, Which};

use super::{Ids, Parts, Shadow};
use crate::{
    Employee, Estimate, KeptTest, KeptTests, ReplayError, TestSetup, Turn, UnreadableTest, Wanted,
    at_hand, hold::under_way,
};

/// Tests on one page of their list.
pub const TESTS_PAGE: u32 = 25;

/// Tests of an agent as a page shows them.
#[derive(Clone, Debug)]
pub struct TestsPage {
    /// Those on it.
    pub tests: KeptTests,
    /// How many come before them.
    pub after: u32,
    /// How many there are.
    pub count: u32,
}

impl Shadow {
    /// The turns of an agent that are kept as tests, the oldest first. They hold what people wrote.
    pub async fn tests(&self, by: &Principal, ids: Ids<'_>) -> Result<KeptTests, ReplayError> {
        by.require(Permission::ConversationsRead, ids.0)?;
        self.0.parts.replay.kept_tests(ids).await
    }

    /// The same, [`TESTS_PAGE`] of them after so many others; where there are not that many, the last of them.
    pub async fn tests_page(
        &self,
        by: &Principal,
        ids: Ids<'_>,
        after: u32,
    ) -> Result<TestsPage, ReplayError> {
        by.require(Permission::ConversationsRead, ids.0)?;
        let replay = &self.0.parts.replay;
        let count = u32::try_from(replay.count_tests(ids).await?).unwrap_or(u32::MAX);
        let last = count.saturating_sub(1) / TESTS_PAGE * TESTS_PAGE;
        let after = after.min(last);
        let tests = replay.some_tests(ids, Which::Some { after, most: TESTS_PAGE }).await?;
        Ok(TestsPage { tests, after, count })
    }

    /// One of them, which may not be readable.
    pub async fn test(
        &self,
        by: &Principal,
        ids: Ids<'_>,
        test: &str,
    ) -> Result<Result<KeptTest, UnreadableTest>, ReplayError> {
        by.require(Permission::ConversationsRead, ids.0)?;
        let found = self.0.parts.replay.some_tests(ids, Which::One(test)).await?;
        let KeptTests { mut tests, mut unreadable } = found;
        let found = tests.pop().map(Ok).or_else(|| unreadable.pop().map(Err));
        found.ok_or_else(|| ReplayError::NoTest(test.to_owned()))
    }

    /// Whether an answered message can be kept as a test, or why not.
    pub async fn may_keep(
        &self,
        by: &Principal,
        ids: Ids<'_>,
        message: &MessageId,
    ) -> Result<(), ReplayError> {
        by.require(Permission::AgentsWrite, ids.0)?;
        let (_, turn) = self.turn(ids, message).await?;
        turn.frozen.map(drop).map_err(ReplayError::Unplayable)
    }

    /// Keeps an answered message as a test. Its name.
    pub async fn keep(
        &self,
        by: &Principal,
        ids: Ids<'_>,
        (message, checks): (&MessageId, &[Check]),
    ) -> Result<String, ReplayError> {
        by.require(Permission::AgentsWrite, ids.0)?;
        let (who, turn) = self.turn(ids, message).await?;
        self.0.parts.replay.keep_test(&who, turn, checks).await
    }

    /// An answered message with what asking it again takes, and whose it is.
    async fn turn(
        &self,
        ids: Ids<'_>,
        message: &MessageId,
    ) -> Result<(Employee, Turn), ReplayError> {
        let Parts { replay, employee, .. } = &self.0.parts;
        let who = employee(ids.0, ids.1)?;
        let answered = replay.answered_one(&who, message).await?;
        let turn = self.frozen(&who, answered).await?;
        Ok((who, turn))
    }

    /// Removes a test of an agent.
    pub async fn forget(
        &self,
        by: &Principal,
        (tenant, agent): Ids<'_>,
        test: &str,
    ) -> Result<(), ReplayError> {
        by.require(Permission::AgentsWrite, tenant)?;
        self.0.parts.replay.forget_test((tenant, Some(agent)), test).await
    }

    /// Whether the tests of an agent are being asked, by whatever process.
    pub async fn is_testing(&self, by: &Principal, ids: Ids<'_>) -> Result<bool, ReplayError> {
        by.require(Permission::ConversationsRead, ids.0)?;
        self.is_tested(ids).await
    }

    /// The newest run of an agent's tests, if there was any while runs are kept.
    pub async fn last_tests(
        &self,
        by: &Principal,
        ids: Ids<'_>,
    ) -> Result<Option<RunRow>, ReplayError> {
        by.require(Permission::ConversationsRead, ids.0)?;
        self.newest_of_tests(ids).await
    }

    /// What asking a candidate all tests would take, and what that is called.
    pub async fn plan_tests(
        &self,
        by: &Principal,
        ids: Ids<'_>,
        candidate: Wanted,
    ) -> Result<(String, Estimate), ReplayError> {
        by.require(Permission::AgentsWrite, ids.0)?;
        let All { setup, estimate, .. } = self.all(by, ids, candidate).await?;
        Ok((setup.candidate.label, estimate))
    }

    /// Has a candidate asked all tests in the background, for no more than that takes at the most; without
    /// a known price there is no such bound. The name of the run.
    pub async fn test_all(
        &self,
        by: &Principal,
        ids: Ids<'_>,
        candidate: Wanted,
    ) -> Result<String, ReplayError> {
        by.require(Permission::AgentsWrite, ids.0)?;
        let _starting = self.0.testing.begin(ids)?;
        if self.is_tested(ids).await? {
            return Err(under_way(true));
        }
        let place = self.0.places.take(ids.0)?;
        let All { who, mut setup, tests, estimate } = self.all(by, ids, candidate).await?;
        if tests.is_empty() {
            return Err(ReplayError::NoTests);
        }
        setup.budget_micros = estimate.micros_max;
        let taken = self.0.parts.replay.make_tests_taken(&who, &setup, &tests).await?;
        let run = taken.run().to_owned();
        self.ask(who, taken, place);
        Ok(run)
    }

    /// Takes the newest run of an agent's tests up, which stopped or whose process ended. It costs no more
    /// than it was to. Its name.
    pub async fn go_on_tests(&self, by: &Principal, ids: Ids<'_>) -> Result<String, ReplayError> {
        by.require(Permission::AgentsWrite, ids.0)?;
        let _starting = self.0.testing.begin(ids)?;
        if self.is_tested(ids).await? {
            return Err(under_way(true));
        }
        let last = self.newest_of_tests(ids).await?.filter(|run| run.state != "done");
        let last = last.ok_or(ReplayError::Done)?;
        at_hand(&last)?;
        let run = last.id;
        let Parts { replay, employee, .. } = &self.0.parts;
        let who = employee(ids.0, ids.1)?;
        let place = self.0.places.take(ids.0)?;
        let taken = replay.take(ids.0, &run, None).await?;
        self.ask(who, taken, place);
        Ok(run)
    }

    /// Has an agent's tests stopped, whatever process asks them: those under way end, and no other begins.
    /// The runs that were.
    pub async fn stop_tests(
        &self,
        by: &Principal,
        ids: Ids<'_>,
    ) -> Result<Vec<String>, ReplayError> {
        by.require(Permission::AgentsWrite, ids.0)?;
        self.0.parts.replay.stop_tests(ids).await
    }

    async fn newest_of_tests(
        &self,
        (tenant, agent): Ids<'_>,
    ) -> Result<Option<RunRow>, ReplayError> {
        let mut tx = self.0.parts.replay.db.tenant(tenant).await?;
        Ok(replays::newest_of_tests(&mut tx, agent).await?)
    }

    async fn is_tested(&self, (tenant, agent): Ids<'_>) -> Result<bool, ReplayError> {
        let replay = &self.0.parts.replay;
        let mut tx = replay.db.tenant(tenant).await?;
        Ok(replays::is_tested(&mut tx, agent, replay.now()).await?)
    }

    async fn all(
        &self,
        by: &Principal,
        ids: Ids<'_>,
        candidate: Wanted,
    ) -> Result<All, ReplayError> {
        let Parts { replay, employee, .. } = &self.0.parts;
        let who = employee(ids.0, ids.1)?;
        let setup = TestSetup {
            candidate: replay.candidate(&who, candidate).await?,
            judge: None,
            budget_micros: None,
            made_by: Some(by.operator.clone()),
        };
        let KeptTests { tests, .. } = replay.kept_tests(ids).await?;
        let estimate = replay.estimate_tests(&who, &setup, &tests).await?;
        Ok(All { who, setup, tests, estimate })
    }
}

/// All that a run of tests takes.
struct All {
    who: Employee,
    setup: TestSetup,
    tests: Vec<KeptTest>,
    estimate: Estimate,
}

type Key = (TenantId, AgentId);

fn key((tenant, agent): Ids<'_>) -> Key {
    (tenant.clone(), agent.clone())
}

/// The agents whose tests are about to be asked: each once at a time, until its run is there.
#[derive(Clone, Debug, Default)]
pub(super) struct Testing(Arc<Mutex<BTreeSet<Key>>>);

/// The tests of one agent are about to be asked while this is there.
struct Starting {
    testing: Testing,
    key: Key,
}

impl Testing {
    fn begin(&self, ids: Ids<'_>) -> Result<Starting, ReplayError> {
        let key = key(ids);
        if !self.agents().insert(key.clone()) {
            return Err(under_way(true));
        }
        Ok(Starting { testing: self.clone(), key })
    }

    fn agents(&self) -> MutexGuard<'_, BTreeSet<Key>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Starting {
    fn drop(&mut self) {
        self.testing.agents().remove(&self.key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tests_of_an_agent_are_begun_once_at_a_time() {
        let (acme, mara) = ("acme".parse().unwrap(), "mara".parse().unwrap());
        let (beta, noor) = ("beta".parse().unwrap(), "noor".parse().unwrap());
        let testing = Testing::default();
        let starting = testing.begin((&acme, &mara)).ok();
        assert!(starting.is_some() && testing.begin((&acme, &mara)).is_err());
        assert!(testing.begin((&acme, &noor)).is_ok() && testing.begin((&beta, &mara)).is_ok());
        drop(starting);
        assert!(testing.begin((&acme, &mara)).is_ok());
    }
}
