//! What operators see of runs.

use domain::access::{Permission, Principal};
use store::replays::{self, After, RunRow};

use super::{Ids, RUNS_PAGE, Shadow};
use crate::{ReplayError, Report};

impl Shadow {
    /// An agent's runs, the newest first: [`RUNS_PAGE`] of them, from the one after that one on.
    pub async fn runs(
        &self,
        by: &Principal,
        ids: Ids<'_>,
        after: Option<&str>,
    ) -> Result<Vec<RunRow>, ReplayError> {
        by.require(Permission::AgentsRead, ids.0)?;
        self.newest(ids, after, RUNS_PAGE).await
    }

    /// The newest of an agent's runs.
    pub async fn last(&self, by: &Principal, ids: Ids<'_>) -> Result<Option<RunRow>, ReplayError> {
        by.require(Permission::AgentsRead, ids.0)?;
        Ok(self.newest(ids, None, 1).await?.pop())
    }

    /// A run, without its turns.
    pub async fn run(
        &self,
        by: &Principal,
        ids: Ids<'_>,
        run: &str,
    ) -> Result<RunRow, ReplayError> {
        by.require(Permission::AgentsRead, ids.0)?;
        self.of(ids, run).await
    }

    /// What came of a run so far. It holds what people wrote.
    pub async fn report(
        &self,
        by: &Principal,
        ids: Ids<'_>,
        run: &str,
    ) -> Result<Report, ReplayError> {
        by.require(Permission::ConversationsRead, ids.0)?;
        let row = self.of(ids, run).await?;
        self.0.parts.replay.report(ids.0, &row.id).await
    }

    async fn newest(
        &self,
        ids: Ids<'_>,
        after: Option<&str>,
        most: u32,
    ) -> Result<Vec<RunRow>, ReplayError> {
        let last = match after {
            Some(run) => Some(self.of(ids, run).await?),
            None => None,
        };
        let after = last.as_ref().map(|row| After { made_at: row.made_at, run: &row.id });
        let mut tx = self.0.parts.replay.db.tenant(ids.0).await?;
        Ok(replays::of_agent(&mut tx, ids.1, after, most).await?)
    }

    /// A run of that agent, unless it is one of tests: what came of those stands in them.
    pub(super) async fn of(
        &self,
        (tenant, agent): Ids<'_>,
        run: &str,
    ) -> Result<RunRow, ReplayError> {
        let row = self.0.parts.replay.run(tenant, run).await?;
        let is_theirs = row.agent == *agent && !row.of_tests;
        if is_theirs { Ok(row) } else { Err(ReplayError::NoRun(run.to_owned())) }
    }
}
