//! Reading the log again: which read models derive from which stream, whether what is there suffices, and
//! how fast it may go.

use std::{fmt, time::Duration};

use schemas::TenantId;

/// Where a read model derives from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Source {
    /// What happens to messages; kept for 30 days, and before that stands the base.
    Events,
    /// Who exists; kept for ever.
    Directory,
}

impl Source {
    /// Whether its log, which begins at `first`, has all that came after `place`. The directory is kept for
    /// ever: what is gone from it was erased, and is to be missing.
    pub const fn has_all(self, place: u64, first: u64) -> bool {
        match self {
            Source::Events => follows(place, first),
            Source::Directory => true,
        }
    }
}

/// A read model: a table.
#[derive(Debug, PartialEq, Eq)]
pub struct Model {
    /// The table's name.
    pub name: &'static str,
    /// What it derives from.
    pub sources: &'static [Source],
}

use Source::{Directory, Events};

/// Every read model, in alphabetical order.
pub static MODELS: [Model; 10] = [
    Model { name: "p_agent", sources: &[Directory] },
    Model { name: "p_change", sources: &[Directory] },
    Model { name: "p_connection", sources: &[Directory] },
    Model { name: "p_conversation", sources: &[Events] },
    Model { name: "p_day", sources: &[Events] },
    Model { name: "p_event", sources: &[Events, Directory] },
    Model { name: "p_message", sources: &[Events] },
    Model { name: "p_month", sources: &[Events] },
    Model { name: "p_tenant", sources: &[Directory] },
    Model { name: "p_usage", sources: &[Events] },
];

/// There is no such read model.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no read model is called `{0}`; there are {names}", names = names())]
pub struct Unknown(String);

fn names() -> String {
    MODELS.each_ref().map(|model| short(model.name)).join(", ")
}

fn short(name: &str) -> &str {
    name.strip_prefix("p_").unwrap_or(name)
}

/// Those of these names, `usage` or `p_usage`; all of them where none is named.
pub fn named(only: &[String]) -> Result<Vec<&'static Model>, Unknown> {
    let is = |model: &Model, name: &str| short(model.name) == short(name);
    if let Some(name) = only.iter().find(|name| !MODELS.iter().any(|model| is(model, name))) {
        return Err(Unknown(name.clone()));
    }
    let wanted = |model: &&Model| only.is_empty() || only.iter().any(|name| is(model, name));
    Ok(MODELS.iter().filter(wanted).collect())
}

/// What must be read for these, in order and each once.
pub fn sources(models: &[&Model]) -> Vec<Source> {
    let mut sources: Vec<_> = models.iter().flat_map(|model| model.sources).copied().collect();
    sources.sort_unstable();
    sources.dedup();
    sources
}

/// Which of the workers has a tenant: the order within a tenant is that of the log. Never changes, since
/// a rebuild may be taken up again by another program.
pub fn worker_of(tenant: &TenantId, workers: u32) -> u32 {
    // FNV-1a.
    let mix = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    let hash = tenant.as_str().bytes().fold(0xcbf2_9ce4_8422_2325, mix);
    let worker = (hash >> 32).checked_rem(u64::from(workers)).unwrap_or(0);
    u32::try_from(worker).unwrap_or(0)
}

/// Whether a log that begins at `first` has all that came after `place`.
pub const fn follows(place: u64, first: u64) -> bool {
    first <= place.saturating_add(1)
}

/// How many events may be read in a second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    per_s: u64,
}

impl Pace {
    /// At most so many; at least one.
    pub fn new(per_s: u64) -> Self {
        Self { per_s: per_s.max(1) }
    }

    /// How many to read at one time, of at most `most`: so few that nobody waits for longer than a second.
    pub fn piece(self, most: usize) -> usize {
        usize::try_from(self.per_s).map_or(most, |per_s| per_s.min(most))
    }

    /// How long to wait when so many were read in that time.
    pub fn wait(self, done: u64, elapsed: Duration) -> Duration {
        let due_ms = u128::from(done) * 1_000 / u128::from(self.per_s);
        Duration::from_millis(u64::try_from(due_ms).unwrap_or(u64::MAX)).saturating_sub(elapsed)
    }
}

/// How far it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Events that were read.
    pub done: u64,
    /// Of how many.
    pub total: u64,
    /// In which time.
    pub elapsed: Duration,
}

impl Progress {
    /// Events in a second, so far.
    pub fn rate(&self) -> u64 {
        let rate = (u128::from(self.done) * 1_000).checked_div(self.elapsed.as_millis());
        rate.and_then(|rate| u64::try_from(rate).ok()).unwrap_or(0)
    }

    /// How long the rest will take, if it goes on like this; unknown before anything is done.
    pub fn rest(&self) -> Option<Duration> {
        let left = u128::from(self.total.saturating_sub(self.done));
        let ms = (left * self.elapsed.as_millis()).checked_div(u128::from(self.done))?;
        Some(Duration::from_millis(u64::try_from(ms).unwrap_or(u64::MAX)))
    }
}

impl fmt::Display for Progress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let percent = (u128::from(self.done) * 100).checked_div(u128::from(self.total));
        write!(f, "{} of {} events", self.done, self.total)?;
        write!(f, " ({} %), {} a second", percent.unwrap_or(100), self.rate())?;
        match self.rest() {
            Some(rest) => write!(f, ", {} left", Clock(rest)),
            None => Ok(()),
        }
    }
}

/// `1:02:03`, or `2:03` within the hour.
struct Clock(Duration);

impl fmt::Display for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all = self.0.as_secs();
        let (hours, minutes, seconds) = (all / 3_600, all / 60 % 60, all % 60);
        if hours == 0 {
            return write!(f, "{minutes}:{seconds:02}");
        }
        write!(f, "{hours}:{minutes:02}:{seconds:02}")
    }
}

#[cfg(test)]
mod tests;
