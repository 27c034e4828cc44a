//! The whole road of a message: how many a second, how long, what it costs, in how much memory.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::{Context as _, ensure};
use bytes::Bytes;
use konstruct_tests::{fake_llm::Behaviour, fake_slack::World};
use tokio::{
    sync::watch,
    task::{JoinHandle, JoinSet},
};

use super::{
    Options,
    answers::Answers,
    gateway::{Baseline, CALLERS},
    load::{Line, Lines, Sent, Template, next_ts},
    process::{Usage, Window, resident_mib},
    report::{Group, float, millis, percentile, rate},
    tell,
    town::{TENANTS, Town, Written},
};

/// Threads that a burst is spread over.
const THREADS: usize = 200;

/// Messages a second when their time is taken.
const PACE_PER_S: u32 = 200;

/// How long the last answer may take.
const ANSWERS_WAIT: Duration = Duration::from_mins(1);

/// How long a process may settle before its idle memory is read.
const SETTLE: Duration = Duration::from_secs(2);

const SAMPLE_EVERY: Duration = Duration::from_millis(100);

const SERVICES: [&str; 5] = ["gateway", "guards", "completion", "delivery", "projector"];

/// What a burst came to.
struct Burst {
    sent: Sending,
    answered: usize,
    /// From the first message to the last answer.
    took: Duration,
    /// From the last answer until nothing was left to do.
    rest: Duration,
    usage: Usage,
    written: (Written, Written),
    /// Of the whole run so far.
    doubled: usize,
}

/// What became of messages at the gateway's door.
#[derive(Clone, Copy, Default)]
struct Sending {
    taken: usize,
    refusals: usize,
}

impl Sending {
    fn add(&mut self, sent: Sent) {
        self.taken += usize::from(sent.taken);
        self.refusals += sent.refusals;
    }
}

pub(crate) async fn run(options: &Options, base: &Baseline) -> anyhow::Result<Vec<Group>> {
    let mut town = Town::prepare(true).await?;
    town.it.run("all").await?;
    let pid = town.it.pid("all").context("it is gone")?;
    tokio::time::sleep(SETTLE).await;
    let idle = resident_mib(pid)?;
    let memory = Memory::watch(pid);
    warm_up(&town, "WA").await?;

    let mut groups = bursts(&town, options, base).await?;
    for (vendor_ms, rooms) in [(0, "PA"), (500, "PB")] {
        tell(&format!("{PACE_PER_S} messages a second, vendors at {vendor_ms} ms"));
        vendors(&town, vendor_ms);
        groups.push(paced(&town, options, vendor_ms, rooms, base).await?);
    }
    let mut held = Group::new(
        "memory of `konstruct all`",
        "VmRSS: after it was ready and alone for 2 s, the highest of all of the above, and \
         after the last of it",
    );
    held.add("idle", idle, "MiB");
    held.compare("highest under load", (memory.highest(), "MiB"), (idle, "idle"));
    held.compare("afterwards", (resident_mib(pid)?, "MiB"), (idle, "idle"));
    groups.push(held);

    town.it.kill("all").await?;
    groups.push(by_process(&mut town, options).await?);
    Ok(groups)
}

async fn bursts(town: &Town, options: &Options, base: &Baseline) -> anyhow::Result<Vec<Group>> {
    tell("a burst on a database without statistics");
    vendors(town, 0);
    let fresh = burst(town, options, "B0", &["all"]).await?;
    town.analyze().await?;
    tell("a burst, vendors at 0 ms");
    let full = burst(town, options, "BA", &["all"]).await?;
    tell("a burst without echoes");
    town.echo(false);
    let deaf = burst(town, options, "BB", &["all"]).await?;
    town.echo(true);
    tell("a burst, vendors at 500 ms");
    vendors(town, 500);
    let slow = burst(town, options, "BC", &["all"]).await?;

    let raw = (base.raw_per_s, "raw publish and ack");
    let full_per_s = full.per_s();
    let mut at_0 = described("pipeline: a burst, vendors at 0 ms", options, &full);
    at_0.compare("messages answered", (full_per_s, "/s"), raw);
    full.write(&mut at_0)?;
    let mut new =
        described("pipeline: the same before the database has statistics", options, &fresh);
    new.compare("messages answered", (fresh.per_s(), "/s"), (full_per_s, "after ANALYZE"));
    fresh.write(&mut new)?;
    let mut quiet = described("pipeline: the same without Slack's echoes", options, &deaf);
    quiet.compare("messages answered", (deaf.per_s(), "/s"), (full_per_s, "with echoes"));
    deaf.write(&mut quiet)?;
    let mut at_500 = described("pipeline: a burst, vendors at 500 ms", options, &slow);
    let most = (float(threads(options)) / 0.5, "one at a time in each thread");
    at_500.compare("messages answered", (slow.per_s(), "/s"), most);
    slow.write(&mut at_500)?;
    Ok(vec![at_0, new, quiet, at_500])
}

