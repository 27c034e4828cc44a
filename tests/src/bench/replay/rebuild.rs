//! How fast the read models are rebuilt, beside a `COPY` of the same rows into the same tables: what
//! PostgreSQL takes for the rows alone, with nothing to decide. And in how much memory.

use std::{
    process::Stdio,
    time::{Duration, Instant},
};

use anyhow::ensure;
use konstruct_tests::{
    installation::Installation, memory::run_measured, postgres::raw, wait::until,
};
use serde_json::Value;
use tokio_postgres::Client;

use super::{
    log::{Log, STORY},
    make_room, rows,
};
use crate::bench::{
    report::{Group, float, rate},
    tell,
};

/// Events of the log, when nobody chose otherwise.
const EVENTS_DEFAULT: usize = 200_000;

/// How many tenants share the messages.
const TENANTS: usize = 100;

/// How long the projector may take for all of it.
const PROJECTED_MAX: Duration = Duration::from_hours(6);

/// Writers that are measured.
const WORKERS: [usize; 3] = [1, 2, 4];

/// The most memory that a rebuild may hold, in MiB, however long the log is: the program itself, a piece of
/// at most 2,048 events and 8 MiB as it was read, and as rows once or twice more.
const REBUILD_MIB_MAX: f64 = 128.0;

/// The tables that events of messages fill.
const TABLES: [&str; 6] = ["p_conversation", "p_day", "p_event", "p_message", "p_month", "p_usage"];

/// Measures it. What was not kept goes to `broken`.
pub(super) async fn run(events: Option<usize>, broken: &mut Vec<String>) -> anyhow::Result<Group> {
    let log = Log::new(TENANTS, events.unwrap_or(EVENTS_DEFAULT), 0)?;
    let (messages, events) = (log.messages, log.events());
    let mut it = Installation::prepare().await?;
    make_room(&mut it, &log).await?;
    tell(&format!("{events} events onto the log"));
    log.publish(&it).await?;
    tell("the projector reads them");
    let admin = raw(&it.database.superuser_url()).await?;
    let projected = project(&mut it, &admin, events).await?;
    admin.batch_execute("analyze").await?;

    let work = format!(
        "{events} events of {messages} messages of {TENANTS} tenants, {STORY} each, read into empty tables \
         beside the live ones, from the start of the command to its end; `COPY` writes the rows that come \
         of them into tables with the same keys and indexes; memory is VmHWM of the command"
    );
    let mut group = Group::new("Rebuilding the read models", work);
    tell("`COPY` of the same rows");
    let (rows, copied) = copy(&admin).await?;
    let by_copy = rate(events, copied);
    group.add("rows of the read models", float(rows), "");
    group.add("COPY, events whose rows are written", by_copy, "/s");
    group.compare("the projector, as it runs", (rate(events, projected), "/s"), (by_copy, "COPY"));
    for workers in WORKERS {
        tell(&format!("rebuilding with {workers} workers"));
        let (took, held_mib) = rebuild(&it, events, workers).await?;
        let name = format!("rebuilt and compared, {workers} workers");
        group.compare(name, (rate(events, took), "/s"), (by_copy, "COPY"));
        let name = format!("memory at the most, {workers} workers");
        group.compare(name, (held_mib, "MiB"), (REBUILD_MIB_MAX, "its bound"));
        if REBUILD_MIB_MAX < held_mib {
            broken.push(format!(
                "a rebuild of {events} events with {workers} workers held {held_mib:.1} MiB, and \
                 {REBUILD_MIB_MAX} are its bound"
            ));
        }
    }
    Ok(group)
}

/// The projector, from its start until it has read so many events.
async fn project(it: &mut Installation, admin: &Client, events: usize) -> anyhow::Result<Duration> {
    let begun = Instant::now();
    it.run("projector").await?;
    let want = i64::try_from(events)?;
    until(PROJECTED_MAX, "all is projected", || async {
        let sql = "select coalesce(max(seq), 0) from checkpoint where name = 'project-events'";
        anyhow::Ok(admin.query_one(sql, &[]).await?.try_get::<_, i64>(0)? == want)
    })
    .await?;
    let took = begun.elapsed();
    it.kill("projector").await?;
    Ok(took)
}

/// Copies the live rows into tables like theirs. Says how many rows, and how long it took to write them.
async fn copy(admin: &Client) -> anyhow::Result<(usize, Duration)> {
    admin.batch_execute("call generation_make('models_copied')").await?;
    let (mut rows, mut took) = (0, Duration::ZERO);
    for table in TABLES {
        let (from, into) = (format!("public.{table}"), format!("models_copied.{table}"));
        let (more, longer) = rows::copy(admin, &from, &into).await?;
        rows += more;
        took += longer;
    }
    admin.batch_execute("drop schema models_copied cascade").await?;
    Ok((rows, took))
}

/// One rebuild, as the command does it, from its start to its end, and the most memory that it held.
async fn rebuild(
    it: &Installation,
    events: usize,
    workers: usize,
) -> anyhow::Result<(Duration, f64)> {
    let workers = workers.to_string();
    let args = ["replay", "projections", "--yes", "--json", "--workers", workers.as_str()];
    let mut command = it.command(&args);
    command.stderr(Stdio::inherit());
    let begun = Instant::now();
    let (output, held_mib) = run_measured(command).await?;
    let took = begun.elapsed();
    ensure!(output.status.success(), "the rebuild: {}", output.status);
    let built: Value = serde_json::from_slice(&output.stdout)?;
    let read = built.get("events").and_then(Value::as_u64);
    ensure!(read == Some(u64::try_from(events)?), "{read:?} events of {events}");
    it.ok(&["replay", "projections", "--drop", "--yes"]).await?;
    Ok((took, held_mib))
}
