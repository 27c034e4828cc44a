//! The one way to change the directory.

use std::collections::BTreeSet;

use schemas::{Envelope, Event, Subject};

use super::{DirectoryWatch, Snapshot};
use crate::{Bus, BusError, Stored};

/// The most events of one write; the server takes no more in one atomic batch (ADR-50).
pub const WRITE_EVENTS_MAX: usize = 1_000;

/// Writes directory events, each only if its subject is still as it was when that was decided.
#[derive(Clone)]
pub struct DirectoryWriter {
    bus: Bus,
    watch: DirectoryWatch,
}

/// A change of the directory was not made.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// Another change came first; read again and decide again.
    #[error("`{subject}` was changed by somebody else meanwhile")]
    Conflict {
        /// What was changed.
        subject: String,
    },
    /// Two tenants never hold one workspace.
    #[error("workspace `{workspace}` is held by another tenant")]
    Held {
        /// Which one.
        workspace: String,
    },
    /// NATS did not take it, or did not say so.
    #[error(transparent)]
    Bus(#[from] BusError),
}

impl DirectoryWriter {
    /// A writer to the stream that `watch` follows.
    pub fn new(bus: Bus, watch: DirectoryWatch) -> Self {
        Self { bus, watch }
    }

    /// Publishes all of these or none, in their order, if none of their subjects has changed since
    /// `decided`; that then knows of them too, so that more can be written from the same decision.
    /// Two writers that claim one workspace meet at the claim's subject: one is told.
    pub async fn write(
        &self,
        decided: &mut Snapshot,
        events: Vec<Envelope>,
    ) -> Result<Stored, WriteError> {
        self.check(decided, &events)?;
        // What a batch says of a subject after the first time follows the first: the server checks
        // that one, and refuses to check the others.
        let mut said = BTreeSet::new();
        let first = |event: &Envelope| said.insert(event.subject());
        let expected: Vec<_> = events.iter().map(first).collect();
        let expect = |(event, first): (Envelope, bool)| {
            let expected = first.then(|| decided.sequence_of(&event.subject()));
            (event, expected)
        };
        let batch: Vec<_> = events.into_iter().zip(expected).map(expect).collect();
        let stored = match self.bus.publish_all_or_none(&batch).await {
            Ok(stored) => stored,
            Err(BusError::Conflict) => return Err(self.conflict(&batch).await),
            Err(error) => return Err(error.into()),
        };
        // The events of a batch stand one after the other.
        let before = stored.sequence.saturating_sub(batch.len() as u64);
        for (sequence, (event, _)) in (before + 1..).zip(&batch) {
            decided.own.insert(event.subject().to_string(), sequence);
        }
        Ok(stored)
    }

    /// Whether the memory knows already that this would be refused.
    pub fn check(&self, decided: &Snapshot, events: &[Envelope]) -> Result<(), WriteError> {
        if let Some(workspace) = events.iter().find_map(|event| self.held_by_another(event)) {
            return Err(WriteError::Held { workspace });
        }
        let passed =
            |subject: &Subject| decided.sequence_of(subject) < self.watch.sequence_of(subject);
        match events.iter().map(Envelope::subject).find(passed) {
            Some(subject) => Err(WriteError::Conflict { subject: subject.to_string() }),
            None => Ok(()),
        }
    }

    /// The workspace that it claims, if another tenant has it.
    fn held_by_another(&self, event: &Envelope) -> Option<String> {
        let Event::WorkspaceClaimed(claim) = &event.event else { return None };
        claim.holder.as_ref()?;
        let held = self.watch.read(|directory| {
            let holder = directory.holder(claim.channel, &claim.app, &claim.workspace);
            holder.is_some_and(|(tenant, _)| *tenant != event.tenant)
        });
        held.then(|| claim.workspace.clone())
    }

    /// The server does not say which subject it was.
    async fn conflict(&self, batch: &[(Envelope, Option<u64>)]) -> WriteError {
        for (event, expected) in batch {
            let subject = event.subject();
            let last = self.bus.last(&nats::DIRECTORY, &subject).await.ok().flatten();
            let passed = |expected| last.as_ref().map_or(0, |found| found.sequence) != expected;
            if !expected.is_some_and(passed) {
                continue;
            }
            let last = last.and_then(|found| Envelope::decode(&found.payload).ok());
            return match (&event.event, last) {
                (Event::WorkspaceClaimed(claim), Some(last)) if last.tenant != event.tenant => {
                    WriteError::Held { workspace: claim.workspace.clone() }
                }
                _ => WriteError::Conflict { subject: subject.to_string() },
            };
        }
        WriteError::Bus(BusError::Conflict)
    }
}
