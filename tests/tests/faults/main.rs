//! What is killed, cut off or delivered twice, and what people see in the end.

// For clippy, which takes helpers of tests for tests only where this stands.
#![cfg(test)]

mod before_ack;
mod drain;
mod exact;
mod kills;
mod leaders;
mod ledger_fails;
mod load;
mod log;
mod mid_answer;
mod mid_call;
mod mid_write;
mod nats_away;
mod pool;
mod postgres_away;
mod redelivered;
mod refusals;
mod repair;
mod restore;
mod set_aside;
mod slack_fails;
mod stale;
mod tally;
mod verdicts;

use std::time::Duration;

use anyhow::{Context as _, bail};
use konstruct_tests::{
    fake_slack::{Delivery, Gateway, Posted, Spoken, Team, World},
    installation::{Installation, SIGNING_SECRET, acme, tenant},
    nats_proxy::NatsProxy,
    postgres::raw,
    wait::{tail, until},
};
use tokio::process::Command;

use crate::{load::Load, tally::Tally};

/// The workspace of tenant `acme`.
const TEAM: &str = "T0ACME";

/// The workspaces of tenants `acme`, `beta` and `gamma`, where a test has several.
const TEAMS: [&str; 3] = [TEAM, "T0BETA", "T0GAMMA"];

/// The services, each a process of its own.
const SERVICES: [&str; 6] = ["gateway", "guards", "completion", "delivery", "projector", "sweeper"];

/// The channel all is said in.
const CHANNEL: &str = "C0ROOM";

/// What nobody acknowledged comes again only when the consumer's wait is over.
const SETTLED_WAIT: Duration = Duration::from_secs(150);

/// An answer when nothing is wrong; the machine may be busy.
const ANSWER_WAIT: Duration = Duration::from_mins(1);

/// Without services: workspace and tenant are there, and Slack delivers until it is heard.
async fn prepared() -> anyhow::Result<Installation> {
    let it = Installation::prepare().await?;
    furnish(&it).await?;
    Ok(it)
}

/// The same with every service in one process.
async fn started() -> anyhow::Result<Installation> {
    let mut it = prepared().await?;
    it.run("all").await?;
    Ok(it)
}

async fn furnish(it: &Installation) -> anyhow::Result<()> {
    it.apply(&acme()).await?;
    it.slack.install("xoxb-T0ACME", Team::new(TEAM, "U0BOT"));
    it.slack.link(gateway(&it.gateway()), false);
    Ok(())
}

/// Without services: three tenants, each with its workspace.
async fn prepared_for_three() -> anyhow::Result<Installation> {
    let it = Installation::prepare().await?;
    let tenants = ["acme", "beta", "gamma"].into_iter().zip(TEAMS);
    let yaml: String =
        tenants.map(|(slug, team)| tenant(slug, team, "mara", "warm, brief")).collect();
    it.apply(&format!("tenants:\n{yaml}")).await?;
    for team in TEAMS {
        it.slack.install(&format!("xoxb-{team}"), Team::new(team, "U0BOT"));
    }
    it.slack.link(gateway(&it.gateway()), false);
    Ok(it)
}

/// Starts every service as a process of its own, and one of them on a line that can be held.
async fn on_a_line(it: &mut Installation, service: &str) -> anyhow::Result<NatsProxy> {
    let line = NatsProxy::start(&it.nats.url()).await?;
    for other in SERVICES {
        if other == service {
            it.run_with(other, &[("KONSTRUCT_NATS_URL", &line.url())]).await?;
        } else {
            it.run(other).await?;
        }
    }
    Ok(line)
}

/// As patient as Slack, and quicker: a delivery comes again until it is taken.
fn gateway(url: &str) -> Gateway {
    Gateway::new(url, SIGNING_SECRET).retries(&[Duration::from_millis(200); 900])
}

/// A person mentions the employee, and the gateway takes it.
async fn ask(it: &Installation, text: &str) -> anyhow::Result<Spoken> {
    let spoken = it.slack.spoken(TEAM, CHANNEL, "U0PAT", &format!("<@U0BOT> {text}"))?;
    let said = it.slack.say(spoken).await?;
    if !said.deliveries.iter().all(Delivery::is_taken) {
        bail!("not taken: {:?}", said.deliveries);
    }
    Ok(said.spoken)
}

/// Waits until that is answered by exactly one message that holds `text`.
async fn answered(it: &Installation, spoken: &Spoken, text: &str) -> anyhow::Result<()> {
    let is_so = |world: &World| holds(&world.replies(TEAM, CHANNEL, &spoken.ts), text);
    let waited = it.slack.wait_for(SETTLED_WAIT, text, is_so).await;
    waited.with_context(|| said(it))
}

fn holds(replies: &[&Posted], text: &str) -> bool {
    matches!(replies, [only] if only.text.contains(text))
}

/// Where each message ended: its timestamp and its state.
async fn states(it: &Installation) -> anyhow::Result<Vec<(String, String)>> {
    let client = raw(&it.database.superuser_url()).await?;
    let rows = client.query("select reference->>'ts', state from p_message order by 1", &[]);
    let rows = rows.await?;
    rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).collect()
}

/// Waits until so many messages have ended, each in a state that needs nobody any more.
async fn settled(it: &Installation, messages: usize) -> anyhow::Result<Vec<(String, String)>> {
    let ended = |state: &str| matches!(state, "delivered" | "told" | "failed" | "uncertain");
    let all = || async {
        let states = states(it).await?;
        Ok(states.len() == messages && states.iter().all(|(_, state)| ended(state)))
    };
    let waited = until(SETTLED_WAIT, "every message ends", all).await;
    let found = states(it).await?;
    waited.with_context(|| format!("{found:?}\n{}", said(it)))?;
    Ok(found)
}

/// Sends a process a signal.
async fn signal(signal: &str, pid: u32) -> anyhow::Result<()> {
    let status = Command::new("kill").args([signal, &pid.to_string()]).status().await?;
    anyhow::ensure!(status.success(), "kill {signal} {pid}");
    Ok(())
}

/// The end of what each service logged.
fn said(it: &Installation) -> String {
    let each = SERVICES.iter().chain(&["all"]);
    let each = each.map(|service| (service, tail(&it.said(service))));
    let each = each.filter(|(_, said)| !said.is_empty());
    let each: Vec<_> = each.map(|(service, said)| format!("{service}:\n{said}")).collect();
    each.join("\n")
}

/// How many events were set aside.
async fn dead_letters(it: &Installation) -> anyhow::Result<u64> {
    let jetstream = async_nats::jetstream::new(async_nats::connect(it.nats.url()).await?);
    let stream = jetstream.get_stream("DEADLETTERS").await?;
    Ok(stream.cached_info().state.messages)
}
