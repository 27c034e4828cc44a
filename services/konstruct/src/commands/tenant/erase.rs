//! `konstruct tenant erase`: everything of a tenant, in every store, with a receipt.
//!
//! Its entry becomes a tombstone, then its key goes, its messages, its rows. Each step may be taken
//! again, so a run that was interrupted is done by the next one. One program at a time erases a tenant.

use std::time::Duration;

use anyhow::{Context as _, bail};
use domain::{command::tenant, seal::Sealing};
use runtime::{DirectoryWriter, WRITE_EVENTS_MAX, erase::TenantLog};
use schemas::{Author, CorrelationId, Envelope, Event, EventId, TenantId, Timestamp};
use serde::Serialize;
use serde_json::json;
use store::{Platform, alone::Alone, checkpoint, erase, erasures, keys};
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
        why: "they hold the wrapped key until they are deleted; whoever restores one erases again",
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
    /// Whether an earlier run had begun, and may have ended: what that one erased is not counted here.
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
    let is_tombstone = eraser.is_tombstone()?;
    if args.dry_run {
        let had = eraser.count(is_tombstone).await?;
        let text = format!("{}\nnothing was erased (dry run)", listed(&had));
        let stores: Vec<_> = had.iter().map(shown).collect();
        return output.print(&text, &json!({ "tenant": args.tenant, "stores": stores }));
    }
    if args.yes.as_deref() != Some(args.tenant.as_str()) {
        bail!("this cannot be undone: say `--yes {}` too; nothing was erased", args.tenant);
    }
    let master = asked.master_keys()?.current;
    let alone = eraser.alone().await?;
    // Before anything is erased, so that a receipt has a place.
    let file = args.receipt.as_deref().map(receipt::create).transpose()?;
    let file = file.zip(args.receipt.as_deref());
    let erasing = eraser.all(args.settle, is_tombstone);
    let (id, receipt) = tokio::select! {
        done = Box::pin(erasing) => done?,
        () = alone.lost() => {
            bail!("the database was away, and another program may be at it: run the command again")
        }
    };
    let signed = receipt::sign(&master, &receipt)?;
    let text = serde_json::to_string_pretty(&signed)?;
    let kept =
        erasures::end(&eraser.platform, (id, eraser.by.as_str()), &text, receipt.ended_at).await;
    let written = file.map_or(Ok(()), |(file, path)| receipt::write(&file, path, &text));
    output.print(&told(&receipt), &signed)?;
    kept.context("the tenant is erased, but its receipt is not kept: keep what was printed")?;
    written.with_context(|| again(&args.tenant))
}

/// Where a receipt is that could not be written.
fn again(tenant: &TenantId) -> String {
    format!(
        "the tenant is erased, and its receipt is not where it should be; \
         `konstruct tenant receipt show --tenant {tenant}` has it"
    )
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

impl<'a> Eraser<'a> {
    async fn open(asked: &Asked<'_>, args: &'a EraseTenant) -> anyhow::Result<Self> {
        let base = Base::connect(asked, "konstruct-erase", CancellationToken::new()).await?;
        base.directory.ready().await;
        let settings = asked.database("KONSTRUCT_PLATFORM_DATABASE_URL")?;
        let platform = Platform::connect(&settings).await?;
        let log = TenantLog::of(&base.context.bus, &args.tenant);
        let by = args.by.clone().unwrap_or_else(wiring::owner);
        Ok(Self { base, platform, log, tenant: &args.tenant, by })
    }

    fn now(&self) -> Timestamp {
        self.base.context.clock.now()
    }

    /// Keeps everybody else from erasing it at the same time.
    async fn alone(&self) -> anyhow::Result<Alone> {
        let work = format!("erase/{}", self.tenant);
        let taken = Alone::take(&self.base.db, &work, &wiring::owner()).await?;
        taken.map_err(|busy| {
            anyhow::anyhow!("tenant `{}` is being erased: {busy}; nothing was done", self.tenant)
        })
    }

    /// Erases all of it, and says what there was and is.
    async fn all(&self, settle: u64, is_tombstone: bool) -> anyhow::Result<(i64, Receipt<'_>)> {
        let earlier = erasures::of(&self.platform, self.tenant, &self.by).await?;
        let before = self.count(is_tombstone).await?;
        let resumed = is_resumed(!earlier.is_empty(), is_tombstone, &before);
        let began_at = self.now();
        let id = erasures::begin(&self.platform, self.tenant, &self.by, began_at).await?;
        self.leave().await?;
        settled(settle).await;
        self.projected().await?;
        let after = self.erase().await?;
        let receipt = Receipt {
            what: "konstruct.tenant.erased",
            version: 1,
            tenant: self.tenant,
            asked_by: &self.by,
            program: format!("konstruct {}", env!("CARGO_PKG_VERSION")),
            resumed,
            began_at,
            ended_at: self.now(),
            stores: lines(&before, &after),
            kept: KEPT,
        };
        Ok((id, receipt))
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

/// Whether an earlier run had begun. The database knows of it, unless that is from a backup: then the
/// directory has nothing but what an erasure leaves. A tenant that was only deleted may have the same entry,
/// and has its history there still.
fn is_resumed(is_known: bool, is_tombstone: bool, before: &[Had]) -> bool {
    let has_history = before.iter().any(|had| had.store == nats::DIRECTORY.name && 0 < had.entries);
    is_known || is_tombstone && !has_history
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_earlier_run_is_told_from_a_tenant_that_was_only_deleted() {
        let of = |entries| {
            let directory = Had { store: "DIRECTORY".to_owned(), kind: "stream", entries };
            vec![Had { store: "turn".to_owned(), kind: "table", entries: 7 }, directory]
        };
        let cases = [
            ((false, false, 3), false), // it is served
            ((false, true, 3), false),  // it was deleted, and never had a name
            ((true, false, 3), true),   // one was killed before it left
            ((true, true, 3), true),    // one was killed before its messages went
            ((true, true, 0), true),    // one was killed later, or is done
            ((false, true, 0), true),   // the same, and the database is from a backup
        ];
        for ((is_known, is_tombstone, entries), want) in cases {
            let resumed = is_resumed(is_known, is_tombstone, &of(entries));
            assert_eq!(resumed, want, "{is_known} {is_tombstone} {entries}");
        }
    }
}
