//! From Slack's webhook to the answer in the thread, through the services as they run.

// For clippy, which takes helpers of tests for tests only where this stands.
#![cfg(test)]

mod answers;
mod bounds;
mod budgets;
mod commands;
mod erase;
mod export;
mod floods;
mod gateway;
mod hand_off;
mod ignored;
mod keep;
mod long;
mod memory;
mod models;
mod old_log;
mod order;
mod person;
mod rebuild;
mod replay;
mod sealed;
mod see;
mod strangers;
mod tenants;
mod tools;
mod traced;
mod trouble;
mod withdrawn;

use std::time::Duration;

use anyhow::{Context as _, bail};
use async_nats::jetstream::{
    self,
    consumer::{DeliverPolicy, pull::OrderedConfig},
};
use domain::reply::PLACEHOLDER;
use futures::StreamExt as _;
use konstruct_tests::{
    fake_slack::{Gateway, Posted, Spoken, Team, World},
    installation::{Installation, SIGNING_SECRET, acme, tenant},
    wait::{tail, until},
};
use serde_json::Value;

/// How long anything may take here, on a machine that does other things too.
const PATIENCE: Duration = Duration::from_mins(1);

/// The employee, in every workspace.
const BOT: &str = "U0BOT";

/// A running installation with these tenants, installed in these workspaces; employees hear
/// themselves, as in Slack.
async fn running(yaml: &str, workspaces: &[&str]) -> anyhow::Result<Installation> {
    let mut it = Installation::prepare().await?;
    it.apply(yaml).await?;
    it.run("all").await?;
    for workspace in workspaces {
        it.slack.install(&format!("xoxb-{workspace}"), Team::new(workspace, BOT));
    }
    it.slack.link(Gateway::new(&it.gateway(), SIGNING_SECRET), true);
    Ok(it)
}

/// Tenant `acme` alone.
async fn running_acme() -> anyhow::Result<Installation> {
    running(&acme(), &["T0ACME"]).await
}

/// Tenants `acme` in `T0ACME` and `beta` in `T0BETA`.
async fn running_both() -> anyhow::Result<Installation> {
    let beta = tenant("beta", "T0BETA", "bo", "dry, exact");
    running(&format!("{}{beta}", acme()), &["T0ACME", "T0BETA"]).await
}

/// A person mentions the employee now; said with [`heard`].
fn mention(it: &Installation, workspace: &str, text: &str) -> anyhow::Result<Spoken> {
    it.slack.spoken(workspace, "C1", "U0ANN", &format!("<@{BOT}> {text}"))
}

/// A person says this now, in a thread, to nobody in particular.
fn reply_to(it: &Installation, root: &Spoken, text: &str) -> anyhow::Result<Spoken> {
    let spoken = it.slack.spoken(&root.team.id, &root.channel, &root.user, text)?;
    Ok(spoken.in_thread(&root.ts))
}

/// It is said, and the gateway takes all its events at the first attempt.
async fn heard(it: &Installation, spoken: &Spoken) -> anyhow::Result<()> {
    let said = it.slack.say(spoken.clone()).await?;
    for delivery in &said.deliveries {
        if delivery.statuses() != [Some(200)] {
            bail!("the gateway said {:?}\n{}", delivery.attempts, it.said("all"));
        }
    }
    Ok(())
}

/// Waits until it is so of what Slack knows.
async fn seen(
    it: &Installation,
    what: &str,
    is_so: impl FnMut(&World) -> bool,
) -> anyhow::Result<()> {
    let waited = it.slack.wait_for(PATIENCE, what, is_so).await;
    waited.with_context(|| format!("the services said:\n{}", tail(&it.said("all"))))
}

/// What the employee said in the thread of `root` that is no placeholder, once there is so much.
async fn answers(it: &Installation, root: &Spoken, count: usize) -> anyhow::Result<Vec<Posted>> {
    let thread = root.thread.as_ref().unwrap_or(&root.ts);
    let (team, channel) = (&root.team.id, &root.channel);
    let what = format!("{count} answers in {team} {channel} {thread}");
    seen(it, &what, |world| answered(world, root) >= count).await?;
    Ok(it.slack.replies(team, channel, thread))
}

/// How many answers stand in the thread of `root`.
fn answered(world: &World, root: &Spoken) -> usize {
    let thread = root.thread.as_ref().unwrap_or(&root.ts);
    let replies = world.replies(&root.team.id, &root.channel, thread);
    replies.iter().filter(|posted| posted.text != PLACEHOLDER).count()
}

