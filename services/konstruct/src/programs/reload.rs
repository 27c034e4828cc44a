//! Takes other settings of models without a restart: at SIGHUP, they are read again.

use models::Models;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::settings::Sources;

/// Waits for the signal until it is told to stop; a service that asks no models only says so. Settings that are not sound are refused whole, and the
/// log says all that is wrong with them; those that are at work stay.
pub(crate) fn run(
    stop: CancellationToken,
    models: Option<Models>,
) -> anyhow::Result<impl Future<Output = anyhow::Result<()>> + Send + 'static> {
    let mut hangups = signal(SignalKind::hangup())?;
    Ok(async move {
        while let Some(Some(())) = stop.run_until_cancelled(hangups.recv()).await {
            let Some(models) = &models else {
                tracing::warn!("no models are at work here, so no settings are read again");
                continue;
            };
            match Sources::open().and_then(|sources| sources.models()) {
                Ok(read) => {
                    let groups: Vec<_> = read.groups().map(str::to_owned).collect();
                    models.replace(read);
                    tracing::info!(
                        groups = groups.join(", "),
                        "the settings of models are read again"
                    );
                }
                Err(error) => {
                    tracing::error!(
                        error = format!("{error:#}"),
                        "the settings of models stay as they were"
                    );
                }
            }
        }
        stop.cancelled().await;
        Ok(())
    })
}
