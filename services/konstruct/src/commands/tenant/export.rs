//! `konstruct tenant export`: all of a tenant's data in one file, in the clear but for secrets.
//!
//! It is written beside its place and put there when it is whole. A run that was killed leaves
//! `FILE.part`, which the next one begins anew.

use std::{
    fs::{File, Permissions},
    io::{BufWriter, ErrorKind, Write as _},
    os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
};

use anyhow::{Context as _, bail};
use domain::{
    export::{Composer, Counts, End, EventLine, FORMAT, Line, Manifest, RowLine, VERSION, open},
    seal::{Owner, Sealing},
    veil::owner_of,
};
use runtime::look::{Kept, Scan, Start};
use schemas::{Envelope, TenantId, TenantStatus, Timestamp, subject};
use serde_json::{Value, json};
use store::portable::{self, TABLES, Table};
use tokio_util::sync::CancellationToken;

use super::archive::{counted, doubts};
use crate::{
    cli::ExportTenant,
    commands::{
        confirm::{author, confirm},
        list::no_tenant,
        stream::next,
    },
    output::Output,
    progress::Progress,
    settings::Asked,
    wiring::{self, Base, Vault},
};

/// So many lines are written without asking.
const LINES_UNASKED_MAX: u64 = 100_000;

struct Exporter {
    base: Base,
    tenant: TenantId,
    name: String,
    now: Timestamp,
}

/// A file while it is written.
struct Sink {
    file: BufWriter<File>,
    composer: Composer,
    progress: Progress,
    written: u64,
}

/// Counts, and exports unless asked not to.
pub(super) async fn run(
    asked: &Asked<'_>,
    args: &ExportTenant,
    output: Output,
) -> anyhow::Result<()> {
    let tenant = args.tenant.as_ref().context("say `--tenant`")?;
    let exporter = Exporter::open(asked, tenant).await?;
    let counts = exporter.count().await?;
    if args.dry_run {
        let text = format!("{}\nnothing was written (dry run)", counted(&counts));
        return output.print(&text, &json!({ "tenant": tenant, "counts": counts }));
    }
    let out = args.out.as_ref().context("say `--out FILE`")?;
    check_free(out)?;
    let lines: u64 = counts.values().sum();
    if LINES_UNASKED_MAX < lines {
        confirm(&format!("{lines} lines of `{tenant}` are written in the clear"), args.yes)?;
    }
    let by = author(args.by.as_deref()).operator;
    let what = json!({ "export": out.display().to_string(), "by": by });
    wiring::note_opened(asked, tenant, what).await?;
    let sealer = Vault::open(asked, &exporter.base.db)?.sealer;
    let sealing = sealer.of(tenant, exporter.now).await?;
    let end = exporter.export(out, counts, &sealing).await?;
    let text = format!(
        "{}\n`{tenant}` is exported to {}, in the clear{}\nsha256 {}",
        counted(&end.counts),
        out.display(),
        doubts(&end),
        end.sha256
    );
    output.print(&text, &json!({ "tenant": tenant, "file": out, "end": end }))
}

fn check_free(out: &Path) -> anyhow::Result<()> {
    if out.symlink_metadata().is_ok() {
        bail!("{} is there already; nothing was written", out.display());
    }
    Ok(())
}

impl Exporter {
    async fn open(asked: &Asked<'_>, tenant: &TenantId) -> anyhow::Result<Self> {
        let base = Base::connect(asked, "konstruct-export", CancellationToken::new()).await?;
        base.directory.ready().await;
        let known = base.directory.read(|it| it.tenant(tenant).cloned());
        let known = known.with_context(|| no_tenant(tenant))?;
        if known.status == TenantStatus::Deleted {
            bail!("tenant `{tenant}` was deleted: its key is gone, and nothing can be read");
        }
        let now = base.context.clock.now();
        Ok(Self { base, tenant: tenant.clone(), name: known.name.clone(), now })
    }

