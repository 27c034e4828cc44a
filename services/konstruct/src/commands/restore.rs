//! `konstruct restore`: a backup in the place of an installation that was lost.
//!
//! Rows come first, and are made to last once the streams are there: rows that do not fit are found before
//! anything stands in the way of another try. Then comes a mark, which goes when all is whole: nothing
//! starts or writes beside it (`runtime::restoring`, ADR 35), not before the database is there and who was
//! erased since the backup is erased again. Consumers come last. What the installation that was lost may
//! have answered after the backup is held for an operator (`domain::doubt`, ADR 30).

use std::{fmt::Write as _, path::Path};

use anyhow::{Context as _, bail};
use domain::{look::instant, seal::MasterKey};
use nats::{EVENTS, RESTORING, STREAMS, Sizes};
use runtime::{
    Bus, Clock, backup,
    restoring::{self, UnderWay},
    setup,
};
use schemas::{TenantId, Timestamp};
use serde_json::json;
use store::backup::{Empty, Restoration, Restoring};

use super::{
    backup::{files, manifest::Manifest, masters, sound},
    confirm::confirm,
    erasure::{OF_PERSON, OF_TENANT, receipt},
    tenant::erase::{self, Gone},
};
use crate::{
    cli,
    output::{Output, bytes},
    progress::Progress,
    settings::Asked,
    wiring,
};

/// What is there now is not whole, and the mark says so to everybody else.
const BROKE_OFF: &str = "the restore broke off; begin it again with a new NATS and a new database";

/// A restore that was asked for.
struct Restore<'a> {
    from: &'a Path,
    manifest: Manifest,
    bus: Bus,
    database: store::Settings,
    /// Whose erasure is told by receipts.
    erased: Vec<Gone>,
    by: String,
    now: Timestamp,
    lost_at: Timestamp,
}

/// What was made of it.
struct Restored {
    /// Messages that were stored while the backup was made.
    cut: u64,
    rows: u64,
    erased: Vec<TenantId>,
}

/// Does it, unless it was only to be looked at.
pub(crate) async fn run(
    asked: &Asked<'_>,
    args: &cli::Restore,
    output: Output,
) -> anyhow::Result<()> {
    let restore = Restore::open(asked, args).await?;
    let plan = restore.plan();
    if args.dry_run {
        let text = format!("{plan}\nnothing was restored (dry run)");
        return output.print(&text, &json!({ "manifest": restore.manifest, "restored": false }));
    }
    confirm(&plan, args.yes)?;
    let done = restore.carry_out(asked).await?;
    let shown = json!({
        "restored": true,
        "cut_at": restore.manifest.cut.database.at,
        "lost_at": restore.lost_at,
        "messages_after_cut": done.cut,
        "rows": done.rows,
        "erased": done.erased,
    });
    output.print(&restore.told(&done), &shown)
}

impl<'a> Restore<'a> {
    /// Looks at all that could stand against it.
    async fn open(asked: &Asked<'_>, args: &'a cli::Restore) -> anyhow::Result<Self> {
        let now = Clock::system().now();
        let masters = masters(asked)?;
        let manifest = sound(&masters, &args.from)?;
        let lost_at = lost_at(args.lost_at.as_deref(), manifest.cut.database.at, now)?;
        let erased = args.erased.iter().map(|path| gone(&masters, path));
        let erased = erased.collect::<anyhow::Result<Vec<_>>>()?;
        // What is needed after the streams are there is asked for before.
        for setting in ["KONSTRUCT_DATABASE_URL", "KONSTRUCT_PLATFORM_DATABASE_URL"] {
            asked.database(setting)?;
        }
        let bus = Bus::connect(&asked.nats_url()?, "konstruct-restore").await?;
        let database = asked.database("KONSTRUCT_ADMIN_DATABASE_URL")?;
        manifest.check_nats(&bus.server_version())?;
        check_empty(&bus).await?;
        Empty::check(&database, manifest.cut.database.migration).await?;
        let by = args.by.clone().unwrap_or_else(wiring::owner);
        Ok(Self { from: &args.from, manifest, bus, database, erased, by, now, lost_at })
    }

    fn plan(&self) -> String {
        let Manifest { cut, program, .. } = &self.manifest;
        let (messages, rows) = (self.manifest.messages(), self.manifest.rows());
        let mut plan = format!(
            "{messages} messages and {rows} rows, {}, of {} by {program} are restored; what was \
             written before {} and is not known to be answered is held for an operator",
            bytes(self.manifest.bytes()),
            cut.database.at,
            self.lost_at,
        );
        for Gone { tenant, .. } in &self.erased {
            // A string takes everything.
            _ = write!(plan, "; tenant `{tenant}` is erased again");
        }
        plan
    }

