//! What platform engineers see of the log, and that looking leaves nothing behind.

use std::{process::Stdio, time::Duration};

use anyhow::Context as _;
use async_nats::jetstream;
use domain::look::Wanted;
use futures::TryStreamExt as _;
use konstruct_tests::installation::Installation;
use runtime::{
    Bus, Past,
    look::{PAGE_MAX, Scan, Start, newest},
};
use schemas::{Envelope, TenantId};
use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt as _, BufReader, Lines},
    process::{Child, ChildStdout},
};

/// A reader notices by two missed heartbeats that its server is another one.
const RESUME_PATIENCE: Duration = Duration::from_mins(3);

/// An event like a sample, of that tenant and story.
fn event(topic: &str, tenant: &str, story: &str, id: &str) -> anyhow::Result<Envelope> {
    let file = format!("{}/../schemas/samples/{topic}.v1.json", env!("CARGO_MANIFEST_DIR"));
    let sample = Envelope::decode(&std::fs::read(file)?)?;
    Ok(Envelope { id: id.parse()?, tenant: tenant.parse()?, correlation: story.parse()?, ..sample })
}

/// Six messages on `EVENTS`, the fifth of which is no event.
async fn six(it: &Installation) -> anyhow::Result<Bus> {
    let bus = Bus::connect(&it.nats.url(), "test").await?;
    let publish = async |topic, tenant, story, id| {
        bus.publish(&event(topic, tenant, story, id)?).await.map_err(anyhow::Error::from)
    };
    publish("message.received", "acme", "m1", "e1").await?;
    publish("message.received", "beta", "m2", "e2").await?;
    publish("message.accepted", "acme", "m1", "e3").await?;
    publish("reply.failed", "acme", "m1", "e4").await?;
    let client = jetstream::new(async_nats::connect(it.nats.url()).await?);
    let subject = "events.00.acme.message.received";
    client.publish(subject, "no \u{1b}event".into()).await?.await?;
    publish("reply.failed", "beta", "m2", "e6").await?;
    Ok(bus)
}

/// The sequences that `konstruct stream tail --json` shows.
async fn tail(it: &Installation, args: &[&str]) -> anyhow::Result<Vec<u64>> {
    let said = it.ok(&[&["stream", "tail", "--json"][..], args].concat()).await?;
    let line = |line: &str| -> anyhow::Result<u64> {
        let shown: Value = serde_json::from_str(line)?;
        shown["sequence"].as_u64().context("no sequence")
    };
    said.lines().map(line).collect()
}

/// A command that fails; its exit code and what it says.
pub(crate) async fn refused(it: &Installation, args: &[&str]) -> (Option<i32>, String) {
    let output = it.output(args).await.unwrap();
    (output.status.code(), String::from_utf8(output.stderr).unwrap())
}

/// The durable consumers of every stream there is.
async fn durables(it: &Installation) -> anyhow::Result<Vec<String>> {
    let client = jetstream::new(async_nats::connect(it.nats.url()).await?);
    let mut durables = Vec::new();
    for row in nats::STREAMS {
        let stream = client.get_stream(row.name).await?;
        let consumers: Vec<_> = stream.consumers().try_collect().await?;
        durables.extend(consumers.into_iter().filter_map(|it| it.config.durable_name));
    }
    durables.sort_unstable();
    Ok(durables)
}

/// A `konstruct stream tail` that goes on.
fn following(it: &Installation, args: &[&str]) -> (Child, Lines<BufReader<ChildStdout>>) {
    let args = [&["stream", "tail", "--follow"][..], args].concat();
    let mut child = it.command(&args).stdout(Stdio::piped()).spawn().unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    (child, lines)
}

