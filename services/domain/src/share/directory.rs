//! How much of `DIRECTORY` one tenant may fill. It is kept for ever, so a share is a part of the whole,
//! and a day (UTC) brings a part of the share.
//!
//! Some of it is held back: what must always be possible is refused only where nothing at all fits.

use std::time::Duration;

use schemas::{Event, Timestamp};

use crate::day::Day;

/// A share comes in over so many days at least.
const SHARE_DAYS: u64 = 8;

/// So many percent of the log are held back.
const RESERVE_PERCENT: u64 = 5;

/// A tenant's share of the directory's log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DirectoryShare {
    log_bytes_max: u64,
    tenant_bytes_max: u64,
    tenant_bytes_per_day: u64,
}

/// How much there is, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Filled {
    /// Of everybody.
    pub log: u64,
    /// Of the tenant.
    pub tenant: u64,
    /// Of the tenant, since the day began.
    pub today: u64,
}

/// Why there is no room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Full {
    /// The tenant's day is used up.
    Today {
        /// How long it lasts.
        wait: Duration,
    },
    /// The tenant's share is.
    Tenant,
    /// The log is, but for what is held back.
    Log,
}

impl DirectoryShare {
    /// A tenant's share of a log of so many bytes. Who may have all of it is refused for its end alone.
    pub fn of_log(log_bytes_max: u64, percent: u8) -> Self {
        let log_bytes_max = log_bytes_max / 100 * (100 - RESERVE_PERCENT);
        if 100 <= percent {
            let (tenant_bytes_max, tenant_bytes_per_day) = (u64::MAX, u64::MAX);
            return Self { log_bytes_max, tenant_bytes_max, tenant_bytes_per_day };
        }
        let tenant_bytes_max = log_bytes_max / 100 * u64::from(percent);
        let tenant_bytes_per_day = tenant_bytes_max / SHARE_DAYS;
        Self { log_bytes_max, tenant_bytes_max, tenant_bytes_per_day }
    }
}

/// Whether so many bytes more fit. The first change of a day always does.
pub fn admit(
    share: DirectoryShare,
    filled: Filled,
    bytes: u64,
    now: Timestamp,
) -> Result<(), Full> {
    let fits = |filled: u64, most: u64| filled.saturating_add(bytes) <= most;
    if !fits(filled.log, share.log_bytes_max) {
        return Err(Full::Log);
    }
    if !fits(filled.tenant, share.tenant_bytes_max) {
        return Err(Full::Tenant);
    }
    if 0 < filled.today && !fits(filled.today, share.tenant_bytes_per_day) {
        return Err(Full::Today { wait: Day::of(now).plus(1).start().since(now) });
    }
    Ok(())
}

/// Whether it must always be possible: it pauses, limits or ends something, and none of it can be done
/// without end.
pub const fn is_due(event: &Event) -> bool {
    matches!(
        event,
        Event::TenantSuspended(_)
            | Event::TenantResumed(_)
            | Event::TenantDeleted(_)
            | Event::TenantLimitsChanged(_)
            | Event::TenantBudgetChanged(_)
            | Event::AgentRetired(_)
            | Event::ConnectionRemoved(_)
            | Event::ToolRemoved(_)
            | Event::ModelGroupRemoved(_)
    ) || is_let_go(event)
}

/// A workspace that nobody holds any more.
const fn is_let_go(event: &Event) -> bool {
    matches!(event, Event::WorkspaceClaimed(claim) if claim.holder.is_none())
}

#[cfg(test)]
mod tests;
