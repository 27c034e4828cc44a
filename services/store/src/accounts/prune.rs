//! Forgets sessions and links that ended long ago, tries that no longer count,
//! and answers that are not asked for again.

use std::time::Duration;

use schemas::Timestamp;

use crate::{Platform, StoreError};

/// Long enough to see in the log of operators what a session was.
const ENDED_KEPT: Duration = Duration::from_hours(31 * 24);

/// So long they count (`accounts::throttle`).
const TRIES_KEPT: Duration = Duration::from_hours(24);

const STATEMENTS: [(&str, Duration); 5] = [
    ("delete from oidc_returned where expires_at_ms < $1", ENDED_KEPT),
    ("delete from api_answer where at_ms < $1", ENDED_KEPT),
    ("delete from operator_session where expires_at_ms < $1", ENDED_KEPT),
    ("delete from one_use_token where expires_at_ms < $1", ENDED_KEPT),
    ("delete from sign_in_throttle where last_at_ms < $1", TRIES_KEPT),
];

/// Forgets what is old at `now`. Says how many rows went, and what could not be done; the rest was.
pub async fn prune(platform: &Platform, now: Timestamp) -> (u64, Vec<StoreError>) {
    let (mut gone, mut failed) = (0, Vec::new());
    for (sql, kept) in STATEMENTS {
        let before = now.minus(kept).as_millis();
        match platform.account(sql, &[&before]).await {
            Ok(answer) => gone += answer.affected,
            Err(error) => failed.push(error),
        }
    }
    (gone, failed)
}
