//! Making a backup.

use std::{path::Path, time::Duration};

use anyhow::{Context as _, bail};
use nats::{DIRECTORY, PROJECT_DIRECTORY};
use runtime::{Bus, Clock, backup, setup};
use serde_json::json;
use store::{
    Settings,
    backup::{Snapshot, Table},
};

use super::{
    files::Part,
    manifest::{Cut, FILE, Manifest, Rows, Stream},
};
use crate::{
    output::{Output, bytes},
    progress::Progress,
    settings::Asked,
    wiring,
};

/// How often all is looked at anew while the directory goes on, and the pause between.
const LOOKS_MAX: u32 = 10;
const LOOK_PAUSE: Duration = Duration::from_millis(500);

/// Makes it while services run.
pub(super) async fn run(
    asked: &Asked<'_>,
    to: &Path,
    by: &str,
    output: Output,
) -> anyhow::Result<()> {
    let clock = Clock::system();
    let keys = asked.master_keys()?;
    let master = keys.current.clone();
    let masters = wiring::masters(keys.current, keys.previous);
    let settings = asked.database("KONSTRUCT_ADMIN_DATABASE_URL")?;
    let bus = Bus::connect(&asked.nats_url()?, "konstruct-backup").await?;
    setup::verify(&bus, asked.sizes()?).await?;
    let part = Part::begin(to)?;

    let began_at = clock.now();
    let (cut, snapshot) = look(&bus, &settings, by).await?;

    let nats = bus.server_version();
    let mut manifest = Manifest::begin(cut, (&nats, masters.fingerprint()), began_at, by);
    manifest.streams = streams(&bus, &part, &manifest.cut).await?;
    manifest.tables = tables(&snapshot, &part).await?;
    manifest.ended_at = clock.now();
    let mut file = part.file(FILE.to_owned())?;
    file.take(manifest.signed(&master)?.as_bytes())?;
    file.end()?;
    part.finish()?;
    let text = format!(
        "{}: {} messages and {} rows of {}, {}",
        to.display(),
        manifest.messages(),
        manifest.rows(),
        manifest.cut.database.at,
        bytes(manifest.bytes())
    );
    output.print(&text, &json!({ "dir": to, "manifest": manifest }))
}

/// One cut, and the database at it. In this order: see the head of `commands/backup.rs`.
async fn look(bus: &Bus, settings: &Settings, by: &str) -> anyhow::Result<(Cut, Snapshot)> {
    for looks in 0..LOOKS_MAX {
        if 0 < looks {
            tokio::time::sleep(LOOK_PAUSE).await;
        }
        let consumers = backup::places(bus).await?;
        let before = backup::heads(bus).await?;
        let snapshot = Snapshot::take(settings, by, PROJECT_DIRECTORY.name).await?;
        let after = backup::heads(bus).await?;
        if let Some(cut) = Cut::of(consumers, &before, snapshot.taken.clone(), after) {
            return Ok((cut, snapshot));
        }
    }
    bail!("{} goes on all the time: back up when nobody changes tenants", DIRECTORY.name)
}

/// The streams first: what is stored while they are copied is taken away by whoever puts them back.
async fn streams(bus: &Bus, part: &Part, cut: &Cut) -> anyhow::Result<Vec<Stream>> {
    let mut progress =
        Progress::new("bytes of streams", cut.streams.iter().map(|head| head.bytes).sum());
    let (mut streams, mut before) = (Vec::new(), 0);
    for head in &cut.streams {
        let mut file = part.file(format!("streams/{}.snapshot", head.stream))?;
        let shape = backup::copy(bus, &head.stream, |piece| {
            file.take(piece)?;
            progress.at(before + file.bytes());
            Ok(())
        });
        let shape = shape.await?;
        before += head.bytes;
        streams.push(Stream { name: head.stream.clone(), shape, sum: file.end()? });
    }
    Ok(streams)
}

async fn tables(snapshot: &Snapshot, part: &Part) -> anyhow::Result<Vec<Rows>> {
    let about = snapshot.tables.iter().map(|table| table.about).sum();
    let mut progress = Progress::new("rows", about);
    let (mut tables, mut before) = (Vec::new(), 0);
    for table in &snapshot.tables {
        let Table { name, .. } = table;
        let mut file = part.file(format!("tables/{name}.rows"))?;
        let mut rows = snapshot.rows(table).await.with_context(|| name.clone())?;
        let mut count = 0;
        while let Some(piece) = rows.next().await.with_context(|| name.clone())? {
            file.take(&piece)?;
            // A row is a line; a line break in it is written otherwise.
            count += piece.iter().map(|byte| u64::from(*byte == b'\n')).sum::<u64>();
            progress.at(before + count);
        }
        before += count;
        tables.push(Rows { table: table.clone(), many: count, sum: file.end()? });
    }
    Ok(tables)
}