#[tokio::test]
async fn the_tail_shows_what_was_asked_for_in_its_order() {
    let it = Installation::prepare().await.unwrap();
    six(&it).await.unwrap();
    let thread = "C0SUPPORT-1795253340_000900";
    let cases: &[(&[&str], &[u64])] = &[
        (&[], &[1, 2, 3, 4, 5, 6]),
        (&["--tenant", "acme"], &[1, 3, 4, 5]),
        (&["--kind", "message.received", "--kind", "reply.failed"], &[1, 2, 4, 5, 6]),
        (&["--kind", "reply.failed", "--tenant", "beta"], &[6]),
        (&["--correlation", "m1"], &[1, 3, 4]),
        (&["--thread", thread], &[1, 2, 3]),
        (&["--thread", thread, "--tenant", "acme", "--kind", "message.accepted"], &[3]),
        (&["--from-seq", "3", "--until-seq", "5"], &[3, 4, 5]),
        (&["--from-seq", "7"], &[]),
        (&["--limit", "2"], &[1, 2]),
        (&["--limit", "1", "--tenant", "beta", "--from-seq", "3"], &[6]),
        (&["--from-time", "1h"], &[1, 2, 3, 4, 5, 6]),
        (&["--until-time", "1h"], &[]),
        (&["--stream", "DIRECTORY"], &[]),
    ];
    for (args, want) in cases {
        assert_eq!(tail(&it, args).await.unwrap(), *want, "{args:?}");
    }

    let people = it.ok(&["stream", "tail", "--from-seq", "4", "--until-seq", "5"]).await.unwrap();
    let lines: Vec<_> = people.lines().collect();
    assert_eq!(lines.len(), 2, "{people}");
    let columns: Vec<_> = lines[0].split_whitespace().skip(1).take(4).collect();
    assert_eq!(columns, ["4", "acme", "reply.failed", "m1"]);
    assert!(lines[1].contains("unreadable") && lines[1].contains("not an envelope"), "{people}");

    let (code, why) = refused(&it, &["stream", "tail", "--kind", "message.recieved"]).await;
    assert_eq!(code, Some(2));
    assert!(
        why.contains("there is no kind `message.recieved`; there are message.received, "),
        "{why}"
    );
    let (code, why) = refused(&it, &["stream", "tail", "--kind", "agent.retired"]).await;
    assert_eq!(code, Some(1));
    assert_eq!(why, "error: no `agent.retired` is on EVENTS: look on DIRECTORY\n");
    let (code, why) = refused(&it, &["stream", "tail", "--from-time", "soon"]).await;
    assert_eq!(code, Some(1));
    assert!(why.starts_with("error: `soon` is neither an RFC 3339 instant"), "{why}");
}

#[tokio::test]
async fn who_follows_sees_what_comes_even_from_a_server_that_was_away_and_leaves_nothing_behind() {
    let mut it = Installation::prepare().await.unwrap();
    let before = durables(&it).await.unwrap();
    let bus = six(&it).await.unwrap();
    let (mut child, mut lines) = following(&it, &["--json", "--from-seq", "6"]);
    let mut next = async || -> anyhow::Result<(u64, String)> {
        let line = tokio::time::timeout(RESUME_PATIENCE, lines.next_line()).await??;
        let shown: Value = serde_json::from_str(&line.context("it ended")?)?;
        let id = shown["event"]["id"].as_str().unwrap_or("-").to_owned();
        Ok((shown["sequence"].as_u64().context("no sequence")?, id))
    };
    assert_eq!(next().await.unwrap(), (6, "e6".to_owned()));
    bus.publish(&event("reply.failed", "acme", "m3", "e7").unwrap()).await.unwrap();
    assert_eq!(next().await.unwrap(), (7, "e7".to_owned()), "published while it followed");

    it.nats.kill().await.unwrap();
    it.nats.run().await.unwrap();
    let bus = Bus::connect(&it.nats.url(), "test").await.unwrap();
    bus.publish(&event("reply.failed", "acme", "m3", "e8").unwrap()).await.unwrap();
    bus.publish(&event("reply.failed", "acme", "m3", "e9").unwrap()).await.unwrap();
    assert_eq!(next().await.unwrap(), (8, "e8".to_owned()), "nothing twice, nothing missed");
    assert_eq!(next().await.unwrap(), (9, "e9".to_owned()));

    let pid = child.id().unwrap().to_string();
    let sent = std::process::Command::new("kill").args(["-INT", &pid]).status().unwrap();
    assert!(sent.success());
    let ended = tokio::time::timeout(RESUME_PATIENCE, child.wait()).await.unwrap().unwrap();
    assert_eq!(ended.code(), Some(0), "Ctrl-C is no failure");
    it.ok(&["stream", "ls"]).await.unwrap();
    it.ok(&["stream", "get", "1"]).await.unwrap();
    it.ok(&["at", "0s"]).await.unwrap();
    assert_eq!(durables(&it).await.unwrap(), before, "no look leaves a durable consumer");
}

