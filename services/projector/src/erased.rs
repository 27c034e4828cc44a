//! What is about to be taken from the log for good, before its age: sums keep what it added.
//!
//! A generation that is not live adds up what the log has to what it has. So each is told of events that it
//! has not read yet before they go; events that it was told of and reads all the same change nothing. A
//! rebuild under way goes on then, and what was live before can be put back.

use std::time::Duration;

use anyhow::Context as _;
use runtime::Read;
use store::{Database, StoreError, checkpoint, generation::Generation, projections};
use tracing::warn;

use crate::{changes, rebuild::whose};

/// Who reads what is told.
const READER: &nats::Reader = &nats::PROJECT_EVENTS;

/// How often a generation is told again that moved meanwhile, and the pause where the database could not.
const TRIES_MAX: u32 = 100;
const TRY_PAUSE: Duration = Duration::from_millis(20);

/// Tells every generation but the live one.
pub struct Carrier {
    db: Database,
    /// To those that were met so far.
    doors: Vec<(Generation, Database)>,
}

impl Carrier {
    /// With a connection of its own to each generation that is there.
    pub fn new(db: &Database) -> Self {
        Self { db: db.clone(), doors: Vec::new() }
    }

    /// Told of these events, each generation has what they add. To be told twice changes nothing. The live
    /// models have read them.
    pub async fn carry(&mut self, reads: &[Read]) -> anyhow::Result<()> {
        // The base first: a rebuild that begins meanwhile copies it with them, or is there to be told. One
        // that is swapped meanwhile has read them, since they are on the log, and what it replaced has too.
        for generation in [Generation::Base, Generation::Next, Generation::Previous] {
            let told = self.tell(generation, reads).await;
            told.with_context(|| untold(generation))?;
        }
        Ok(())
    }

    async fn tell(&mut self, generation: Generation, reads: &[Read]) -> Result<(), StoreError> {
        let mut tries = 0;
        loop {
            let Err(error) = self.tell_once(generation, reads).await else { return Ok(()) };
            tries += 1;
            // It went on, is another one by now, or somebody was erased: what it has is asked again.
            let is_moved = matches!(error, StoreError::Fenced(_));
            if TRIES_MAX <= tries || !(is_moved || error.is_transient()) {
                return Err(error);
            }
            if !is_moved {
                tokio::time::sleep(TRY_PAUSE).await;
            }
        }
    }

    async fn tell_once(
        &mut self,
        generation: Generation,
        reads: &[Read],
    ) -> Result<(), StoreError> {
        let workers = checkpoint::workers(&self.db, generation, READER.name).await?;
        if workers == 0 && generation == Generation::Base {
            return Err(StoreError::Refused(
                "there is no base: run `konstruct migrate`".to_owned(),
            ));
        }
        if workers == 0 {
            return Ok(());
        }
        let Some(door) = self.door(generation).await? else { return Ok(()) };
        for number in 0..workers {
            let name = generation.place(READER.name, number);
            let found = checkpoint::find(&self.db, &name).await?;
            let place = found.ok_or_else(|| StoreError::Fenced(name.clone()))?;
            let is_ahead =
                |read: &&Read| place.seq < read.sequence && whose(read, workers) == number;
            let changes = changes(READER.stream.name, reads.iter().filter(is_ahead));
            if !changes.is_empty() {
                projections::apply(&door, &name, place, place.seq, &changes).await?;
            }
        }
        Ok(())
    }

    /// None for a generation that lacks a table: a migration came between, and it is never put in place.
    async fn door(&mut self, generation: Generation) -> Result<Option<Database>, StoreError> {
        if let Some((_, door)) = self.doors.iter().find(|(it, _)| *it == generation) {
            return Ok(Some(door.clone()));
        }
        let door = match self.db.generation(generation, 1).await {
            Ok(door) => door,
            Err(StoreError::Refused(why)) if generation != Generation::Base => {
                warn!(why, "a generation is not told what goes: drop it");
                return Ok(None);
            }
            Err(error) => return Err(error),
        };
        self.doors.push((generation, door.clone()));
        Ok(Some(door))
    }
}

fn untold(generation: Generation) -> String {
    match generation {
        Generation::Base => "the base of rebuilds could not be told what goes".to_owned(),
        Generation::Next | Generation::Previous => format!(
            "the {} generation of the read models could not be told what goes: \
             `konstruct replay projections --drop` drops it",
            generation.name()
        ),
    }
}