    /// The mark stays where this does not come to its end, however that is.
    async fn carry_out(&self, asked: &Asked<'_>) -> anyhow::Result<Restored> {
        let sizes = asked.sizes()?;
        let (filled, rows) = self.rows().await?;
        restoring::begin(&self.bus, &self.mark()).await?;
        let done = Box::pin(self.all(asked, sizes, filled)).await.context(BROKE_OFF)?;
        restoring::end(&self.bus).await.with_context(mark_stays)?;
        let (cut, erased) = done;
        Ok(Restored { cut, rows, erased })
    }

    fn mark(&self) -> UnderWay {
        UnderWay { dir: self.from.display().to_string(), by: self.by.clone(), began_at: self.now }
    }

    /// All that the mark stands for. Says how many messages came after the cut, and who was erased again.
    async fn all(
        &self,
        asked: &Asked<'_>,
        sizes: Sizes,
        filled: Restoring,
    ) -> anyhow::Result<(u64, Vec<TenantId>)> {
        let cut = self.streams().await?;
        self.finish(filled).await?;
        store::migrate(&self.database).await?;
        setup::streams(&self.bus, sizes).await?;
        let erased = erase::once_more(asked, &self.erased, &self.by).await?;
        backup::stand(&self.bus, &self.manifest.cut.consumers).await?;
        setup::as_declared(&self.bus, sizes).await?;
        Ok((cut, erased))
    }

    /// Says how many messages after the cut were taken away again.
    async fn streams(&self) -> anyhow::Result<u64> {
        let total = self.manifest.streams.iter().map(|stream| stream.sum.bytes).sum();
        let mut progress = Progress::new("bytes of streams", total);
        let mut done: u64 = 0;
        for stream in &self.manifest.streams {
            let pieces = files::pieces(self.from, &stream.sum.file)?.inspect(|piece| {
                done += piece.as_ref().map_or(0, Vec::len) as u64;
                progress.at(done);
            });
            backup::put_back(&self.bus, &stream.name, &stream.shape, pieces).await?;
        }
        drop(progress);
        let mut gone = 0;
        for row in STREAMS {
            let Some(last) = self.manifest.cut.last(row.name) else { continue };
            let end = self.bus.last_sequence(row).await?;
            let mut progress = Progress::new("messages after the cut", end.saturating_sub(last));
            gone += backup::cut(&self.bus, row, last, |done| progress.at(done)).await?;
        }
        Ok(gone)
    }

    /// Says how many rows there are. Nobody sees them yet.
    async fn rows(&self) -> anyhow::Result<(Restoring, u64)> {
        let migration = self.manifest.cut.database.migration;
        let restoring = Empty::open(&self.database, migration).await?.begin().await?;
        let rows = self.fill(&restoring).await?;
        Ok((restoring, rows))
    }

    async fn finish(&self, restoring: Restoring) -> anyhow::Result<()> {
        let database = &self.manifest.cut.database;
        let restoration = Restoration {
            restored_at: self.now,
            cut_at: database.at,
            lost_at: self.lost_at,
            events_seq: self.bus.last_sequence(&EVENTS).await?,
            actor: self.by.clone(),
        };
        Ok(restoring.finish(&database.counters, &restoration).await?)
    }

    async fn fill(&self, restoring: &Restoring) -> anyhow::Result<u64> {
        let mut progress = Progress::new("rows", self.manifest.rows());
        let mut done = 0;
        for rows in &self.manifest.tables {
            let name = &rows.table.name;
            let pieces = files::pieces(self.from, &rows.sum.file)?;
            let filled = restoring.fill(&rows.table, pieces).await;
            let filled = filled.with_context(|| name.clone())?;
            if filled != rows.many {
                bail!("{name} has {filled} rows in place of {}", rows.many);
            }
            done += filled;
            progress.at(done);
        }
        Ok(done)
    }

    fn told(&self, done: &Restored) -> String {
        let Restored { cut, rows, erased } = done;
        let at = self.manifest.cut.database.at;
        let mut told = format!("restored as of {at}: {rows} rows, and the streams");
        if 0 < *cut {
            _ = write!(told, " without {cut} messages that came after");
        }
        for Gone { tenant, .. } in &self.erased {
            let how = if erased.contains(tenant) { "is erased again" } else { "was not in it" };
            _ = write!(told, "\ntenant `{tenant}` {how}");
        }
        let lost_at = self.lost_at;
        _ = write!(
            told,
            "\nreplies to what was written before {lost_at} become uncertain where nobody knows of \
             them: see `konstruct reply`\nservices may start; operators sign in again"
        );
        told
    }
}

