//! What a rebuild holds in memory does not grow with the log.

use std::{collections::VecDeque, ops::Range, process::Stdio};

use async_nats::jetstream;
use bytes::Bytes;
use konstruct_tests::{
    installation::Installation, memory::run_measured, postgres::raw, wait::until,
};
use schemas::{Envelope, Event, MessageId, Text};
use serde_json::Value;

use crate::PATIENCE;

/// Events of the short log: more than one piece, by their count and by their bytes.
const FEW: u64 = 3_000;

/// Events of the long one. What it has more of them are 80 MiB.
const MANY: u64 = 13_000;

/// Events of nearly a MiB that come after these: 270 MiB.
const LONG: u64 = 300;

/// What somebody wrote, in each event.
const WORDS_BYTES: usize = 8 * 1024;
const LONG_WORDS_BYTES: usize = 900 * 1024;

/// How much more the long one may take: a program does not give back all it does not need any more.
const GROWTH_MIB_MAX: f64 = 24.0;

/// How much more the long events may take: 48 of them on their way, and ten that are read.
const LONG_GROWTH_MIB_MAX: f64 = 96.0;

/// Publishes that wait for their acks at once.
const UNACKED_MAX: usize = 32;

/// Messages that are accepted, with these numbers and so many words, of ten tenants.
async fn publish(it: &Installation, numbers: Range<u64>, bytes: usize) -> anyhow::Result<()> {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../schemas/samples/message.accepted.v1.json");
    let mut sample = Envelope::decode(&std::fs::read(file)?)?;
    if let Event::MessageAccepted(data) = &mut sample.event {
        data.message.text = Text::Plain("w".repeat(bytes));
        data.message.key.id = "m-number".parse::<MessageId>()?;
    }
    let sample = Envelope { id: "e-number".parse()?, tenant: "tenant".parse()?, ..sample };
    let (subject, text) = (sample.subject().to_string(), String::from_utf8(sample.encode()?)?);
    let client = jetstream::new(async_nats::connect(it.nats.url()).await?);
    let mut unacked = VecDeque::new();
    for number in numbers {
        let tenant = format!("t{}", number % 10);
        let payload = text
            .replace("e-number", &format!("e{number}"))
            .replace("m-number", &format!("m{number}"))
            .replace("\"tenantid\":\"tenant\"", &format!("\"tenantid\":\"{tenant}\""));
        let subject = subject.replace(".tenant.", &format!(".{tenant}."));
        unacked.push_back(client.publish(subject, Bytes::from(payload)).await?);
        if UNACKED_MAX <= unacked.len()
            && let Some(oldest) = unacked.pop_front()
        {
            oldest.await?;
        }
    }
    for left in unacked {
        left.await?;
    }
    Ok(())
}

/// Waits until the live models have so many events.
async fn projected(it: &Installation, events: u64) -> anyhow::Result<()> {
    let admin = raw(&it.database.superuser_url()).await?;
    let sql = "select coalesce(max(seq), 0) from checkpoint where name = 'project-events'";
    let want = i64::try_from(events)?;
    let there =
        || async { anyhow::Ok(admin.query_one(sql, &[]).await?.try_get::<_, i64>(0)? == want) };
    until(PATIENCE, "all is projected", there).await
}

/// The most memory that a rebuild of so many events held, in MiB.
async fn held(it: &Installation, events: u64) -> anyhow::Result<f64> {
    let mut command = it.command(&["replay", "projections", "--yes", "--json"]);
    command.stderr(Stdio::inherit());
    let (output, held_mib) = run_measured(command).await?;
    let built: Value = serde_json::from_slice(&output.stdout)?;
    anyhow::ensure!(output.status.success(), "{built:#}");
    anyhow::ensure!(built["events"] == events, "{built:#}");
    it.ok(&["replay", "projections", "--drop", "--yes"]).await?;
    Ok(held_mib)
}

#[tokio::test]
async fn a_rebuild_of_a_longer_log_holds_no_more_in_memory() -> anyhow::Result<()> {
    let mut it = Installation::prepare().await?;
    it.run("projector").await?;
    publish(&it, 0..FEW, WORDS_BYTES).await?;
    projected(&it, FEW).await?;
    let few = held(&it, FEW).await?;

    publish(&it, FEW..MANY, WORDS_BYTES).await?;
    projected(&it, MANY).await?;
    let many = held(&it, MANY).await?;
    assert!(many < few + GROWTH_MIB_MAX, "{few} MiB for {FEW} events, {many} MiB for {MANY}");

    publish(&it, MANY..MANY + LONG, LONG_WORDS_BYTES).await?;
    projected(&it, MANY + LONG).await?;
    let long = held(&it, MANY + LONG).await?;
    assert!(long < few + LONG_GROWTH_MIB_MAX, "{few} MiB, and {long} MiB with {LONG} long events");
    Ok(())
}
