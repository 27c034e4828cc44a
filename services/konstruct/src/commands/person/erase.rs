//! `konstruct person erase`: what one person wrote until now, with what followed from it, in every store.
//!
//! What is theirs is found once, and its names are kept before anything goes: a run that is interrupted is
//! done by the next one, and the sweeper takes what comes late under these names. What the person writes
//! from now on is not looked at.

use std::collections::{BTreeMap, BTreeSet};

use accounts::{Accounts, Visit};
use anyhow::{Context as _, anyhow, bail};
use domain::erasure::{Stories, person_problem};
use nats::{DEADLETTERS, ENGAGEMENTS, EVENTS, PROJECT_EVENTS};
use replay::Held;
use schemas::{ConnectionId, ConversationId, TenantId, TenantStatus, Timestamp};
use serde_json::json;
use store::{Platform, erase::stories};
use tokio_util::sync::CancellationToken;

use crate::{
    cli::ErasePerson,
    commands::{
        erasure::{self, Had, Kept, Receipt, Unclear, receipt},
        list::no_tenant,
    },
    erasing::{alone_at_stories, alone_with, while_alone},
    output::Output,
    settings::Asked,
    stories::{Events, Shelves, names},
    wiring::{self, Base, Vault},
};

/// How often another erasure is looked at until this one begins: about a minute.
const LOOKS_MAX: u32 = 30;

/// What stays, and why.
const KEPT: [Kept; 7] = [
    Kept {
        what: "p_usage, p_month, p_day, spend",
        why: "sums of what was used, which name nobody; the base of rebuilds has them too",
    },
    Kept {
        what: "erased_name, erased_place, dedup_verdict",
        why: "derived names of messages without whose they were, for 72 hours: what is delivered again \
              is not answered, and goes",
    },
    Kept {
        what: "EVENTS, completion: what others were answered",
        why: "it is theirs; it names messages that its prompt showed by derived names only, and may \
              repeat words of the thread",
    },
    Kept {
        what: "pause",
        why: "threads that a colleague has, by channel and time, for 31 days: the agent is quiet there",
    },
    Kept { what: "operator_log, platform_audit", why: "that somebody was erased, and not who" },
    Kept { what: "the chat system", why: "what stands there is its own" },
    Kept {
        what: "backups and exports from before",
        why: "whoever restores or imports one erases again",
    },
];

struct Eraser<'a> {
    base: Base,
    platform: Platform,
    vault: Vault,
    args: &'a ErasePerson,
    by: String,
}

/// What there is of the person.
struct Found {
    stories: Stories,
    events: Events,
    letters: BTreeMap<u64, String>,
    /// Threads in which nobody else wrote.
    threads: Vec<(ConnectionId, ConversationId)>,
    /// Up to where on the log; what comes later is new.
    until: u64,
}

/// What there is when it is over.
struct Done {
    after: Vec<Had>,
    /// Messages that somebody was still at when settling ended.
    open: u64,
    unclear: Vec<Unclear>,
}

impl Done {
    /// As it is while nothing was erased.
    fn not_yet(before: &[Had]) -> Self {
        Self { after: before.to_vec(), open: 0, unclear: Vec::new() }
    }
}

/// Counts, and erases unless asked not to.
pub(super) async fn run(
    asked: &Asked<'_>,
    args: &ErasePerson,
    output: Output,
) -> anyhow::Result<()> {
    if let Some(problem) = person_problem(&args.person) {
        bail!("`{}` is no person: {problem}", args.person);
    }
    let eraser = Eraser::open(asked, args).await?;
    // What is kept to be asked again is opened: it does not say whose words it holds.
    wiring::note_opened(asked, &args.tenant, json!({ "tests": "of a person" })).await?;
    let mut found = eraser.find().await?;
    let mut before = eraser.count(&found).await?;
    if args.erase.dry_run {
        let unclear = eraser.unclear(&found).await?;
        let (listed, said) = (erasure::listed(&before), erasure::remarks(&unclear));
        let text = format!("{listed}\n{said}nothing was erased (dry run)");
        let (tenant, person) = (&args.tenant, &args.person);
        let stores = erasure::shown(&before);
        let shown =
            json!({ "tenant": tenant, "person": person, "stores": stores, "unclear": unclear });
        return output.print(&text, &shown);
    }
    erasure::check_sure(args.yes.as_deref(), &args.person)?;
    eraser.check_projected().await?;
    let master = asked.master_keys()?.current;
    let turn = alone_at_stories(&eraser.base.db, LOOKS_MAX).await?.map_err(|busy| {
        anyhow!(
            "somebody else is erased just now: {busy}; run the command again; nothing was erased"
        )
    })?;
    let alone = alone_with(&eraser.base.db, &args.tenant).await?;
    // It may have been erased while another one was waited for.
    check_there(&eraser.base, &args.tenant)?;
    let path = args.erase.receipt.as_deref();
    let whose = (&args.tenant, args.person.as_str());
    let earlier = path.map(|path| receipt::begun(asked, path, whose)).transpose()?.flatten();
    let open = if earlier.is_some() { receipt::reopen } else { receipt::create };
    let file = path.map(open).transpose()?.zip(path);
    if let Some(earlier) = &earlier {
        erasure::add_earlier(&mut before, earlier);
    }
    let resumed = earlier.is_some() || eraser.has_begun(&found).await?;
    let began_at = eraser.now();
    let begun = eraser.receipt((began_at, resumed), &before, Done::not_yet(&before));
    let begun = Receipt { what: erasure::OF_PERSON_BEGUN, ..begun };
    let (_, text) = erasure::signed(&master, &begun)?;
    // Whoever goes on after a kill can say what there was.
    file.as_ref().map_or(Ok(()), |(file, path)| receipt::write(file, path, &text))?;
    let of = format!("`{}` of tenant `{}`", args.person, args.tenant);
    let work = Box::pin(eraser.erase(asked, &mut found, &of));
    let done = while_alone(&turn, while_alone(&alone, work)).await?;
    let receipt = eraser.receipt((began_at, resumed), &before, done);
    let (signed, text) = erasure::signed(&master, &receipt)?;
    let written = file.map_or(Ok(()), |(file, path)| receipt::write(&file, path, &text));
    // It is kept nowhere else, since it says who that was: it is printed as it is, if it is not in its file.
    let told = if written.is_ok() { erasure::told(&receipt, &of) } else { text };
    output.print(&told, &signed)?;
    written.context(
        "the person is erased, but the receipt is not where it should be: keep what was printed",
    )
}

