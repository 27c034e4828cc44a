//! What goes wrong on purpose.

use serde::{Deserialize, Serialize};

/// Strikes the calls it fits: the first `skip` of them pass, the next `times` are struck.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    /// Only this method, e.g. `chat.postMessage`.
    #[serde(default)]
    pub method: Option<String>,
    /// Only calls with a token of this workspace.
    #[serde(default)]
    pub team: Option<String>,
    /// Only calls that name this channel.
    #[serde(default)]
    pub channel: Option<String>,
    /// How many calls pass first: 2 strikes the third.
    #[serde(default)]
    pub skip: u32,
    /// How many are struck; nothing for all of them.
    #[serde(default)]
    pub times: Option<u32>,
    /// What happens to them.
    pub act: Act,
}

/// What happens to a call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Act {
    /// 429 with `Retry-After`, nothing stored.
    RateLimited {
        /// The seconds it says.
        retry_after_s: u64,
    },
    /// `ok: false` with that code, nothing stored.
    Code(String),
    /// That status, nothing stored.
    Status(u16),
    /// Stored, and then that status.
    AcceptThenStatus(u16),
    /// Stored, and then the connection is closed without a word.
    AcceptThenDrop,
    /// Stored, and then no answer as long as the connection lives.
    AcceptThenHold,
    /// The connection is closed without a word, nothing stored.
    Drop,
    /// Nothing stored, and no answer as long as the connection lives.
    Hold,
    /// Stored and answered, that many milliseconds late.
    Delay(u64),
    /// Stored at once, answered that many milliseconds late.
    AcceptThenDelay(u64),
}

impl Act {
    /// Whether the call is carried out all the same.
    pub(super) fn carries_out(&self) -> bool {
        match self {
            Act::AcceptThenStatus(_)
            | Act::AcceptThenDrop
            | Act::AcceptThenHold
            | Act::Delay(_)
            | Act::AcceptThenDelay(_) => true,
            Act::RateLimited { .. } | Act::Code(_) | Act::Status(_) | Act::Drop | Act::Hold => {
                false
            }
        }
    }
}

impl Fault {
    /// Strikes every call.
    pub fn new(act: Act) -> Self {
        Self { method: None, team: None, channel: None, skip: 0, times: None, act }
    }

    /// Only calls of that method.
    #[must_use]
    pub fn method(mut self, method: &str) -> Self {
        self.method = Some(method.to_owned());
        self
    }

    /// Only calls of that workspace.
    #[must_use]
    pub fn team(mut self, team: &str) -> Self {
        self.team = Some(team.to_owned());
        self
    }

    /// Only calls for that channel.
    #[must_use]
    pub fn channel(mut self, channel: &str) -> Self {
        self.channel = Some(channel.to_owned());
        self
    }

    /// Only the first `times` calls.
    #[must_use]
    pub fn times(mut self, times: u32) -> Self {
        self.times = Some(times);
        self
    }

    /// Only call number `nth`, counted from 1.
    #[must_use]
    pub fn nth(mut self, nth: u32) -> Self {
        self.skip = nth.saturating_sub(1);
        self.times = Some(1);
        self
    }

    pub(super) fn fits(&self, method: &str, team: &str, channel: &str) -> bool {
        let fits = |want: &Option<String>, got: &str| want.as_deref().is_none_or(|w| w == got);
        fits(&self.method, method) && fits(&self.team, team) && fits(&self.channel, channel)
    }

    /// What happens to this call, which fits.
    pub(super) fn strike(&mut self) -> Option<Act> {
        if 0 < self.skip {
            self.skip -= 1;
            return None;
        }
        if let Some(times) = &mut self.times {
            *times = times.checked_sub(1)?;
        }
        Some(self.act.clone())
    }
}
