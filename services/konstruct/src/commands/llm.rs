//! `konstruct llm status`: how the deployments stand, as a running process knows them.

use std::time::Duration;

use anyhow::{Context as _, ensure};
use providers::{DeploymentState, DeploymentStatus};
use schemas::usage::MicroDollars;

use crate::output::{Output, table};

/// How long a process may take to answer.
const WAIT: Duration = Duration::from_secs(5);

/// Asks the process whose admin listener is at that address.
pub(crate) async fn status(admin: &str, output: Output) -> anyhow::Result<()> {
    let url = format!("{}/llm", admin.trim_end_matches('/'));
    let client = reqwest::Client::builder().timeout(WAIT).no_proxy().build()?;
    let answer = client.get(&url).send().await;
    let answer = answer.with_context(|| format!("no process answers at {admin}"))?;
    let status = answer.status();
    ensure!(status.is_success(), "the process at {admin} asks no models ({status})");
    let found: Vec<DeploymentStatus> = answer.json().await?;
    let rows: Vec<_> = found.iter().map(row).collect();
    let header = ["DEPLOYMENT", "STATE", "FIRST TOKEN", "UNDER WAY", "CALLS", "FAILED", "SPENT"];
    output.print(&table(&header, &rows), &found)
}

fn row(it: &DeploymentStatus) -> Vec<String> {
    let state = match (it.state, it.opens_in_ms) {
        (DeploymentState::Open, _) => "serving".to_owned(),
        (DeploymentState::Returning, _) => "returning".to_owned(),
        (DeploymentState::Resting, Some(wait)) => format!("resting {wait} ms"),
        (DeploymentState::Resting, None) => "resting".to_owned(),
    };
    let MicroDollars(spent) = it.spent;
    vec![
        it.deployment.clone(),
        state,
        it.first_token_ms.map_or("-".to_owned(), |millis| format!("{millis} ms")),
        it.in_flight.to_string(),
        it.calls.to_string(),
        it.failures.to_string(),
        format!("${}.{:06}", spent / 1_000_000, spent % 1_000_000),
    ]
}
