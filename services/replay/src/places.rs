//! How many runs are asked at once in a process: each of them calls models for minutes.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use schemas::TenantId;
use tokio::sync::Notify;

use crate::ReplayError;

/// Runs that one process asks at once.
pub const RUNS_MAX: usize = 8;

/// Those of one tenant.
pub const RUNS_PER_TENANT_MAX: usize = 2;

/// Who asks how many.
#[derive(Clone, Debug, Default)]
pub(crate) struct Places(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    taken: Mutex<Taken>,
    /// Told each time that a place is given back.
    given_back: Notify,
}

#[derive(Debug, Default)]
struct Taken {
    runs: BTreeMap<TenantId, usize>,
    /// Whether the process is about to end.
    is_closed: bool,
}

/// Room for one run; given back when it is dropped.
#[derive(Debug)]
pub(crate) struct Place {
    places: Places,
    tenant: TenantId,
}

impl Places {
    /// Room for one more run of that tenant.
    pub(crate) fn take(&self, tenant: &TenantId) -> Result<Place, ReplayError> {
        let mut taken = self.taken();
        if taken.is_closed {
            return Err(ReplayError::Ending);
        }
        let runs = &mut taken.runs;
        if RUNS_PER_TENANT_MAX <= runs.get(tenant).copied().unwrap_or_default() {
            return Err(ReplayError::Busy(
                "as many replays of this tenant as may be are under way: wait for one, or stop it",
            ));
        }
        if RUNS_MAX <= runs.values().sum() {
            return Err(ReplayError::Busy(
                "as many replays as may be are under way: try again in a few minutes",
            ));
        }
        *runs.entry(tenant.clone()).or_default() += 1;
        Ok(Place { places: self.clone(), tenant: tenant.clone() })
    }

    /// Gives no place to anybody any more. How many are taken.
    pub(crate) fn close(&self) -> usize {
        let mut taken = self.taken();
        taken.is_closed = true;
        taken.runs.values().sum()
    }

    /// Comes when every place is given back.
    pub(crate) async fn all_free(&self) {
        loop {
            // It hears what is told from here on, so nothing between the look and the wait is missed.
            let given_back = self.0.given_back.notified();
            if self.taken().runs.is_empty() {
                return;
            }
            given_back.await;
        }
    }

    fn taken(&self) -> MutexGuard<'_, Taken> {
        self.0.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.places.taken();
        if let Some(count) = taken.runs.get_mut(&self.tenant) {
            *count = count.saturating_sub(1);
        }
        taken.runs.retain(|_, count| 0 < *count);
        drop(taken);
        self.places.0.given_back.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt as _;

    use super::*;

    fn tenant(number: usize) -> TenantId {
        format!("t{number}").parse().unwrap()
    }

    #[test]
    fn a_tenant_has_a_part_of_the_places_and_gives_them_back() {
        let places = Places::default();
        let mut held: Vec<_> =
            (0..RUNS_PER_TENANT_MAX).map(|_| places.take(&tenant(0)).unwrap()).collect();
        let refused = places.take(&tenant(0)).unwrap_err().to_string();
        assert!(refused.contains("of this tenant"), "{refused}");
        held.pop();
        held.push(places.take(&tenant(0)).unwrap());
        for number in 1.. {
            if held.len() == RUNS_MAX {
                break;
            }
            held.push(places.take(&tenant(number)).unwrap());
        }
        let refused = places.take(&tenant(99)).unwrap_err().to_string();
        assert_eq!(refused, "as many replays as may be are under way: try again in a few minutes");
        drop(held);
        assert!(places.taken().runs.is_empty(), "nothing is left of what was given back");
    }

    #[test]
    fn a_process_that_ends_gives_no_place_and_waits_for_those_that_it_gave() {
        let places = Places::default();
        let (one, other) = (places.take(&tenant(0)).unwrap(), places.take(&tenant(1)).unwrap());
        assert_eq!(places.close(), 2);
        let refused = places.take(&tenant(2)).unwrap_err().to_string();
        assert_eq!(
            refused,
            "this portal is about to end, and begins nothing: try again in a moment"
        );
        let mut free = Box::pin(places.all_free());
        assert!(free.as_mut().now_or_never().is_none());
        drop(one);
        assert!(free.as_mut().now_or_never().is_none(), "one is asked still");
        drop(other);
        assert!(free.now_or_never().is_some());
        assert!(places.all_free().now_or_never().is_some(), "and whoever asks later is told so");
    }
}