#[tokio::test]
async fn one_event_is_shown_whole_and_what_is_not_there_is_explained() {
    let it = Installation::prepare().await.unwrap();
    six(&it).await.unwrap();
    let shown = it.ok(&["stream", "get", "1", "--json"]).await.unwrap();
    assert!(!shown.contains("voice note"), "{shown}");
    let shown: Value = serde_json::from_str(&shown).unwrap();
    assert_eq!((&shown["stream"], &shown["sequence"]), (&"EVENTS".into(), &1.into()));
    assert_eq!(shown["headers"]["Nats-Msg-Id"], "e1");
    assert_eq!(shown["event"]["id"], "e1");
    assert_eq!(shown["event"]["data"]["message"]["text"], "sealed, 34 bytes");
    let subject = shown["subject"].as_str().unwrap();
    assert!(subject.ends_with(".acme.message.received"), "{subject}");
    let people = it.ok(&["stream", "get", "1"]).await.unwrap();
    assert!(people.starts_with("EVENTS 1\nstored   20"), "{people}");
    assert!(people.contains("header   Nats-Msg-Id: e1"), "{people}");

    let output = it.output(&["stream", "get", "5", "--json"]).await.unwrap();
    assert_eq!(output.status.code(), Some(1));
    let shown: Value = serde_json::from_slice(&output.stdout).unwrap();
    let unread = &shown["unreadable"];
    assert_eq!((&unread["raw"], &unread["bytes"]), (&"no \u{1b}event".into(), &9.into()));
    let why = String::from_utf8(output.stderr).unwrap();
    assert!(why.starts_with("error: EVENTS 5 cannot be read: not an envelope"), "{why}");

    let client = jetstream::new(async_nats::connect(it.nats.url()).await.unwrap());
    let stream = client.get_stream("EVENTS").await.unwrap();
    stream.purge().sequence(3).await.unwrap();
    stream.delete_message(4).await.unwrap();
    for (sequence, why) in [
        ("0", "EVENTS has no 0: a stream begins with 1"),
        ("2", "EVENTS has no 2: it is gone: the oldest that is kept is 3"),
        ("4", "EVENTS has no 4: it is no longer there"),
        ("7", "EVENTS has no 7: it never was: the last is 6"),
    ] {
        let refused = refused(&it, &["stream", "get", sequence]).await;
        assert_eq!(refused, (Some(1), format!("error: {why}\n")));
    }
}

#[tokio::test]
async fn what_is_purged_while_it_is_read_is_waited_for_no_more() {
    let it = Installation::prepare().await.unwrap();
    let bus = six(&it).await.unwrap();
    let all = nats::look::subjects(&nats::EVENTS, None, &[]).unwrap();
    let mut scan = Scan::open(&bus, &nats::EVENTS, all, Start::First).await.unwrap();
    assert_eq!((scan.pending(), scan.is_level()), (6, false));
    let client = jetstream::new(async_nats::connect(it.nats.url()).await.unwrap());
    client.get_stream("EVENTS").await.unwrap().purge().await.unwrap();
    // Some may have been on their way.
    let to_the_end = async {
        while !scan.is_level() && scan.next_waiting(crate::PATIENCE).await.unwrap().is_some() {}
    };
    tokio::time::timeout(crate::PATIENCE, to_the_end).await.expect("it waits for what is gone");
    assert_eq!(it.ok(&["stream", "tail"]).await.unwrap(), "");
}

