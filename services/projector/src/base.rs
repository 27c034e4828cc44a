//! The base of a rebuild: `EVENTS` as it was some days before it leaves the log.
//!
//! Sums are kept for good and the log for 30 days. So a generation of its own follows the log at a
//! distance, by the same code, and `base + log` is at any time what the live models should be. It is
//! written from events while they are there, by age or as they are erased; what was on no log of this
//! installation, an import writes to it beside the live models. From those it is taken only where an
//! installation had none yet, or somebody asks for a new one.

use std::time::Duration;

use anyhow::Context as _;
use domain::rebuild::follows;
use runtime::{Context, Past};
use store::{Database, checkpoint, generation::Generation, projections};
use tracing::warn;

use crate::changes;

/// How old an event is when it goes into the base. Six days less than `EVENTS` keeps it, so that a
/// projector may be away for that long.
pub const AGE: Duration = Duration::from_hours(24 * 24);

/// How often it is looked whether any is so old.
const LOOK_EVERY: Duration = Duration::from_hours(1);

/// Follows until the context says stop.
pub(crate) async fn keep(context: &Context, db: &Database) {
    while !context.stop.is_cancelled() {
        let Some(done) = context.stop.run_until_cancelled(follow(context, db)).await else {
            return;
        };
        if let Err(error) = done {
            warn!(error = format!("{error:#}"), "the base of rebuilds stays where it is");
        }
        _ = context.stop.run_until_cancelled(tokio::time::sleep(LOOK_EVERY)).await;
    }
}

/// Takes what is old enough by now. Interrupted at any point, the next one goes on.
async fn follow(context: &Context, db: &Database) -> anyhow::Result<()> {
    let reader = &nats::PROJECT_EVENTS;
    let span = context.bus.span(reader.stream).await?;
    let before = context.clock.now().minus(AGE);
    let name = Generation::Base.place(reader.name, 0);
    let found = checkpoint::find(db, &name).await?;
    let mut place = found.context("there is no base: run `konstruct migrate`")?;
    let is_whole = follows(place.seq, span.first);
    metrics::gauge!("konstruct_base_is_whole").set(if is_whole { 1.0 } else { 0.0 });
    if !is_whole {
        anyhow::bail!(
            "the base ends at {} and the log begins at {}: a rebuild misses what was between, see \
             `konstruct replay projections --status`",
            place.seq,
            span.first
        );
    }
    if span.events == 0 || before <= span.first_at {
        return Ok(());
    }
    let base = db.generation(Generation::Base, 1).await?;
    let mut past = Past::open(&context.bus, reader.stream, place.seq).await?;
    loop {
        let mut piece = past.piece(span.last, reader.batch_max).await?;
        let (there, old) = (piece.len(), piece.partition_point(|read| read.stored_at < before));
        piece.truncate(old);
        let Some(last) = piece.last() else { break };
        let changes = changes(reader.stream.name, piece.iter());
        place = projections::apply(&base, &name, place, last.sequence, &changes).await?;
        if old < there {
            break;
        }
    }
    Ok(())
}
