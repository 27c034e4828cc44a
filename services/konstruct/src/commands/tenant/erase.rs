//! `konstruct tenant erase`: everything of a tenant, in every store, with a receipt.
//!
//! Its entry becomes a tombstone, then its key goes, its messages, its rows. Each step may be taken
//! again, so a run that was interrupted is done by the next one.

use std::{
    fs::File, io::Write as _, os::unix::fs::OpenOptionsExt as _, path::Path, time::Duration,
};

use anyhow::{Context as _, bail};
use domain::{command::tenant, seal::Sealing};
use runtime::{Bus, DirectoryWriter, WRITE_EVENTS_MAX, erase::TenantLog};
use schemas::{Author, CorrelationId, Envelope, Event, EventId, TenantId, Timestamp};
use serde::Serialize;
use serde_json::json;
use store::{Platform, checkpoint, erase, keys};
use tokio_util::sync::CancellationToken;
use tracing::info;

use super::receipt;
use crate::{
    cli::EraseTenant,
    commands::list::no_tenant,
    output::{Output, table},
    progress::Progress,
    settings::Asked,
    wiring::{self, Base},
};

/// What a receipt says it is.
pub(in crate::commands) const RECEIPT: &str = "konstruct.tenant.erased";

/// How long a running projector may take to read what stands on the streams.
const PROJECTED_WAIT_MAX: Duration = Duration::from_secs(10);

/// How long the database is left alone between two looks.
const LOOK_PAUSE: Duration = Duration::from_millis(50);

/// How often it is erased again what services wrote meanwhile, and the pause before.
const PASSES_MAX: u32 = 5;
const PASS_PAUSE: Duration = Duration::from_secs(1);

/// What stays, and why.
const KEPT: [Kept; 5] = [
    Kept {
        what: "DIRECTORY",
        why: "a tombstone, so that the slug is not used again, and the last word on each workspace \
              that it held; p_tenant, p_event and p_change keep what derives from these",
    },
    Kept { what: "tenant_key", why: "a tombstone without a key, so that no new one is made" },
    Kept { what: "p_day, trial_day, trial_change", why: "sums of all tenants, which name none" },
    Kept { what: "operator_log, platform_audit", why: "what operators did, and to which tenant" },
    Kept {
        what: "backups from before",
        why: "they hold the wrapped key until they are deleted; `konstruct restore --erased` takes \
              this receipt, and erases again",
    },
];

#[derive(Clone, Copy, Serialize)]
struct Kept {
    what: &'static str,
    why: &'static str,
}

/// What a store has of the tenant.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Had {
    store: String,
    kind: &'static str,
    entries: u64,
}

/// A line of a receipt.
#[derive(Serialize)]
struct Erased {
    store: String,
    kind: &'static str,
    before: u64,
    after: u64,
}

#[derive(Serialize)]
struct Receipt<'a> {
    what: &'static str,
    version: u32,
    tenant: &'a TenantId,
    asked_by: &'a str,
    program: String,
    /// Whether an earlier run had begun: what that one erased is not counted here.
    resumed: bool,
    began_at: Timestamp,
    ended_at: Timestamp,
    stores: Vec<Erased>,
    kept: [Kept; 5],
}

struct Eraser<'a> {
    base: Base,
    platform: Platform,
    log: TenantLog,
    tenant: &'a TenantId,
    by: String,
}

/// Counts, and erases unless asked not to.
pub(super) async fn run(
    asked: &Asked<'_>,
    args: &EraseTenant,
    output: Output,
) -> anyhow::Result<()> {
    let eraser = Eraser::open(asked, args).await?;
    let resumed = eraser.is_tombstone()?;
    let before = eraser.count(resumed).await?;
    if args.dry_run {
        let text = format!("{}\nnothing was erased (dry run)", listed(&before));
        let stores: Vec<_> = before.iter().map(shown).collect();
        return output.print(&text, &json!({ "tenant": args.tenant, "stores": stores }));
    }
    if args.yes.as_deref() != Some(args.tenant.as_str()) {
        bail!("this cannot be undone: say `--yes {}` too; nothing was erased", args.tenant);
    }
    let master = asked.master_keys()?.current;
    let file = args.receipt.as_deref().map(create).transpose()?;
    let began_at = eraser.now();
    eraser.leave().await?;
    settled(args.settle).await;
    eraser.projected().await?;
    let after = eraser.erase().await?;
    let receipt = Receipt {
        what: RECEIPT,
        version: 1,
        tenant: &args.tenant,
        asked_by: &eraser.by,
        program: format!("konstruct {}", env!("CARGO_PKG_VERSION")),
        resumed,
        began_at,
        ended_at: eraser.now(),
        stores: lines(&before, &after),
        kept: KEPT,
    };
    let signed = receipt::sign(&master, &receipt)?;
    if let Some(mut file) = file {
        writeln!(file, "{}", serde_json::to_string_pretty(&signed)?)?;
        file.sync_all()?;
    }
    output.print(&told(&receipt), &signed)
}

