//! Honours a tenant's deletion: its key goes from the database, then from memory, and with it all that
//! was ever sealed with it.

use std::time::Duration;

use models::Models;
use runtime::{Context, DirectoryWatch};
use schemas::TenantId;
use store::{Database, Keys, StoreError, keys};
use tracing::{info, warn};

/// The pause before the database is asked again.
const AGAIN_PAUSE: Duration = Duration::from_secs(5);

/// Runs until the context says stop. Every process that holds keys does this, and the sweeper: the
/// directory is read anew by each, and a key that is gone is not missed.
pub(crate) async fn run(
    context: Context,
    directory: DirectoryWatch,
    db: Database,
    (keys, models): (Option<Keys>, Option<Models>),
) -> anyhow::Result<()> {
    let mut done = 0;
    while let Some(Some(deleted)) = context.stop.run_until_cancelled(directory.deleted(done)).await
    {
        for tenant in deleted {
            match erase(&context, &db, keys.as_ref(), &tenant).await {
                Ok(()) => {
                    if let Some(models) = &models {
                        models.forget(&tenant);
                    }
                    info!(%tenant, "its key is gone");
                    done += 1;
                }
                Err(error) => {
                    warn!(%tenant, %error, "its key is not erased yet");
                    _ = context.stop.run_until_cancelled(tokio::time::sleep(AGAIN_PAUSE)).await;
                    break;
                }
            }
        }
    }
    context.stop.cancelled().await;
    Ok(())
}

/// First from the database, so that nobody reads it into memory again.
async fn erase(
    context: &Context,
    db: &Database,
    keys: Option<&Keys>,
    tenant: &TenantId,
) -> Result<(), StoreError> {
    keys::forget(db, tenant, context.clock.now()).await?;
    if let Some(keys) = keys {
        keys.evict(tenant);
    }
    Ok(())
}
