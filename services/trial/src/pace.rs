//! How often operators may try: one at a time, and so many a minute.
//!
//! Only those of the last minute are remembered, so there are as many entries as operators at work.

use std::{
    collections::HashMap,
    num::NonZeroU32,
    sync::{Mutex, MutexGuard, PoisonError},
};

use domain::gcra::{Decision, Quota, Tat, admit};
use schemas::{OperatorId, Timestamp};

use crate::TrialError;

#[derive(Clone, Copy)]
struct Pace {
    busy: bool,
    tat: Tat,
}

/// All operators' paces.
pub(crate) struct Paces {
    quota: Quota,
    of: Mutex<HashMap<OperatorId, Pace>>,
}

/// An operator's turn; over when dropped.
pub(crate) struct Turn<'a> {
    paces: &'a Paces,
    operator: OperatorId,
}

impl Paces {
    pub(crate) fn new(per_minute: NonZeroU32) -> Self {
        Self { quota: Quota { per_minute }, of: Mutex::default() }
    }

    /// Gives the operator a turn. One that is refused costs nothing.
    pub(crate) fn admit(
        &self,
        operator: &OperatorId,
        now: Timestamp,
    ) -> Result<Turn<'_>, TrialError> {
        let now_us = now.as_millis().saturating_mul(1000);
        let mut of = self.lock();
        of.retain(|_, pace| pace.busy || now_us < pace.tat.0);
        let known = of.get(operator).copied();
        if known.is_some_and(|pace| pace.busy) {
            return Err(TrialError::Busy);
        }
        match admit(self.quota, known.map(|pace| pace.tat), now) {
            Decision::Throttled { retry_at } => Err(TrialError::TooOften { retry_at }),
            Decision::Admitted(tat) => {
                of.insert(operator.clone(), Pace { busy: true, tat });
                Ok(Turn { paces: self, operator: operator.clone() })
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<OperatorId, Pace>> {
        self.of.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        if let Some(pace) = self.paces.lock().get_mut(&self.operator) {
            pace.busy = false;
        }
    }
}

#[cfg(test)]
mod tests;
