//! `konstruct tenant import`: a tenant of another installation, made here of its export.
//!
//! Its slug is taken first, by an event that is the same for the same file; then its rows are written,
//! and last the entries of the directory are published. Each step may be taken again, so a run that was
//! killed is done by the next one. Nobody erases anything of the tenant meanwhile.
//!
//! **Invariant:** `EVENTS` is not published to, so nobody answers, posts or calls because of it.

mod read;

use std::{collections::BTreeSet, path::Path};

use anyhow::{Context as _, anyhow, bail};
use domain::{
    export::{
        Counts, Line, Manifest, Row,
        restore::{self, Missing, Target},
    },
    seal::Sealing,
};
use runtime::{
    DirectoryWriter, Snapshot, WRITE_EVENTS_MAX,
    look::{Scan, Start},
};
use schemas::{Author, Envelope, EventId, TenantId, subject};
use serde_json::json;
use store::portable::{self, ROWS_MAX, Table};
use tokio_util::sync::CancellationToken;

use self::read::{Archive, row};
use super::archive::{Lines, counted, doubts};
use crate::{
    cli::ImportTenant,
    commands::{
        confirm::{author, confirm},
        stream::next,
    },
    erasing::{alone_with, while_alone},
    output::{Output, table},
    progress::Progress,
    settings::Asked,
    wiring::{self, Base, Vault},
};

/// Bytes of lines that go into one transaction.
const BATCH_BYTES_MAX: usize = 4 * 1024 * 1024;

/// What there is under a slug.
#[derive(Debug, PartialEq, Eq)]
enum Standing {
    Free,
    /// A run with this file has begun, and published these.
    Begun(BTreeSet<EventId>),
    Taken,
}

struct Importer<'a> {
    base: Base,
    archive: Archive,
    to: TenantId,
    path: &'a Path,
    by: Author,
}

/// What an import came to.
struct Done {
    /// Entries that were published now.
    entries: usize,
    /// Rows that were written now.
    rows: u64,
}

/// Checks the file, and imports it unless asked not to.
pub(super) async fn run(
    asked: &Asked<'_>,
    args: &ImportTenant,
    output: Output,
) -> anyhow::Result<()> {
    let archive = Archive::read(&args.from)?;
    let to = args.to.clone().unwrap_or_else(|| archive.manifest.tenant.clone());
    let base = Base::connect(asked, "konstruct-import", CancellationToken::new()).await?;
    base.directory.ready().await;
    let by = author(args.by.as_deref());
    let importer = Importer { base, archive, to, path: &args.from, by };
    let standing = importer.standing().await?;
    let missing = restore::missing(&importer.archive.recorded);
    let counts = importer.counts();
    let (slug, told) = (&importer.to, to_do(&missing));
    if standing == Standing::Taken {
        bail!("there is, or was, a tenant `{slug}` here: say `--as` and another slug");
    }
    if importer.is_done(&standing)? {
        let text = format!("`{slug}` was imported before; there was nothing to do{told}");
        let shown = json!({ "tenant": slug, "imported": false, "to_do": missing });
        return output.print(&text, &shown);
    }
    portable::check(&importer.base.db, slug).await?;
    let doubts = doubts(&importer.archive.end);
    if args.dry_run {
        let counted = counted(&counts);
        let text = format!("{counted}\n`{slug}` is not imported (dry run){doubts}{told}");
        let shown = json!({ "tenant": slug, "counts": counts, "to_do": missing });
        return output.print(&text, &shown);
    }
    let all: u64 = counts.values().sum();
    let Manifest { tenant, made_at, .. } = &importer.archive.manifest;
    confirm(&format!("`{slug}` is made of {all} lines of `{tenant}`, {made_at}"), args.yes)?;
    let alone = alone_with(&importer.base.db, slug).await?;
    // An erasure may have been between.
    if importer.standing().await? != standing {
        bail!("`{slug}` was changed meanwhile: run the command again; nothing was imported");
    }
    importer.note(asked).await?;
    let resumed = standing != Standing::Free;
    let importing = Box::pin(importer.import(asked, standing));
    let done = while_alone(&alone, importing).await?;
    let goes_on = if resumed { " (an earlier run had begun)" } else { "" };
    let text = format!(
        "`{slug}` is imported{goes_on}: {} entries, {} rows{doubts}{told}",
        done.entries, done.rows
    );
    let shown = json!({
        "tenant": slug, "imported": true, "resumed": resumed, "entries": done.entries,
        "rows": done.rows, "to_do": missing,
    });
    output.print(&text, &shown)
}

/// What whoever imported it has to make again.
fn to_do(missing: &[Missing]) -> String {
    if missing.is_empty() {
        return String::new();
    }
    let row = |it: &Missing| vec![it.kind.to_owned(), it.id.clone(), it.needs.to_owned()];
    let rows: Vec<_> = missing.iter().map(row).collect();
    format!("\nno secret is in an export:\n{}", table(&["WHAT", "ID", "NEEDS"], &rows))
}

