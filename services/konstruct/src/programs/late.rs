//! Takes what comes late of stories that were erased: another delivery by the chat system, an answer that
//! took longer than anybody waited for.

use std::collections::BTreeMap;

use runtime::Context;
use store::{Database, Platform, erase::stories};
use tracing::{info, warn};

use crate::{
    erasing::{alone_with, while_alone},
    stories::{Events, Shelves, names},
    wiring,
};

/// Once for every tenant of which something was erased lately.
pub(super) async fn take(context: &Context, db: &Database, platform: &Platform) {
    let by = wiring::owner();
    let tenants = match stories::places(platform, &by).await {
        Ok(tenants) => tenants,
        Err(error) => {
            warn!(%error, "nobody looks for what comes late of what was erased");
            return;
        }
    };
    for (tenant, place) in tenants {
        let shelves = Shelves::of((context, db, platform), &tenant, &by);
        let work = async {
            let alone = alone_with(db, &tenant).await?;
            while_alone(&alone, of_tenant(&shelves, place)).await
        };
        match Box::pin(work).await {
            Ok(0) => {}
            Ok(entries) => info!(%tenant, entries, "what came late of what was erased is gone"),
            Err(error) => {
                let error = format!("{error:#}");
                warn!(%tenant, error, "what came late of what was erased stays until the next look");
            }
        }
    }
}

/// How many events and rows there were.
async fn of_tenant(shelves: &Shelves<'_>, from: u64) -> anyhow::Result<u64> {
    let Shelves { db, platform, tenant, by, .. } = *shelves;
    let mut known = stories::remembered(db, tenant).await?;
    let until = shelves.projected().await?;
    shelves.check_rebuilt(until).await?;
    let (mut events, mut letters) = (Events::new(), BTreeMap::new());
    if from < until {
        (events, letters) = shelves.take_with_letters(&mut known, (from, until)).await?;
    }
    let names = names(&known, &events, &letters);
    let had = stories::count(platform, tenant, ("", names.as_slice()), by).await?;
    let mut gone = u64::try_from(events.len())?;
    if had.iter().any(|it| 0 < it.rows) {
        gone += stories::erase(platform, tenant, ("", names.as_slice()), by).await?;
    }
    if from < until {
        let now = shelves.context.clock.now();
        stories::looked(db, tenant, &known, ((from, until), now)).await?;
    }
    Ok(gone)
}