fn threads(options: &Options) -> usize {
    THREADS.min(usize::try_from(options.messages).unwrap_or(THREADS))
}

fn described(title: &str, options: &Options, burst: &Burst) -> Group {
    let work = format!(
        "`konstruct all`; {} direct messages in {} threads of {TENANTS} tenants, as fast as \
         {CALLERS} connections bring them, {} answered; the rate is from the first call to the \
         last answer seen in Slack, the rest until nothing was left to do",
        burst.sent.taken,
        threads(options),
        burst.answered
    );
    Group::new(title, work)
}

impl Burst {
    fn per_s(&self) -> f64 {
        rate(self.answered, self.took)
    }

    fn write(&self, group: &mut Group) -> anyhow::Result<()> {
        let took = self.took.as_secs_f64();
        group.add("first call to last answer", took, "s");
        let rest = self.rest.as_secs_f64();
        group.compare("echoes and read models after that", (rest, "s"), (took, "that"));
        group.add("calls refused, and made again", float(self.sent.refusals), "");
        group.add("replies made twice", float(self.doubled), "");
        self.usage.per(self.answered, "message", group);
        let (before, after) = self.written;
        Ok(after.per(before, self.answered, group)?)
    }
}

fn vendors(town: &Town, first_token_ms: u64) {
    town.it.llm.reset();
    town.it.llm.always(Behaviour { first_token_ms, ..Behaviour::default() });
}

/// A few messages of every tenant, so that keys, connections and statements are there.
async fn warm_up(town: &Town, rooms: &str) -> anyhow::Result<()> {
    tell("warming up");
    let few = Options { hold: Duration::ZERO, messages: 64 };
    let sent = burst(town, &few, rooms, &[]).await?;
    ensure!(sent.answered == sent.sent.taken && 0 < sent.answered, "warming up failed");
    Ok(())
}

