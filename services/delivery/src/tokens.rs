//! The connections' tokens, held for a while so that not every call asks the database.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use domain::secret::Secret;
use schemas::{TenantId, Timestamp};
use store::{StoreError, secrets::Secrets};
use tokio::time::Instant;

/// After this long a token is read again, so that one that was replaced or removed goes out of use
/// also where the chat system still takes it.
const AGE_MAX: Duration = Duration::from_secs(30);

/// Tokens held; where there are more, all are read again.
const HELD_MAX: usize = 10_000;

/// Tokens by tenant and name.
pub struct Tokens {
    secrets: Secrets,
    held: Mutex<HashMap<(TenantId, String), (Secret, Instant)>>,
}

impl Tokens {
    /// Those kept in `secrets`.
    pub fn new(secrets: Secrets) -> Self {
        Self { secrets, held: Mutex::default() }
    }

    /// The token of that name, if there is one.
    pub(crate) async fn get(
        &self,
        tenant: &TenantId,
        name: &str,
        now: Timestamp,
    ) -> Result<Option<Secret>, StoreError> {
        let key = (tenant.clone(), name.to_owned());
        let held = self.held().get(&key).filter(|(_, since)| since.elapsed() < AGE_MAX).cloned();
        if let Some((token, _)) = held {
            return Ok(Some(token));
        }
        self.read(key, now).await
    }

    /// Whether `refused` is no longer the token of that name. Another is used from here on; where
    /// there is none, the connection names another by now.
    pub(crate) async fn is_replaced(
        &self,
        tenant: &TenantId,
        name: &str,
        refused: &Secret,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let token = self.read((tenant.clone(), name.to_owned()), now).await?;
        Ok(token.is_none_or(|token| token != *refused))
    }

    async fn read(
        &self,
        key: (TenantId, String),
        now: Timestamp,
    ) -> Result<Option<Secret>, StoreError> {
        let found = self.secrets.get(&key.0, &key.1, now).await?;
        let mut held = self.held();
        if HELD_MAX <= held.len() {
            held.clear();
        }
        match &found {
            Some(token) => drop(held.insert(key, (token.clone(), Instant::now()))),
            None => drop(held.remove(&key)),
        }
        Ok(found)
    }

    fn held(&self) -> MutexGuard<'_, HashMap<(TenantId, String), (Secret, Instant)>> {
        // Nothing that can panic is done under the lock.
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
