//! `konstruct tenant erase`: everything of a tenant, in every store, with a receipt.
//!
//! Its entry becomes a tombstone, then its key goes, its messages, its rows. Each step may be taken
//! again, so a run that was interrupted is done by the next one. One program at a time erases something of a
//! tenant.

use anyhow::Context as _;
use domain::{command::tenant, seal::Sealing};
use runtime::{Bus, DirectoryWriter, WRITE_EVENTS_MAX, erase::TenantLog};
use schemas::{Author, CorrelationId, Envelope, Event, EventId, TenantId, Timestamp};
use serde_json::json;
use store::{
    Platform,
    erase::{self, stories},
    erasures, keys,
};
use tokio_util::sync::CancellationToken;
use tracing::info;

use crate::{
    cli::EraseTenant,
    commands::{
        erasure::{self, Had, Kept, Receipt, Unclear, receipt},
        list::no_tenant,
    },
    erasing::{alone_with, while_alone},
    output::Output,
    settings::Asked,
    wiring::{self, Base},
};

/// What stays, and why.
const KEPT: [Kept; 6] = [
    Kept {
        what: "DIRECTORY",
        why: "a tombstone, so that the slug is not used again, and the last word on each workspace \
              that it held; p_tenant, p_event and p_change keep what derives from these",
    },
    Kept { what: "tenant_key", why: "a tombstone without a key, so that no new one is made" },
    Kept { what: "p_day, trial_day, trial_change", why: "sums of all tenants, which name none" },
    Kept { what: "operator_log, platform_audit", why: "what operators did, and to which tenant" },
    Kept {
        what: "the files of NATS",
        why: "bytes of purged messages, until NATS writes the block anew that they share with other \
              tenants' messages: texts are sealed there and cannot be opened any more, unless \
              KONSTRUCT_SEAL_TEXT was off; ids of people, channels and threads are not sealed",
    },
    Kept {
        what: "backups from before",
        why: "they hold the wrapped key until they are deleted; `konstruct restore --erased` takes \
              this receipt, and erases again",
    },
];

/// Who writes the tenant's rows from the streams.
const READERS: [&nats::Reader; 2] = [&nats::PROJECT_EVENTS, &nats::PROJECT_DIRECTORY];

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
    if args.erase.dry_run {
        let had = eraser.count(is_tombstone).await?;
        let unclear = eraser.unclear().await?;
        let (listed, said) = (erasure::listed(&had), erasure::remarks(&unclear));
        let text = format!("{listed}\n{said}nothing was erased (dry run)");
        let stores = erasure::shown(&had);
        let shown = json!({ "tenant": args.tenant, "stores": stores, "unclear": unclear });
        return output.print(&text, &shown);
    }
    erasure::check_sure(args.yes.as_deref(), args.tenant.as_str())?;
    let master = asked.master_keys()?.current;
    let alone = alone_with(&eraser.base.db, &args.tenant).await?;
    // Before anything is erased, so that a receipt has a place.
    let file = args.erase.receipt.as_deref().map(receipt::create).transpose()?;
    let file = file.zip(args.erase.receipt.as_deref());
    let erasing = Box::pin(eraser.all(args.settle, is_tombstone));
    let (id, receipt) = while_alone(&alone, erasing).await?;
    let (signed, text) = erasure::signed(&master, &receipt)?;
    let kept =
        erasures::end(&eraser.platform, (id, eraser.by.as_str()), &text, receipt.ended_at).await;
    let written = file.map_or(Ok(()), |(file, path)| receipt::write(&file, path, &text));
    let told = if kept.is_ok() { erasure::told(&receipt, &eraser.of()) } else { text };
    output.print(&told, &signed)?;
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

/// A tenant that was erased, and the receipt that says so.
pub(in crate::commands) struct Gone {
    pub(in crate::commands) tenant: TenantId,
    /// As it was signed.
    pub(in crate::commands) receipt: String,
}

