//! What operators see of replays: which there were, and what came of each.

use domain::access::{Permission, Principal};
use schemas::TenantId;
use store::replays::{self, After, RunRow};

use super::{Ids, RUNS_PAGE, Shadow, TURNS_AT_HAND_MAX};
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

    /// The same with how many of the candidate's answers differ from what people got; nothing of a run of
    /// more than [`TURNS_AT_HAND_MAX`] turns, which takes too long for a list.
    pub async fn runs_compared(
        &self,
        by: &Principal,
        ids: Ids<'_>,
        after: Option<&str>,
    ) -> Result<Vec<(RunRow, Option<u32>)>, ReplayError> {
        by.require(Permission::AgentsRead, ids.0)?;
        let mut compared = Vec::new();
        for run in self.newest(ids, after, RUNS_PAGE).await? {
            compared.push(self.compared(ids.0, run).await?);
        }
        Ok(compared)
    }

    /// The newest of an agent's runs, compared.
    pub async fn last_compared(
        &self,
        by: &Principal,
        ids: Ids<'_>,
    ) -> Result<Option<(RunRow, Option<u32>)>, ReplayError> {
        by.require(Permission::AgentsRead, ids.0)?;
        match self.newest(ids, None, 1).await?.pop() {
            Some(run) => Ok(Some(self.compared(ids.0, run).await?)),
            None => Ok(None),
        }
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

    async fn compared(
        &self,
        tenant: &TenantId,
        run: RunRow,
    ) -> Result<(RunRow, Option<u32>), ReplayError> {
        if u64::from(TURNS_AT_HAND_MAX) < run.cases || run.asked == 0 {
            return Ok((run, None));
        }
        let changed = self.0.parts.replay.changed(tenant, &run.id).await?;
        Ok((run, Some(changed)))
    }
}
