//! Writes another generation of the read models from the log, by the same code as the live one.
//!
//! Several may write at the same time: a tenant always has the same worker, so the order within it is that
//! of the log, and what is added up of all tenants is the same in any order. Each worker has a place of its
//! own, which moves with what it writes, so whoever is killed goes on where each of them was.

use std::time::Duration;

use anyhow::{Context as _, bail};
use domain::rebuild::{Pace, Progress, Source, worker_of};
use futures::future::try_join_all;
use runtime::{Bus, Past, Read};
use store::{
    Database, StoreError,
    checkpoint::{self, Checkpoint},
    generation::Generation,
    projections,
};
use tokio::time::Instant;

use crate::changes;

/// Events that are read at one time. In memory are at most so many and 8 MiB of them, what they change, and
/// the few that the server sends meanwhile (`runtime::Past`): that does not grow with the log.
const PIECE_EVENTS_MAX: usize = 2_048;

/// How often it is read again after an erasure took the places away, with nothing written between, and the
/// pause before.
const FENCED_MAX: u32 = 100;
const FENCED_PAUSE: Duration = Duration::from_millis(200);

/// The reader of a stream that read models derive from.
pub const fn reader(source: Source) -> &'static nats::Reader {
    match source {
        Source::Events => &nats::PROJECT_EVENTS,
        Source::Directory => &nats::PROJECT_DIRECTORY,
    }
}

/// One generation that is not live, and what fills it.
pub struct Rebuild {
    /// The log.
    pub bus: Bus,
    /// The app role's door to that generation.
    pub db: Database,
    /// Which.
    pub generation: Generation,
    /// How many write at the same time; the same for as long as the generation is there.
    pub workers: u32,
}

impl Rebuild {
    /// Brings it to exactly this place of the reader's stream, wherever its workers are. Refused once the
    /// generation is swapped or dropped, which only whoever asks for this may do meanwhile.
    ///
    /// An erasure takes the places away, since what was read before it may be gone: then it is read again.
    pub async fn catch_up(
        &self,
        reader: &'static nats::Reader,
        until: u64,
        meter: &mut Meter,
    ) -> anyhow::Result<()> {
        let (mut done, mut fenced) = (meter.done, 0);
        loop {
            let Err(error) = self.read_until(reader, until, meter).await else { return Ok(()) };
            if done < meter.done {
                (done, fenced) = (meter.done, 0);
            }
            let is_fenced =
                matches!(error.downcast_ref::<StoreError>(), Some(StoreError::Fenced(_)));
            if !is_fenced || FENCED_MAX <= fenced {
                return Err(error);
            }
            fenced += 1;
            tokio::time::sleep(FENCED_PAUSE).await;
        }
    }

    async fn read_until(
        &self,
        reader: &'static nats::Reader,
        until: u64,
        meter: &mut Meter,
    ) -> anyhow::Result<()> {
        let mut workers = self.workers(reader).await?;
        let behind = workers.iter().map(|worker| worker.place.seq).min().unwrap_or(until);
        if behind < until {
            let mut reached = behind;
            let mut past = Past::open(&self.bus, reader.stream, behind).await?;
            loop {
                let piece = past.piece(until, meter.piece(PIECE_EVENTS_MAX)).await?;
                let Some(last) = piece.last().map(|read| read.sequence) else { break };
                let writes =
                    workers.iter_mut().map(|worker| self.write(reader, worker, last, &piece));
                try_join_all(writes).await?;
                meter.read(piece.len()).await;
                reached = last;
            }
            // A replica that is behind says too early that there is no more.
            if reached < until && self.bus.at(reader.stream, until).await?.is_some() {
                bail!(
                    "{} gave its events until {reached} and not until {until}",
                    reader.stream.name
                );
            }
        }
        // What was between the last event and there is on no log any more.
        let rest = workers.iter_mut().map(|worker| self.write(reader, worker, until, &[]));
        try_join_all(rest).await?;
        Ok(())
    }

    async fn workers(&self, reader: &nats::Reader) -> anyhow::Result<Vec<Worker>> {
        let mut workers = Vec::new();
        for number in 0..self.workers {
            let name = self.generation.place(reader.name, number);
            let place = checkpoint::find(&self.db, &name).await?;
            let place = place.with_context(|| {
                format!(
                    "the {} generation is gone: somebody swapped or dropped it",
                    self.generation.name()
                )
            })?;
            workers.push(Worker { number, name, place });
        }
        Ok(workers)
    }

    /// What a piece that ends at `last` says of the worker's tenants, and its place, in one transaction.
    async fn write(
        &self,
        reader: &nats::Reader,
        worker: &mut Worker,
        last: u64,
        piece: &[Read],
    ) -> anyhow::Result<()> {
        let from = worker.place;
        if last <= from.seq {
            return Ok(());
        }
        let is_mine =
            |read: &&Read| from.seq < read.sequence && whose(read, self.workers) == worker.number;
        let changes = changes(reader.stream.name, piece.iter().filter(is_mine));
        worker.place = projections::apply(&self.db, &worker.name, from, last, &changes).await?;
        Ok(())
    }
}

/// Which of so many writes it.
pub(crate) fn whose(read: &Read, workers: u32) -> u32 {
    read.event.as_ref().map_or(0, |envelope| worker_of(&envelope.tenant, workers))
}

struct Worker {
    number: u32,
    name: String,
    place: Checkpoint,
}

/// Counts what is read, keeps the pace, and tells whoever waits.
pub struct Meter {
    pace: Option<Pace>,
    begun: Instant,
    done: u64,
    total: u64,
    tell: Box<dyn Fn(&Progress) + Send>,
}

impl Meter {
    /// Of so many events; `tell` is called after each piece.
    pub fn new(total: u64, pace: Option<Pace>, tell: impl Fn(&Progress) + Send + 'static) -> Self {
        Self { pace, begun: Instant::now(), done: 0, total, tell: Box::new(tell) }
    }

    /// How far it is.
    pub fn progress(&self) -> Progress {
        let elapsed = self.begun.elapsed();
        Progress { done: self.done, total: self.total.max(self.done), elapsed }
    }

    /// From now on at any speed: somebody waits for the rest.
    pub fn hurry(&mut self) {
        self.pace = None;
    }

    fn piece(&self, most: usize) -> usize {
        self.pace.map_or(most, |pace| pace.piece(most))
    }

    async fn read(&mut self, events: usize) {
        self.done = self.done.saturating_add(u64::try_from(events).unwrap_or(u64::MAX));
        (self.tell)(&self.progress());
        let wait = self.pace.map(|pace| pace.wait(self.done, self.begun.elapsed()));
        if let Some(wait) = wait.filter(|wait| Duration::ZERO < *wait) {
            tokio::time::sleep(wait).await;
        }
    }
}
