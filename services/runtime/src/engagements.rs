//! Threads that agents follow: the `engagements` bucket, watched into memory.

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use async_nats::jetstream::kv::{Operation, Store};
use futures::StreamExt as _;
use schemas::{ConnectionId, ConversationId, TenantId, Timestamp, subject};
use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;
use tracing::warn;

use crate::{Bus, BusError};

/// The pause before a broken watch is taken up again.
const RESUME_PAUSE: Duration = Duration::from_millis(500);

/// An engagement is written again only when it would last this much longer.
const REFRESH_MIN: Duration = Duration::from_mins(1);

#[derive(Clone, Copy, Serialize, Deserialize)]
struct Value {
    engaged_until: Timestamp,
}

/// Which threads are followed, and until when. Cheap to clone.
///
/// The memory is a cache: what it does not know is looked up in the bucket, never assumed.
#[derive(Clone)]
pub struct Engagements {
    store: Store,
    known: Arc<RwLock<HashMap<String, Timestamp>>>,
}

impl Engagements {
    /// Opens the bucket and starts watching it.
    pub async fn start(bus: &Bus, stop: &CancellationToken) -> Result<Self, BusError> {
        let store = bus.jetstream.get_key_value(nats::ENGAGEMENTS.name).await;
        let store = store.map_err(|error| read_error(&error))?;
        let engagements = Self { store, known: Arc::default() };
        let (watched, stop) = (engagements.clone(), stop.clone());
        tokio::spawn(async move {
            while !stop.is_cancelled() {
                if let Err(error) = watched.follow(&stop).await {
                    warn!(error = format!("{error:#}"), "engagements are looked up, not watched");
                }
                _ = stop.run_until_cancelled(tokio::time::sleep(RESUME_PAUSE)).await;
            }
        });
        Ok(engagements)
    }

    /// Whether an agent follows the thread at `now`.
    pub async fn is_engaged(
        &self,
        tenant: &TenantId,
        connection: &ConnectionId,
        conversation: &ConversationId,
        now: Timestamp,
    ) -> Result<bool, BusError> {
        let key = subject::engagement(tenant, connection, conversation);
        if self.cached(&key).is_some_and(|until| now < until) {
            return Ok(true);
        }
        let found = self.store.get(&key).await.map_err(|error| read_error(&error))?;
        let value = found.and_then(|bytes| serde_json::from_slice::<Value>(&bytes).ok());
        if let Some(Value { engaged_until }) = value {
            self.remember(key, engaged_until);
            return Ok(now < engaged_until);
        }
        Ok(false)
    }

    /// Follows the thread until `until`, stored when this returns. Sparse: an engagement that lasts
    /// nearly as long already is left as it is.
    pub async fn engage(
        &self,
        tenant: &TenantId,
        connection: &ConnectionId,
        conversation: &ConversationId,
        until: Timestamp,
    ) -> Result<(), BusError> {
        let key = subject::engagement(tenant, connection, conversation);
        if self.cached(&key).is_some_and(|known| until.since(known) < REFRESH_MIN) {
            return Ok(());
        }
        let value = serde_json::to_vec(&Value { engaged_until: until })
            .map_err(|error| BusError::Unpublishable(error.to_string()))?;
        let stored = self.store.put(&key, value.into()).await;
        stored.map_err(|error| BusError::NotStored(error.to_string()))?;
        self.remember(key, until);
        Ok(())
    }

    /// Forgets what is over by `now`. The bucket forgets by itself.
    pub fn forget_past(&self, now: Timestamp) {
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        known.retain(|_, until| now < *until);
    }

    async fn follow(&self, stop: &CancellationToken) -> anyhow::Result<()> {
        let mut changes = self.store.watch_all().await?;
        while let Some(Some(change)) = stop.run_until_cancelled(changes.next()).await {
            let change = change?;
            match (change.operation, serde_json::from_slice::<Value>(&change.value)) {
                (Operation::Put, Ok(value)) => self.remember(change.key, value.engaged_until),
                (Operation::Put | Operation::Delete | Operation::Purge, _) => {
                    let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
                    known.remove(&change.key);
                }
            }
        }
        Ok(())
    }

    fn cached(&self, key: &str) -> Option<Timestamp> {
        self.known.read().unwrap_or_else(PoisonError::into_inner).get(key).copied()
    }

    fn remember(&self, key: String, until: Timestamp) {
        self.known.write().unwrap_or_else(PoisonError::into_inner).insert(key, until);
    }
}

fn read_error(error: &dyn std::fmt::Display) -> BusError {
    BusError::Read { what: nats::ENGAGEMENTS.name.to_owned(), why: error.to_string() }
}