/// A tenant that is deleted is erased as a whole.
fn check_there(base: &Base, tenant: &TenantId) -> anyhow::Result<()> {
    let status = base.directory.read(|it| it.tenant(tenant).map(|it| it.status));
    match status.ok_or_else(|| anyhow!(no_tenant(tenant)))? {
        TenantStatus::Active | TenantStatus::Suspended => Ok(()),
        TenantStatus::Deleted => bail!(
            "tenant `{tenant}` is deleted: `konstruct tenant erase --tenant {tenant}` erases everybody"
        ),
    }
}

impl<'a> Eraser<'a> {
    async fn open(asked: &Asked<'_>, args: &'a ErasePerson) -> anyhow::Result<Self> {
        let base = Base::connect(asked, "konstruct-erase", CancellationToken::new()).await?;
        base.directory.ready().await;
        check_there(&base, &args.tenant)?;
        let vault = Vault::open(asked, &base.db)?;
        let settings = asked.database("KONSTRUCT_PLATFORM_DATABASE_URL")?;
        let platform = Platform::connect(&settings).await?;
        let by = args.erase.by.clone().unwrap_or_else(wiring::owner);
        Ok(Self { base, platform, vault, args, by })
    }

    fn now(&self) -> Timestamp {
        self.base.context.clock.now()
    }