#[tokio::test]
async fn a_reading_ends_where_the_rest_is_erased_before_it_comes() {
    let it = Installation::prepare().await.unwrap();
    let bus = Bus::connect(&it.nats.url(), "test").await.unwrap();
    // More than a reader asks for at once.
    for nth in 0..700 {
        let event = event("message.received", "acme", "m1", &format!("e{nth}")).unwrap();
        bus.publish(&event).await.unwrap();
    }
    let mut past = Past::open(&bus, &nats::EVENTS, 0).await.unwrap();
    let mut read = past.piece(700, 1).await.unwrap().len();
    let client = jetstream::new(async_nats::connect(it.nats.url()).await.unwrap());
    client.get_stream("EVENTS").await.unwrap().purge().await.unwrap();
    loop {
        let piece = past.piece(700, 256).await.unwrap();
        if piece.is_empty() {
            break;
        }
        read += piece.len();
    }
    assert!(read < 700, "all of them came before they were erased");
}

#[tokio::test]
async fn a_page_of_the_newest_ends_where_the_next_one_begins() {
    let it = Installation::prepare().await.unwrap();
    let bus = six(&it).await.unwrap();
    let page = async |before: Option<u64>| {
        let acme: TenantId = "acme".parse().unwrap();
        let asked = nats::look::subjects(&nats::EVENTS, Some(&acme), &[]).unwrap();
        let wanted = Wanted { tenant: Some(acme), ..Wanted::default() };
        let page = newest(&bus, &nats::EVENTS, (&wanted, asked), before).await.unwrap();
        let places: Vec<_> = page.found.iter().map(|(kept, _)| kept.sequence).collect();
        (places, page.looked, page.older)
    };
    assert_eq!(page(None).await, (vec![5, 4, 3, 1], (1, 6), None));
    assert_eq!(page(Some(4)).await, (vec![3, 1], (1, 3), None));
    for number in 100..160 {
        let event = event("reply.failed", "acme", "m3", &format!("e{number}")).unwrap();
        bus.publish(&event).await.unwrap();
    }
    let newest: Vec<u64> = (17..=66).rev().collect();
    assert_eq!(newest.len(), PAGE_MAX);
    assert_eq!(page(None).await, (newest, (1, 66), Some(17)));
    let rest: Vec<u64> = (7..=16).rev().chain([5, 4, 3, 1]).collect();
    assert_eq!(page(Some(17)).await, (rest, (1, 16), None));
}

#[tokio::test]
async fn the_list_says_who_reads_what_and_how_far_they_are() {
    let mut it = Installation::prepare().await.unwrap();
    six(&it).await.unwrap();
    let listed = async |it: &Installation| -> Value {
        serde_json::from_str(&it.ok(&["stream", "ls", "--json"]).await.unwrap()).unwrap()
    };
    let of = |listed: &Value, stream: &str| {
        let streams = listed["streams"].as_array().unwrap();
        streams.iter().find(|it| it["name"] == stream).unwrap().clone()
    };
    let events = of(&listed(&it).await, "EVENTS");
    assert_eq!((&events["messages"], &events["first"]["sequence"]), (&6.into(), &1.into()));
    assert_eq!(events["last"]["sequence"], 6);
    assert_eq!(events["bytes_max"], 4_096_u64 * 1024 * 1024);
    let consumers = events["consumers"].as_array().unwrap();
    let dedup = consumers.iter().find(|it| it["name"] == "dedup").unwrap();
    assert_eq!((&dedup["pending"], &dedup["unacknowledged"]), (&3.into(), &0.into()));
    let reader = serde_json::json!({ "name": "project-events", "at": 0, "lag": 6 });
    assert_eq!(events["readers"], serde_json::json!([reader]));

    it.run("projector").await.unwrap();
    let level = async { while of(&listed(&it).await, "EVENTS")["readers"][0]["lag"] != 0 {} };
    tokio::time::timeout(crate::PATIENCE, level).await.unwrap();

    let people = it.ok(&["stream", "list"]).await.unwrap();
    for header in ["STREAM       MESSAGES", "CONSUMER    STREAM", "READER             STREAM"] {
        assert!(people.contains(header), "{people}");
    }
    let client = jetstream::new(async_nats::connect(it.nats.url()).await.unwrap());
    client.delete_stream("ADVISORIES").await.unwrap();
    let output = it.output(&["stream", "ls"]).await.unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8(output.stdout).unwrap().contains("ADVISORIES   missing"));
    let why = String::from_utf8(output.stderr).unwrap();
    assert_eq!(why, "error: there is no stream ADVISORIES: `konstruct setup` makes it\n");
}
