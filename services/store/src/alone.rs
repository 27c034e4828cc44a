//! Work that is done by one program at a time: whatever erases something of a tenant, or imports it, and
//! whatever takes stories, of a person, by their age or as late word.
//!
//! Whoever is at it holds an advisory lock in a session of its own; when the session dies, for whatever
//! reason, the lock is free. Nothing is left behind that somebody would have to clear.

use std::time::Duration;

use tokio::{sync::watch, task::JoinHandle, time};
use tokio_postgres::Client;

use crate::{
    Database, StoreError,
    fence::{lock_key, session},
};

/// How often the session is asked whether it lives.
const BEAT_EVERY: Duration = Duration::from_secs(2);
/// How long the answer may take.
const BEAT_WAIT_MAX: Duration = Duration::from_secs(5);

/// How often a lock that is not free is tried, and the pause between: the server may take a moment to see
/// that whoever held it is gone.
const TRIES_MAX: u32 = 10;
const TRY_PAUSE: Duration = Duration::from_millis(100);

/// How the sessions begin that hold such locks; then comes who it is.
const NAMED: &str = "konstruct-alone ";

const TRY_LOCK: &str = "select pg_try_advisory_lock($1)";
/// Whose session holds it. Its key stands in two halves there.
const HOLDER: &str = "
    select a.application_name from pg_locks l join pg_stat_activity a using (pid)
     where l.locktype = 'advisory' and l.granted and l.objsubid = 1
       and a.datname = current_database()
       and (l.classid::bigint << 32 | l.objid::bigint) = $1
     limit 1";
const BEAT: &str = "select 1";

/// Somebody else is at it.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
#[error("{by} is at it just now")]
pub struct Busy {
    /// Host and process, as they called themselves.
    pub by: String,
}

/// The only one who is at it. Dropped, it is over.
#[derive(Debug)]
pub struct Alone {
    lost: watch::Receiver<bool>,
    heart: JoinHandle<()>,
}

impl Alone {
    /// Takes a piece of work by its name, unless somebody is at it. `owner` is for people: host and process.
    pub async fn take(
        db: &Database,
        work: &str,
        owner: &str,
    ) -> Result<Result<Self, Busy>, StoreError> {
        let (client, lost) = session(db, format!("{NAMED}{owner}")).await?;
        let key = lock_key(&format!("alone {work}"));
        for tries in 0..TRIES_MAX {
            if 0 < tries {
                time::sleep(TRY_PAUSE).await;
            }
            if client.query_one(TRY_LOCK, &[&key]).await?.try_get(0)? {
                return Ok(Ok(Self { lost, heart: tokio::spawn(beat(client)) }));
            }
        }
        let holder = client.query_opt(HOLDER, &[&key]).await?;
        let holder: Option<String> = holder.map(|row| row.try_get(0)).transpose()?;
        let by = holder.as_deref().and_then(|name| name.strip_prefix(NAMED));
        Ok(Err(Busy { by: by.unwrap_or("another program").to_owned() }))
    }

    /// Comes when it is over.
    pub fn lost(&self) -> impl Future<Output = ()> + Send + use<> {
        let mut lost = self.lost.clone();
        // An error means that the session's task is gone, which is the same.
        async move { drop(lost.wait_for(|lost| *lost).await) }
    }
}

impl Drop for Alone {
    /// Ends the session, and with it the lock.
    fn drop(&mut self) {
        self.heart.abort();
    }
}

/// Holds the session, and lets it go when it does not answer.
async fn beat(client: Client) {
    loop {
        time::sleep(BEAT_EVERY).await;
        let answer = time::timeout(BEAT_WAIT_MAX, client.query_one(BEAT, &[])).await;
        if !matches!(answer, Ok(Ok(_))) {
            return;
        }
    }
}