impl Importer<'_> {
    fn target<'a>(&'a self, sealing: &'a Sealing) -> Target<'a> {
        Target { from: &self.archive.manifest.tenant, to: &self.to, sealing }
    }

    /// The event that takes the slug.
    fn first(&self) -> Envelope {
        let Archive { manifest, end, .. } = &self.archive;
        let of = (manifest.name.as_str(), end.sha256.as_str());
        restore::first(&self.target(&Sealing::Off), of, &self.by, self.base.context.clock.now())
    }

    fn entries(&self, sealing: &Sealing) -> anyhow::Result<Vec<Envelope>> {
        let entries = restore::entries(&self.target(sealing), &self.archive.recorded);
        entries.map_err(|why| anyhow!("{}: {why}", self.path.display()))
    }

    /// What there is to write here.
    fn counts(&self) -> Counts {
        let mut counts = self.archive.rows.clone();
        let entries = u64::try_from(self.archive.recorded.len()).unwrap_or(u64::MAX);
        counts.insert(nats::DIRECTORY.name.to_owned(), entries);
        counts
    }

    /// What the directory ever said under the slug.
    async fn standing(&self) -> anyhow::Result<Standing> {
        let (bus, subjects) = (&self.base.context.bus, subject::directory_of_tenant(&self.to));
        let mut scan = Scan::open(bus, &nats::DIRECTORY, vec![subjects], Start::First).await?;
        let (first, mut ids) = (self.first().id, BTreeSet::new());
        while !scan.is_level() {
            let Some(kept) = next(&mut scan).await? else { break };
            let id = Envelope::decode(&kept.payload).ok().map(|it| it.id);
            if ids.is_empty() && id.as_ref() != Some(&first) {
                return Ok(Standing::Taken);
            }
            ids.extend(id);
        }
        Ok(if ids.is_empty() { Standing::Free } else { Standing::Begun(ids) })
    }

    /// Whether everything was published before; rows are written before that.
    fn is_done(&self, standing: &Standing) -> anyhow::Result<bool> {
        let Standing::Begun(ids) = standing else { return Ok(false) };
        Ok(self.entries(&Sealing::Off)?.iter().all(|entry| ids.contains(&entry.id)))
    }

    /// On record before anything is changed.
    async fn note(&self, asked: &Asked<'_>) -> anyhow::Result<()> {
        let Archive { manifest, end, .. } = &self.archive;
        let what = json!({
            "from": manifest.tenant, "made_at": manifest.made_at, "sha256": end.sha256,
            "by": self.by.operator,
        });
        wiring::note_imported(asked, &self.to, what).await
    }

    async fn import(&self, asked: &Asked<'_>, standing: Standing) -> anyhow::Result<Done> {
        let to = &self.to;
        let goes_on = || {
            format!(
                "`{to}` is not whole: the same command does the rest, and `konstruct tenant erase` \
                 takes it away"
            )
        };
        let mut known = self.base.directory.snapshot();
        let (bus, directory) = (self.base.context.bus.clone(), self.base.directory.clone());
        let writer = DirectoryWriter::new(bus, directory);
        let published = match standing {
            Standing::Begun(ids) => ids,
            Standing::Free | Standing::Taken => {
                let first = vec![self.first()];
                writer.write(&mut known, first).await.context("nothing was imported")?;
                BTreeSet::new()
            }
        };
        let sealer = Vault::open(asked, &self.base.db)?.sealer;
        let sealing = sealer.of(&self.to, self.base.context.clock.now()).await?;
        let rows = self.write(&sealing).await.with_context(goes_on)?;
        let mut entries = self.entries(&sealing)?;
        entries.retain(|entry| !published.contains(&entry.id));
        publish(&writer, &mut known, &entries).await.with_context(goes_on)?;
        Ok(Done { entries: entries.len(), rows })
    }

    /// Writes the rows that are not there, and says how many those were.
    async fn write(&self, sealing: &Sealing) -> anyhow::Result<u64> {
        let mut lines = Lines::open(self.path)?;
        let mut progress = Progress::new("rows", self.archive.rows.values().sum());
        let (target, mut batch) = (self.target(sealing), Batch::default());
        let (mut read, mut new) = (0, 0);
        while let Some(line) = lines.read()? {
            let Line::Row(line) = line else { continue };
            let (table, row) = row(&target, line).map_err(|why| anyhow!(why))?;
            if batch.is_full() || batch.table.is_some_and(|before| before.name != table.name) {
                new += self.flush(&mut batch).await?;
            }
            batch.table = Some(table);
            batch.bytes += lines.bytes();
            batch.rows.push(row);
            read += 1;
            progress.at(read);
        }
        new += self.flush(&mut batch).await?;
        progress.clear();
        if lines.finish()?.1 != self.archive.end {
            bail!("{} was changed while it was read", self.path.display());
        }
        Ok(new)
    }

    async fn flush(&self, batch: &mut Batch) -> anyhow::Result<u64> {
        let Batch { table: Some(table), rows, .. } = std::mem::take(batch) else { return Ok(0) };
        Ok(portable::insert(&self.base.db, &self.to, table, &rows).await?)
    }
}

async fn publish(
    writer: &DirectoryWriter,
    known: &mut Snapshot,
    entries: &[Envelope],
) -> anyhow::Result<()> {
    for batch in entries.chunks(WRITE_EVENTS_MAX) {
        writer.write(known, batch.to_vec()).await?;
    }
    Ok(())
}

/// Rows of one table that are written together.
#[derive(Default)]
struct Batch {
    table: Option<&'static Table>,
    rows: Vec<Row>,
    bytes: usize,
}

impl Batch {
    fn is_full(&self) -> bool {
        ROWS_MAX <= self.rows.len() || BATCH_BYTES_MAX <= self.bytes
    }
}
