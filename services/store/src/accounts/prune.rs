//! Forgets sessions and links that ended long ago, tries that no longer count,
//! and answers that are not asked for again.

use std::time::Duration;

use schemas::Timestamp;

use crate::{Platform, StoreError};

/// Long enough to see in the log of operators what a session was.
const ENDED_KEPT: Duration = Duration::from_hours(31 * 24);

const STATEMENTS: [&str; 5] = [
    "delete from oidc_returned where expires_at_ms < $1",
    "delete from api_answer where at_ms < $1",
    "delete from operator_session where expires_at_ms < $1",
    "delete from one_use_token where expires_at_ms < $1",
    "delete from sign_in_throttle where last_at_ms < $1",
];

/// Forgets what is old at `now`, and says how many rows went. Tries are kept as long as the rest, which
/// is longer than they count.
pub async fn prune(platform: &Platform, now: Timestamp) -> Result<u64, StoreError> {
    let before = now.minus(ENDED_KEPT).as_millis();
    let mut gone = 0;
    for sql in STATEMENTS {
        gone += platform.account(sql, &[&before]).await?.affected;
    }
    Ok(gone)
}
