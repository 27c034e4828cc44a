//! `konstruct tenant erase`: everything of a tenant, in every store, with a receipt.
//!
//! Its entry becomes a tombstone, then its key goes, its messages, its rows. Each step may be taken
//! again, so a run that was interrupted is done by the next one.

use anyhow::Context as _;
use domain::{command::tenant, seal::Sealing};
use runtime::{DirectoryWriter, WRITE_EVENTS_MAX, erase::TenantLog};
use schemas::{Author, CorrelationId, Envelope, Event, EventId, TenantId, Timestamp};
use serde_json::json;
use store::{Platform, erase, keys};
use tokio_util::sync::CancellationToken;
use tracing::info;

use crate::{
    cli::EraseTenant,
    commands::{
        erasure::{self, Had, Kept, Receipt},
        list::no_tenant,
    },
    output::Output,
    settings::Asked,
    wiring::{self, Base},
};

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
    let resumed = eraser.is_tombstone()?;
    let before = eraser.count(resumed).await?;
    if args.dry_run {
        let text = format!("{}\nnothing was erased (dry run)", erasure::listed(&before));
        let stores = erasure::shown(&before);
        return output.print(&text, &json!({ "tenant": args.tenant, "stores": stores }));
    }
    erasure::check_sure(args.yes.as_deref(), args.tenant.as_str())?;
    let master = asked.master_keys()?.current;
    let file = args.receipt.as_deref().map(erasure::create).transpose()?;
    let began_at = eraser.now();
    eraser.leave().await?;
    // Nobody begins an answer of a tenant that left. What was begun before is written down when it comes,
    // and would be there again.
    erasure::settled(args.settle, async || anyhow::Ok(false)).await?;
    if !erasure::projected(&eraser.base, &READERS).await? {
        info!(tenant = %args.tenant, "the projector is behind, or there is none");
    }
    let of = format!("tenant `{}`", args.tenant);
    let after = erasure::passes(&of, async || eraser.pass().await).await?;
    let receipt = Receipt {
        what: "konstruct.tenant.erased",
        version: 1,
        tenant: &args.tenant,
        person: None,
        asked_by: &eraser.by,
        program: format!("konstruct {}", env!("CARGO_PKG_VERSION")),
        resumed,
        began_at,
        ended_at: eraser.now(),
        stores: erasure::lines(&before, &after),
        kept: &KEPT,
    };
    erasure::signed(&receipt, (&master, file), &of, output)
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

fn of_log(found: &runtime::erase::Had) -> Had {
    let kind = if found.store == nats::ENGAGEMENTS.name { "bucket" } else { "stream" };
    Had::new(found.store, kind, found.messages)
}
