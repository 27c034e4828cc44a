//! How many runs are asked at once in a process: each of them calls models for minutes.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use schemas::TenantId;

use crate::ReplayError;

/// Runs that one process asks at once.
pub const RUNS_MAX: usize = 8;

/// Those of one tenant.
pub const RUNS_PER_TENANT_MAX: usize = 2;

/// Who asks how many.
#[derive(Clone, Debug, Default)]
pub(crate) struct Places(Arc<Mutex<BTreeMap<TenantId, usize>>>);

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
        if RUNS_PER_TENANT_MAX <= taken.get(tenant).copied().unwrap_or_default() {
            return Err(ReplayError::Busy(
                "as many replays of this tenant as may be are under way: wait for one, or stop it",
            ));
        }
        if RUNS_MAX <= taken.values().sum() {
            return Err(ReplayError::Busy(
                "as many replays as may be are under way: try again in a few minutes",
            ));
        }
        *taken.entry(tenant.clone()).or_default() += 1;
        Ok(Place { places: self.clone(), tenant: tenant.clone() })
    }

    fn taken(&self) -> MutexGuard<'_, BTreeMap<TenantId, usize>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.places.taken();
        if let Some(count) = taken.get_mut(&self.tenant) {
            *count = count.saturating_sub(1);
        }
        taken.retain(|_, count| 0 < *count);
    }
}

#[cfg(test)]
mod tests {
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
        assert!(places.taken().is_empty(), "nothing is left of what was given back");
    }
}
