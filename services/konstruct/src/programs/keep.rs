//! Erases what tenants keep for a shorter time than the installation does: on the log and in every table,
//! a bounded piece at a time.

use std::{collections::BTreeMap, time::Duration};

use runtime::{Context, DirectoryWatch};
use schemas::{Tenant, TenantId, TenantStatus, Timestamp};
use store::{Database, Platform, erase::stories};
use tracing::{info, warn};

use crate::{
    erasing::{alone_with, while_alone},
    stories::{Events, Shelves, names},
    wiring,
};

/// Messages that are erased at one time, and how often in one look: a tenant that has more leaves room for
/// the others, and is looked at again.
const MESSAGES_MAX: u32 = 500;
const TIMES_MAX: u32 = 20;

/// How long the directory may take to be known.
const KNOWN_WAIT_MAX: Duration = Duration::from_secs(5);

/// Once for every tenant that says how long.
pub(super) async fn take(
    context: &Context,
    directory: &DirectoryWatch,
    (db, platform): (&Database, &Platform),
) {
    if tokio::time::timeout(KNOWN_WAIT_MAX, directory.ready()).await.is_err() {
        return;
    }
    let by = wiring::owner();
    let tenants = directory.read(|it| {
        let tenants = it.tenants().into_iter();
        tenants.filter_map(|it| kept(it)).collect::<Vec<(TenantId, Duration)>>()
    });
    for (tenant, kept) in tenants {
        let shelves = Shelves::of((context, db, platform), &tenant, &by);
        let before = context.clock.now().minus(kept);
        let work = async {
            if stories::old(db, &tenant, before, 1).await?.is_empty() {
                return Ok(0);
            }
            let alone = alone_with(db, &tenant).await?;
            while_alone(&alone, of_tenant(&shelves, before)).await
        };
        match Box::pin(work).await {
            Ok(0) => {}
            Ok(messages) => info!(%tenant, messages, "older messages than it keeps are gone"),
            Err(error) => {
                let error = format!("{error:#}");
                warn!(%tenant, error, "older messages than it keeps stay until the next look");
            }
        }
    }
}

/// How long a tenant keeps conversations, where it says so. Of one that is deleted nothing can be read.
fn kept(tenant: &Tenant) -> Option<(TenantId, Duration)> {
    let is_there = tenant.status != TenantStatus::Deleted;
    let days = tenant.limits.keep_days.filter(|_| is_there)?;
    Some((tenant.id.clone(), Duration::from_hours(u64::from(days) * 24)))
}

/// How many messages there were. What is on the log and was not added up stays until it is.
async fn of_tenant(shelves: &Shelves<'_>, before: Timestamp) -> anyhow::Result<u64> {
    let Shelves { db, platform, tenant, by, .. } = *shelves;
    let mut gone = 0;
    for _ in 0..TIMES_MAX {
        let mut old = stories::old(db, tenant, before, MESSAGES_MAX).await?;
        if old.is_empty() {
            break;
        }
        let until = stories::last_place(db, tenant, &old).await?;
        shelves.check_rebuilt(until).await?;
        let (mut events, mut letters) = (Events::new(), BTreeMap::new());
        if 0 < until {
            (events, letters) = shelves.take_with_letters(&mut old, (0, until)).await?;
        }
        let names = names(&old, &events, &letters);
        stories::erase(platform, tenant, ("", names.as_slice()), by).await?;
        gone += u64::try_from(old.messages())?;
    }
    Ok(gone)
}

#[cfg(test)]
mod tests {
    use schemas::{Budget, Limits};

    use super::*;

    #[test]
    fn only_who_says_so_keeps_it_for_a_shorter_time() {
        let tenant = |keep_days, status| Tenant {
            id: "acme".parse().unwrap(),
            name: "Acme".to_owned(),
            limits: Limits { keep_days, ..Limits::default() },
            budget: Budget::default(),
            status,
        };
        let cases = [
            (Some(1), TenantStatus::Active, Some(24)),
            (Some(30), TenantStatus::Suspended, Some(720)),
            (Some(7), TenantStatus::Deleted, None),
            (None, TenantStatus::Active, None),
        ];
        for (days, status, hours) in cases {
            let got = kept(&tenant(days, status)).map(|(_, kept)| kept.as_secs() / 3_600);
            assert_eq!(got, hours, "{days:?} {status:?}");
        }
    }
}
