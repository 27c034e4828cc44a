//! How much of the log one tenant may fill, so that nobody fills it for all: GCRA over bytes.
//!
//! The state is, as in [`crate::gcra`], an instant: when the last byte would have come if all of them
//! came exactly at the rate. It may be a day ahead, so a day's bytes can come at once and no more than
//! a day is ever owed. One person has a part of that, so that nobody silences the others.

pub mod directory;

use std::time::Duration;

use schemas::Timestamp;

use crate::gcra::Tat;

/// The share is what may stand on the log at once: a day more than it keeps.
const KEPT_DAYS: u64 = 31;

/// One person may bring this part of their tenant's bytes.
const PERSON_PART: u64 = 4;

const DAY: Duration = Duration::from_hours(24);

/// A tenant's share, and one person's part of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Share {
    tenant_bytes_per_day: u64,
    person_bytes_per_day: u64,
}

/// What is to be stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Matter {
    /// A person's words, new or changed.
    Words,
    /// That words were deleted. Forgetting comes first: it may go as far again.
    Deletion,
    /// What the chat system says of our own doing. It is counted, never refused: there is no more of
    /// it than we did ourselves.
    Fact,
}

/// What a tenant and a person have brought so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Brought {
    /// The tenant.
    pub tenant: Option<Tat>,
    /// The person.
    pub person: Option<Tat>,
}

/// Whose bytes are used up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whose {
    /// The tenant's.
    Tenant,
    /// The person's.
    Person,
}

/// What becomes of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Charge {
    /// There is room; keep these.
    Room {
        /// The tenant.
        tenant: Tat,
        /// The person.
        person: Tat,
    },
    /// There is none; the state stays.
    Full {
        /// Whose bytes are used up.
        whose: Whose,
        /// When as much will pass.
        retry_at: Timestamp,
    },
}

impl Share {
    /// A tenant's share of a log of so many bytes. Who may have all of it has it to themselves, and
    /// nothing is refused.
    pub fn of_log(log_bytes_max: u64, percent: u8) -> Self {
        if 100 <= percent {
            return Self { tenant_bytes_per_day: u64::MAX, person_bytes_per_day: u64::MAX };
        }
        let share = log_bytes_max / 100 * u64::from(percent);
        let tenant_bytes_per_day = (share / KEPT_DAYS).max(1);
        let person_bytes_per_day = (tenant_bytes_per_day / PERSON_PART).max(1);
        Self { tenant_bytes_per_day, person_bytes_per_day }
    }

    /// Bytes of a tenant in a day.
    pub const fn tenant_bytes_per_day(self) -> u64 {
        self.tenant_bytes_per_day
    }

    /// Bytes of one person in a day.
    pub const fn person_bytes_per_day(self) -> u64 {
        self.person_bytes_per_day
    }
}

/// Charges so many bytes to a tenant and a person, or to neither.
pub fn charge(share: Share, before: Brought, bytes: u64, matter: Matter, now: Timestamp) -> Charge {
    let tenant = after(share.tenant_bytes_per_day, before.tenant, bytes, now);
    let person = after(share.person_bytes_per_day, before.person, bytes, now);
    let ahead = match matter {
        Matter::Words => DAY,
        Matter::Deletion => DAY.saturating_mul(2),
        Matter::Fact => return Charge::Room { tenant, person },
    };
    let full =
        [(tenant, Whose::Tenant), (person, Whose::Person)].into_iter().find_map(|(tat, whose)| {
            let retry_at = Timestamp::from_millis(tat.0.div_euclid(1000)).minus(ahead);
            (now < retry_at).then_some(Charge::Full { whose, retry_at })
        });
    full.unwrap_or(Charge::Room { tenant, person })
}

/// What was charged was not stored after all.
pub fn give_back(share: Share, charged: Brought, bytes: u64) -> Brought {
    let less = |tat: Tat, per_day| Tat(tat.0.saturating_sub(cost_us(per_day, bytes)));
    Brought {
        tenant: charged.tenant.map(|tat| less(tat, share.tenant_bytes_per_day)),
        person: charged.person.map(|tat| less(tat, share.person_bytes_per_day)),
    }
}

fn after(bytes_per_day: u64, before: Option<Tat>, bytes: u64, now: Timestamp) -> Tat {
    let now_us = now.as_millis().saturating_mul(1000);
    let from = before.map_or(now_us, |tat| tat.0.max(now_us));
    Tat(from.saturating_add(cost_us(bytes_per_day, bytes)))
}

/// How long so many bytes take at the rate. More than a day's bytes count as a day's, so that
/// everything passes some day.
fn cost_us(bytes_per_day: u64, bytes: u64) -> i64 {
    let cost = (u128::from(bytes) * DAY.as_micros()).div_ceil(u128::from(bytes_per_day));
    i64::try_from(cost.min(DAY.as_micros())).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests;