/// Said, and answered in its thread by one more message; that one's text.
async fn ask(it: &Installation, spoken: &Spoken) -> anyhow::Result<String> {
    let before = it.slack.see(|world| answered(world, spoken));
    heard(it, spoken).await?;
    let replies = answers(it, spoken, before + 1).await?;
    Ok(replies.last().context("no reply")?.said().to_owned())
}

/// A stream from its beginning, as it grows.
struct Log {
    messages: jetstream::consumer::pull::Ordered,
    stream: jetstream::stream::Stream,
    events: Vec<Value>,
}

impl Log {
    async fn open(it: &Installation, stream: &str) -> anyhow::Result<Self> {
        let client = async_nats::connect(it.nats.url()).await?;
        let stream = jetstream::new(client).get_stream(stream).await?;
        let all = OrderedConfig { deliver_policy: DeliverPolicy::All, ..Default::default() };
        let consumer = stream.create_consumer(all).await?;
        Ok(Self { messages: consumer.messages().await?, stream, events: Vec::new() })
    }

    /// How many messages were ever stored.
    async fn stored(&mut self) -> anyhow::Result<u64> {
        Ok(self.stream.info().await?.state.last_sequence)
    }

    /// Reads so many events.
    async fn read(&mut self, count: u64) -> anyhow::Result<()> {
        for _ in 0..count {
            let next = tokio::time::timeout(PATIENCE, self.messages.next()).await?;
            let next = next.context("the log ended")??;
            self.events.push(serde_json::from_slice(&next.payload)?);
        }
        Ok(())
    }

    /// Reads on until so many events of a kind are there, e.g. `reply.delivered`.
    async fn until(&mut self, kind: &str, count: usize) -> anyhow::Result<()> {
        let reading = async {
            while self.count(kind) < count {
                self.read(1).await?;
            }
            anyhow::Ok(())
        };
        let read = tokio::time::timeout(PATIENCE, reading).await;
        read.with_context(|| format!("waited in vain for {count} {kind}: {:?}", self.kinds()))?
    }

    fn count(&self, kind: &str) -> usize {
        self.kinds().iter().filter(|known| **known == kind).count()
    }

    /// The kinds of all events read, in their order.
    fn kinds(&self) -> Vec<&str> {
        let kinds = self.events.iter().filter_map(|event| event.get("type")?.as_str());
        kinds.map(short).collect()
    }

    /// The message that the first event of a kind is about.
    fn message_of(&self, kind: &str) -> Option<&str> {
        self.stories(kind).next()
    }

    /// The messages that the events of a kind are about.
    fn stories(&self, kind: &str) -> impl Iterator<Item = &str> {
        let of_kind = move |event: &&Value| {
            event.get("type").and_then(Value::as_str).map(short) == Some(kind)
        };
        self.events.iter().filter(of_kind).filter_map(|event| event.get("correlationid")?.as_str())
    }

    /// The same field of all events read, once each.
    fn all(&self, field: &str) -> Vec<&str> {
        let found = self.events.iter().filter_map(|event| event.get(field)?.as_str());
        let mut all: Vec<_> = found.collect();
        all.sort_unstable();
        all.dedup();
        all
    }
}

/// `konstruct.message.received.v1` is `message.received`.
fn short(kind: &str) -> &str {
    let kind = kind.strip_prefix("konstruct.").unwrap_or(kind);
    kind.rsplit_once(".v").map_or(kind, |(kind, _version)| kind)
}

/// The story of a message, once the read models have its end.
async fn trace(it: &Installation, message: &str, end: &str) -> anyhow::Result<Value> {
    let traced = async {
        loop {
            let output = it.output(&["trace", "--json", message]).await?;
            if let Ok(story) = serde_json::from_slice::<Value>(&output.stdout)
                && stages(&story).iter().any(|stage| stage == end)
            {
                return anyhow::Ok(story);
            }
        }
    };
    let traced = tokio::time::timeout(PATIENCE, traced).await;
    traced.with_context(|| format!("`trace {message}` never shows {end}"))?
}

/// The stages of a story, in order.
fn stages(story: &Value) -> Vec<String> {
    let stages = story.get("stages").and_then(Value::as_array);
    let name = |stage: &Value| Some(stage.get("stage")?.as_str()?.to_owned());
    stages.into_iter().flatten().filter_map(name).collect()
}
