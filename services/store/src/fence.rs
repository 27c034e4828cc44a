//! One worker leads an ordered stage; others stand by.
//!
//! The leader holds an advisory lock in a session of its own: when the session dies, for whatever
//! reason, the lock is free. A leader may learn of that late, so leading alone proves nothing: each
//! turn has a higher epoch, and records made under an older one are refused.

use std::time::Duration;

use sha2::{Digest as _, Sha256};
use tokio::{sync::watch, task::JoinHandle, time};
use tokio_postgres::Client;
use tracing::warn;

use crate::{Database, Role, StoreError, TenantTx, tls};

/// How often one that stands by looks whether the lock is free.
const LOOK_EVERY: Duration = Duration::from_millis(200);
/// How often a leader asks whether its session lives.
const BEAT_EVERY: Duration = Duration::from_secs(2);
/// How long the answer may take.
const BEAT_WAIT_MAX: Duration = Duration::from_secs(5);
/// When the leader's machine is gone, its session ends on the server after about 11 s.
const OPTIONS: &str = "-c statement_timeout=10000 -c tcp_keepalives_idle=5 \
                       -c tcp_keepalives_interval=2 -c tcp_keepalives_count=3";

const TRY_LOCK: &str = "select pg_try_advisory_lock($1)";
const BUMP: &str = "
    insert into stage_fence (stage, epoch, owner) values ($1, 1, $2)
    on conflict (stage) do update
       set epoch = stage_fence.epoch + 1, owner = excluded.owner, since = now()
    returning epoch";
const EPOCH: &str = "select epoch from stage_fence where stage = $1";

/// The right to write, as long as nobody newer leads. Goes into records.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fence {
    stage: String,
    epoch: i64,
}

impl Fence {
    /// Which stage is led.
    pub fn stage(&self) -> &str {
        &self.stage
    }

    /// The turn; only grows.
    pub const fn epoch(&self) -> i64 {
        self.epoch
    }

    /// Refuses to go on if somebody newer leads.
    pub async fn check(&self, tx: &mut TenantTx) -> Result<(), StoreError> {
        let row = tx.query_opt(EPOCH, &[&self.stage]).await?;
        let current: Option<i64> = row.map(|row| row.try_get(0)).transpose()?;
        if current == Some(self.epoch) {
            return Ok(());
        }
        Err(StoreError::Fenced(self.stage.clone()))
    }
}

/// A turn at leading a stage. Dropped, it ends and the next one's begins.
#[derive(Debug)]
pub struct Leadership {
    fence: Fence,
    lost: watch::Receiver<bool>,
    heart: JoinHandle<()>,
}

impl Leadership {
    /// Waits until nobody leads `stage`, then leads it. `owner` is for people: host and process.
    pub async fn acquire(db: &Database, stage: &str, owner: &str) -> Result<Self, StoreError> {
        let (client, lost) = session(db, format!("konstruct-lead-{stage}")).await?;
        let key = lock_key(stage);
        while !client.query_one(TRY_LOCK, &[&key]).await?.try_get::<_, bool>(0)? {
            time::sleep(LOOK_EVERY).await;
        }
        let epoch = client.query_one(BUMP, &[&stage, &owner]).await?.try_get(0)?;
        let fence = Fence { stage: stage.to_owned(), epoch };
        let heart = tokio::spawn(beat(client, fence.clone()));
        Ok(Self { fence, lost, heart })
    }

    /// What to put into records.
    pub fn fence(&self) -> &Fence {
        &self.fence
    }

    /// Returns when the turn is over: stop at once, another may lead by now.
    pub async fn lost(&self) {
        let mut lost = self.lost.clone();
        // An error means that the session's task is gone, which is the same.
        drop(lost.wait_for(|lost| *lost).await);
    }
}

impl Drop for Leadership {
    /// Ends the session, and with it the lock.
    fn drop(&mut self) {
        self.heart.abort();
    }
}

/// A session of that name that belongs to no pool, and word of its end.
pub(crate) async fn session(
    db: &Database,
    name: String,
) -> Result<(Client, watch::Receiver<bool>), StoreError> {
    let mut config = db.settings().config(Role::App)?;
    config.options(OPTIONS).application_name(name.as_str()).tcp_user_timeout(BEAT_WAIT_MAX);
    let (client, connection) = config.connect(tls::connector(db.settings())?).await?;
    let (over, lost) = watch::channel(false);
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            warn!(session = name, error = %StoreError::from(error), "lost a session that holds a lock");
        }
        over.send_replace(true);
    });
    Ok((client, lost))
}

/// Holds the session, and lets it go when it does not answer.
async fn beat(client: Client, fence: Fence) {
    loop {
        time::sleep(BEAT_EVERY).await;
        let answer = time::timeout(BEAT_WAIT_MAX, client.query_one(EPOCH, &[&fence.stage])).await;
        let epoch = answer.ok().and_then(Result::ok).and_then(|row| row.try_get(0).ok());
        if epoch != Some(fence.epoch) {
            return;
        }
    }
}

/// The lock of a stage, or of other work by its name.
pub(crate) fn lock_key(stage: &str) -> i64 {
    let digest = Sha256::digest(format!("konstruct stage {stage}"));
    i64::from_be_bytes(digest.first_chunk().copied().unwrap_or_default())
}
