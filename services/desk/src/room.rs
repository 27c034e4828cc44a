//! Whether the directory's log has room for more of a tenant.
//!
//! The read models say what a tenant has brought. What they do not have yet is counted here, so that
//! nobody gains by being faster than they are.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use domain::{
    day::Day,
    share::directory::{Filled, admit, is_due},
};
use runtime::WriteError;
use schemas::{Envelope, TenantId};
use store::changes;

use crate::{Desk, DeskError};

/// What the stream keeps of an event beside its bytes.
const HEADERS_BYTES: u64 = 256;

/// What is being written, or was a moment ago.
#[derive(Default)]
pub(crate) struct Arriving(Mutex<HashMap<TenantId, Vec<Arrival>>>);

#[derive(Clone, Copy)]
struct Arrival {
    ticket: u64,
    bytes: u64,
    /// Where it stands, once it does.
    sequence: Option<u64>,
}

/// Room that is taken. It is given back with this value, unless it is kept.
pub(crate) struct Taken<'a> {
    arriving: &'a Arriving,
    tenant: &'a TenantId,
    ticket: u64,
    kept: bool,
}

impl Taken<'_> {
    /// It is stored, and counts from here until the read models have it.
    pub(crate) fn keep(mut self, sequence: u64) {
        self.kept = true;
        let mut all = self.arriving.lock();
        let mine = all.get_mut(self.tenant).into_iter().flatten();
        for arrival in mine.filter(|it| it.ticket == self.ticket) {
            arrival.sequence = Some(sequence);
        }
    }
}

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        if !self.kept {
            self.arriving.forget(self.tenant, |it| it.ticket == self.ticket);
        }
    }
}

impl Arriving {
    /// Takes room; whether there is any is asked afterwards. Also what of others was arriving before.
    fn take<'a>(&'a self, tenant: &'a TenantId, bytes: u64) -> (Taken<'a>, Vec<Arrival>) {
        let ticket = rand::random();
        let mut all = self.lock();
        let mine = all.entry(tenant.clone()).or_default();
        let others = mine.clone();
        mine.push(Arrival { ticket, bytes, sequence: None });
        (Taken { arriving: self, tenant, ticket, kept: false }, others)
    }

    /// The read models have everything up to there.
    pub(crate) fn shown(&self, tenant: &TenantId, seq: u64) {
        self.forget(tenant, |it| it.sequence.is_some_and(|sequence| sequence <= seq));
    }

    fn forget(&self, tenant: &TenantId, gone: impl Fn(&Arrival) -> bool) {
        let mut all = self.lock();
        let Some(mine) = all.get_mut(tenant) else { return };
        mine.retain(|arrival| !gone(arrival));
        if mine.is_empty() {
            all.remove(tenant);
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<TenantId, Vec<Arrival>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Desk {
    /// Takes room for these events, if there is any. What must always be possible is counted and never
    /// refused, also while the database is away.
    pub(crate) async fn take_room<'a>(
        &'a self,
        tenant: &'a TenantId,
        events: &[Envelope],
    ) -> Result<Taken<'a>, DeskError> {
        let bytes = events.iter().map(bytes_of).sum();
        let (taken, others) = self.0.arriving.take(tenant, bytes);
        if events.iter().all(|it| is_due(&it.event)) {
            return Ok(taken);
        }
        let now = self.parts().clock.now();
        let mut tx = self.parts().db.tenant(tenant).await?;
        let brought = changes::brought(&mut tx, Day::of(now).start()).await?;
        drop(tx);
        self.0.arriving.shown(tenant, brought.seq);
        let counted = |it: &&Arrival| it.sequence.is_some_and(|sequence| sequence <= brought.seq);
        let more: u64 = others.iter().filter(|it| !counted(it)).map(|it| it.bytes).sum();
        let filled = Filled {
            log: self.parts().bus.bytes(&nats::DIRECTORY).await.map_err(WriteError::from)?,
            tenant: brought.total.saturating_add(more),
            today: brought.since.saturating_add(more),
        };
        admit(self.parts().share, filled, bytes, now)?;
        Ok(taken)
    }
}

/// What it will take; an event that cannot be written is refused later.
fn bytes_of(event: &Envelope) -> u64 {
    let bytes = event.encode().map_or(0, |bytes| bytes.len());
    u64::try_from(bytes).unwrap_or(u64::MAX).saturating_add(HEADERS_BYTES)
}
