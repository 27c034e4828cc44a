//! A log to look at, with its rows: written, and measured.

use std::{os::unix::fs::MetadataExt as _, path::Path, time::Instant};

use anyhow::{Context as _, ensure};
use konstruct_tests::{installation::Installation, postgres::raw};
use runtime::{Bus, look};
use serde_json::Value;
use tokio_postgres::Client;

use super::TENANTS;
use crate::bench::{
    replay::{
        log::{CHANNEL, Log, Row, STORY},
        rows::Rows,
    },
    report::{Group, float, rate},
    tell,
};

const EVENT: &str = "p_event (tenant_id, stream, seq, event_id, correlation_id, causation_id, kind, \
                     source, time_ms, note, effect_id)";
const EFFECT: &str = "effect (tenant_id, effect_id, message_id, what, part, state, detail, attempt, \
                      repeatable, channel, planned_at_ms, updated_at_ms)";
const TENANT: &str = "p_tenant (tenant_id, state, status, name, last_seq)";

/// Puts everything there, and says how large it is.
pub(super) async fn seed(it: &Installation, log: &Log, bus: &Bus) -> anyhow::Result<Group> {
    let events = log.events() + log.changes;
    tell(&format!("{events} events onto the log"));
    let begun = Instant::now();
    log.publish(it).await?;
    let published = begun.elapsed();
    tell("their rows");
    let admin = raw(&it.database.superuser_url()).await?;
    let begun = Instant::now();
    let rows = copy(&admin, log).await?;
    let copied = begun.elapsed();
    admin.batch_execute("vacuum (analyze) p_event, p_tenant, effect").await?;

    let work = format!(
        "{events} events of {TENANTS} tenants: {} of {} messages on EVENTS, {STORY} each, and {} on \
         DIRECTORY, which create each tenant and publish its agent again and again; published without \
         waiting for each ack and without ids that the server remembers; of the tables, those that a trace \
         reads, written by `COPY`; on disk is what files take up",
        log.events(),
        log.messages,
        log.changes
    );
    let mut group = Group::new("A log to look at", work);
    let by_copy = rate(rows, copied);
    group.add("rows written by COPY", by_copy, "/s");
    group.compare("events published", (rate(events, published), "/s"), (by_copy, "COPY"));
    for row in [&nats::EVENTS, &nats::DIRECTORY] {
        let standing = look::standing(bus, row).await?.context("a stream is gone")?;
        let said_mib = mib(standing.bytes);
        let messages = usize::try_from(standing.messages)?;
        group.add(format!("events on {}", row.name), float(messages), "");
        group.add(format!("{} by the server's count", row.name), said_mib, "MiB");
        let on_disk = (mib(on_disk(&it.nats.data().join("store"), row.name)?), "MiB");
        group.compare(format!("{} on disk", row.name), on_disk, (said_mib, "its count"));
    }
    for table in ["p_event", "effect"] {
        let sql = "select pg_total_relation_size(to_regclass($1))";
        let bytes: i64 = admin.query_one(sql, &[&table]).await?.try_get(0)?;
        group.add(format!("{table} with its indexes"), mib(u64::try_from(bytes)?), "MiB");
    }
    Ok(group)
}

/// Writes the rows that a trace reads. Says how many.
async fn copy(admin: &Client, log: &Log) -> anyhow::Result<usize> {
    let mut rows = 0;
    let mut tenants = Rows::open(admin, TENANT).await?;
    for nth in 0..log.tenants {
        let told: Value = serde_json::from_str(&log.creation(nth)?)?;
        let tenant = told.pointer("/data/tenant").context("no tenant")?;
        let state = tenant.to_string();
        let name = tenant.get("name").and_then(Value::as_str);
        let (id, seq) = (log.tenant(nth)?, (nth + 1).to_string());
        let columns = [Some(id.as_str()), Some(&*state), Some("active"), name, Some(&*seq)];
        tenants.add(&columns).await?;
    }
    rows += tenants.end().await?;
    let mut events = Rows::open(admin, EVENT).await?;
    for nth in 0..log.changes {
        let ids = log.changed(nth)?;
        event(&mut events, &log.change(nth, &ids)).await?;
    }
    for nth in 0..log.messages {
        let said = log.said(nth)?;
        for row in log.rows(&said) {
            event(&mut events, &row).await?;
        }
    }
    rows += events.end().await?;
    let mut effects = Rows::open(admin, EFFECT).await?;
    for nth in 0..log.messages {
        let said = log.said(nth)?;
        let at = said.at.as_millis().to_string();
        let at = at.as_str();
        let ids = [said.tenant.as_str(), said.effect.as_str(), said.message.as_str()];
        let rest = ["post", "0", "sent", "1795253400.912300", "1", "false", CHANNEL, at, at];
        let columns: Vec<_> = ids.into_iter().chain(rest).map(Some).collect();
        effects.add(&columns).await?;
    }
    Ok(rows + effects.end().await?)
}

async fn event(into: &mut Rows, row: &Row<'_>) -> anyhow::Result<()> {
    let (seq, time) = (row.seq.to_string(), row.at.as_millis().to_string());
    let note = row.sample.note(row.effect);
    into.add(&[
        Some(row.tenant),
        Some(row.stream),
        Some(&seq),
        Some(row.id),
        Some(row.story),
        row.cause,
        Some(row.sample.topic),
        Some(&row.sample.source),
        Some(&time),
        note.as_deref(),
        row.effect,
    ])
    .await
}

/// Bytes that the files of a stream take up, below the server's directory.
fn on_disk(store: &Path, stream: &str) -> anyhow::Result<u64> {
    let (mut bytes, mut left) = (0, vec![store.to_owned()]);
    while let Some(dir) = left.pop() {
        for entry in std::fs::read_dir(&dir)? {
            let path = entry?.path();
            // It may go meanwhile: the server writes some anew.
            let Ok(found) = std::fs::symlink_metadata(&path) else { continue };
            if found.is_dir() {
                left.push(path);
            } else if path.components().any(|part| part.as_os_str() == stream) {
                bytes += found.blocks() * 512;
            }
        }
    }
    ensure!(0 < bytes, "no file of {stream} is below {}", store.display());
    Ok(bytes)
}

fn mib(bytes: u64) -> f64 {
    usize::try_from(bytes).map_or(f64::INFINITY, float) / (1024.0 * 1024.0)
}