/// What receipts say is erased goes once more, since a restored backup had it; no service runs, so nobody is
/// in the way. The receipts are kept. Says of whom there was something: whoever came after the backup is not
/// in it.
pub(in crate::commands) async fn once_more(
    asked: &Asked<'_>,
    gone: &[Gone],
    by: &str,
) -> anyhow::Result<Vec<TenantId>> {
    let mut had = Vec::new();
    for Gone { tenant, receipt } in gone {
        let stop = CancellationToken::new();
        let bus = Bus::connect(&asked.nats_url()?, "konstruct-restore").await?;
        let base = Base::over(bus, asked, stop.clone()).await?;
        let eraser = Eraser::over(base, asked, tenant, by.to_owned()).await?;
        if eraser.is_tombstone().is_ok() {
            Box::pin(eraser.again(receipt)).await?;
            had.push(tenant.clone());
        }
        stop.cancel();
    }
    Ok(had)
}

impl<'a> Eraser<'a> {
    async fn open(asked: &Asked<'_>, args: &'a EraseTenant) -> anyhow::Result<Self> {
        let base = Base::connect(asked, "konstruct-erase", CancellationToken::new()).await?;
        let by = args.erase.by.clone().unwrap_or_else(wiring::owner);
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

    /// What is erased, for people.
    fn of(&self) -> String {
        format!("tenant `{}`", self.tenant)
    }

    /// Erases all of it, and says what there was and is.
    async fn all(&self, settle: u64, is_tombstone: bool) -> anyhow::Result<(i64, Receipt<'_>)> {
        let earlier = erasures::of(&self.platform, self.tenant, &self.by).await?;
        let before = self.count(is_tombstone).await?;
        let resumed = is_resumed(!earlier.is_empty(), is_tombstone, &before);
        let began_at = self.now();
        let id = erasures::begin(&self.platform, self.tenant, &self.by, began_at).await?;
        self.leave().await?;
        // Nobody begins an answer of a tenant that left. What was begun before is written down when it
        // comes, and would be there again.
        erasure::settled(settle, async || anyhow::Ok(false)).await?;
        let open = stories::open_of_all(&self.base.db, self.tenant).await?;
        if !erasure::projected(&self.base, &READERS).await? {
            info!(tenant = %self.tenant, "the projector is behind, or there is none");
        }
        let after = erasure::passes(&self.of(), async || self.pass().await).await?;
        let receipt = Receipt {
            what: erasure::OF_TENANT,
            version: 1,
            tenant: self.tenant,
            person: None,
            asked_by: &self.by,
            program: format!("konstruct {}", env!("CARGO_PKG_VERSION")),
            resumed,
            began_at,
            ended_at: self.now(),
            stores: erasure::lines(&before, &after),
            open,
            unclear: self.unclear().await?,
            kept: &KEPT,
        };
        Ok((id, receipt))
    }

    /// Erases what a backup brought back; the receipt is of the first time.
    async fn again(&self, receipt: &str) -> anyhow::Result<()> {
        let id = erasures::begin(&self.platform, self.tenant, &self.by, self.now()).await?;
        self.leave().await?;
        erasure::passes(&self.of(), async || self.pass().await).await?;
        Ok(erasures::end(&self.platform, (id, self.by.as_str()), receipt, self.now()).await?)
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
            had.push(Had::new(&found.table, "table", found.rows));
        }
        let key = keys::is_there(&self.base.db, self.tenant).await?;
        had.push(Had::new("tenant_key", "key", key.into()));
        Ok(had)
    }

    /// What may be its all the same: all events are found by their subjects.
    async fn unclear(&self) -> anyhow::Result<Vec<Unclear>> {
        Ok(Unclear::of(0, self.log.letters().await?.unclear))
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

    /// Erases once, and says what is left.
    async fn pass(&self) -> anyhow::Result<Vec<Had>> {
        keys::forget(&self.base.db, self.tenant, self.now()).await?;
        self.purge().await?;
        let kept = self.log.count().await?.kept;
        erase::erase(&self.platform, self.tenant, &kept, &self.by).await?;
        self.count(true).await
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
    Had::new(found.store, kind, found.messages)
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
