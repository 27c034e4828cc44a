//! Every bound of the log, in one place. What has no bound is a way to be taken down.

use std::time::Duration;

/// The longest an event may be on a stream, in bytes, its headers included.
pub const MESSAGE_BYTES_MAX: i32 = 1024 * 1024;

// An envelope that a stream refuses would be tried for ever.
const _: () = assert!(schemas::envelope::LEN_MAX + 4 * 1024 == MESSAGE_BYTES_MAX as usize);

/// How long the server remembers a `Nats-Msg-Id`. Only the cheap first filter: the window is in
/// memory, and the database remembers longer.
pub const DUPLICATE_WINDOW: Duration = Duration::from_mins(10);

/// How long one publish waits for its ack before the caller is told that it failed.
pub const PUBLISH_ACK_WAIT: Duration = Duration::from_secs(5);

/// How many publishes may wait for their acks in one process.
pub const PUBLISH_IN_FLIGHT_MAX: usize = 4_096;

/// The longest pause between two attempts made in place; longer waits leave the consumer's window.
pub const PAUSE_MAX: Duration = Duration::from_secs(5);

/// The longest an event is deferred in one go; then it is tried again, and may be deferred again.
pub const DEFER_MAX: Duration = Duration::from_hours(1);

/// How many lanes one consumer works at the same time.
pub const LANES_MAX: usize = 256;

/// How many of them one tenant may have at work: whoever has the most to do leaves room for the others.
pub const LANES_OF_TENANT_MAX: usize = 64;

/// How many events of one conversation, and of one tenant, a consumer holds in memory. What comes beyond
/// that is put off, so that whoever floods one thread leaves room for everybody else.
pub const IN_HAND_OF_LANE_MAX: usize = 64;
/// See [`IN_HAND_OF_LANE_MAX`].
pub const IN_HAND_OF_TENANT_MAX: usize = 512;

/// After how long what was put off is looked at again.
pub const PUT_OFF: Duration = Duration::from_secs(5);

/// How far apart the batches of an ordered reader begin: what an event alone costs is most of what a
/// hundred cost.
pub const READ_PACE: Duration = Duration::from_millis(50);

/// How long a stopping service may finish what it has begun.
pub const DRAIN_MAX: Duration = Duration::from_secs(10);

/// Dead letters that are read at one time, the oldest first.
pub const LETTERS_READ_MAX: usize = 100_000;

/// Bytes of a cause kept with a dead letter's reason.
pub const REASON_BYTES_MAX: usize = 2_000;