    /// What is said of it, from when on, and whether an earlier run had begun.
    fn receipt(
        &self,
        (began_at, resumed): (Timestamp, bool),
        before: &[Had],
        done: Done,
    ) -> Receipt<'_> {
        Receipt {
            what: erasure::OF_PERSON,
            version: 1,
            tenant: &self.args.tenant,
            person: Some(self.args.person.as_str()),
            asked_by: &self.by,
            program: format!("konstruct {}", env!("CARGO_PKG_VERSION")),
            resumed,
            began_at,
            ended_at: self.now(),
            stores: erasure::lines(before, &done.after),
            open: done.open,
            unclear: done.unclear,
            kept: &KEPT,
        }
    }

    fn shelves(&self) -> Shelves<'_> {
        let doors = (&self.base.context, &self.base.db, &self.platform);
        Shelves::of(doors, &self.args.tenant, &self.by)
    }

    /// The tables first: what they know of is on the log by then.
    async fn find(&self) -> anyhow::Result<Found> {
        let (tenant, person) = (&self.args.tenant, self.args.person.as_str());
        let known = stories::find(&self.base.db, tenant, person).await?;
        let (mut stories, threads) = (known.stories, known.threads);
        let until = self.base.context.bus.last_sequence(&EVENTS).await?;
        let shelves = self.shelves();
        let events = shelves.read(&mut stories, Some(person), until).await?;
        let letters = shelves.letters(&events).await?;
        Ok(Found { stories, events, letters, threads, until })
    }

    /// What there is of it at this moment.
    async fn count(&self, found: &Found) -> anyhow::Result<Vec<Had>> {
        let (tenant, person) = (&self.args.tenant, self.args.person.as_str());
        let shelves = self.shelves();
        let last = self.base.context.bus.last_sequence(&EVENTS).await?;
        let events = shelves.read(&mut found.stories.clone(), None, last).await?;
        let letters = shelves.letters(&found.events).await?;
        let followed = shelves.log.followed(&found.threads).await?;
        let mut had = vec![
            Had::new(EVENTS.name, "stream", u64::try_from(events.len())?),
            Had::new(DEADLETTERS.name, "stream", u64::try_from(letters.len())?),
            Had::new(ENGAGEMENTS.name, "bucket", u64::try_from(followed.len())?),
        ];
        let names = names(&found.stories, &found.events, &found.letters);
        let of = (person, names.as_slice());
        for it in stories::count(&self.platform, tenant, of, &self.by).await? {
            had.push(Had::new(&it.table, "table", it.rows));
        }
        let held = self.held(&found.stories).await?;
        had.push(Had::new("replay_case.frozen", "words", u64::try_from(held.cases.len())?));
        had.push(Had::new("saved_test.frozen", "words", u64::try_from(held.tests.len())?));
        Ok(had)
    }

    /// Turns of replays and tests with their words.
    async fn held(&self, stories: &Stories) -> anyhow::Result<replay::Found> {
        let tenant = &self.args.tenant;
        let sealing = self.vault.sealer.of(tenant, self.now()).await?;
        let person = self.args.person.as_str();
        let held = Held { db: &self.base.db, sealing: &sealing, tenant, person, stories };
        Ok(held.find().await?)
    }

    async fn erase_held(&self, stories: &Stories) -> anyhow::Result<()> {
        let tenant = &self.args.tenant;
        let sealing = self.vault.sealer.of(tenant, self.now()).await?;
        let person = self.args.person.as_str();
        let held = Held { db: &self.base.db, sealing: &sealing, tenant, person, stories };
        Ok(held.erase(&held.find().await?).await?)
    }

    /// What nobody has added up yet would be missing in the sums for good.
    async fn check_projected(&self) -> anyhow::Result<()> {
        if !erasure::projected(&self.base, &[&PROJECT_EVENTS]).await? {
            bail!(
                "the projector has not read all of {} yet: let it, and run the command again; \
                 nothing was erased",
                EVENTS.name
            );
        }
        Ok(())
    }

    /// Whether an earlier run knew of some of it.
    async fn has_begun(&self, found: &Found) -> anyhow::Result<bool> {
        let earlier = stories::remembered(&self.base.db, &self.args.tenant).await?;
        let earlier: BTreeSet<_> = earlier.names().collect();
        Ok(found.stories.names().any(|name| earlier.contains(name)))
    }

    /// From the first word of it to the last pass.
    async fn erase(&self, asked: &Asked<'_>, found: &mut Found, of: &str) -> anyhow::Result<Done> {
        let (db, tenant) = (&self.base.db, &self.args.tenant);
        let place = self.begin(asked, found).await?;
        let is_over = async || anyhow::Ok(stories::open(db, tenant, &found.stories).await? == 0);
        erasure::settled(self.args.settle, is_over).await?;
        let open = stories::open(db, tenant, &found.stories).await?;
        let after = erasure::passes(of, async || self.pass(&mut *found).await).await?;
        // From here on the sweeper looks for what comes late.
        let at = ((0, place), self.now());
        stories::looked(db, tenant, &found.stories, at).await?;
        Ok(Done { after, open, unclear: self.unclear(found).await? })
    }

    /// What may be theirs all the same.
    async fn unclear(&self, found: &Found) -> anyhow::Result<Vec<Unclear>> {
        let last = self.base.context.bus.last_sequence(&EVENTS).await?;
        let unclear = self.shelves().unclear(&found.stories, &self.args.person, last).await?;
        Ok(Unclear::of(unclear.events, unclear.letters))
    }

    /// It is on record, and whoever comes across these names knows. Until it is done, the sweeper would
    /// begin at the start of the log; then it goes on where this gives.
    async fn begin(&self, asked: &Asked<'_>, found: &Found) -> anyhow::Result<u64> {
        let tenant = &self.args.tenant;
        let visit = Visit::console(self.now());
        let what = json!({ "messages": found.stories.messages(), "by": self.by });
        let accounts = wiring::accounts(asked).await?;
        accounts.note_erased(&Accounts::console()?, tenant, what, &visit).await?;
        let at = (0, self.now());
        let before = stories::remember(&self.base.db, tenant, &found.stories, at).await?;
        Ok(before.map_or(found.until, |before| before.min(found.until)))
    }

    /// Erases once, and says what is left. Dead letters before the events that they are known by.
    async fn pass(&self, found: &mut Found) -> anyhow::Result<Vec<Had>> {
        let (tenant, person) = (&self.args.tenant, self.args.person.as_str());
        let shelves = self.shelves();
        found.letters.extend(shelves.letters(&found.events).await?);
        shelves.take_letters(&found.letters).await?;
        for key in shelves.log.followed(&found.threads).await? {
            shelves.log.leave(&key).await?;
        }
        let until = shelves.projected().await?;
        found.events.extend(shelves.take(&mut found.stories, (0, until)).await?);
        self.erase_held(&found.stories).await?;
        let names = names(&found.stories, &found.events, &found.letters);
        let of = (person, names.as_slice());
        stories::erase(&self.platform, tenant, of, &self.by).await?;
        self.count(found).await
    }
}
