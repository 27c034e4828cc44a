//! What is about to be taken from the log for good, before its age: sums keep what it added.
//!
//! A rebuild adds up what the log has to what the base has. So the base is told of events that it has not
//! read yet before they go; events that it was told of and reads all the same change nothing.

use anyhow::{Context as _, bail};
use runtime::Read;
use store::{Database, StoreError, checkpoint, generation::Generation, projections};

use crate::changes;

/// How often it is tried again where the base is moved meanwhile.
const TRIES_MAX: u32 = 10;

/// Tells the base.
pub struct Carrier {
    base: Database,
    place: String,
}

impl Carrier {
    /// With a connection of its own.
    pub async fn open(db: &Database) -> anyhow::Result<Self> {
        let base = db.generation(Generation::Base, 1).await?;
        let place = Generation::Base.place(nats::PROJECT_EVENTS.name, 0);
        Ok(Self { base, place })
    }

    /// Told of these events, the base has what they add. To be told twice changes nothing.
    pub async fn carry(&self, reads: &[Read]) -> anyhow::Result<()> {
        for _ in 0..TRIES_MAX {
            let found = checkpoint::find(&self.base, &self.place).await?;
            let place = found.context("there is no base: run `konstruct migrate`")?;
            let ahead = reads.iter().filter(|read| place.seq < read.sequence);
            let changes = changes(nats::EVENTS.name, ahead);
            if changes.is_empty() {
                return Ok(());
            }
            let told = projections::apply(&self.base, &self.place, place, place.seq, &changes);
            match told.await {
                Ok(_) => return Ok(()),
                // It went on, or somebody was erased: what it has now is asked again.
                Err(StoreError::Fenced(_)) => {}
                Err(error) => return Err(error.into()),
            }
        }
        bail!("the base of rebuilds is moved all the time")
    }
}
