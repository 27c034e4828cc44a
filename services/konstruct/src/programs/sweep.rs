//! Brings back what was deferred and is due, keeps what the server gave up, and forgets what is old.

use std::time::Duration;

use runtime::{Context, DirectoryWatch};
use store::{
    Database, Platform, Purpose,
    deferred::{self, BROUGHT_BACK_MAX},
    prune,
};
use tokio::time::MissedTickBehavior;
use tracing::{info, warn};

use super::{keep, late};
use crate::{
    erasing::{alone_at_stories, while_alone},
    settings::Asked,
    wiring,
};

/// How often deferrals are looked at.
const SWEEP_EVERY: Duration = Duration::from_secs(1);

/// How often, and for how many looks, after one was brought back: the next of its thread is due as soon
/// as it is handled.
const SOON: Duration = Duration::from_millis(50);
const SOON_LOOKS: u32 = 40;

/// How often old rows are deleted.
const PRUNE_EVERY: Duration = Duration::from_mins(10);

/// How often it is looked for what comes late of what was erased, and what tenants do not keep for so long.
const ERASE_EVERY: Duration = Duration::from_mins(10);

/// Deferrals brought back in one transaction.
const BATCH_MAX: u32 = 100;

/// The platform role's door.
pub(crate) async fn platform(asked: &Asked<'_>) -> anyhow::Result<Platform> {
    Ok(Platform::connect(&asked.database("KONSTRUCT_PLATFORM_DATABASE_URL")?).await?)
}

/// Runs until the context says stop.
pub(crate) async fn run(
    context: Context,
    directory: DirectoryWatch,
    (db, platform): (Database, Platform),
) -> anyhow::Result<()> {
    let (bus, clock, stop) = (context.bus.clone(), context.clock.clone(), context.stop.clone());
    let advisories = async move {
        while !stop.is_cancelled() {
            if let Err(error) = runtime::watch_advisories(&bus, &clock, &stop).await {
                warn!(error = format!("{error:#}"), "advisories are not read");
                _ = stop.run_until_cancelled(tokio::time::sleep(SWEEP_EVERY)).await;
            }
        }
    };
    let sweep = async {
        let mut forget = tokio::time::interval(PRUNE_EVERY);
        let mut soon = 0_u32;
        loop {
            let pause = if 0 < soon { SOON } else { SWEEP_EVERY };
            tokio::select! {
                () = context.stop.cancelled() => return,
                () = tokio::time::sleep(pause) => {
                    let some = bring_back(&context, &platform).await;
                    soon = if some { SOON_LOOKS } else { soon.saturating_sub(1) };
                }
                _ = forget.tick() => prune_old(&context, &platform).await,
            }
        }
    };
    // Beside the rest: it may take long, and whoever was deferred waits for nobody.
    let erasing = async {
        let mut look = tokio::time::interval(ERASE_EVERY);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        while context.stop.run_until_cancelled(look.tick()).await.is_some() {
            let work = Box::pin(erase(&context, &directory, (&db, &platform)));
            if context.stop.run_until_cancelled(work).await.is_none() {
                return;
            }
        }
    };
    tokio::join!(advisories, sweep, erasing);
    Ok(())
}

/// Says whether there was something to bring back.
async fn bring_back(context: &Context, platform: &Platform) -> bool {
    try_bring_back(context, platform).await.unwrap_or_else(|error| {
        warn!(error = format!("{error:#}"), "deferred events wait on");
        false
    })
}

/// Published before it is written down: after a crash they are published again, under the same
/// message ids, and every stage knows them.
async fn try_bring_back(context: &Context, platform: &Platform) -> anyhow::Result<bool> {
    let now = context.clock.now();
    if deferred::next_due(platform).await?.is_none_or(|due_at| now < due_at) {
        return Ok(false);
    }
    let mut tx = platform.begin(Purpose::Sweep, &wiring::owner()).await?;
    let due = deferred::take_due(&mut tx, now, BATCH_MAX).await?;
    for event in &due {
        let recorded = context.bus.at(&nats::EVENTS, event.seq).await?;
        let Some(recorded) = recorded.filter(|_| event.brought_back <= BROUGHT_BACK_MAX) else {
            warn!(event = %event.event, tenant = %event.tenant, "a deferred event is let go");
            deferred::let_go(&mut tx, event).await?;
            continue;
        };
        let id = format!("{}-again-{}", event.event, event.due_at.as_millis());
        context.bus.publish_again(&recorded, &id).await?;
    }
    tx.commit().await?;
    Ok(!due.is_empty())
}

/// What comes late of what was erased, and what tenants do not keep for so long; unless somebody else erases.
async fn erase(
    context: &Context,
    directory: &DirectoryWatch,
    (db, platform): (&Database, &Platform),
) {
    // Somebody else's erasing is not waited for: it is looked again soon enough.
    let turn = match alone_at_stories(db, 1).await {
        Ok(Ok(turn)) => turn,
        Ok(Err(_busy)) => return,
        Err(error) => {
            warn!(error = format!("{error:#}"), "nobody looks for what is to be erased");
            return;
        }
    };
    let work = async {
        late::take(context, db, platform).await;
        keep::take(context, directory, (db, platform)).await;
        Ok(())
    };
    if let Err(error) = while_alone(&turn, work).await {
        warn!(error = format!("{error:#}"), "what is to be erased stays until the next look");
    }
}

async fn prune_old(context: &Context, platform: &Platform) {
    match prune::prune(platform, &wiring::owner(), context.clock.now()).await {
        Ok(pruned) if 0 < pruned.total() => info!(rows = pruned.total(), "old rows deleted"),
        Ok(_) => {}
        Err(error) => warn!(%error, "some old rows stay"),
    }
}
