//! The gateway's events accepted and stored, against publishing and waiting for the ack alone.

use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use async_nats::jetstream::{
    self,
    message::PublishMessage,
    stream::{Config, DiscardPolicy, StorageType},
};
use bytes::Bytes;
use konstruct_tests::fake_slack::Team;
use nats::bounds::{DUPLICATE_WINDOW, MESSAGE_BYTES_MAX};
use tokio::task::JoinSet;

use super::{
    Options,
    load::{Line, Template, next_ts},
    process::{Usage, Window},
    report::{Group, float, millis, percentile, rate},
    tell,
    town::Town,
};

/// Callers at once, here and there.
pub(crate) const CALLERS: usize = 64;

/// Threads that each caller speaks in.
const THREADS_EACH: usize = 4;

/// Publishes one after the other, to see how long one takes alone.
const ALONE: u32 = 400;

/// What the rest of the run is compared with.
pub(crate) struct Baseline {
    /// Raw publishes and acks a second.
    pub(crate) raw_per_s: f64,
    /// One raw publish and ack with nothing beside it, as most of them are.
    pub(crate) raw_alone: Duration,
}

/// What a window of it came to.
struct Held {
    done: usize,
    refused: usize,
    took: Duration,
    usage: Usage,
}

impl Held {
    fn per_s(&self) -> f64 {
        rate(self.done, self.took)
    }
}

pub(crate) async fn run(
    mut town: Town,
    options: &Options,
) -> anyhow::Result<(Vec<Group>, Baseline)> {
    town.it.run("gateway").await?;
    let mut known = Vec::new();
    for caller in callers(&town) {
        known.push(followed(&town, caller).await?);
    }
    let payload = last_payload(&town).await?;
    let size = payload.len();
    make_raw_stream(&town).await?;

    tell("raw publishing");
    let raw_alone = alone(&town, &payload).await?;
    let before = hold_raw(&town, &payload, options.hold / 2).await?;
    tell("the gateway, in threads that are followed");
    let known = hold_gateway(&town, known, options.hold).await?;
    tell("the gateway, each message opening a thread");
    let fresh = callers(&town).map(|caller| opening(&town, caller)).collect();
    let fresh = hold_gateway(&town, fresh, options.hold).await?;
    tell("raw publishing again");
    let after = hold_raw(&town, &payload, options.hold / 2).await?;

    let raw_per_s = rate(before.done + after.done, before.took + after.took);
    let mut raw = Group::new(
        "raw publish and ack",
        format!(
            "async-nats alone, one connection, {CALLERS} callers that each wait for their ack; \
             distinct message ids, {size} bytes of an event the gateway stored, a stream with the \
             settings of EVENTS and no consumers; once before and once after the gateway"
        ),
    );
    raw.add("publishes, before and after", raw_per_s, "/s");
    raw.compare("publishes, before", (before.per_s(), "/s"), (raw_per_s, "both"));
    raw.compare("publishes, after", (after.per_s(), "/s"), (raw_per_s, "both"));
    raw.add("one alone, p50", millis(raw_alone), "ms");
    after.usage.per(after.done, "publish", &mut raw);

    let how = format!(
        "{CALLERS} connections, each waiting for its 200; signed bodies, distinct messages of \
         {} tenants; no other service runs; EVENTS grew by as many",
        town.teams.len()
    );
    let groups = [
        ("gateway: accepted and stored, in followed threads", known),
        ("gateway: accepted and stored, each opening a thread (one write more)", fresh),
    ];
    let groups = groups.map(|(title, held)| {
        let mut group = Group::new(title, how.as_str());
        let per_s = (held.per_s(), "/s");
        group.compare("events", per_s, (raw_per_s, "raw publish and ack"));
        group.add("calls refused", float(held.refused), "");
        held.usage.per(held.done, "event", &mut group);
        group
    });
    let groups = std::iter::once(raw).chain(groups).collect();
    Ok((groups, Baseline { raw_per_s, raw_alone }))
}

/// Every caller's team, and the rooms it speaks in.
fn callers(town: &Town) -> impl Iterator<Item = (&Team, [String; THREADS_EACH])> {
    let rooms = |caller| std::array::from_fn(|nth| format!("D0C{caller}N{nth}"));
    town.teams.iter().cycle().zip((0..CALLERS).map(rooms))
}

