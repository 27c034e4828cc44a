//! What stands on the log, read past every service.

use std::collections::BTreeMap;

use anyhow::{Context as _, bail};
use async_nats::jetstream::{self, stream::Stream};
use konstruct_tests::installation::Installation;
use serde_json::Value;

use crate::{ANSWER_WAIT, until};

/// The consumers of the pipeline.
pub(crate) const CONSUMERS: [&str; 4] = ["dedup", "rate-limit", "completion", "delivery"];

/// A stream, on a connection of its own.
pub(crate) async fn stream(
    it: &Installation,
    name: &str,
) -> anyhow::Result<(jetstream::Context, Stream)> {
    let jetstream = jetstream::new(async_nats::connect(it.nats.url()).await?);
    let stream = jetstream.get_stream(name).await?;
    Ok((jetstream, stream))
}

/// What happened so far, in its order: subject and content.
pub(crate) async fn all(it: &Installation, name: &str) -> anyhow::Result<Vec<(String, Value)>> {
    let (_, stream) = stream(it, name).await?;
    let state = stream.get_info().await?.state;
    let mut all = Vec::new();
    for sequence in state.first_sequence.max(1)..=state.last_sequence {
        let found = stream.get_raw_message(sequence).await?;
        all.push((found.subject.to_string(), serde_json::from_slice(&found.payload)?));
    }
    Ok(all)
}

/// How many events of a topic there are.
pub(crate) async fn count(it: &Installation, topic: &str) -> anyhow::Result<usize> {
    let all = all(it, "EVENTS").await?;
    Ok(all.iter().filter(|(subject, _)| subject.ends_with(topic)).count())
}

/// Waits until so many events of a topic are there.
pub(crate) async fn counted(it: &Installation, topic: &str, want: usize) -> anyhow::Result<()> {
    let what = format!("{want} {topic}");
    until(ANSWER_WAIT, &what, || async { Ok(want <= count(it, topic).await?) }).await
}

/// Waits until every one of these consumers has handled all there is.
pub(crate) async fn handled(it: &Installation, consumers: &[&str]) -> anyhow::Result<()> {
    let (_, stream) = stream(it, "EVENTS").await?;
    let idle = || async {
        let before = stream.get_info().await?.state.last_sequence;
        for consumer in consumers {
            let info = stream.consumer_info(consumer).await?;
            if 0 < info.num_pending || 0 < info.num_ack_pending {
                return Ok(false);
            }
        }
        Ok(before == stream.get_info().await?.state.last_sequence)
    };
    until(ANSWER_WAIT, "every consumer is idle", idle).await
}

/// How often a consumer was given something a second time.
pub(crate) async fn given_again(it: &Installation, consumer: &str) -> anyhow::Result<u64> {
    let row = nats::CONSUMERS.iter().find(|row| row.name == consumer);
    let row = row.context("no such consumer")?;
    let mut events = 0;
    for kind in row.reads {
        events += u64::try_from(count(it, kind.topic()).await?)?;
    }
    let (_, stream) = stream(it, "EVENTS").await?;
    let given = stream.consumer_info(consumer).await?.delivered.consumer_sequence;
    Ok(given.saturating_sub(events))
}

/// Of each message that was received: accepted once, and then admitted, answered and replied to
/// once each, or throttled once.
pub(crate) async fn once_each(it: &Installation) -> anyhow::Result<()> {
    let mut stories: BTreeMap<String, BTreeMap<String, usize>> = BTreeMap::new();
    for (subject, event) in all(it, "EVENTS").await? {
        let message = event.get("correlationid").and_then(Value::as_str).context("no story")?;
        let topic = subject.splitn(4, '.').nth(3).unwrap_or_default().to_owned();
        *stories.entry(message.to_owned()).or_default().entry(topic).or_default() += 1;
    }
    for (message, story) in stories {
        let of = |topics: &[&str]| topics.iter().filter_map(|it| story.get(*it)).sum::<usize>();
        if of(&["message.received"]) == 0 {
            continue;
        }
        let admitted = of(&["message.admitted"]);
        let once = of(&["message.accepted"]) == 1
            && admitted + of(&["message.throttled"]) == 1
            && of(&["completion.finished", "completion.failed"]) == admitted
            && admitted <= of(&["reply.delivered", "reply.uncertain", "reply.failed"])
            && of(&["reply.delivered"]) <= 1;
        if !once {
            bail!("{message}: {story:?}");
        }
    }
    Ok(())
}
