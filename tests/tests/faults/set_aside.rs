//! What no stage can handle is kept with its reason, and the person is told.

use anyhow::Context as _;
use async_nats::jetstream::{
    AckKind,
    consumer::{PullConsumer, pull},
};
use futures::StreamExt as _;
use konstruct_tests::{
    fake_slack::{Spoken, World},
    installation::Installation,
    nats_proxy::Point,
};
use serde_json::Value;

use crate::{
    ANSWER_WAIT, CHANNEL, SETTLED_WAIT, TEAM, ask, dead_letters,
    log::{self, handled},
    on_a_line, prepared, settled, started, until,
};

/// The reference that the person was given.
pub(crate) async fn apology(it: &Installation, spoken: &Spoken) -> anyhow::Result<String> {
    let sorry = |world: &World| {
        let replies = world.replies(TEAM, CHANNEL, &spoken.ts);
        matches!(replies.as_slice(), [only] if only.text.starts_with("I'm sorry"))
    };
    it.slack.wait_for(SETTLED_WAIT, "an apology", sorry).await?;
    let replies = it.slack.replies(TEAM, CHANNEL, &spoken.ts);
    let reference = replies.first().and_then(|reply| reply.text.split('`').nth(1));
    Ok(reference.unwrap_or_default().to_owned())
}

/// The only dead letter there is.
async fn letter(it: &Installation) -> anyhow::Result<Value> {
    let mut letters = log::all(it, "DEADLETTERS").await?;
    anyhow::ensure!(letters.len() == 1, "{letters:?}");
    Ok(letters.remove(0).1)
}

/// The subject and the place on the log of the only event of that topic.
pub(crate) async fn only(it: &Installation, topic: &str) -> anyhow::Result<(String, u64, Value)> {
    log::counted(it, topic, 1).await?;
    let all = log::all(it, "EVENTS").await?;
    let mut numbered = (1..).zip(all);
    let found = numbered.find(|(_, (subject, _))| subject.ends_with(topic));
    let (sequence, (subject, event)) = found.context("it is gone")?;
    Ok((subject, sequence, event))
}

/// Takes deliveries of `completion` as a worker that dies of each, until the server has enough. It
/// says so when it is asked for more, which it is as long as what is returned lives.
pub(crate) async fn die_of_each(it: &Installation) -> anyhow::Result<pull::Stream> {
    let (_, stream) = log::stream(it, "EVENTS").await?;
    let consumer: PullConsumer =
        stream.get_consumer("completion").await.map_err(|error| anyhow::anyhow!("{error}"))?;
    let mut messages = consumer.messages().await?;
    for _ in 0..nats::COMPLETION.deliveries_max {
        let next = tokio::time::timeout(ANSWER_WAIT, messages.next()).await?;
        let message = next.ok_or_else(|| anyhow::anyhow!("the deliveries ended"))??;
        message.ack_with(AckKind::Nak(None)).await.map_err(|error| anyhow::anyhow!("{error}"))?;
    }
    Ok(messages)
}

#[tokio::test]
async fn an_event_that_kills_every_worker_is_set_aside_once_and_the_person_told() {
    let mut it = prepared().await.unwrap();
    let line = on_a_line(&mut it, "sweeper").await.unwrap();
    it.kill("completion").await.unwrap();
    // The one that keeps dead letters dies as well, before it could say that it has.
    line.hold(Point::Ack { consumer: "set-aside", topic: "EVENTS.completion" });
    let spoken = ask(&it, "poison").await.unwrap();
    let (subject, sequence, _) = only(&it, "message.admitted").await.unwrap();
    let asked_for_more = die_of_each(&it).await.unwrap();
    line.met(1, ANSWER_WAIT).await.unwrap();
    drop(asked_for_more);
    it.kill("sweeper").await.unwrap();
    it.run("sweeper").await.unwrap();

    let reference = apology(&it, &spoken).await.unwrap();
    let (_, advisories) = log::stream(&it, "ADVISORIES").await.unwrap();
    let done = || async {
        let info = advisories.consumer_info("set-aside").await?;
        Ok(info.num_ack_pending == 0 && 2 <= info.delivered.consumer_sequence)
    };
    until(ANSWER_WAIT, "the advisory comes again", done).await.unwrap();
    let letter = letter(&it).await.unwrap();
    assert_eq!(letter["consumer"], "completion");
    assert_eq!(letter["tenant"], "acme");
    assert_eq!(letter["subject"], subject.as_str());
    assert_eq!(letter["sequence"], sequence);
    assert_eq!(letter["attempts"], nats::COMPLETION.deliveries_max);
    assert_eq!(letter["reason"], "every delivery ended without a word: it may kill its worker");
    assert_eq!(log::count(&it, "completion.failed").await.unwrap(), 1);
    told_once(&it, &reference).await.unwrap();
}