/// Opens the threads of a caller.
async fn followed(
    town: &Town,
    (team, rooms): (&Team, [String; THREADS_EACH]),
) -> anyhow::Result<Vec<Template>> {
    let gateway = town.it.gateway();
    let mut line = Line::new(&gateway);
    let mut threads = Vec::new();
    for room in rooms {
        let root = next_ts();
        let opening = Template::new(&gateway, team, &room, None).request(&root);
        let sent = line.deliver(&opening).await;
        ensure!(sent.taken, "the gateway takes nothing: {}", town.it.said("gateway"));
        threads.push(Template::new(&gateway, team, &room, Some(&root)));
    }
    Ok(threads)
}

/// What opens a thread with each message.
fn opening(town: &Town, (team, rooms): (&Team, [String; THREADS_EACH])) -> Vec<Template> {
    let gateway = town.it.gateway();
    rooms.iter().map(|room| Template::new(&gateway, team, room, None)).collect()
}

async fn hold_gateway(
    town: &Town,
    callers: Vec<Vec<Template>>,
    hold: Duration,
) -> anyhow::Result<Held> {
    let stored_before = town.events().await?;
    let window = Window::open(town.watched(&["gateway"])?)?;
    let start = Instant::now();
    let mut tasks = JoinSet::new();
    for templates in callers {
        let mut line = Line::new(&town.it.gateway());
        tasks.spawn(async move {
            let (mut taken, mut refused) = (0, 0);
            for template in templates.iter().cycle() {
                if hold <= start.elapsed() {
                    break;
                }
                let was_taken = line.try_deliver(&template.request(&next_ts())).await;
                *if was_taken { &mut taken } else { &mut refused } += 1;
            }
            (taken, refused)
        });
    }
    let counts = tasks.join_all().await;
    let (took, usage) = (start.elapsed(), window.close()?);
    let done: usize = counts.iter().map(|(taken, _)| taken).sum();
    let refused = counts.iter().map(|(_, refused)| refused).sum();
    let stored = town.events().await? - stored_before;
    let stored = usize::try_from(stored)?;
    // What was refused may have been stored all the same.
    ensure!((done..=done + refused).contains(&stored), "{done} accepted, {stored} stored");
    Ok(Held { done, refused, took, usage })
}

async fn last_payload(town: &Town) -> anyhow::Result<Bytes> {
    let stream = town.jetstream.get_stream(nats::EVENTS.name).await?;
    let last = stream.get_raw_message(stream.cached_info().state.last_sequence).await?;
    Ok(last.payload)
}

async fn make_raw_stream(town: &Town) -> anyhow::Result<()> {
    let config = Config {
        name: "RAW".to_owned(),
        subjects: vec!["raw.>".to_owned()],
        storage: StorageType::File,
        max_age: nats::EVENTS.max_age.unwrap_or_default(),
        max_message_size: MESSAGE_BYTES_MAX,
        discard: DiscardPolicy::New,
        duplicate_window: DUPLICATE_WINDOW,
        num_replicas: 1,
        ..Config::default()
    };
    town.jetstream.create_stream(config).await?;
    Ok(())
}

async fn publish(jetstream: &jetstream::Context, payload: &Bytes) -> anyhow::Result<()> {
    let message = PublishMessage::build().message_id(next_ts()).payload(payload.clone());
    jetstream.send_publish("raw.00.bench0.message.received", message).await?.await?;
    Ok(())
}

async fn alone(town: &Town, payload: &Bytes) -> anyhow::Result<Duration> {
    let mut took = Vec::new();
    for _ in 0..ALONE {
        let start = Instant::now();
        publish(&town.jetstream, payload).await?;
        took.push(start.elapsed());
    }
    took.sort();
    Ok(percentile(&took, 50))
}

async fn hold_raw(town: &Town, payload: &Bytes, hold: Duration) -> anyhow::Result<Held> {
    let window = Window::open(town.watched(&[])?)?;
    let start = Instant::now();
    let mut tasks = JoinSet::new();
    for _ in 0..CALLERS {
        let (jetstream, payload) = (town.jetstream.clone(), payload.clone());
        tasks.spawn(async move {
            let mut done = 0;
            while start.elapsed() < hold {
                publish(&jetstream, &payload).await?;
                done += 1;
            }
            anyhow::Ok(done)
        });
    }
    let mut done = 0;
    while let Some(count) = tasks.join_next().await {
        done += count.context("a publisher")??;
    }
    Ok(Held { done, refused: 0, took: start.elapsed(), usage: window.close()? })
}
