//! Streams and buckets.

use std::time::Duration;

use schemas::directory::FOLLOW_MINUTES_MAX;

use crate::bounds::DUPLICATE_WINDOW;

const MIB: i64 = 1024 * 1024;
const GIB: i64 = 1024 * MIB;

/// What an installation says of its own size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sizes {
    /// How many bytes `EVENTS` keeps.
    pub events_bytes_max: i64,
    /// How many bytes `DIRECTORY` keeps.
    pub directory_bytes_max: i64,
}

impl Default for Sizes {
    fn default() -> Self {
        Self { events_bytes_max: EVENTS.bytes_max, directory_bytes_max: DIRECTORY.bytes_max }
    }
}

impl Sizes {
    /// How many bytes a stream keeps here.
    pub fn of(self, row: &Stream) -> i64 {
        match row.name {
            name if name == EVENTS.name => self.events_bytes_max,
            name if name == DIRECTORY.name => self.directory_bytes_max,
            _ => row.bytes_max,
        }
    }
}

/// What a full stream does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Discard {
    /// Refuses: the publisher is told, nothing is lost in silence.
    New,
    /// Drops the oldest.
    Old,
}

/// A stream. Limits retention, file storage, always: the log must be browsable and survive.
#[derive(Debug)]
pub struct Stream {
    /// Its name.
    pub name: &'static str,
    /// What it is for, in one line.
    pub about: &'static str,
    /// What it captures.
    pub subjects: &'static [&'static str],
    /// How long it keeps a message; for ever without.
    pub max_age: Option<Duration>,
    /// How many bytes it keeps; of `EVENTS` and `DIRECTORY` an installation may say otherwise, see
    /// [`Sizes`].
    pub bytes_max: i64,
    /// How many messages of one subject it keeps, the newest; any number without.
    pub per_subject_max: Option<i64>,
    /// What it does when full.
    pub discard: Discard,
    /// How long a `Nats-Msg-Id` is remembered.
    pub duplicate_window: Duration,
    /// Whether several messages may be published as one (server 2.12 or newer).
    pub atomic: bool,
    /// Copies in production; development and tests have one.
    pub replicas: u8,
}

/// Everything that happens to messages.
pub const EVENTS: Stream = Stream {
    name: "EVENTS",
    about: "what happens to messages",
    subjects: &["events.>"],
    max_age: Some(Duration::from_hours(30 * 24)),
    bytes_max: 8 * GIB,
    per_subject_max: None,
    discard: Discard::New,
    duplicate_window: DUPLICATE_WINDOW,
    atomic: false,
    replicas: 3,
};

/// Who exists, and who holds which workspace. Kept for ever: an aggregate's expected sequence must
/// not fall back to zero.
pub const DIRECTORY: Stream = Stream {
    name: "DIRECTORY",
    about: "tenants, agents, connections and the workspaces they hold",
    subjects: &["directory.>", "claims.>"],
    max_age: None,
    bytes_max: GIB,
    per_subject_max: None,
    discard: Discard::New,
    duplicate_window: DUPLICATE_WINDOW,
    atomic: true,
    replicas: 3,
};

/// What could not be handled, with the reason, until somebody decides. Never a work queue: it must
/// be browsable. A subject is one consumer and one tenant, who so has a share of its own.
pub const DEADLETTERS: Stream = Stream {
    name: "DEADLETTERS",
    about: "what could not be handled, and why",
    subjects: &["deadletters.>"],
    max_age: Some(Duration::from_hours(90 * 24)),
    bytes_max: 256 * MIB,
    per_subject_max: Some(1_000),
    discard: Discard::New,
    duplicate_window: DUPLICATE_WINDOW,
    atomic: false,
    replicas: 3,
};

/// The server's word that a delivery was given up. Advisories are not stored unless captured.
pub const ADVISORIES: Stream = Stream {
    name: "ADVISORIES",
    about: "deliveries the server gave up",
    subjects: &["$JS.EVENT.ADVISORY.CONSUMER.MAX_DELIVERIES.>"],
    max_age: Some(Duration::from_hours(30 * 24)),
    bytes_max: 64 * MIB,
    per_subject_max: None,
    discard: Discard::Old,
    duplicate_window: DUPLICATE_WINDOW,
    atomic: false,
    replicas: 3,
};

/// The mark of a restore that has not ended: nothing starts and nothing writes while it is there. None of
/// [`STREAMS`]: only a restore makes it, it is in no backup, and an installation that is whole has none.
/// Its settings say of which restore it is; it never has a message.
pub const RESTORING: Stream = Stream {
    name: "RESTORING",
    about: "a restore that has not ended",
    subjects: &["restoring"],
    max_age: None,
    bytes_max: MIB,
    per_subject_max: None,
    discard: Discard::New,
    duplicate_window: DUPLICATE_WINDOW,
    atomic: false,
    replicas: 3,
};

/// Every stream there is.
pub const STREAMS: &[&Stream] = &[&EVENTS, &DIRECTORY, &DEADLETTERS, &ADVISORIES];

/// A key-value bucket.
#[derive(Debug)]
pub struct Bucket {
    /// Its name.
    pub name: &'static str,
    /// What it is for, in one line.
    pub about: &'static str,
    /// How long it keeps an entry.
    pub max_age: Duration,
    /// How many bytes it keeps.
    pub bytes_max: i64,
    /// Copies in production.
    pub replicas: u8,
}

/// Threads that agents follow: `{tenant}.{connection}.{conversation}` → until when. The follow time
/// is the agent's own and stands in the value; the bucket keeps entries as long as the longest.
pub const ENGAGEMENTS: Bucket = Bucket {
    name: "engagements",
    about: "threads that agents follow, and until when",
    max_age: Duration::from_mins(FOLLOW_MINUTES_MAX as u64),
    bytes_max: 128 * MIB,
    replicas: 3,
};

/// Every bucket there is.
pub const BUCKETS: &[&Bucket] = &[&ENGAGEMENTS];
