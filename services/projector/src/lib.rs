//! Writes the read models. One worker at a time, in the order of the log; what was read and how far
//! it is commit together, so a crash repeats nothing and skips nothing.
//!
//! [`Rebuild`] writes another generation of them by the same code, and the base follows the log at a
//! distance, so that what leaves the log is not lost to a rebuild.
//!
//! **Invariant:** the log alone decides what is written, no clock and no chance, so that reading it
//! again gives the same rows.
//! **Invariant:** nothing here publishes, or speaks to anybody but NATS and the database.

mod base;
mod erased;
mod fold;
mod rebuild;

use std::collections::BTreeMap;

use runtime::{Context, Failure, Follower, Read, follow};
use store::{
    Database, StoreError, checkpoint,
    projections::{self, Changes},
};
use tokio::sync::Mutex;
use tracing::warn;

pub use self::{
    base::AGE as BASE_AGE,
    erased::Carrier,
    rebuild::{Meter, Rebuild, reader},
};

/// Runs both readers, and keeps the base, until the context says stop.
pub async fn run(context: Context, db: Database) -> anyhow::Result<()> {
    let events = Projector::<Events>::new(db.clone());
    let directory = Projector::<Directory>::new(db.clone());
    tokio::join!(
        follow(&context, &events),
        follow(&context, &directory),
        base::keep(&context, &db)
    );
    Ok(())
}

/// Which stream a projector reads.
trait Source: Send + Sync + 'static {
    const READER: &'static nats::Reader;
}

struct Events;
struct Directory;

impl Source for Events {
    const READER: &'static nats::Reader = &nats::PROJECT_EVENTS;
}

impl Source for Directory {
    const READER: &'static nats::Reader = &nats::PROJECT_DIRECTORY;
}

struct Projector<S> {
    db: Database,
    /// Where we are; unknown until it is read, and after a failure.
    place: Mutex<Option<checkpoint::Checkpoint>>,
    source: std::marker::PhantomData<S>,
}

impl<S: Source> Projector<S> {
    fn new(db: Database) -> Self {
        Self { db, place: Mutex::new(None), source: std::marker::PhantomData }
    }
}

impl<S: Source> Follower for Projector<S> {
    const READER: &'static nats::Reader = S::READER;

    async fn place(&self) -> Result<u64, Failure> {
        let found = checkpoint::load(&self.db, S::READER.name).await.map_err(from_store)?;
        *self.place.lock().await = Some(found);
        Ok(found.seq)
    }

    async fn take(&self, batch: &[Read]) -> Result<(), Failure> {
        let Some(last) = batch.last() else { return Ok(()) };
        let mut place = self.place.lock().await;
        let Some(from) = place.take() else {
            return Err(Failure::wait(anyhow::anyhow!("the place is not known")));
        };
        let changes = changes(S::READER.stream.name, batch.iter());
        let name = S::READER.name;
        let moved = projections::apply(&self.db, name, from, last.sequence, &changes).await;
        *place = Some(moved.map_err(from_store)?);
        metrics::counter!("konstruct_projected_sequence", "reader" => name).absolute(last.sequence);
        Ok(())
    }
}

/// What a batch changes, by tenant.
fn changes<'a>(
    stream: &str,
    batch: impl Iterator<Item = &'a Read>,
) -> BTreeMap<schemas::TenantId, Changes> {
    let mut by_tenant: BTreeMap<_, Changes> = BTreeMap::new();
    for read in batch {
        match &read.event {
            Ok(envelope) => {
                let changes = by_tenant.entry(envelope.tenant.clone()).or_default();
                fold::fold(changes, stream, read.sequence, envelope);
            }
            Err(error) => {
                let error = error.reason();
                warn!(stream, sequence = read.sequence, error, "an event we do not read");
                metrics::counter!("konstruct_unreadable_events_total").increment(1);
            }
        }
    }
    by_tenant
}

/// Whatever it was, reading is taken up again from where the database says we are. Another
/// projector's word is one such thing: the lead is lost then, and with it this turn.
fn from_store(error: StoreError) -> Failure {
    Failure::wait(error)
}
