//! The consumers that stand between a message and the model: first delivery only, and within the
//! tenant's limits.

mod dedup;
mod rate_limit;

use std::sync::Arc;

use runtime::{Context, DirectoryWatch, Failure, consume};
use schemas::Event;
use store::{Database, StoreError};

pub use dedup::Dedup;
pub use rate_limit::RateLimit;

/// Runs both until the context says stop.
pub async fn run(context: Context, db: Database, directory: DirectoryWatch) -> anyhow::Result<()> {
    let dedup = Arc::new(Dedup { db: db.clone(), clock: context.clock.clone() });
    let rate_limit = Arc::new(RateLimit { db, directory });
    tokio::try_join!(consume(&context, dedup), consume(&context, rate_limit))?;
    Ok(())
}

/// The consumer's filter let through an event it does not read.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` is not an event this consumer reads")]
struct NotRead(&'static str);

fn not_read(event: &Event) -> Failure {
    Failure::reject(NotRead(event.kind().topic()))
}

/// A batch fails as one: each of its deliveries gets the same decision.
fn refuse<T>(error: &StoreError, count: usize) -> Vec<Result<T, Failure>> {
    let failure = || {
        let source = anyhow::anyhow!("{error}");
        if error.is_transient() { Failure::wait(source) } else { Failure::retry(source) }
    };
    std::iter::repeat_with(|| Err(failure())).take(count).collect()
}