/// What to do where only the mark is too much.
fn mark_stays() -> String {
    let mark = RESTORING.name;
    format!("all is restored, and its mark cannot be taken away: do it by `nats stream rm {mark}`")
}

/// When the installation answered last: after the backup, by whichever clock.
fn lost_at(said: Option<&str>, cut_at: Timestamp, now: Timestamp) -> anyhow::Result<Timestamp> {
    let Some(said) = said else { return Ok(now.max(cut_at)) };
    let lost_at = instant(said, now)?;
    if lost_at < cut_at || now < lost_at {
        bail!("--lost-at {lost_at} is not between the backup of {cut_at} and now");
    }
    Ok(lost_at)
}

/// Nothing is put on top of what is there, nor of what another restore left there.
async fn check_empty(bus: &Bus) -> anyhow::Result<()> {
    restoring::check(bus).await?;
    let heads = backup::heads(bus).await?;
    let there = heads.iter().filter(|head| 0 < head.messages);
    let there: Vec<_> =
        there.map(|head| format!("{} ({} messages)", head.stream, head.messages)).collect();
    if there.is_empty() {
        return Ok(());
    }
    bail!("NATS is not empty: {}; restore into a new one", there.join(", "))
}

/// Whose erasure a receipt tells.
fn gone(masters: &[MasterKey], path: &Path) -> anyhow::Result<Gone> {
    let what = || path.display().to_string();
    let text = std::fs::read_to_string(path).with_context(what)?;
    let receipt = receipt::verify(masters, &text).with_context(what)?;
    let of = |name: &str| receipt.get(name).and_then(serde_json::Value::as_str);
    match of("what") {
        Some(OF_TENANT) => {}
        // What they used is added up first, by a service.
        Some(OF_PERSON) => bail!(
            "{} is of a person: run `konstruct person erase` again once services run",
            path.display()
        ),
        Some(_) | None => bail!("{} is no receipt of an erasure", path.display()),
    }
    let tenant = of("tenant").unwrap_or_default();
    let tenant = TenantId::try_from(tenant.to_owned()).with_context(what)?;
    Ok(Gone { tenant, receipt: text.trim_end().to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_tenants_receipt_erases_it_again() {
        let path = std::env::temp_dir().join(format!("konstruct-gone-{}", std::process::id()));
        let master = MasterKey::parse(&"1".repeat(64)).unwrap();
        let read = |what: &str| {
            let receipt = json!({ "what": what, "tenant": "acme", "person": "U0ANN" });
            let signed = receipt::sign(&master, &receipt).unwrap();
            let text = serde_json::to_string(&signed).unwrap();
            std::fs::write(&path, format!("{text}\n")).unwrap();
            let gone = gone(std::slice::from_ref(&master), &path);
            let gone = gone.map(|it| (it.tenant.to_string(), it.receipt == text));
            gone.map_err(|error| error.to_string())
        };
        assert_eq!(read(OF_TENANT), Ok(("acme".to_owned(), true)));
        let file = path.display();
        let person =
            format!("{file} is of a person: run `konstruct person erase` again once services run");
        assert_eq!(read(OF_PERSON), Err(person));
        assert_eq!(read("other"), Err(format!("{file} is no receipt of an erasure")));
        std::fs::remove_file(&path).unwrap();
    }

    #[test]
    fn it_was_lost_between_the_backup_and_now() {
        let at = |seconds: i64| Timestamp::from_millis(seconds * 1_000);
        let lost = |said, cut| lost_at(said, at(cut), at(1_000)).map_err(|it| it.to_string());
        assert_eq!(lost(None, 400), Ok(at(1_000)));
        assert_eq!(lost(None, 1_001), Ok(at(1_001)), "the database's clock is ahead");
        assert_eq!(lost(Some("5m"), 400), Ok(at(700)));
        let early = lost(Some("15m"), 400).unwrap_err();
        assert_eq!(
            early,
            "--lost-at 1970-01-01T00:01:40.000Z is not between the backup of \
             1970-01-01T00:06:40.000Z and now"
        );
        assert!(lost(Some("1970-01-01T00:20:00Z"), 400).is_err(), "it lies ahead");
    }
}
