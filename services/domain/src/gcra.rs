//! How many messages a tenant may send: GCRA, one instant of state for each limit.
//!
//! The state is the *theoretical arrival time* (TAT): when the next message would come if everybody
//! kept exactly to the rate. A message passes while the TAT is at most a burst ahead of the clock,
//! and moves it on by one interval. Refused messages change nothing.
//!
//! The burst is a minute's worth, so a changed limit applies at once and nobody owes more than a
//! minute. Where the clock goes back, the TAT does not, so nothing is earned by it.

use std::num::NonZeroU32;

use schemas::{ChannelKind, ConnectionId, LimitScope, Limits, TenantId, Timestamp};

/// A limit of zero lets nothing through; it is looked at again after this long.
const BLOCKED_RETRY: std::time::Duration = MINUTE;

/// A person who keeps writing is told this often at most.
const NOTICE_PAUSE: std::time::Duration = MINUTE;

const MINUTE: std::time::Duration = std::time::Duration::from_mins(1);
const MICROS_PER_MINUTE: u32 = 60_000_000;

/// The state of one limit: microseconds since the epoch, as 60 s divide by 7 only roughly.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Tat(pub i64);

/// A limit and its burst.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quota {
    /// Messages a minute, and at once.
    pub per_minute: NonZeroU32,
}

/// What becomes of a message under one limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// It passes; keep this.
    Admitted(Tat),
    /// It does not; the state stays.
    Throttled {
        /// When the next one will pass.
        retry_at: Timestamp,
    },
}

/// One limit with its state; `per_minute` may be zero, which lets nothing through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Level {
    /// Messages a minute.
    pub per_minute: u32,
    /// Its state, if there is any yet.
    pub tat: Option<Tat>,
}

/// What becomes of a message under a tenant's limit and, where there is one, its channel's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It passes and both are spent; keep these.
    Admitted {
        /// The tenant's.
        tenant: Tat,
        /// The channel's, where it has a limit.
        channel: Option<Tat>,
    },
    /// It does not, and neither is spent.
    Throttled {
        /// The limit that opens later.
        limit: LimitScope,
        /// That limit.
        per_minute: u32,
        /// When it opens.
        retry_at: Timestamp,
    },
}

/// Word a person was given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Told {
    /// When.
    pub at: Timestamp,
    /// The reset they were told of.
    pub retry_at: Timestamp,
}

impl Quota {
    /// One message's worth. Rounded up, so that rounding never admits more than was agreed.
    fn interval_us(self) -> i64 {
        i64::from(MICROS_PER_MINUTE.div_ceil(self.per_minute.get()))
    }

    fn burst_us(self) -> i64 {
        self.interval_us().saturating_mul(i64::from(self.per_minute.get()))
    }
}

/// Spends one message if there is room for it.
pub fn admit(quota: Quota, tat: Option<Tat>, now: Timestamp) -> Decision {
    let now_us = now.as_millis().saturating_mul(1000);
    let from = tat.map_or(now_us, |tat| tat.0.max(now_us));
    let next = from.saturating_add(quota.interval_us());
    let room_at = next.saturating_sub(quota.burst_us());
    if room_at <= now_us {
        return Decision::Admitted(Tat(next));
    }
    Decision::Throttled { retry_at: Timestamp::from_millis(ceil_to_millis(room_at)) }
}

/// Spends one message of both limits, or of neither.
pub fn admit_both(tenant: Level, channel: Option<Level>, now: Timestamp) -> Verdict {
    let first = admit_level(tenant, now);
    let Some(channel) = channel else {
        return match first {
            Decision::Admitted(tenant) => Verdict::Admitted { tenant, channel: None },
            Decision::Throttled { retry_at } => refused(LimitScope::Tenant, tenant, retry_at),
        };
    };
    match (first, admit_level(channel, now)) {
        (Decision::Admitted(tenant), Decision::Admitted(channel)) => {
            Verdict::Admitted { tenant, channel: Some(channel) }
        }
        (Decision::Throttled { retry_at }, Decision::Throttled { retry_at: later })
            if retry_at < later =>
        {
            refused(LimitScope::Channel, channel, later)
        }
        (Decision::Throttled { retry_at }, Decision::Admitted(_) | Decision::Throttled { .. }) => {
            refused(LimitScope::Tenant, tenant, retry_at)
        }
        (Decision::Admitted(_), Decision::Throttled { retry_at }) => {
            refused(LimitScope::Channel, channel, retry_at)
        }
    }
}

/// A tenant's limits for a message of that kind of channel: over all, and for the channel alone.
pub fn limits_for(limits: &Limits, channel: ChannelKind) -> (u32, Option<u32>) {
    (limits.messages_per_minute, limits.per_channel.get(&channel).copied())
}

/// Whether a throttled person is told: once for each reset, and once a minute at most, however
/// much they write. `last` is what [`notice_key`] was told before.
pub fn tells(last: Option<Told>, now: Timestamp) -> bool {
    last.is_none_or(|told| told.retry_at <= now && told.at.plus(NOTICE_PAUSE) <= now)
}

/// Under what a person's last notice is kept: tenant, connection, and the chat system's user id.
pub fn notice_key(tenant: &TenantId, connection: &ConnectionId, sender: &str) -> String {
    format!("{tenant}/{connection}/{sender}")
}

fn admit_level(level: Level, now: Timestamp) -> Decision {
    match NonZeroU32::new(level.per_minute) {
        Some(per_minute) => admit(Quota { per_minute }, level.tat, now),
        None => Decision::Throttled { retry_at: now.plus(BLOCKED_RETRY) },
    }
}

fn refused(limit: LimitScope, level: Level, retry_at: Timestamp) -> Verdict {
    Verdict::Throttled { limit, per_minute: level.per_minute, retry_at }
}

fn ceil_to_millis(micros: i64) -> i64 {
    micros.saturating_add(999).div_euclid(1000)
}

#[cfg(test)]
mod tests;
