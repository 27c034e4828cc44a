//! Which events of a stream somebody asked to see, and what a line says of each.

use std::time::Duration;

use schemas::{
    ConversationId, CorrelationId, Envelope, Event, Kind, TenantId, Timestamp, subject::Aggregate,
};

use crate::trace;

/// What was asked for; what is left open asks for everything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Of this tenant.
    pub tenant: Option<TenantId>,
    /// Of this thread.
    pub thread: Option<ConversationId>,
    /// Of one of these kinds.
    pub kinds: Vec<Kind>,
    /// Of this story.
    pub correlation: Option<CorrelationId>,
    /// Stored then or later.
    pub from: Option<Timestamp>,
    /// Stored then or earlier.
    pub until: Option<Timestamp>,
    /// At this sequence or later.
    pub from_seq: Option<u64>,
    /// At this sequence or earlier.
    pub until_seq: Option<u64>,
}

/// Where an event stands on its stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Its sequence.
    pub sequence: u64,
    /// When the server stored it.
    pub stored: Timestamp,
}

/// Whether an event is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Judged {
    /// It is.
    Shown,
    /// It is not.
    Passed,
    /// It is not, and nothing after it will be.
    Over,
}

impl Wanted {
    /// Whether the event at a place is shown. One that cannot be read is of no thread and of no story; its
    /// tenant and its kind are what its subject says, by which the server was asked.
    pub fn judge(&self, place: Place, event: Option<&Envelope>) -> Judged {
        let Place { sequence, stored } = place;
        let is_over = self.until.is_some_and(|until| until < stored)
            || self.until_seq.is_some_and(|until| until < sequence);
        if is_over {
            return Judged::Over;
        }
        let has_begun = self.from.is_none_or(|from| from <= stored)
            && self.from_seq.is_none_or(|from| from <= sequence);
        let fits = event.map_or_else(|| self.takes_unread(), |event| self.takes(event));
        if has_begun && fits { Judged::Shown } else { Judged::Passed }
    }

    fn takes(&self, event: &Envelope) -> bool {
        let in_thread = |wanted: &ConversationId| match event.event.aggregate() {
            Aggregate::Conversation(_, thread) => thread == wanted,
            Aggregate::Wire(_)
            | Aggregate::Tenant
            | Aggregate::Agent(_)
            | Aggregate::Tool(_)
            | Aggregate::ModelGroup(_)
            | Aggregate::Connection(_)
            | Aggregate::Claim(_) => false,
        };
        self.tenant.as_ref().is_none_or(|tenant| *tenant == event.tenant)
            && self.thread.as_ref().is_none_or(in_thread)
            && (self.kinds.is_empty() || self.kinds.contains(&event.event.kind()))
            && self.correlation.as_ref().is_none_or(|story| *story == event.correlation)
    }

    fn takes_unread(&self) -> bool {
        self.thread.is_none() && self.correlation.is_none()
    }
}

/// The text is no instant.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
#[error(
    "`{0}` is neither an RFC 3339 instant, e.g. 2026-11-22T09:30:00Z, nor a time before now, e.g. 15m, 2h or 3d"
)]
pub struct NoInstant(String);

/// The instant that a text names: RFC 3339, or how long ago, e.g. `90s`, `15m`, `2h`, `3d`.
pub fn instant(text: &str, now: Timestamp) -> Result<Timestamp, NoInstant> {
    let ago = || {
        let unit = text.chars().next_back()?;
        let seconds = match unit {
            's' => 1_u64,
            'm' => 60,
            'h' => 60 * 60,
            'd' => 24 * 60 * 60,
            _ => return None,
        };
        let number: u64 = text.strip_suffix(unit)?.parse().ok()?;
        Some(now.minus(Duration::from_secs(number.checked_mul(seconds)?)))
    };
    let named = text.parse().ok().or_else(ago);
    named.ok_or_else(|| NoInstant(text.chars().take(40).collect()))
}

/// Why a text names no moment that has been.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
pub enum NoMoment {
    /// It names none at all.
    #[error(transparent)]
    NoInstant(#[from] NoInstant),
    /// It names one that is still to come.
    #[error("{0} lies ahead")]
    Ahead(Timestamp),
}

/// The moment that a text names: an [`instant`] up to now, in UTC where it names no zone, as browsers send
/// it: `2026-11-22T09:30`, with seconds or without.
pub fn moment(text: &str, now: Timestamp) -> Result<Timestamp, NoMoment> {
    let text = text.trim();
    let at = instant(text, now).or_else(|none| in_utc(text).ok_or(none))?;
    if now < at { Err(NoMoment::Ahead(at)) } else { Ok(at) }
}

fn in_utc(text: &str) -> Option<Timestamp> {
    let text = text.replacen(' ', "T", 1);
    ["Z", ":00Z"].into_iter().find_map(|end| format!("{text}{end}").parse().ok())
}

/// Why a stream has no message at a sequence.
#[derive(Clone, Copy, Debug, thiserror::Error, PartialEq, Eq)]
pub enum Absent {
    /// Sequences count from 1.
    #[error("a stream begins with 1")]
    Zero,
    /// It aged out, or was purged.
    #[error("it is gone: the oldest that is kept is {first}")]
    Gone {
        /// The oldest that is kept.
        first: u64,
    },
    /// It is not stored yet.
    #[error("it never was: the last is {last}")]
    Never {
        /// The newest.
        last: u64,
    },
    /// It was taken out, alone or with all that was there.
    #[error("it is no longer there")]
    Deleted,
}

/// Why a stream that goes from `first` to `last` has nothing at `sequence`.
pub fn absent(sequence: u64, (first, last): (u64, u64)) -> Absent {
    match sequence {
        0 => Absent::Zero,
        _ if last < sequence => Absent::Never { last },
        _ if sequence < first && first <= last => Absent::Gone { first },
        _ => Absent::Deleted,
    }
}

/// What an event says, in a few words; nothing of what was said.
pub fn word(event: &Event) -> String {
    let outcome = trace::outcome(event);
    if !outcome.is_empty() {
        return outcome;
    }
    match event.aggregate() {
        Aggregate::Agent(id) => format!("agent {id}{}", version(event)),
        Aggregate::Tool(id) => format!("tool {id}"),
        Aggregate::ModelGroup(id) => format!("model group {id}"),
        Aggregate::Connection(id) => format!("connection {id}"),
        Aggregate::Claim(claim) => match &claim.holder {
            Some(holder) => format!("workspace {} is held by {holder}", claim.workspace),
            None => format!("workspace {} is held by nobody", claim.workspace),
        },
        Aggregate::Conversation(..) | Aggregate::Wire(_) | Aggregate::Tenant => String::new(),
    }
}

fn version(event: &Event) -> String {
    let Event::AgentPublished(data) = event else { return String::new() };
    let version = data.agent.published.as_ref().map(|it| format!(", version {}", it.version));
    version.unwrap_or_default()
}

#[cfg(test)]
mod tests;
