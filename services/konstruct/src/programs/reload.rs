//! Takes other settings of models without a restart: at SIGHUP, they are read again.

use domain::model::without_group;
use models::Models;
use runtime::DirectoryWatch;
use schemas::{AgentId, TenantId};
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::settings::Sources;

/// How many agents one line of the log names.
const NAMED_MAX: usize = 100;

/// Waits for the signal until it is told to stop; a service that asks no models only says so. Settings that are not sound are refused whole, and the
/// log says all that is wrong with them; those that are at work stay.
pub(crate) fn run(
    stop: CancellationToken,
    models: Option<Models>,
    directory: DirectoryWatch,
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
                    let is_there = |name: &str| groups.iter().any(|group| group == name);
                    let without = directory.read(|known| without_group(known, &is_there));
                    tracing::info!(
                        groups = groups.join(", "),
                        "the settings of models are read again"
                    );
                    if !without.is_empty() {
                        tracing::warn!(
                            agents = named(&without),
                            "agents are left without a model group: nobody answers for them"
                        );
                    }
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

/// Agents as `tenant/agent`, and how many more there are.
fn named(agents: &[(TenantId, AgentId)]) -> String {
    let all = agents.iter().take(NAMED_MAX).map(|(tenant, agent)| format!("{tenant}/{agent}"));
    let more = agents.len().saturating_sub(NAMED_MAX);
    let more = (0 < more).then(|| format!("and {more} more"));
    all.chain(more).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_left_without_a_group_is_named_up_to_a_bound() {
        let agent = |nth: usize| ("acme".parse().unwrap(), format!("a{nth}").parse().unwrap());
        let agents: Vec<(TenantId, AgentId)> = (0..NAMED_MAX + 2).map(agent).collect();
        assert_eq!(named(&agents[..2]), "acme/a0, acme/a1");
        let text = named(&agents);
        assert!(text.ends_with("acme/a98, acme/a99, and 2 more"), "{text}");
    }
}
