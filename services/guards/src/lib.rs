//! The consumers that stand between a message and the model: first delivery only, and within the
//! tenant's limits. Beside them, the one that honours a workspace's withdrawal.
//!
//! **Invariant:** a verdict is made once; whoever gets the message again repeats it.
//! **Invariant:** nothing here speaks to anybody outside.

mod dedup;
mod rate_limit;
mod revocation;

use std::sync::Arc;

use runtime::{Context, Delivery, DirectoryWatch, Failure, consume};
use schemas::Event;
use store::{Database, StoreError};

pub use dedup::Dedup;
pub use rate_limit::RateLimit;
pub use revocation::Revocation;

/// Runs all three until the context says stop.
pub async fn run(context: Context, db: Database, directory: DirectoryWatch) -> anyhow::Result<()> {
    let dedup = Arc::new(Dedup { db: db.clone(), clock: context.clock.clone() });
    let rate_limit = Arc::new(RateLimit { db, directory: directory.clone() });
    let revocation = Arc::new(Revocation::new(&context, directory));
    tokio::try_join!(
        consume(&context, dedup),
        consume(&context, rate_limit),
        consume(&context, revocation),
    )?;
    Ok(())
}

/// The consumer's filter let through an event it does not read.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` is not an event this consumer reads")]
struct NotRead(&'static str);

fn not_read(event: &Event) -> Failure {
    Failure::reject(NotRead(event.kind().topic()))
}

/// A batch is decided in one transaction. Where that fails for a reason that waiting does not mend,
/// each delivery is decided alone, so that one that cannot be decided takes no other with it.
async fn decide_all<'a, D, F>(batch: &'a [Delivery], decide: D) -> Vec<Result<Vec<Event>, Failure>>
where
    D: Fn(&'a [Delivery]) -> F,
    F: Future<Output = Result<Vec<Result<Vec<Event>, Failure>>, StoreError>>,
{
    match decide(batch).await {
        Ok(decided) => decided,
        Err(error) if error.is_transient() => {
            let text = error.to_string();
            let wait = || Err(Failure::wait(anyhow::anyhow!(text.clone())));
            std::iter::repeat_with(wait).take(batch.len()).collect()
        }
        Err(_) => {
            let mut results = Vec::with_capacity(batch.len());
            for one in batch.chunks(1) {
                match decide(one).await {
                    Ok(decided) => results.extend(decided),
                    Err(error) => results.push(Err(from_store(error))),
                }
            }
            results
        }
    }
}

fn from_store(error: StoreError) -> Failure {
    if error.is_transient() { Failure::wait(error) } else { Failure::retry(error) }
}
