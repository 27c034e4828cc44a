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

use super::{Ids, Parts, Shadow};
use crate::{Candidate, Employee, Estimate, KeptTest, ReplayError, Wanted};

impl Shadow {
    /// The turns of an agent that are kept as tests, the oldest first. They hold what people wrote.
    pub async fn tests(&self, by: &Principal, ids: Ids<'_>) -> Result<Vec<KeptTest>, ReplayError> {
        by.require(Permission::ConversationsRead, ids.0)?;
        self.0.parts.replay.kept_tests(ids).await
    }

    /// Keeps an answered message as a test. Its name.
    pub async fn keep(
        &self,
        by: &Principal,
        ids: Ids<'_>,
        (message, checks): (&MessageId, &[Check]),
    ) -> Result<String, ReplayError> {
        by.require(Permission::AgentsWrite, ids.0)?;
        let Parts { replay, employee, .. } = &self.0.parts;
        let who = employee(ids.0, ids.1)?;
        let answered = replay.answered_one(&who, message).await?;
        let turn = self.frozen(&who, answered).await?;
        replay.keep_test(&who, turn, checks).await
    }

    /// Removes a test.
    pub async fn forget(
        &self,
        by: &Principal,
        tenant: &TenantId,
        test: &str,
    ) -> Result<(), ReplayError> {
        by.require(Permission::AgentsWrite, tenant)?;
        self.0.parts.replay.forget_test(tenant, test).await
    }

    /// Whether the tests of an agent are being asked by this process.
    pub fn is_testing(&self, by: &Principal, ids: Ids<'_>) -> Result<bool, ReplayError> {
        by.require(Permission::ConversationsRead, ids.0)?;
        Ok(self.0.testing.agents().contains(&key(ids)))
    }

    /// What asking a candidate all tests would take, and what that is called.
    pub async fn plan_tests(
        &self,
        by: &Principal,
        ids: Ids<'_>,
        candidate: Wanted,
    ) -> Result<(String, Estimate), ReplayError> {
        by.require(Permission::AgentsWrite, ids.0)?;
        let (who, candidate, tests) = self.all(ids, candidate).await?;
        let estimate = self.0.parts.replay.estimate_tests(&who, &candidate, &tests).await?;
        Ok((candidate.label, estimate))
    }

    /// Has a candidate asked all tests in the background; what came of each stands in it then. How many
    /// there are.
    pub async fn test_all(
        &self,
        by: &Principal,
        ids: Ids<'_>,
        candidate: Wanted,
    ) -> Result<usize, ReplayError> {
        by.require(Permission::AgentsWrite, ids.0)?;
        let turn = self.0.testing.begin(ids)?;
        let place = self.0.places.take(ids.0)?;
        let (who, candidate, tests) = self.all(ids, candidate).await?;
        if tests.is_empty() {
            return Err(ReplayError::NoTests);
        }
        let (it, count) = (Arc::clone(&self.0), tests.len());
        tokio::spawn(async move {
            let _held = (turn, place);
            let asked = Box::pin(it.parts.replay.test_all(&who, &candidate, tests)).await;
            if let Err(error) = asked {
                tracing::warn!(agent = %who.agent.id, %error, "tests broke off");
            }
        });
        Ok(count)
    }

    async fn all(
        &self,
        ids: Ids<'_>,
        candidate: Wanted,
    ) -> Result<(Employee, Candidate, Vec<KeptTest>), ReplayError> {
        let Parts { replay, employee, .. } = &self.0.parts;
        let who = employee(ids.0, ids.1)?;
        let candidate = replay.candidate(&who, candidate).await?;
        let tests = replay.kept_tests(ids).await?;
        Ok((who, candidate, tests))
    }
}

type Key = (TenantId, AgentId);

fn key((tenant, agent): Ids<'_>) -> Key {
    (tenant.clone(), agent.clone())
}

/// The agents whose tests are being asked: each once at a time.
#[derive(Clone, Debug, Default)]
pub(super) struct Testing(Arc<Mutex<BTreeSet<Key>>>);

/// The tests of one agent are being asked while this is there.
struct Turn {
    testing: Testing,
    key: Key,
}

impl Testing {
    fn begin(&self, ids: Ids<'_>) -> Result<Turn, ReplayError> {
        let key = key(ids);
        if !self.agents().insert(key.clone()) {
            return Err(ReplayError::Busy("its tests are being asked: wait until that is over"));
        }
        Ok(Turn { testing: self.clone(), key })
    }

    fn agents(&self) -> MutexGuard<'_, BTreeSet<Key>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.testing.agents().remove(&self.key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tests_of_an_agent_are_asked_once_at_a_time() {
        let (acme, mara) = ("acme".parse().unwrap(), "mara".parse().unwrap());
        let (beta, noor) = ("beta".parse().unwrap(), "noor".parse().unwrap());
        let testing = Testing::default();
        let turn = testing.begin((&acme, &mara)).ok();
        assert!(turn.is_some() && testing.begin((&acme, &mara)).is_err());
        assert!(testing.begin((&acme, &noor)).is_ok() && testing.begin((&beta, &mara)).is_ok());
        drop(turn);
        assert!(testing.begin((&acme, &mara)).is_ok());
    }
}
