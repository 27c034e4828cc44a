//! The directory in memory, fed by its stream.

mod write;

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock, RwLockReadGuard},
    time::Duration,
};

use async_nats::jetstream::consumer::{DeliverPolicy, pull::OrderedConfig};
use domain::directory::Directory;
use futures::StreamExt as _;
use schemas::{Envelope, Event, Subject, TenantId};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

pub use self::write::{DirectoryWriter, WRITE_EVENTS_MAX, WriteError};
use crate::Bus;

/// The pause before a broken watch is taken up again.
const RESUME_PAUSE: Duration = Duration::from_millis(500);

/// The directory at one moment, and how far each of its subjects had come: what a decision is made
/// from. A clone shares everything with its original until one of them changes.
#[derive(Clone, Default)]
pub struct Snapshot {
    /// Who exists.
    pub directory: Directory,
    sequences: Arc<HashMap<String, u64>>,
    /// What its owner wrote since.
    own: HashMap<String, u64>,
}

impl Snapshot {
    /// The last sequence of a subject; 0 if nothing was ever said there.
    pub fn sequence_of(&self, subject: &Subject) -> u64 {
        let subject = subject.as_str();
        self.own.get(subject).or_else(|| self.sequences.get(subject)).copied().unwrap_or(0)
    }
}

#[derive(Default)]
struct State {
    now: Snapshot,
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
        look(&self.state().now.directory)
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
        let more = |_: &Progress| known < self.state().deleted.len();
        self.progress.clone().wait_for(more).await.ok()?;
        self.state().deleted.get(known..).map(<[TenantId]>::to_vec)
    }

    /// The last sequence of a subject as this memory knows it; 0 if nothing was ever said there.
    pub fn sequence_of(&self, subject: &Subject) -> u64 {
        self.state().now.sequence_of(subject)
    }

    /// All of it as it is now, to decide from and to write against.
    pub fn snapshot(&self) -> Snapshot {
        self.state().now.clone()
    }

    fn state(&self) -> RwLockReadGuard<'_, State> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
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
    Arc::make_mut(&mut state.now.sequences).insert(subject.to_owned(), sequence);
    match Envelope::decode(payload) {
        Ok(envelope) => {
            if let Event::TenantDeleted(_) = envelope.event {
                state.deleted.push(envelope.tenant.clone());
            }
            state.now.directory.apply(&envelope);
        }
        Err(error) => warn!(%error, subject, sequence, "a directory event we do not read"),
    }
}
