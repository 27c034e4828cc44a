//! How long a session lives.

use std::time::Duration;

use schemas::Timestamp;
use store::accounts::sessions::Bounds;

/// Without a request for so long, it ends.
pub const IDLE_MAX: Duration = Duration::from_hours(1);
/// However much it is used, it ends.
pub const AGE_MAX: Duration = Duration::from_hours(12);
/// So long after the password was typed, it is not asked for again.
pub const FRESH: Duration = Duration::from_mins(10);
/// That it was seen is noted at most so often.
pub const TOUCH: Duration = Duration::from_mins(1);

/// Between what times a session lives at `now`.
pub fn bounds(now: Timestamp) -> Bounds {
    Bounds { now, idle_since: now.minus(IDLE_MAX), touch_before: now.minus(TOUCH) }
}
