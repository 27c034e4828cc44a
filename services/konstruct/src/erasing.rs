//! Who erases just now.
//!
//! Whoever erases something of a tenant, or imports it, holds one lock, by the tenant's name: `konstruct
//! tenant erase`, `tenant import`, `person erase` and the sweeper. Whoever takes stories holds another one
//! before that, for the whole installation: what two told the base of rebuilds at the same time might count
//! twice, and a rebuild that begins at that moment might copy half of it. A tenant is erased without a word
//! to the base, so two tenants may be at once.

use std::time::Duration;

use anyhow::{anyhow, bail};
use schemas::TenantId;
use store::{
    Database,
    alone::{Alone, Busy},
};

use crate::wiring;

/// Taking stories, of whichever tenant.
const STORIES: &str = "stories";

/// The pause before somebody else's work is looked at again.
const LOOK_PAUSE: Duration = Duration::from_secs(1);

/// Nobody else erases anything of this tenant meanwhile, or imports it.
pub(crate) async fn alone_with(db: &Database, tenant: &TenantId) -> anyhow::Result<Alone> {
    let taken = Alone::take(db, &format!("erase/{tenant}"), &wiring::owner()).await?;
    taken.map_err(|busy| {
        anyhow!("tenant `{tenant}` is being imported or erased from: {busy}; nothing was done")
    })
}

/// Nobody else takes stories meanwhile, in the whole installation. Who is at it is looked at so often, about
/// two seconds each.
pub(crate) async fn alone_at_stories(
    db: &Database,
    looks: u32,
) -> anyhow::Result<Result<Alone, Busy>> {
    let owner = wiring::owner();
    let mut taken = Alone::take(db, STORIES, &owner).await?;
    for _ in 1..looks {
        if taken.is_ok() {
            break;
        }
        tokio::time::sleep(LOOK_PAUSE).await;
        taken = Alone::take(db, STORIES, &owner).await?;
    }
    Ok(taken)
}

/// Does it for as long as nobody else may.
pub(crate) async fn while_alone<T>(
    turn: &Alone,
    work: impl Future<Output = anyhow::Result<T>>,
) -> anyhow::Result<T> {
    tokio::select! {
        done = work => done,
        () = turn.lost() => bail!(
            "the database was away, and another program may be at it by now: the next run does the rest"
        ),
    }
}
