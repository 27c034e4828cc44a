//! A bounded memory of keys. Each is loaded once, however many wait for it.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use domain::seal::DataKey;
use schemas::TenantId;
use tokio::{
    sync::OnceCell,
    time::{Instant, timeout},
};

use crate::StoreError;

/// After this long a key is looked up again, so that one erased elsewhere is forgotten here.
const AGE_MAX: Duration = Duration::from_mins(5);

/// While the database is away, a key that was read this long ago is still good.
const OUTAGE_MAX: Duration = Duration::from_hours(1);

/// Whoever has an older key does not wait longer for the database than this.
const RELOAD_WAIT: Duration = Duration::from_millis(500);

/// The pause before the database is asked again, where there is an older key.
const RELOAD_PAUSE: Duration = Duration::from_secs(5);

pub(super) struct Cache {
    held_max: usize,
    slots: Mutex<HashMap<TenantId, Slot>>,
}

struct Slot {
    key: Arc<OnceCell<DataKey>>,
    made_at: Instant,
    used_at: Instant,
    /// The key before this look-up, for as long as that has brought nothing.
    former: Option<Former>,
}

#[derive(Clone)]
struct Former {
    key: DataKey,
    read_at: Instant,
    /// Until then the database is left alone.
    ask_at: Instant,
}

/// How a key is got.
struct Way {
    key: Arc<OnceCell<DataKey>>,
    former: Option<Former>,
}

impl Cache {
    pub(super) fn new(held_max: usize) -> Self {
        Self { held_max: held_max.max(1), slots: Mutex::default() }
    }

    /// The key held for a tenant, or what `load` gives. A failure is not held. While the database is
    /// away, the key it gave last is good for an hour.
    pub(super) async fn get(
        &self,
        tenant: &TenantId,
        load: impl Future<Output = Result<DataKey, StoreError>>,
    ) -> Result<DataKey, StoreError> {
        let Way { key, former } = self.way(tenant);
        let Some(former) = former else {
            return key.get_or_try_init(|| load).await.cloned();
        };
        if Instant::now() < former.ask_at && !key.initialized() {
            return Ok(former.key);
        }
        match timeout(RELOAD_WAIT, Box::pin(key.get_or_try_init(|| load))).await {
            Ok(Ok(key)) => {
                self.renew(tenant);
                Ok(key.clone())
            }
            Ok(Err(error)) if !error.is_transient() => {
                self.remove(tenant);
                Err(error)
            }
            Ok(Err(_)) | Err(_) => {
                self.pause(tenant);
                Ok(former.key)
            }
        }
    }

    pub(super) fn remove(&self, tenant: &TenantId) {
        self.slots().remove(tenant);
    }

    fn way(&self, tenant: &TenantId) -> Way {
        let now = Instant::now();
        let mut slots = self.slots();
        if let Some(slot) = slots.get_mut(tenant) {
            slot.used_at = now;
            let fresh = now.duration_since(slot.made_at) < AGE_MAX;
            if !fresh && slot.key.initialized() {
                slot.begin_again(now);
            }
            slot.former.take_if(|former| OUTAGE_MAX <= now.duration_since(former.read_at));
            return Way { key: Arc::clone(&slot.key), former: slot.former.clone() };
        }
        if self.held_max <= slots.len() {
            make_room(&mut slots);
        }
        let slot = Slot { key: Arc::default(), made_at: now, used_at: now, former: None };
        let key = Arc::clone(&slot.key);
        slots.insert(tenant.clone(), slot);
        Way { key, former: None }
    }

    /// The database has answered: nobody needs the former key.
    fn renew(&self, tenant: &TenantId) {
        if let Some(slot) = self.slots().get_mut(tenant)
            && slot.former.take().is_some()
        {
            slot.made_at = Instant::now();
        }
    }

    /// The database did not answer: it is left alone for a while.
    fn pause(&self, tenant: &TenantId) {
        let mut slots = self.slots();
        let former = slots.get_mut(tenant).and_then(|slot| slot.former.as_mut());
        if let Some(former) = former {
            former.ask_at = Instant::now() + RELOAD_PAUSE;
        }
    }

    fn slots(&self) -> MutexGuard<'_, HashMap<TenantId, Slot>> {
        // Nothing that can panic is done under the lock.
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Slot {
    /// Looks the key up anew, and keeps the one it has until that is done.
    fn begin_again(&mut self, now: Instant) {
        let key = self.key.get().cloned();
        self.former = key.map(|key| Former { key, read_at: self.made_at, ask_at: now });
        (self.key, self.made_at) = (Arc::default(), now);
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

    fn away() -> std::future::Ready<Result<DataKey, StoreError>> {
        std::future::ready(Err(StoreError::Unavailable("connection refused".to_owned())))
    }

    #[tokio::test(start_paused = true)]
    async fn while_the_database_is_away_the_last_key_is_good_for_an_hour() {
        let (cache, count) = (Cache::new(8), AtomicUsize::new(0));
        let tenant = tenant(1);
        cache.get(&tenant, load(&count)).await.unwrap();
        tokio::time::advance(Duration::from_mins(59)).await;
        cache.get(&tenant, away()).await.unwrap();
        let begun = Instant::now();
        cache.get(&tenant, std::future::pending()).await.unwrap();
        assert_eq!(begun.elapsed(), Duration::ZERO, "the database is left alone for a while");
        tokio::time::advance(RELOAD_PAUSE).await;
        cache.get(&tenant, std::future::pending()).await.unwrap();
        tokio::time::advance(Duration::from_mins(1)).await;
        assert!(cache.get(&tenant, away()).await.is_err(), "the hour is over");
        cache.get(&tenant, load(&count)).await.unwrap();
        cache.get(&tenant, away()).await.unwrap();
        assert_eq!(count.load(Ordering::Relaxed), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn a_key_that_is_gone_is_not_used_any_more() {
        let (cache, count) = (Cache::new(8), AtomicUsize::new(0));
        let tenant = tenant(1);
        let gone = async || Err(StoreError::KeyGone(tenant.clone()));
        cache.get(&tenant, load(&count)).await.unwrap();
        tokio::time::advance(AGE_MAX).await;
        assert!(matches!(cache.get(&tenant, gone()).await, Err(StoreError::KeyGone(_))));
        assert!(cache.get(&tenant, away()).await.is_err(), "nothing is left of it");
        cache.get(&tenant, load(&count)).await.unwrap();
        cache.remove(&tenant);
        assert!(cache.get(&tenant, away()).await.is_err(), "nor when it was evicted");
    }

    #[tokio::test]
    async fn a_failure_is_not_held() {
        let (cache, count) = (Cache::new(8), AtomicUsize::new(0));
        let fail = async { Err(StoreError::row("no")) };
        assert!(cache.get(&tenant(1), fail).await.is_err());
        assert!(cache.get(&tenant(1), load(&count)).await.is_ok());
    }
}
