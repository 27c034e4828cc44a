//! Places for what is asked of tools at once: so many for all, and fewer for each tenant, so that whoever
//! calls slow ones leaves room for everybody else.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
};

use schemas::TenantId;
use tokio::sync::{AcquireError, OwnedSemaphorePermit, Semaphore};

/// How many calls of tools one process has under way at once.
pub const CALLS_AT_ONCE_MAX: usize = 256;

/// How many of them are one tenant's.
pub const CALLS_OF_TENANT_AT_ONCE_MAX: usize = 64;

/// What whoever got no place in time is told.
pub(crate) const BUSY: &str =
    "Not called: too many calls of tools are under way just now. It may work later.";

/// How many calls are under way at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AtOnce {
    /// Of all tenants together.
    pub all: usize,
    /// Of one tenant; fewer than of all.
    pub of_tenant: usize,
}

/// The places of a process.
pub(crate) struct Places {
    at_once: AtOnce,
    all: Arc<Semaphore>,
    /// Of those tenants that have a call under way, or one that waits.
    tenants: Mutex<HashMap<TenantId, Weak<Semaphore>>>,
}

/// The right to make a call. It ends with this value.
pub(crate) struct Place {
    _of_tenant: OwnedSemaphorePermit,
    _of_all: OwnedSemaphorePermit,
}

impl Default for AtOnce {
    fn default() -> Self {
        Self { all: CALLS_AT_ONCE_MAX, of_tenant: CALLS_OF_TENANT_AT_ONCE_MAX }
    }
}

impl Places {
    pub(crate) fn new(at_once: AtOnce) -> Self {
        let all = Arc::new(Semaphore::new(at_once.all));
        Self { at_once, all, tenants: Mutex::default() }
    }

    /// Waits for a place, first come, first served. Whoever calls bounds the time. A tenant's own place
    /// comes first, so that no more of its calls stand in the queue of all than may be under way.
    pub(crate) async fn take(&self, tenant: &TenantId) -> Result<Place, AcquireError> {
        let of_tenant = self.of_tenant(tenant).acquire_owned().await?;
        let of_all = Arc::clone(&self.all).acquire_owned().await?;
        Ok(Place { _of_tenant: of_tenant, _of_all: of_all })
    }

    fn of_tenant(&self, tenant: &TenantId) -> Arc<Semaphore> {
        let mut tenants = self.lock();
        if let Some(known) = tenants.get(tenant).and_then(Weak::upgrade) {
            return known;
        }
        tenants.retain(|_, semaphore| 0 < semaphore.strong_count());
        let semaphore = Arc::new(Semaphore::new(self.at_once.of_tenant));
        tenants.insert(tenant.clone(), Arc::downgrade(&semaphore));
        semaphore
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<TenantId, Weak<Semaphore>>> {
        // Nothing that can panic is done under the lock.
        self.tenants.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt as _;

    use super::*;

    /// A place, if there is one now.
    fn taken(places: &Places, tenant: &str) -> Option<Place> {
        let tenant = tenant.parse().unwrap();
        places.take(&tenant).now_or_never().map(Result::unwrap)
    }

    #[test]
    fn whoever_calls_the_most_leaves_places_for_others() {
        let places = Places::new(AtOnce { all: 3, of_tenant: 2 });
        let noisy = [taken(&places, "noisy"), taken(&places, "noisy")];
        assert!(noisy.iter().all(Option::is_some));
        assert!(taken(&places, "noisy").is_none(), "its places are taken");
        let quiet = taken(&places, "quiet");
        assert!(quiet.is_some());
        assert!(taken(&places, "other").is_none(), "all places are taken");
        drop(quiet);
        assert!(taken(&places, "noisy").is_none(), "what is free is not for whoever has the most");
        assert!(taken(&places, "other").is_some());
        drop(noisy);
        assert!(taken(&places, "noisy").is_some());
    }

    #[test]
    fn whoever_gave_up_waiting_holds_nothing() {
        let places = Places::new(AtOnce { all: 1, of_tenant: 1 });
        let held = taken(&places, "acme");
        for _ in 0..3 {
            assert!(taken(&places, "globex").is_none());
        }
        drop(held);
        assert!(taken(&places, "globex").is_some());
    }

    #[test]
    fn a_tenant_that_calls_nothing_is_forgotten() {
        let places = Places::new(AtOnce::default());
        let held = taken(&places, "acme");
        for nth in 0..100 {
            drop(taken(&places, &format!("tenant-{nth}")));
        }
        assert_eq!(places.lock().len(), 2, "the one that calls, and the last one");
        drop(held);
    }
}