    /// The streams in the order in which they are written, and what is the tenant's on each.
    fn streams(&self) -> [(&'static nats::Stream, String); 2] {
        [
            (&nats::DIRECTORY, subject::directory_of_tenant(&self.tenant)),
            (&nats::EVENTS, subject::filter_of_tenant(&self.tenant)),
        ]
    }

    async fn count(&self) -> anyhow::Result<Counts> {
        let mut counts = portable::count(&self.base.db, &self.tenant).await?;
        for (stream, subjects) in self.streams() {
            let bus = &self.base.context.bus;
            let scan = Scan::open(bus, stream, vec![subjects], Start::First).await?;
            counts.insert(stream.name.to_owned(), scan.pending());
        }
        Ok(counts)
    }

    async fn export(&self, out: &Path, counts: Counts, sealing: &Sealing) -> anyhow::Result<End> {
        let part = part_of(out);
        let file = create(&part)?;
        let total: u64 = counts.values().sum();
        let mut sink = Sink {
            file: BufWriter::new(file),
            composer: Composer::default(),
            progress: Progress::new("lines", total),
            written: 0,
        };
        sink.line(&Line::Manifest(self.manifest(counts).await?))?;
        for (stream, subjects) in self.streams() {
            self.events((stream, subjects), sealing, &mut sink).await?;
        }
        for table in &TABLES {
            self.rows(table, sealing, &mut sink).await?;
        }
        let end = sink.end()?;
        check_free(out)?;
        std::fs::rename(&part, out).with_context(|| format!("cannot write {}", out.display()))?;
        Ok(end)
    }

    async fn manifest(&self, counts: Counts) -> anyhow::Result<Manifest> {
        let mut last = Counts::new();
        for (stream, _) in self.streams() {
            let sequence = self.base.context.bus.last_sequence(stream).await?;
            last.insert(stream.name.to_owned(), sequence);
        }
        Ok(Manifest {
            format: FORMAT.to_owned(),
            version: VERSION,
            tenant: self.tenant.clone(),
            name: self.name.clone(),
            made_at: self.now,
            program: format!("konstruct {}", env!("CARGO_PKG_VERSION")),
            last,
            counts,
        })
    }

    async fn events(
        &self,
        (stream, subjects): (&'static nats::Stream, String),
        sealing: &Sealing,
        sink: &mut Sink,
    ) -> anyhow::Result<()> {
        let bus = &self.base.context.bus;
        let mut scan = Scan::open(bus, stream, vec![subjects], Start::First).await?;
        while !scan.is_level() {
            let Some(kept) = next(&mut scan).await? else { break };
            let (line, unopened) = self.event(stream, &kept, sealing)?;
            sink.composer.unopened(unopened);
            sink.line(&Line::Event(line))?;
        }
        Ok(())
    }

    /// An event with its texts opened, and how many did not open.
    fn event(
        &self,
        stream: &nats::Stream,
        kept: &Kept,
        sealing: &Sealing,
    ) -> anyhow::Result<(EventLine, u64)> {
        let mut line = EventLine {
            stream: stream.name.to_owned(),
            sequence: kept.sequence,
            stored: kept.stored,
            event: None,
            unreadable: None,
        };
        let envelope = match Envelope::decode(&kept.payload) {
            Ok(envelope) => envelope,
            Err(why) => {
                line.unreadable = Some(why.to_string());
                return Ok((line, 0));
            }
        };
        let mut event: Value = serde_json::from_slice(&envelope.encode()?)?;
        let mut unopened = 0;
        if let Some((of, data)) = owner_of(&envelope.event).zip(event.get_mut("data")) {
            unopened = open(data, Owner { tenant: &self.tenant, of }, sealing);
        }
        line.event = Some(event);
        Ok((line, unopened))
    }

    async fn rows(&self, table: &Table, sealing: &Sealing, sink: &mut Sink) -> anyhow::Result<()> {
        let mut page = portable::page(&self.base.db, &self.tenant, table, None).await?;
        while let Some(last) = page.last().cloned() {
            for mut row in page {
                let of = row.get(table.owner).and_then(Value::as_str);
                let of = of.unwrap_or_default().to_owned();
                let owner = Owner { tenant: &self.tenant, of: &of };
                for name in table.texts {
                    let text = row.get_mut(*name);
                    sink.composer.unopened(text.map_or(0, |text| open(text, owner, sealing)));
                }
                sink.line(&Line::Row(RowLine { table: table.name.to_owned(), row }))?;
            }
            page = portable::page(&self.base.db, &self.tenant, table, Some(&last)).await?;
        }
        Ok(())
    }
}

impl Sink {
    fn line(&mut self, line: &Line) -> anyhow::Result<()> {
        let bytes = self.composer.line(line)?;
        self.file.write_all(&bytes).context("cannot write the export")?;
        self.progress.at(self.written);
        self.written += 1;
        Ok(())
    }

    /// Its last line, once all of it is on the disk.
    fn end(self) -> anyhow::Result<End> {
        let Self { mut file, composer, mut progress, .. } = self;
        progress.clear();
        let (end, bytes) = composer.end()?;
        file.write_all(&bytes).context("cannot write the export")?;
        let file = file.into_inner().context("cannot write the export")?;
        file.sync_all().context("cannot write the export")?;
        Ok(end)
    }
}

/// Where it is written until it is whole.
fn part_of(out: &Path) -> PathBuf {
    let mut name = out.as_os_str().to_owned();
    name.push(".part");
    PathBuf::from(name)
}

/// For its owner alone, and for one run at a time. What a killed one left is begun anew; what stands there for
/// another file is not written to.
fn create(part: &Path) -> anyhow::Result<File> {
    let cannot = || format!("cannot write {}", part.display());
    let mut options = File::options();
    let made = options.write(true).create_new(true).mode(0o600).open(part);
    let file = match made {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => left(part)?,
        made => made.with_context(cannot)?,
    };
    if file.try_lock().is_err() {
        bail!("{} is being written by another export", part.display());
    }
    file.set_permissions(Permissions::from_mode(0o600)).with_context(cannot)?;
    file.set_len(0).with_context(cannot)?;
    Ok(file)
}

/// What is there under this name already: a file that has no other.
fn left(part: &Path) -> anyhow::Result<File> {
    let cannot = || format!("cannot write {}", part.display());
    let named = part.symlink_metadata().with_context(cannot)?;
    if !named.is_file() || named.nlink() != 1 {
        bail!("{} leads to something else: nothing was written", part.display());
    }
    let file = File::options().write(true).open(part).with_context(cannot)?;
    let opened = file.metadata().with_context(cannot)?;
    if (opened.dev(), opened.ino()) != (named.dev(), named.ino()) {
        bail!("{} is replaced just now: nothing was written", part.display());
    }
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_is_its_owners_alone_and_one_runs() {
        let dir = std::env::temp_dir().join(format!("konstruct-export-{}", std::process::id()));
        std::fs::create_dir_all(&dir).unwrap();
        let part = part_of(&dir.join("acme.jsonl"));
        assert_eq!(part, dir.join("acme.jsonl.part"));
        std::fs::write(&part, "left by a run that was killed").unwrap();
        let file = create(&part).unwrap();
        let found = file.metadata().unwrap();
        assert_eq!((found.len(), found.permissions().mode() & 0o777), (0, 0o600));
        let second = create(&part).unwrap_err().to_string();
        assert_eq!(second, format!("{} is being written by another export", part.display()));
        std::fs::remove_dir_all(&dir).unwrap();
    }

    #[test]
    fn a_part_that_leads_to_another_file_is_not_written_to() {
        let dir = std::env::temp_dir().join(format!("konstruct-part-{}", std::process::id()));
        std::fs::create_dir_all(&dir).unwrap();
        let other = dir.join("other");
        std::fs::write(&other, "somebody's").unwrap();
        let (soft, hard) = (dir.join("soft.part"), dir.join("hard.part"));
        std::os::unix::fs::symlink(&other, &soft).unwrap();
        std::fs::hard_link(&other, &hard).unwrap();
        for part in [&soft, &hard, &dir] {
            let refused = create(part).unwrap_err().to_string();
            let want = format!("{} leads to something else: nothing was written", part.display());
            assert_eq!(refused, want);
        }
        let absent = dir.join("absent.part");
        std::os::unix::fs::symlink(dir.join("nowhere"), &absent).unwrap();
        assert!(create(&absent).is_err() && !dir.join("nowhere").exists());
        assert_eq!(std::fs::read_to_string(&other).unwrap(), "somebody's");
        std::fs::remove_dir_all(&dir).unwrap();
    }
}