#[tokio::test]
async fn an_event_that_fails_every_attempt_is_set_aside_with_its_reason() {
    let it = started().await.unwrap();
    let good = ask(&it, "sound").await.unwrap();
    crate::answered(&it, &good, "sound").await.unwrap();
    settled(&it, 1).await.unwrap();
    handled(&it, &log::CONSUMERS).await.unwrap();
    let (subject, _, mut event) = only(&it, "message.admitted").await.unwrap();
    // The same again in another message's name: its text is sealed for the first and opens no more.
    let spoken = it.slack.spoken(TEAM, CHANNEL, "U0PAT", "<@U0BOT> broken").unwrap();
    rename(&mut event, &spoken);
    let (jetstream, _) = log::stream(&it, "EVENTS").await.unwrap();
    let payload = serde_json::to_vec(&event).unwrap();
    jetstream.publish(subject.clone(), payload.into()).await.unwrap().await.unwrap();

    let reference = apology(&it, &spoken).await.unwrap();
    let letter = letter(&it).await.unwrap();
    assert_eq!(letter["consumer"], "completion");
    assert_eq!(letter["event"], event["id"]);
    assert_eq!(letter["subject"], subject.as_str());
    assert_ne!(letter["reason"], "");
    assert!(!letter.to_string().contains("sound"), "{letter}");
    told_once(&it, &reference).await.unwrap();
}

#[tokio::test]
async fn what_is_no_event_is_set_aside_and_stops_nobody() {
    let payload = br#"{"specversion":"1.0","id":"x"}"#;
    assert_ne!(unreadable(payload).await.unwrap(), "");
}

#[tokio::test]
async fn an_event_of_a_newer_version_is_set_aside_and_says_so() {
    let known = include_str!("../../../schemas/samples/message.received.v1.json");
    let payload = known.replace("message.received.v1", "message.received.v9");
    let reason = unreadable(payload.as_bytes()).await.unwrap();
    let want = "`konstruct.message.received.v9` is of a newer program: the newest version this one reads is v1";
    assert_eq!(reason, want);
}

/// The reason why this is set aside when it comes first, while what comes next is answered.
async fn unreadable(payload: &[u8]) -> anyhow::Result<String> {
    let it = started().await?;
    let (jetstream, _) = log::stream(&it, "EVENTS").await?;
    let subject = "events.00.acme.message.received";
    jetstream.publish(subject, payload.to_vec().into()).await?.await?;
    let spoken = ask(&it, "and then?").await?;
    crate::answered(&it, &spoken, "and then?").await?;
    let kept = || async { Ok(dead_letters(&it).await? == 1) };
    until(ANSWER_WAIT, "it is set aside", kept).await?;
    let letter = letter(&it).await?;
    assert_eq!((&letter["consumer"], &letter["subject"]), (&"dedup".into(), &subject.into()));
    assert_eq!((&letter["tenant"], &letter["sequence"]), (&Value::Null, &1.into()));
    handled(&it, &log::CONSUMERS).await?;
    Ok(letter["reason"].as_str().unwrap_or_default().to_owned())
}

/// The reference leads to the story, and nobody apologizes twice.
async fn told_once(it: &Installation, reference: &str) -> anyhow::Result<()> {
    let traced = || async {
        let output = it.output(&["trace", "--json", reference]).await?;
        Ok(String::from_utf8_lossy(&output.stdout).contains("completion.failed"))
    };
    until(ANSWER_WAIT, "the reference is found", traced).await?;
    let consumers = log::CONSUMERS.iter().filter(|name| **name != "completion");
    handled(it, &consumers.copied().collect::<Vec<_>>()).await?;
    assert_eq!(it.slack.see(World::doubled), Vec::<String>::new());
    assert_eq!(dead_letters(it).await?, 1);
    Ok(())
}

/// Makes an admitted event be about another message.
pub(crate) fn rename(event: &mut Value, spoken: &Spoken) {
    event["id"] = another(&event["id"]);
    event["correlationid"] = another(&event["correlationid"]);
    for (at, value) in [
        ("/data/message/id", event["correlationid"].clone()),
        ("/data/message/ts", spoken.ts.as_str().into()),
        ("/data/message/place/thread", spoken.ts.as_str().into()),
    ] {
        if let Some(place) = event.pointer_mut(at) {
            *place = value;
        }
    }
}

/// An id as good as that one, which begins otherwise: a reference is the beginning of an id.
pub(crate) fn another(id: &Value) -> Value {
    let id = id.as_str().unwrap_or_default();
    let (kind, rest) = id.split_at(1);
    let (first, rest) = rest.split_at(1);
    format!("{kind}{}{rest}", if first == "0" { "1" } else { "0" }).into()
}
