//! `bench replay`: how fast the read models are rebuilt from the log, beside a `COPY` of the same rows into
//! the same tables: what PostgreSQL takes for the rows alone, with nothing to decide.

use std::{
    process::Stdio,
    time::{Duration, Instant},
};

use anyhow::{Context as _, ensure};
use async_nats::jetstream;
use bytes::Bytes;
use futures::{SinkExt as _, TryStreamExt as _, future::try_join_all};
use konstruct_tests::{installation::Installation, postgres::raw, wait::until};
use schemas::Envelope;
use serde_json::Value;
use tokio_postgres::Client;

use super::{
    machine,
    report::{Group, Report, float, rate},
    tell,
};

/// The life of one message, as samples of what is really published.
const LIFE: [&str; 5] = [
    include_str!("../../../schemas/samples/message.received.v1.json"),
    include_str!("../../../schemas/samples/message.accepted.v1.json"),
    include_str!("../../../schemas/samples/message.admitted.v1.json"),
    include_str!("../../../schemas/samples/completion.finished.v1.json"),
    include_str!("../../../schemas/samples/reply.delivered.v1.json"),
];

/// How many tenants share the messages.
const TENANTS: usize = 100;

/// Publishes that are under way at once.
const PUBLISH_AT_ONCE: usize = 500;

/// How long the projector may take for all of it.
const PROJECTED_MAX: Duration = Duration::from_mins(30);

/// Writers that are measured.
const WORKERS: [usize; 3] = [1, 2, 4];

/// The tables that events of messages fill.
const TABLES: [&str; 6] = ["p_conversation", "p_day", "p_event", "p_message", "p_month", "p_usage"];

/// Measures everything, with a log of so many messages.
pub(crate) async fn run(messages: usize) -> anyhow::Result<Report> {
    let mut it = Installation::prepare().await?;
    let machine = machine(&it).await?;
    tell(&format!("{messages} messages onto the log"));
    let events = fill(&it, messages).await?;
    tell("the projector reads them");
    let begun = Instant::now();
    it.run("projector").await?;
    let admin = raw(&it.database.superuser_url()).await?;
    let want = i64::try_from(events)?;
    until(PROJECTED_MAX, "all is projected", || async {
        let sql = "select coalesce(max(seq), 0) from checkpoint where name = 'project-events'";
        anyhow::Ok(admin.query_one(sql, &[]).await?.try_get::<_, i64>(0)? == want)
    })
    .await?;
    let projected = rate(events, begun.elapsed());
    it.kill("projector").await?;
    admin.batch_execute("analyze").await?;

    let work = format!(
        "{events} events of {messages} messages of {TENANTS} tenants, read into empty tables beside the \
         live ones; `COPY` writes the rows that come of them into tables with the same keys and indexes"
    );
    let mut group = Group::new("Rebuilding the read models", work);
    let (rows, copied) = copy(&admin).await?;
    let by_copy = rate(events, copied);
    group.add("rows of the read models", float(rows), "");
    group.add("COPY, events whose rows are written", by_copy, "/s");
    group.compare("the projector, as it runs", (projected, "/s"), (by_copy, "COPY"));
    for workers in WORKERS {
        tell(&format!("rebuilding with {workers} workers"));
        let took = rebuild(&it, events, workers).await?;
        let name = format!("rebuilt and compared, {workers} workers");
        group.compare(name, (rate(events, took), "/s"), (by_copy, "COPY"));
    }
    Ok(Report { machine, groups: vec![group] })
}

/// Publishes the events of so many messages, each with ids of its own. Says how many that are.
async fn fill(it: &Installation, messages: usize) -> anyhow::Result<usize> {
    let client = async_nats::connect(it.nats.url()).await?;
    let stream = jetstream::new(client);
    let mut under_way = Vec::with_capacity(PUBLISH_AT_ONCE);
    for nth in 0..messages {
        for (step, sample) in LIFE.into_iter().enumerate() {
            let envelope = envelope(sample, nth, step)?;
            let subject = envelope.subject().as_str().to_owned();
            let payload = Bytes::from(envelope.encode()?);
            under_way.push(stream.publish(subject, payload).await?);
        }
        if PUBLISH_AT_ONCE <= under_way.len() {
            try_join_all(under_way.drain(..).map(IntoFuture::into_future)).await?;
        }
    }
    try_join_all(under_way.drain(..).map(IntoFuture::into_future)).await?;
    Ok(messages * LIFE.len())
}

/// A sample as the event of another message, in one of some threads of one of the tenants.
fn envelope(sample: &str, nth: usize, step: usize) -> anyhow::Result<Envelope> {
    let mut event: Value = serde_json::from_str(sample)?;
    let message = format!("m{nth}");
    // Four messages a thread.
    let thread = format!("C0SUPPORT-{}_000900", nth / TENANTS / 4);
    let named = [
        ("id", format!("e{nth}-{step}")),
        ("tenantid", format!("bench{}", nth % TENANTS)),
        ("correlationid", message.clone()),
    ];
    for (field, value) in named {
        *event.get_mut(field).with_context(|| format!("a sample without {field}"))? = value.into();
    }
    if let Some(causation) = event.get_mut("causationid") {
        *causation = format!("e{nth}-{}", step.saturating_sub(1)).into();
    }
    rename(&mut event, "id", &message);
    rename(&mut event, "conversation", &thread);
    Ok(Envelope::decode(event.to_string().as_bytes())?)
}

/// The message that the data of an event is about: `data.message` with an `id` and a `conversation`, itself
/// or in its `key`.
fn rename(event: &mut Value, field: &str, value: &str) {
    let Some(message) = event.pointer_mut("/data/message") else { return };
    for place in [format!("/{field}"), format!("/key/{field}")] {
        if let Some(found) = message.pointer_mut(&place) {
            *found = value.into();
        }
    }
}

/// Copies the live rows out, and into tables like theirs. Says how many rows, and how long the second half
/// took.
async fn copy(admin: &Client) -> anyhow::Result<(usize, Duration)> {
    admin.batch_execute("call generation_make('models_copied')").await?;
    let (mut rows, mut took) = (0, Duration::ZERO);
    for table in TABLES {
        let from = format!("copy public.{table} to stdout (format binary)");
        let out = admin.copy_out(from.as_str()).await?;
        let pieces: Vec<Bytes> = out.try_collect().await?;
        let begun = Instant::now();
        let into = format!("copy models_copied.{table} from stdin (format binary)");
        let sink = admin.copy_in::<_, Bytes>(into.as_str()).await?;
        let mut sink = std::pin::pin!(sink);
        for piece in pieces {
            sink.send(piece).await?;
        }
        rows += usize::try_from(sink.finish().await?)?;
        took += begun.elapsed();
    }
    admin.batch_execute("drop schema models_copied cascade").await?;
    Ok((rows, took))
}

/// One rebuild, as the command does it, from its start to its end.
async fn rebuild(it: &Installation, events: usize, workers: usize) -> anyhow::Result<Duration> {
    let workers = workers.to_string();
    let args = ["replay", "projections", "--yes", "--json", "--workers", workers.as_str()];
    let begun = Instant::now();
    let output = it.command(&args).stderr(Stdio::inherit()).output().await?;
    let took = begun.elapsed();
    ensure!(output.status.success(), "the rebuild: {}", output.status);
    let built: Value = serde_json::from_slice(&output.stdout)?;
    let read = built.get("events").and_then(Value::as_u64);
    ensure!(read == Some(u64::try_from(events)?), "{read:?} events of {events}");
    it.ok(&["replay", "projections", "--drop", "--yes"]).await?;
    Ok(took)
}
