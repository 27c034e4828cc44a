//! Takes stories of messages out of every store: for `konstruct person erase`, and what comes late of them
//! for the sweeper.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use anyhow::bail;
use domain::erasure::Stories;
use nats::{DEADLETTERS, EVENTS, PROJECT_EVENTS};
use projector::Carrier;
use runtime::{Context, Past, erase::TenantLog};
use schemas::{EventId, TenantId};
use store::{Database, Platform, checkpoint, erase};

/// Events that are read at one time.
const PIECE_MAX: usize = 256;

/// How long the sweeper waits for a rebuild. One that takes longer is begun anew after it.
const REBUILD_WAIT_MAX: Duration = Duration::from_hours(24);

/// Where one tenant's stories are.
pub(crate) struct Shelves<'a> {
    pub(crate) context: &'a Context,
    pub(crate) db: &'a Database,
    pub(crate) platform: &'a Platform,
    pub(crate) log: TenantLog,
    pub(crate) tenant: &'a TenantId,
    /// Who takes them, for the record.
    pub(crate) by: &'a str,
}

/// Events by their places on the log.
pub(crate) type Events = BTreeMap<u64, EventId>;

impl<'a> Shelves<'a> {
    pub(crate) fn of(
        (context, db, platform): (&'a Context, &'a Database, &'a Platform),
        tenant: &'a TenantId,
        by: &'a str,
    ) -> Self {
        let log = TenantLog::of(&context.bus, tenant);
        Self { context, db, platform, log, tenant, by }
    }

    /// What of the stories the log has up to `until`. Where it is said whose they are, messages that it
    /// tells of are taken in first.
    pub(crate) async fn read(
        &self,
        stories: &mut Stories,
        person: Option<&str>,
        until: u64,
    ) -> anyhow::Result<Events> {
        self.read_between(stories, person, (0, until)).await
    }

    async fn read_between(
        &self,
        stories: &mut Stories,
        person: Option<&str>,
        (from, until): (u64, u64),
    ) -> anyhow::Result<Events> {
        let mut past = Past::of_tenant(&self.context.bus, self.tenant, from).await?;
        let mut events = Events::new();
        loop {
            let piece = past.piece(until, PIECE_MAX).await?;
            if piece.is_empty() {
                return Ok(events);
            }
            for read in piece {
                let Ok(envelope) = read.event else { continue };
                if let Some(person) = person {
                    stories.begin(person, &envelope);
                }
                if stories.follow(&envelope) {
                    events.insert(read.sequence, envelope.id);
                }
            }
        }
    }

    /// As [`Self::take`], with dead letters and what rows say of those: they are known by the events alone,
    /// so these go last, and whoever was interrupted finds the rest by them.
    pub(crate) async fn take_with_letters(
        &self,
        stories: &mut Stories,
        (from, until): (u64, u64),
    ) -> anyhow::Result<(Events, BTreeMap<u64, String>)> {
        let sent = erase::stories::sent(self.db, self.tenant, stories).await?;
        stories.send(sent);
        let mut events = self.read_between(stories, None, (from, until)).await?;
        let letters = self.letters(&events).await?;
        let names = names(&Stories::default(), &events, &letters);
        if !names.is_empty() {
            let of = ("", names.as_slice());
            erase::stories::erase(self.platform, self.tenant, of, self.by).await?;
        }
        self.take_letters(&letters).await?;
        events.extend(self.take(stories, (from, until)).await?);
        Ok((events, letters))
    }

    /// Takes from the log what it has of the stories after one place and up to another; what that added to
    /// sums is kept before. The projector has read all of it.
    pub(crate) async fn take(
        &self,
        stories: &mut Stories,
        (from, until): (u64, u64),
    ) -> anyhow::Result<Events> {
        // An echo may stand before the event that says what was sent.
        let sent = erase::stories::sent(self.db, self.tenant, stories).await?;
        stories.send(sent);
        let first = self.context.bus.span(&EVENTS).await?.first;
        let mut past = Past::of_tenant(&self.context.bus, self.tenant, from).await?;
        let (mut carrier, mut events) = (None, Events::new());
        loop {
            let mut piece = past.piece(until, PIECE_MAX).await?;
            if piece.is_empty() {
                break;
            }
            piece.retain(|read| read.event.as_ref().is_ok_and(|it| stories.follow(it)));
            if piece.is_empty() {
                continue;
            }
            if carrier.is_none() {
                carrier = Some(Carrier::open(self.db).await?);
            }
            if let Some(carrier) = &carrier {
                carrier.carry(&piece).await?;
            }
            for read in piece {
                self.log.take(&EVENTS, read.sequence).await?;
                events.extend(read.event.ok().map(|it| (read.sequence, it.id)));
            }
        }
        let begins = self.context.bus.span(&EVENTS).await?.first;
        erase::pass_over(self.platform, PROJECT_EVENTS.name, (first, begins), self.by).await?;
        Ok(events)
    }

    /// How far the projector has come: nothing beyond is taken, since nobody has added it up.
    pub(crate) async fn projected(&self) -> anyhow::Result<u64> {
        Ok(checkpoint::seq(self.db, PROJECT_EVENTS.name).await?)
    }

    /// Refuses while a rebuild has not read up to there. The base was copied for it before, so what is taken
    /// now would be missing in its sums.
    pub(crate) async fn check_rebuilt(&self, until: u64) -> anyhow::Result<()> {
        let since = self.context.clock.now().minus(REBUILD_WAIT_MAX);
        let place = checkpoint::rebuilt(self.db, PROJECT_EVENTS.name, since).await?;
        if let Some(place) = place.filter(|place| *place < until) {
            bail!(
                "a rebuild of the read models has read {} until {place} and not until {until}: \
                 `konstruct replay projections` goes on with it, and `--drop` drops it",
                EVENTS.name
            );
        }
        Ok(())
    }

    /// The dead letters of these events: their places, with their names.
    pub(crate) async fn letters(&self, events: &Events) -> anyhow::Result<BTreeMap<u64, String>> {
        if events.is_empty() {
            return Ok(BTreeMap::new());
        }
        let ids: BTreeSet<_> = events.values().map(EventId::as_str).collect();
        let letters = self.log.letters().await?.into_iter().filter(|it| {
            let is_of = it.letter.event.as_deref().is_some_and(|id| ids.contains(id));
            is_of || it.letter.stream == EVENTS.name && events.contains_key(&it.letter.sequence)
        });
        Ok(letters.map(|it| (it.sequence, it.letter.id())).collect())
    }

    /// Takes these dead letters.
    pub(crate) async fn take_letters(&self, letters: &BTreeMap<u64, String>) -> anyhow::Result<()> {
        for sequence in letters.keys() {
            self.log.take(&DEADLETTERS, *sequence).await?;
        }
        Ok(())
    }
}

/// What rows are found by.
pub(crate) fn names(
    stories: &Stories,
    events: &Events,
    letters: &BTreeMap<u64, String>,
) -> Vec<String> {
    let events = events.values().map(ToString::to_string);
    let names = stories.names().map(str::to_owned).chain(events);
    names.chain(letters.values().cloned()).collect()
}