/// Nobody begins an answer of a tenant that left. What was begun before is written down when it comes, and
/// would be there again.
async fn settled(seconds: u64) {
    let mut progress = Progress::new("seconds that answers under way may take", seconds);
    for second in 0..seconds {
        progress.at(second);
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

/// Before anything is erased, so that a receipt has a place and takes that of no other. One that was
/// interrupted left it empty.
fn create(path: &Path) -> anyhow::Result<File> {
    let what = path.display();
    let is_empty = path.metadata().is_ok_and(|it| it.is_file() && it.len() == 0);
    let mut options = File::options();
    options.mode(0o600);
    let options = if is_empty { options.write(true) } else { options.write(true).create_new(true) };
    options.open(path).with_context(|| format!("receipt {what}; nothing was erased"))
}

/// What receipts say is erased goes once more, since a restored backup had it; no service runs. Says of
/// whom there was something: whoever came after the backup is not in it.
pub(in crate::commands) async fn once_more(
    asked: &Asked<'_>,
    tenants: &[TenantId],
    by: &str,
) -> anyhow::Result<Vec<TenantId>> {
    let mut erased = Vec::new();
    for tenant in tenants {
        let stop = CancellationToken::new();
        let bus = Bus::connect(&asked.nats_url()?, "konstruct-restore").await?;
        let base = Base::over(bus, asked, stop.clone()).await?;
        let eraser = Eraser::over(base, asked, tenant, by.to_owned()).await?;
        if eraser.is_tombstone().is_ok() {
            eraser.leave().await?;
            eraser.erase().await?;
            erased.push(tenant.clone());
        }
        stop.cancel();
    }
    Ok(erased)
}

impl<'a> Eraser<'a> {
    async fn open(asked: &Asked<'_>, args: &'a EraseTenant) -> anyhow::Result<Self> {
        let base = Base::connect(asked, "konstruct-erase", CancellationToken::new()).await?;
        let by = args.by.clone().unwrap_or_else(wiring::owner);
        Self::over(base, asked, &args.tenant, by).await
    }

    async fn over(
        base: Base,
        asked: &Asked<'_>,
        tenant: &'a TenantId,
        by: String,
    ) -> anyhow::Result<Self> {
        base.directory.ready().await;
        let settings = asked.database("KONSTRUCT_PLATFORM_DATABASE_URL")?;
        let platform = Platform::connect(&settings).await?;
        let log = TenantLog::of(&base.context.bus, tenant);
        Ok(Self { base, platform, log, tenant, by })
    }

    fn now(&self) -> Timestamp {
        self.base.context.clock.now()
    }

    /// Whether nothing of its entry is left. A tenant that never was is an error.
    fn is_tombstone(&self) -> anyhow::Result<bool> {
        let changes = self.base.directory.read(|it| tenant::erase(it, self.tenant));
        let changes = changes.map_err(|_| anyhow::anyhow!(no_tenant(self.tenant)))?;
        Ok(changes.is_empty())
    }

    /// What there is to erase. Of one that is a `tombstone`, what derives from that stays.
    async fn count(&self, tombstone: bool) -> anyhow::Result<Vec<Had>> {
        let counted = self.log.count().await?;
        let mut had: Vec<_> = counted.had.iter().map(of_log).collect();
        let kept = if tombstone { counted.kept } else { Vec::new() };
        for found in erase::count(&self.platform, self.tenant, &kept, &self.by).await? {
            had.push(Had { store: found.table, kind: "table", entries: found.rows });
        }
        let key = keys::is_there(&self.base.db, self.tenant).await?;
        had.push(Had { store: "tenant_key".to_owned(), kind: "key", entries: key.into() });
        Ok(had)
    }

    /// Its workspaces are free, and its entry is a tombstone.
    async fn leave(&self) -> anyhow::Result<()> {
        let mut known = self.base.directory.snapshot();
        let changes = tenant::erase(&known.directory, self.tenant)?;
        let by = Author { via: "cli".to_owned(), operator: Some(self.by.clone()) };
        let (command, now) = (format!("{:032x}", rand::random::<u128>()), self.now());
        let events = changes.iter().flat_map(|change| change.events(&by, &Sealing::Off, now));
        let events: Vec<_> = events.map(|event| self.envelope(&command, event)).collect();
        let bus = self.base.context.bus.clone();
        let writer = DirectoryWriter::new(bus, self.base.directory.clone());
        for batch in events.chunks(WRITE_EVENTS_MAX) {
            writer.write(&mut known, batch.to_vec()).await.context("nothing was erased")?;
        }
        Ok(())
    }

    /// Waits, within bounds, until the projector has read what stands there: what it has in hand would
    /// be rows again. Where none runs, none writes.
    async fn projected(&self) -> anyhow::Result<()> {
        let readers =
            [(&nats::PROJECT_EVENTS, &nats::EVENTS), (&nats::PROJECT_DIRECTORY, &nats::DIRECTORY)];
        let reading = async {
            for (reader, stream) in readers {
                let last = self.base.context.bus.last_sequence(stream).await?;
                while checkpoint::seq(&self.base.db, reader.name).await? < last {
                    tokio::time::sleep(LOOK_PAUSE).await;
                }
            }
            anyhow::Ok(())
        };
        if let Ok(read) = tokio::time::timeout(PROJECTED_WAIT_MAX, reading).await {
            return read;
        }
        info!(tenant = %self.tenant, "the projector is behind, or there is none");
        Ok(())
    }

    /// Once, and again as long as services wrote something meanwhile.
    async fn erase(&self) -> anyhow::Result<Vec<Had>> {
        let mut left = String::new();
        for pass in 0..PASSES_MAX {
            if 0 < pass {
                tokio::time::sleep(PASS_PAUSE).await;
            }
            keys::forget(&self.base.db, self.tenant, self.now()).await?;
            self.purge().await?;
            let kept = self.log.count().await?.kept;
            erase::erase(&self.platform, self.tenant, &kept, &self.by).await?;
            let after = self.count(true).await?;
            let still = after.iter().filter(|had| 0 < had.entries);
            let still: Vec<_> =
                still.map(|had| format!("{} ({})", had.store, had.entries)).collect();
            if still.is_empty() {
                return Ok(after);
            }
            left = still.join(", ");
        }
        bail!(
            "services wrote more of tenant `{}` meanwhile: {left}; run the command again, it does \
             the rest",
            self.tenant
        )
    }

    /// Its messages go. What was before the first one that is left was the tenant's: whoever reads on from
    /// before it misses nothing.
    async fn purge(&self) -> anyhow::Result<()> {
        let (bus, reader) = (&self.base.context.bus, &nats::PROJECT_EVENTS);
        let before = bus.span(reader.stream).await?.first;
        self.log.erase().await?;
        let after = bus.span(reader.stream).await?.first;
        Ok(erase::pass_over(&self.platform, reader.name, (before, after), &self.by).await?)
    }

    /// A command is not caused by an event, so its id is drawn once and its events derive from it.
    fn envelope(&self, command: &str, event: Event) -> Envelope {
        let subject = schemas::subject::of_event(self.tenant, &event);
        let about = format!("{subject} {}", event.kind().topic());
        Envelope {
            id: EventId::derive(command, &about, 0),
            source: "cli".to_owned(),
            time: self.now(),
            tenant: self.tenant.clone(),
            causation: None,
            correlation: CorrelationId::from(&EventId::derive(command, "cli", 0)),
            trace: None,
            event,
        }
    }
}

fn of_log(found: &runtime::erase::Had) -> Had {
    let kind = if found.store == nats::ENGAGEMENTS.name { "bucket" } else { "stream" };
    Had { store: found.store.to_owned(), kind, entries: found.messages }
}

/// Every store, with what it had and has. Both were counted by the same catalogue, in the same order.
fn lines(before: &[Had], after: &[Had]) -> Vec<Erased> {
    let of = |had: &Had| {
        let then = before.iter().find(|it| it.store == had.store && it.kind == had.kind);
        Erased {
            store: had.store.clone(),
            kind: had.kind,
            before: then.map_or(0, |then| then.entries),
            after: had.entries,
        }
    };
    after.iter().map(of).collect()
}

fn shown(had: &Had) -> serde_json::Value {
    json!({ "store": had.store, "kind": had.kind, "entries": had.entries })
}

fn listed(had: &[Had]) -> String {
    let row = |had: &Had| vec![had.store.clone(), had.kind.to_owned(), had.entries.to_string()];
    let rows: Vec<_> = had.iter().filter(|had| 0 < had.entries).map(row).collect();
    table(&["STORE", "KIND", "ENTRIES"], &rows)
}

fn told(receipt: &Receipt<'_>) -> String {
    let row = |line: &Erased| {
        let (before, after) = (line.before.to_string(), line.after.to_string());
        vec![line.store.clone(), line.kind.to_owned(), before, after]
    };
    let lines = receipt.stores.iter().filter(|line| 0 < line.before + line.after);
    let rows: Vec<_> = lines.map(row).collect();
    let gone = if receipt.resumed { " (the rest was gone before)" } else { "" };
    let stores = table(&["STORE", "KIND", "BEFORE", "AFTER"], &rows);
    format!("{stores}\ntenant `{}` is erased{gone}", receipt.tenant)
}