/// All messages as fast as they are taken.
async fn burst(
    town: &Town,
    options: &Options,
    rooms: &str,
    services: &[&'static str],
) -> anyhow::Result<Burst> {
    let lots = lots(town, options, rooms);
    let want = Arc::new(AtomicUsize::new(lots.iter().map(Vec::len).sum()));
    let mut answers = town.it.slack.see(Answers::from_now);
    let before = town.written().await?;
    let window = Window::open(town.watched(services)?)?;
    let start = Instant::now();
    let mut tasks = JoinSet::new();
    for lot in lots {
        let (mut line, want) = (Line::new(&town.it.gateway()), Arc::clone(&want));
        tasks.spawn(async move {
            let mut sending = Sending::default();
            for request in lot {
                let sent = line.deliver(&request).await;
                sending.add(sent);
                if !sent.taken {
                    want.fetch_sub(1, Ordering::Relaxed);
                }
            }
            sending
        });
    }
    wait(town, &mut answers, &want).await;
    let mut sent = Sending::default();
    for part in tasks.join_all().await {
        sent.taken += part.taken;
        sent.refusals += part.refusals;
    }
    let last = answers.last().context("no answer at all")?;
    town.quiet().await;
    let (rest, usage) = (last.elapsed(), window.close()?);
    Ok(Burst {
        sent,
        answered: answers.total(),
        took: last - start,
        rest,
        usage,
        written: (before, town.written().await?),
        doubled: town.it.slack.see(World::doubled).len(),
    })
}

/// The requests of each caller. A thread's are all of one caller, so that they come in order.
fn lots(town: &Town, options: &Options, rooms: &str) -> Vec<Vec<Bytes>> {
    let gateway = town.it.gateway();
    let threads = threads(options);
    let each = usize::try_from(options.messages).unwrap_or(threads) / threads;
    let mut lots = vec![Vec::new(); CALLERS];
    let first: Vec<String> = (0..threads).map(|_| next_ts()).collect();
    for round in 0..each {
        let teams = town.teams.iter().cycle();
        for ((thread, root), team) in first.iter().enumerate().zip(teams) {
            let channel = format!("D0{rooms}{thread}");
            let (within, ts) = match round {
                0 => (None, root.clone()),
                _ => (Some(root.as_str()), next_ts()),
            };
            let request = Template::new(&gateway, team, &channel, within).request(&ts);
            if let Some(lot) = lots.get_mut(thread % CALLERS) {
                lot.push(request);
            }
        }
    }
    lots
}

/// Waits for the answers. Those that never come are missing from the count that is reported.
async fn wait(town: &Town, answers: &mut Answers, want: &AtomicUsize) {
    let all = |world: &_| want.load(Ordering::Relaxed) <= answers.look(world);
    if town.it.slack.wait_for(ANSWERS_WAIT, "every answer", all).await.is_err() {
        tell(&format!("{} of {} answers came", answers.total(), want.load(Ordering::Relaxed)));
    }
}

/// Messages at a steady pace, each in a room of its own.
async fn paced(
    town: &Town,
    options: &Options,
    vendor_ms: u64,
    rooms: &str,
    base: &Baseline,
) -> anyhow::Result<Group> {
    let count = usize::try_from(options.hold.as_secs())? * usize::try_from(PACE_PER_S)?;
    let gateway = town.it.gateway();
    let teams = town.teams.iter().cycle().take(count).enumerate();
    let messages: Vec<_> = teams
        .map(|(nth, team)| {
            let channel = format!("D0{rooms}{nth}");
            let request = Template::new(&gateway, team, &channel, None).request(&next_ts());
            (team, channel, request)
        })
        .collect();
    let mut answers = town.it.slack.see(Answers::from_now);
    let want = AtomicUsize::new(count);
    let window = Window::open(town.watched(&["all"])?)?;
    let start = tokio::time::Instant::now() + SAMPLE_EVERY;
    let due = |nth: usize| start + Duration::from_secs(1) / PACE_PER_S * narrow(nth);
    let speak = async {
        let (lines, mut tasks) = (Arc::new(Lines::new(&gateway)), JoinSet::new());
        for (nth, (_, _, request)) in messages.iter().enumerate() {
            tokio::time::sleep_until(due(nth)).await;
            let (lines, request) = (Arc::clone(&lines), request.clone());
            tasks.spawn(async move { lines.deliver(&request).await });
        }
        let mut sending = Sending::default();
        for sent in tasks.join_all().await {
            sending.add(sent);
        }
        want.store(sending.taken, Ordering::Relaxed);
        sending
    };
    let (sent, ()) = tokio::join!(speak, wait(town, &mut answers, &want));
    town.quiet().await;
    let usage = window.close()?;

    let vendor = Duration::from_millis(vendor_ms);
    let overhead = messages.iter().enumerate().filter_map(|(nth, (team, channel, _))| {
        let visible = answers.first_in(&team.id, channel)?;
        Some(visible.saturating_duration_since(due(nth).into_std()).saturating_sub(vendor))
    });
    let mut overhead: Vec<Duration> = overhead.collect();
    overhead.sort();
    let mut group = Group::new(
        format!("pipeline: {PACE_PER_S} messages a second, vendors at {vendor_ms} ms"),
        format!(
            "`konstruct all`; {} direct messages, each opening a thread, {} answered; from the \
             moment a call is due until its answer is seen in Slack, less {vendor_ms} ms",
            sent.taken,
            overhead.len()
        ),
    );
    let alone = (millis(base.raw_alone), "one raw publish and ack, p50");
    for (name, percent) in [("p50", 50), ("p99", 99), ("longest", 100)] {
        let took = (millis(percentile(&overhead, percent)), "ms");
        group.compare(format!("overhead, {name}"), took, alone);
    }
    group.add("calls refused, and made again", float(sent.refusals), "");
    usage.per(overhead.len(), "message", &mut group);
    Ok(group)
}

fn narrow(nth: usize) -> u32 {
    u32::try_from(nth).unwrap_or(u32::MAX)
}

/// The same burst with a process for each service.
async fn by_process(town: &mut Town, options: &Options) -> anyhow::Result<Group> {
    for service in SERVICES {
        town.it.run(service).await?;
    }
    vendors(town, 0);
    warm_up(town, "WB").await?;
    tell("a burst, a process for each service");
    let burst = burst(town, options, "BD", &SERVICES).await?;
    let mut group = Group::new(
        "CPU of a message by process",
        format!(
            "each service a process of its own; {} direct messages in {} threads, {} answered, \
             vendors at 0 ms, with echoes; utime and stime until nothing was left to do",
            burst.sent.taken,
            threads(options),
            burst.answered
        ),
    );
    group.add("messages answered", burst.per_s(), "/s");
    burst.write(&mut group)?;
    for service in SERVICES {
        let pid = town.it.pid(service).context("it is gone")?;
        group.add(format!("memory of {service} afterwards"), resident_mib(pid)?, "MiB");
    }
    Ok(group)
}

/// The highest memory of a process, looked at ten times a second.
struct Memory {
    highest: watch::Receiver<f64>,
    task: JoinHandle<()>,
}

impl Memory {
    fn watch(pid: u32) -> Self {
        let (seen, highest) = watch::channel(0.0);
        let task = tokio::spawn(async move {
            while let Ok(now) = resident_mib(pid) {
                seen.send_modify(|highest| *highest = f64::max(*highest, now));
                tokio::time::sleep(SAMPLE_EVERY).await;
            }
        });
        Self { highest, task }
    }

    fn highest(&self) -> f64 {
        *self.highest.borrow()
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        self.task.abort();
    }
}
