//! What servers have, kept for a while: not every message asks them.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use providers::Tool;
use schemas::{TenantId, ToolId};
use tokio::time::Instant;

/// After this long a server is asked again.
const AGE_MAX: Duration = Duration::from_mins(5);

/// After this long a server that did not answer is asked again: until then nobody waits for it.
const FAILED_AGE_MAX: Duration = Duration::from_secs(30);

/// Lists that are kept; where there are more, all servers are asked again.
const KEPT_MAX: usize = 1_000;

/// What a server has, or why that is not known.
pub(crate) type Listed = Result<Arc<[Tool]>, Arc<str>>;

/// Lists by tenant and declaration.
#[derive(Default)]
pub(crate) struct Listings(Mutex<HashMap<(TenantId, ToolId), Kept>>);

struct Kept {
    /// Of which declaration; another one is another server.
    of: Arc<schemas::Tool>,
    listed: Listed,
    since: Instant,
}

impl Listings {
    /// What is known of the server that is declared so.
    pub(crate) fn get(&self, tenant: &TenantId, declared: &schemas::Tool) -> Option<Listed> {
        let key = (tenant.clone(), declared.id.clone());
        let kept = self.lock();
        let kept = kept.get(&key).filter(|kept| *kept.of == *declared)?;
        let age_max = if kept.listed.is_ok() { AGE_MAX } else { FAILED_AGE_MAX };
        (kept.since.elapsed() < age_max).then(|| kept.listed.clone())
    }

    pub(crate) fn put(&self, tenant: &TenantId, declared: &Arc<schemas::Tool>, listed: Listed) {
        let mut all = self.lock();
        if KEPT_MAX <= all.len() {
            all.clear();
        }
        let kept = Kept { of: Arc::clone(declared), listed, since: Instant::now() };
        all.insert((tenant.clone(), declared.id.clone()), kept);
    }

    /// It is not as it was: the next one who wants to know asks.
    pub(crate) fn forget(&self, tenant: &TenantId, tool: &ToolId) {
        self.lock().remove(&(tenant.clone(), tool.clone()));
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<(TenantId, ToolId), Kept>> {
        // Nothing that can panic is done under the lock.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
