//! The directory in memory, fed by its stream, and the one way to change it.

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use async_nats::jetstream::consumer::{DeliverPolicy, pull::OrderedConfig};
use domain::directory::Directory;
use futures::StreamExt as _;
use schemas::{Envelope, Event, Subject, TenantId};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::{Bus, BusError, Stored};

/// The pause before a broken watch is taken up again.
const RESUME_PAUSE: Duration = Duration::from_millis(500);

#[derive(Default)]
struct State {
    directory: Directory,
    /// The last sequence of each subject: what a writer expects nobody to have passed.
    sequences: HashMap<String, u64>,
    /// Tenants of whom it was heard that they are deleted, in that order.
    deleted: Vec<TenantId>,
}

/// How far the memory has followed the stream.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Progress {
    sequence: u64,
    caught_up: bool,
}

/// The directory as this process knows it. Cheap to clone.
#[derive(Clone)]
pub struct DirectoryWatch {
    state: Arc<RwLock<State>>,
    progress: watch::Receiver<Progress>,
}

impl DirectoryWatch {
    /// Starts following the stream; returns at once.
    pub fn start(bus: &Bus, stop: &CancellationToken) -> Self {
        let (tell, progress) = watch::channel(Progress::default());
        let watched = Self { state: Arc::default(), progress };
        let (bus, stop, state) = (bus.clone(), stop.clone(), Arc::clone(&watched.state));
        tokio::spawn(async move {
            while !stop.is_cancelled() {
                if let Err(error) = follow(&bus, &stop, &state, &tell).await {
                    warn!(error = format!("{error:#}"), "the directory is not followed");
                    _ = stop.run_until_cancelled(tokio::time::sleep(RESUME_PAUSE)).await;
                }
            }
        });
        watched
    }

    /// Looks something up. The lock is held for the look only.
    pub fn read<T>(&self, look: impl FnOnce(&Directory) -> T) -> T {
        look(&self.state.read().unwrap_or_else(PoisonError::into_inner).directory)
    }

    /// Whether the memory has once been level with the stream.
    pub fn is_ready(&self) -> bool {
        self.progress.borrow().caught_up
    }

    /// Waits until the memory is level with the stream.
    pub async fn ready(&self) {
        _ = self.progress.clone().wait_for(|progress| progress.caught_up).await;
    }

    /// Waits until the event at `sequence` is in the memory.
    pub async fn reached(&self, sequence: u64) {
        _ = self.progress.clone().wait_for(|progress| sequence <= progress.sequence).await;
    }

    /// Tenants of whom it was heard that they are deleted, but for the first `known` of them. Waits
    /// until there is one; nothing once the stream is not followed any more.
    pub async fn deleted(&self, known: usize) -> Option<Vec<TenantId>> {
        let more = |_: &Progress| {
            let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
            known < state.deleted.len()
        };
        self.progress.clone().wait_for(more).await.ok()?;
        let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
        state.deleted.get(known..).map(<[TenantId]>::to_vec)
    }

    /// The last sequence of a subject as this memory knows it; 0 if nothing was ever said there.
    pub fn sequence_of(&self, subject: &Subject) -> u64 {
        let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
        state.sequences.get(subject.as_str()).copied().unwrap_or(0)
    }
}

async fn follow(
    bus: &Bus,
    stop: &CancellationToken,
    state: &RwLock<State>,
    tell: &watch::Sender<Progress>,
) -> anyhow::Result<()> {
    let seen = tell.borrow().sequence;
    let deliver_policy = match seen {
        0 => DeliverPolicy::LastPerSubject,
        _ => DeliverPolicy::ByStartSequence { start_sequence: seen + 1 },
    };
    let config = OrderedConfig {
        deliver_policy,
        filter_subject: ">".to_owned(),
        ..OrderedConfig::default()
    };
    let stream = bus.jetstream.get_stream_no_info(nats::DIRECTORY.name).await?;
    let consumer = stream.create_consumer(config).await?;
    let mut messages = consumer.messages().await?;
    if bus.last_sequence(&nats::DIRECTORY).await? <= seen {
        tell.send_modify(|progress| progress.caught_up = true);
    }
    while let Some(Some(message)) = stop.run_until_cancelled(messages.next()).await {
        let message = message?;
        let place = message.info().map_err(|error| anyhow::anyhow!("{error}"))?;
        take(state, &message.subject, place.stream_sequence, &message.payload);
        tell.send_modify(|progress| {
            progress.sequence = place.stream_sequence;
            if place.pending == 0 && !progress.caught_up {
                progress.caught_up = true;
                info!(sequence = place.stream_sequence, "the directory is known");
            }
        });
    }
    Ok(())
}

fn take(state: &RwLock<State>, subject: &str, sequence: u64, payload: &[u8]) {
    let mut state = state.write().unwrap_or_else(PoisonError::into_inner);
    state.sequences.insert(subject.to_owned(), sequence);
    match Envelope::decode(payload) {
        Ok(envelope) => {
            if let Event::TenantDeleted(_) = envelope.event {
                state.deleted.push(envelope.tenant.clone());
            }
            state.directory.apply(&envelope);
        }
        Err(error) => warn!(%error, subject, sequence, "a directory event we do not read"),
    }
}

/// Writes directory events, each only if its aggregate is still as the memory knows it.
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
        /// The aggregate.
        subject: String,
    },
    /// Two tenants never hold one workspace.
    #[error("workspace `{workspace}` is held by another tenant")]
    Held {
        /// Which one.
        workspace: String,
    },
    /// NATS did not take it.
    #[error(transparent)]
    Bus(#[from] BusError),
}

impl DirectoryWriter {
    /// A writer that knows what `watch` knows.
    pub fn new(bus: Bus, watch: DirectoryWatch) -> Self {
        Self { bus, watch }
    }

    /// Publishes all of these or none. Two writers that claim one workspace meet at the claim's
    /// subject: one is told of a conflict.
    pub async fn write(&self, events: Vec<Envelope>) -> Result<Stored, WriteError> {
        let batch: Vec<_> = events
            .into_iter()
            .map(|event| {
                let expected = self.watch.sequence_of(&event.subject());
                (event, expected)
            })
            .collect();
        // The sequences are those of now, which may be later than the decision to claim.
        if let Some(workspace) = batch.iter().find_map(|(event, _)| self.held_by_another(event)) {
            return Err(WriteError::Held { workspace });
        }
        match self.bus.publish_all_or_none(&batch).await {
            Ok(stored) => Ok(stored),
            Err(BusError::Conflict) => Err(self.conflict(&batch).await),
            Err(error) => Err(error.into()),
        }
    }

    /// The workspace that it claims, if another tenant has it.
    fn held_by_another(&self, event: &Envelope) -> Option<String> {
        let Event::WorkspaceClaimed(claim) = &event.event else { return None };
        let held = self.watch.read(|directory| {
            let holder = directory.holder(claim.channel, &claim.app, &claim.workspace);
            holder.is_some_and(|(tenant, _)| *tenant != event.tenant)
        });
        held.then(|| claim.workspace.clone())
    }

    /// The server does not say which subject it was.
    async fn conflict(&self, batch: &[(Envelope, u64)]) -> WriteError {
        for (event, expected) in batch {
            let subject = event.subject();
            let last = self.bus.last(&nats::DIRECTORY, &subject).await.ok().flatten();
            if last.map_or(0, |found| found.sequence) != *expected {
                return WriteError::Conflict { subject: subject.to_string() };
            }
        }
        WriteError::Bus(BusError::Conflict)
    }
}
