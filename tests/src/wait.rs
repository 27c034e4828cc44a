//! Waiting for what nobody tells, and what to show when it was in vain.

use std::{future::Future, time::Duration};

use anyhow::Context as _;

/// How long to leave alone whoever was asked in vain.
const PAUSE: Duration = Duration::from_millis(20);

/// Lines of a log that tell enough.
const TAIL_LINES: usize = 60;

/// Asks again and again, within bounds, until it is so.
pub async fn until<F>(
    within: Duration,
    what: &str,
    mut is_so: impl FnMut() -> F,
) -> anyhow::Result<()>
where
    F: Future<Output = anyhow::Result<bool>>,
{
    let so = async {
        while !is_so().await? {
            tokio::time::sleep(PAUSE).await;
        }
        anyhow::Ok(())
    };
    tokio::time::timeout(within, so).await.with_context(|| format!("in vain: {what}"))?
}

/// The end of what a service logged.
pub fn tail(log: &str) -> String {
    let lines: Vec<_> = log.lines().collect();
    lines.get(lines.len().saturating_sub(TAIL_LINES)..).unwrap_or_default().join("\n")
}
