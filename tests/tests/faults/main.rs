//! What is killed, cut off or delivered twice, and what people see in the end.

mod kills;
mod leaders;
mod nats_away;
mod postgres_away;
mod redelivered;
mod refusals;
mod slack_fails;

use std::{future::Future, time::Duration};

use anyhow::{Context as _, bail};
use domain::reply::PLACEHOLDER;
use konstruct_tests::{
    fake_slack::{Delivery, Gateway, Posted, Spoken, Team, Voice, World},
    installation::{Installation, SIGNING_SECRET, acme},
    postgres::raw,
};
use tokio::{sync::mpsc, task::JoinSet};

/// The workspace of tenant `acme`.
const TEAM: &str = "T0ACME";

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
    waited.with_context(|| tail(&it.said("all")))
}

fn holds(replies: &[&Posted], text: &str) -> bool {
    matches!(replies, [only] if only.text.contains(text))
}

/// Waits for what nobody tells: asks again and again, within bounds.
async fn until<F>(within: Duration, what: &str, mut is_so: impl FnMut() -> F) -> anyhow::Result<()>
where
    F: Future<Output = anyhow::Result<bool>>,
{
    let so = async {
        while !is_so().await? {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        anyhow::Ok(())
    };
    tokio::time::timeout(within, so).await.with_context(|| format!("in vain: {what}"))?
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
    waited.with_context(|| format!("{found:?}\n{}", tail(&it.said("all"))))?;
    Ok(found)
}

/// The end of what a service logged.
fn tail(log: &str) -> String {
    let lines: Vec<_> = log.lines().collect();
    lines.get(lines.len().saturating_sub(60)..).unwrap_or_default().join("\n")
}

/// How many events were set aside.
async fn dead_letters(it: &Installation) -> anyhow::Result<u64> {
    let jetstream = async_nats::jetstream::new(async_nats::connect(it.nats.url()).await?);
    let stream = jetstream.get_stream("DEADLETTERS").await?;
    Ok(stream.cached_info().state.messages)
}

/// People in several threads who mention the employee, one message after the other in each.
struct Load {
    threads: JoinSet<anyhow::Result<Vec<Spoken>>>,
    taken: mpsc::UnboundedReceiver<()>,
}

impl Load {
    fn start(voice: &Voice, threads: usize, each: usize) -> Self {
        let (told, taken) = mpsc::unbounded_channel();
        let mut load = Self { threads: JoinSet::new(), taken };
        for thread in 0..threads {
            load.threads.spawn(people(voice.clone(), thread, each, told.clone()));
        }
        load
    }

    /// Waits until so many more are taken.
    async fn taken(&mut self, count: usize) -> anyhow::Result<()> {
        for _ in 0..count {
            let one = tokio::time::timeout(SETTLED_WAIT, self.taken.recv()).await;
            one.context("nothing is taken any more")?.context("all is taken")?;
        }
        Ok(())
    }

    /// Everything that was said, once all of it is taken.
    async fn all(mut self) -> anyhow::Result<Vec<Spoken>> {
        let mut all = Vec::new();
        while let Some(thread) = self.threads.join_next().await {
            all.extend(thread??);
        }
        Ok(all)
    }
}

async fn people(
    voice: Voice,
    thread: usize,
    each: usize,
    told: mpsc::UnboundedSender<()>,
) -> anyhow::Result<Vec<Spoken>> {
    let mut said: Vec<Spoken> = Vec::new();
    for nth in 0..each {
        let text = format!("<@U0BOT> question q{thread}x{nth}.");
        let mut spoken = voice.spoken(TEAM, CHANNEL, "U0PAT", &text)?;
        if let Some(root) = said.first() {
            spoken = spoken.in_thread(&root.ts);
        }
        let heard = voice.say(spoken).await?;
        if !heard.deliveries.iter().all(Delivery::is_taken) {
            bail!("not taken: {:?}", heard.deliveries);
        }
        said.push(heard.spoken);
        told.send(())?;
    }
    Ok(said)
}

/// What people saw of a load.
#[derive(Debug, Default)]
struct Tally {
    messages: usize,
    lost: Vec<String>,
    doubled: Vec<String>,
    uncertain: usize,
    apologies: usize,
}

impl Tally {
    /// Looks for the reply to each message. An answer repeats the question, so it is known by it.
    async fn of(it: &Installation, said: &[Spoken]) -> anyhow::Result<Self> {
        let states = settled(it, said.len()).await?;
        let mut tally = Self { messages: said.len(), ..Self::default() };
        tally.doubled = it.slack.see(World::doubled);
        for spoken in said {
            let root = spoken.thread.as_deref().unwrap_or(&spoken.ts);
            let question = spoken.text.trim_start_matches("<@U0BOT> ");
            let replies = it.slack.replies(TEAM, CHANNEL, root);
            let answers = replies.iter().filter(|reply| reply.text.contains(question)).count();
            let state = states.iter().find(|(ts, _)| *ts == spoken.ts).map(|(_, it)| it.as_str());
            match (state, answers) {
                (Some("delivered"), 1) => {}
                (Some("uncertain"), 0 | 1) => tally.uncertain += 1,
                (Some("failed"), 0) => tally.apologies += 1,
                (_, 0) => tally.lost.push(format!("{question} {state:?}")),
                (_, _) => tally.doubled.push(format!("{question} {state:?} {answers}")),
            }
        }
        let visible = it.slack.see(|world| {
            let replies = world.messages().filter(|it| it.bot_id.is_some() && it.is_visible());
            replies.cloned().collect::<Vec<_>>()
        });
        let most = tally.messages;
        let least = most - tally.uncertain;
        if !(least..=most).contains(&visible.len()) {
            bail!("{} replies to {most} messages: {tally:?}", visible.len());
        }
        if let Some(left) = visible.iter().find(|reply| reply.text == PLACEHOLDER) {
            bail!("a placeholder is left behind: {left:?}; {states:?}");
        }
        Ok(tally)
    }

    /// Nothing lost, nothing doubled; says so in one line.
    #[expect(clippy::print_stdout, reason = "the summary of the test")]
    fn hold(&self, what: &str, kills: usize) -> anyhow::Result<()> {
        println!(
            "{what}: kills={kills} messages={} lost={} doubled={} uncertain={} apologies={}",
            self.messages,
            self.lost.len(),
            self.doubled.len(),
            self.uncertain,
            self.apologies,
        );
        if !self.lost.is_empty() || !self.doubled.is_empty() {
            bail!("{self:?}");
        }
        Ok(())
    }
}
