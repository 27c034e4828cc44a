//! Who is at a run: one process at a time, which says so again while it asks and hears that it was stopped.

use std::{convert::Infallible, sync::Mutex, time::Duration};

use schemas::TenantId;
use store::replays;

use crate::{Replay, ReplayError, Stop, run::lock};

/// How long a run is held at a time: so long nobody else takes it up where whoever asked it was killed.
const HELD_FOR: Duration = Duration::from_secs(30);

/// How often whoever asks a run holds it again, and hears whether it was stopped.
const HOLD_EVERY: Duration = Duration::from_secs(3);

impl Replay {
    /// Takes a run up, with another budget where one is said, unless somebody is at it. Whoever has taken
    /// it asks it by [`Replay::finish`].
    pub async fn take(
        &self,
        tenant: &TenantId,
        run: &str,
        budget_micros: Option<u64>,
    ) -> Result<(), ReplayError> {
        let now = self.now();
        let mut tx = self.db.tenant(tenant).await?;
        let found = replays::find(&mut tx, run).await?;
        found.ok_or_else(|| ReplayError::NoRun(run.to_owned()))?;
        if !replays::take(&mut tx, run, budget_micros, (now, now.plus(HELD_FOR))).await? {
            return Err(ReplayError::Held);
        }
        Ok(tx.commit().await?)
    }

    /// Has a run stopped, whoever is at it: the turns under way end, and no other begins. Whether it was
    /// open.
    pub async fn stop(&self, tenant: &TenantId, run: &str) -> Result<bool, ReplayError> {
        let mut tx = self.db.tenant(tenant).await?;
        let found = replays::find(&mut tx, run).await?;
        found.ok_or_else(|| ReplayError::NoRun(run.to_owned()))?;
        let stopped = replays::stop(&mut tx, run, &Stop::Operator.to_string(), self.now()).await?;
        tx.commit().await?;
        Ok(stopped)
    }

    /// Lets go of a run that was taken, so that it goes on whenever somebody says so.
    pub async fn put_down(&self, tenant: &TenantId, run: &str) -> Result<(), ReplayError> {
        let mut tx = self.db.tenant(tenant).await?;
        let why = Stop::Interrupted.to_string();
        replays::end(&mut tx, run, Some(&why), self.now()).await?;
        Ok(tx.commit().await?)
    }

    /// Holds a run while it is asked. Once somebody has stopped it, no other turn begins.
    pub(crate) async fn hold(
        &self,
        tenant: &TenantId,
        run: &str,
        stopped: &Mutex<Option<Stop>>,
    ) -> Infallible {
        loop {
            tokio::time::sleep(HOLD_EVERY).await;
            // A database that is away keeps turns from being asked by itself.
            if let Ok(false) = self.held(tenant, run).await {
                lock(stopped).get_or_insert(Stop::Operator);
            }
        }
    }

    async fn held(&self, tenant: &TenantId, run: &str) -> Result<bool, ReplayError> {
        let mut tx = self.db.tenant(tenant).await?;
        let is_open = replays::hold(&mut tx, run, self.now().plus(HELD_FOR)).await?;
        tx.commit().await?;
        Ok(is_open)
    }
}
