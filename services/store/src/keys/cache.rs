//! A bounded memory of keys. Each is loaded once, however many wait for it.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use domain::seal::DataKey;
use schemas::TenantId;
use tokio::{sync::OnceCell, time::Instant};

use crate::StoreError;

/// After this long a key is looked up again, so that one erased elsewhere is forgotten here.
const AGE_MAX: Duration = Duration::from_mins(5);

pub(super) struct Cache {
    held_max: usize,
    slots: Mutex<HashMap<TenantId, Slot>>,
}

struct Slot {
    key: Arc<OnceCell<DataKey>>,
    made_at: Instant,
    used_at: Instant,
}

impl Cache {
    pub(super) fn new(held_max: usize) -> Self {
        Self { held_max: held_max.max(1), slots: Mutex::default() }
    }

    /// The key held for a tenant, or what `load` gives. A failure is not held.
    pub(super) async fn get(
        &self,
        tenant: &TenantId,
        load: impl Future<Output = Result<DataKey, StoreError>>,
    ) -> Result<DataKey, StoreError> {
        let slot = self.slot(tenant);
        slot.get_or_try_init(|| load).await.cloned()
    }

    pub(super) fn remove(&self, tenant: &TenantId) {
        self.slots().remove(tenant);
    }

    fn slot(&self, tenant: &TenantId) -> Arc<OnceCell<DataKey>> {
        let now = Instant::now();
        let mut slots = self.slots();
        if let Some(slot) = slots.get_mut(tenant)
            && now.duration_since(slot.made_at) < AGE_MAX
        {
            slot.used_at = now;
            return Arc::clone(&slot.key);
        }
        if self.held_max <= slots.len() {
            make_room(&mut slots);
        }
        let slot = Slot { key: Arc::default(), made_at: now, used_at: now };
        let key = Arc::clone(&slot.key);
        slots.insert(tenant.clone(), slot);
        key
    }

    fn slots(&self) -> MutexGuard<'_, HashMap<TenantId, Slot>> {
        // Nothing that can panic is done under the lock.
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Lets go of the eighth that was used longest ago, so that this is done seldom.
fn make_room(slots: &mut HashMap<TenantId, Slot>) {
    let mut used: Vec<Instant> = slots.values().map(|slot| slot.used_at).collect();
    let (_, oldest, _) = used.select_nth_unstable(slots.len() / 8);
    let oldest = *oldest;
    slots.retain(|_, slot| oldest < slot.used_at);
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use domain::seal::KEY_LEN;

    use super::*;

    fn tenant(n: usize) -> TenantId {
        format!("tenant-{n}").parse().unwrap()
    }

    async fn load(count: &AtomicUsize) -> Result<DataKey, StoreError> {
        count.fetch_add(1, Ordering::Relaxed);
        tokio::task::yield_now().await;
        Ok(DataKey::new([1; KEY_LEN]))
    }

    #[tokio::test(start_paused = true)]
    async fn many_who_ask_at_once_load_once() {
        let (cache, count) = (Cache::new(8), AtomicUsize::new(0));
        let tenant = tenant(1);
        let ask = || cache.get(&tenant, load(&count));
        let (a, b, c) = tokio::join!(ask(), ask(), ask());
        assert!(a.is_ok() && b.is_ok() && c.is_ok());
        assert_eq!(count.load(Ordering::Relaxed), 1);
        tokio::time::advance(AGE_MAX).await;
        ask().await.unwrap();
        assert_eq!(count.load(Ordering::Relaxed), 2, "an old key is looked up again");
    }

    #[tokio::test(start_paused = true)]
    async fn it_is_bounded_and_keeps_what_is_used() {
        let (cache, count) = (Cache::new(16), AtomicUsize::new(0));
        for n in 0..200 {
            tokio::time::advance(Duration::from_millis(1)).await;
            cache.get(&tenant(n), load(&count)).await.unwrap();
            cache.get(&tenant(0), load(&count)).await.unwrap();
        }
        assert!(cache.slots().len() <= 16);
        assert_eq!(count.load(Ordering::Relaxed), 200, "the one in use was never let go");
    }

    #[tokio::test]
    async fn a_failure_is_not_held() {
        let (cache, count) = (Cache::new(8), AtomicUsize::new(0));
        let fail = async { Err(StoreError::row("no")) };
        assert!(cache.get(&tenant(1), fail).await.is_err());
        assert!(cache.get(&tenant(1), load(&count)).await.is_ok());
    }
}
