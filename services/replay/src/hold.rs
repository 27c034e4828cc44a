//! Who is at a run: one process at a time, which says so again while it asks and hears that it was stopped.

use std::{convert::Infallible, sync::Mutex, time::Duration};

use schemas::TenantId;
use store::{
    TenantTx,
    replays::{self, At, Hold},
    spend,
};

use crate::{Employee, Replay, ReplayError, Stop, going::lock};

/// How long a run is held at a time: so long nobody else takes it up where whoever asked it was killed.
const HELD_FOR: Duration = Duration::from_secs(30);

/// How often whoever asks a run holds it again, beside each time that a turn begins, and hears whether it was
/// stopped.
const HOLD_EVERY: Duration = Duration::from_secs(3);

/// A run that was taken up. Whoever has this asks it by [`Replay::finish`].
#[derive(Debug)]
pub struct Taken {
    run: String,
    /// Tells this time from any other that it is taken up.
    holder: String,
}

impl Taken {
    /// The run.
    pub(crate) fn run(&self) -> &str {
        &self.run
    }

    fn at(&self) -> At<'_> {
        At { run: &self.run, holder: &self.holder }
    }
}

/// Why no other run begins.
pub(crate) fn under_way(of_tests: bool) -> ReplayError {
    ReplayError::Busy(if of_tests {
        "its tests are being asked: wait until that is over, or stop them"
    } else {
        "its answers are being asked again already: wait until that is over, or stop it"
    })
}

impl Replay {
    /// Takes a run up, with another budget where one is said, unless somebody is at it.
    pub async fn take(
        &self,
        tenant: &TenantId,
        run: &str,
        budget_micros: Option<u64>,
    ) -> Result<Taken, ReplayError> {
        let now = self.now();
        let mut tx = self.db.tenant(tenant).await?;
        let found = replays::find(&mut tx, run).await?;
        found.ok_or_else(|| ReplayError::NoRun(run.to_owned()))?;
        let taken = Taken { run: run.to_owned(), holder: spend::unique("replay") };
        let until = now.plus(HELD_FOR);
        if !replays::take(&mut tx, taken.at(), budget_micros, (now, until)).await? {
            return Err(ReplayError::Held);
        }
        tx.commit().await?;
        Ok(taken)
    }

    /// Takes a run up in the transaction that makes it, unless somebody is asking turns of that agent, or its
    /// tests where they are tests. So a request that comes twice costs once.
    pub(crate) async fn begin(
        &self,
        mut tx: TenantTx,
        who: &Employee,
        (run, of_tests): (String, bool),
    ) -> Result<Taken, ReplayError> {
        let now = self.now();
        if !replays::may_begin(&mut tx, (&who.agent.id, of_tests), now).await? {
            return Err(under_way(of_tests));
        }
        let taken = Taken { run, holder: spend::unique("replay") };
        if !replays::take(&mut tx, taken.at(), None, (now, now.plus(HELD_FOR))).await? {
            return Err(ReplayError::Held);
        }
        tx.commit().await?;
        Ok(taken)
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

    /// Ends a run that was taken, and lets go of it: it is done, or stopped for that reason.
    pub(crate) async fn put_down(
        &self,
        tenant: &TenantId,
        taken: &Taken,
        why: Option<&str>,
    ) -> Result<(), ReplayError> {
        let mut tx = self.db.tenant(tenant).await?;
        if !replays::end(&mut tx, taken.at(), why, self.now()).await? {
            return Err(ReplayError::Lost(taken.run.clone()));
        }
        Ok(tx.commit().await?)
    }

    /// Holds a run while it is asked.
    pub(crate) async fn hold(
        &self,
        tenant: &TenantId,
        taken: &Taken,
        stopped: &Mutex<Option<Stop>>,
    ) -> Infallible {
        loop {
            tokio::time::sleep(HOLD_EVERY).await;
            self.hear(tenant, taken, stopped).await;
        }
    }

    /// Holds a run a while longer. Once somebody has stopped it or taken it up, no other turn begins.
    pub(crate) async fn hear(
        &self,
        tenant: &TenantId,
        taken: &Taken,
        stopped: &Mutex<Option<Stop>>,
    ) {
        let why = match self.held(tenant, taken).await {
            // A database that is away keeps turns from being asked by itself.
            Ok(Hold::Open) | Err(_) => None,
            Ok(Hold::Stopped) => Some(Stop::Operator),
            // How it ends is for whoever is at it now.
            Ok(Hold::Lost) => Some(Stop::Interrupted),
        };
        if let Some(why) = why {
            lock(stopped).get_or_insert(why);
        }
    }

    async fn held(&self, tenant: &TenantId, taken: &Taken) -> Result<Hold, ReplayError> {
        let mut tx = self.db.tenant(tenant).await?;
        let held = replays::hold(&mut tx, taken.at(), self.now().plus(HELD_FOR)).await?;
        tx.commit().await?;
        Ok(held)
    }
}
