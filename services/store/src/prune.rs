//! Deletes what nobody asks for any more, a bounded piece at a time.

use std::time::Duration;

use schemas::Timestamp;

use crate::{Platform, Purpose, StoreError};

/// Slack delivers again for some hours, and we promise 25; twice that, so that clocks may differ.
const DEDUP_KEPT: Duration = Duration::from_hours(48);
/// Longer than an event can be redelivered from its stream, which keeps it for 30 days.
const VERDICT_KEPT: Duration = Duration::from_hours(31 * 24);
/// Longer than any limit takes to reset.
const NOTICE_KEPT: Duration = Duration::from_hours(1);
/// Rows of one table in one transaction.
const ROWS_MAX: i64 = 5_000;

const DEDUP: &str = "
    delete from dedup_verdict where (tenant_id, key) in (
        select tenant_id, key from dedup_verdict where seen_at_ms < $1 limit $2)";
const VERDICTS: &str = "
    delete from rate_verdict where (tenant_id, message_id) in (
        select tenant_id, message_id from rate_verdict where decided_at_ms < $1 limit $2)";
const NOTICES: &str = "
    delete from notice where (tenant_id, person) in (
        select tenant_id, person from notice where told_at_ms < $1 limit $2)";
const AUDIT: &str = "select forget_unattended_audit()";

/// How many rows went.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pruned {
    /// Keys of deliveries and messages.
    pub dedup: u64,
    /// Verdicts of the rate limit.
    pub verdicts: u64,
    /// Word that people were told.
    pub notices: u64,
}

impl Pruned {
    /// All of them.
    pub const fn total(self) -> u64 {
        self.dedup + self.verdicts + self.notices
    }
}

/// Deletes what is old at `now`. Safe to run anywhere, at any time, by several at once.
pub async fn prune(platform: &Platform, actor: &str, now: Timestamp) -> Result<Pruned, StoreError> {
    let mut pruned = Pruned::default();
    loop {
        let piece = piece(platform, actor, now).await?;
        pruned.dedup += piece.dedup;
        pruned.verdicts += piece.verdicts;
        pruned.notices += piece.notices;
        if piece.total() == 0 {
            return Ok(pruned);
        }
    }
}

async fn piece(platform: &Platform, actor: &str, now: Timestamp) -> Result<Pruned, StoreError> {
    let mut tx = platform.begin(Purpose::Prune, actor).await?;
    let before = |kept: Duration| now.minus(kept).as_millis();
    let pruned = Pruned {
        dedup: tx.execute(DEDUP, &[&before(DEDUP_KEPT), &ROWS_MAX]).await?,
        verdicts: tx.execute(VERDICTS, &[&before(VERDICT_KEPT), &ROWS_MAX]).await?,
        notices: tx.execute(NOTICES, &[&before(NOTICE_KEPT), &ROWS_MAX]).await?,
    };
    tx.query(AUDIT, &[]).await?;
    tx.commit().await?;
    Ok(pruned)
}
