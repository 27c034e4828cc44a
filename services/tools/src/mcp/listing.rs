//! What servers have, kept for a while: not every message asks them.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use providers::Tool;
use schemas::{TenantId, ToolId};
use tokio::time::Instant;

use crate::outcome::Failed;

/// After this long a server is asked again.
const AGE_MAX: Duration = Duration::from_mins(5);

/// After this long a server that did not answer is asked again: until then nobody waits for it.
const FAILED_AGE_MAX: Duration = Duration::from_secs(30);

/// Lists that are kept; where there are more, all servers are asked again.
const KEPT_MAX: usize = 1_000;

/// The same of their bytes, about.
const KEPT_BYTES_MAX: usize = 32 << 20;

/// What a server has, or why that is not known.
pub(crate) type Listed = Result<Arc<[Tool]>, Unlisted>;

/// Why it is not known what a server has.
#[derive(Clone)]
pub(crate) struct Unlisted {
    pub(crate) why: Failed,
    /// The same in a sentence, which may be the server's.
    pub(crate) text: Arc<str>,
}

/// Lists by tenant and declaration.
#[derive(Default)]
pub(crate) struct Listings(Mutex<HashMap<(TenantId, ToolId), Kept>>);

struct Kept {
    /// Of which declaration; another one is another server.
    of: Arc<schemas::Tool>,
    listed: Listed,
    bytes: usize,
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
        let bytes = bytes(&listed);
        let mut all = self.lock();
        let kept_bytes: usize = all.values().map(|kept| kept.bytes).sum();
        if KEPT_MAX <= all.len() || KEPT_BYTES_MAX < kept_bytes.saturating_add(bytes) {
            all.clear();
        }
        let kept = Kept { of: Arc::clone(declared), listed, bytes, since: Instant::now() };
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

/// What a list takes, about.
fn bytes(listed: &Listed) -> usize {
    let of = |tool: &Tool| {
        let schema = tool.parameters.to_string();
        tool.name.len().saturating_add(tool.description.len()).saturating_add(schema.len())
    };
    listed.as_ref().map_or_else(|unlisted| unlisted.text.len(), |tools| tools.iter().map(of).sum())
}
