//! Takes stories of messages out of every store: for `konstruct person erase`, and what comes late of them
//! for the sweeper.

use std::collections::{BTreeMap, BTreeSet};

use domain::erasure::Stories;
use nats::{DEADLETTERS, EVENTS, PROJECT_EVENTS};
use projector::Carrier;
use runtime::{Context, Past, Read, erase::TenantLog};
use schemas::{EventId, TenantId};
use store::{Database, Platform, checkpoint, erase};

/// Events that are read at one time.
const PIECE_MAX: usize = 256;

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

/// Events by their places on the log. One that cannot be read may not say its name.
pub(crate) type Events = BTreeMap<u64, Option<EventId>>;

/// What cannot be read and does not say whose it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Unclear {
    pub(crate) events: u64,
    pub(crate) letters: u64,
}

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
                if let Some(person) = person {
                    begin(stories, person, &read);
                }
                if follow(stories, &read) {
                    events.insert(read.sequence, id(&read));
                }
            }
        }
    }

    /// What may be this person's all the same, on the log up to `until` and among dead letters: those too
    /// whose event is gone.
    pub(crate) async fn unclear(
        &self,
        stories: &Stories,
        person: &str,
        until: u64,
    ) -> anyhow::Result<Unclear> {
        let letters = self.log.letters().await?;
        let of_events = letters.of_tenant.iter().map(|it| &it.letter);
        let of_events = of_events.filter(|it| it.stream == EVENTS.name && it.sequence <= until);
        let asked: Vec<_> = of_events.map(|it| it.sequence).collect();
        let (mut there, mut events) = (BTreeSet::new(), 0);
        let places: BTreeSet<_> = asked.iter().copied().collect();
        let mut past = Past::of_tenant(&self.context.bus, self.tenant, 0).await?;
        loop {
            let piece = past.piece(until, PIECE_MAX).await?;
            if piece.is_empty() {
                break;
            }
            there.extend(piece.iter().map(|it| it.sequence).filter(|it| places.contains(it)));
            let unread = piece.iter().filter_map(|it| it.glimpse.as_ref());
            events += unread.filter(|it| stories.may_hold(person, it)).count();
        }
        let gone = asked.iter().filter(|it| !there.contains(it)).count();
        let letters = letters.unclear + u64::try_from(gone)?;
        Ok(Unclear { events: u64::try_from(events)?, letters })
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
        let (mut carrier, mut events) = (Carrier::new(self.db), Events::new());
        loop {
            let mut piece = past.piece(until, PIECE_MAX).await?;
            if piece.is_empty() {
                break;
            }
            piece.retain(|read| follow(stories, read));
            if piece.is_empty() {
                continue;
            }
            events.extend(piece.iter().map(|read| (read.sequence, id(read))));
            let places: Vec<_> = piece.iter().map(|read| read.sequence).collect();
            // What cannot be read was never added up.
            piece.retain(|read| read.event.is_ok());
            if !piece.is_empty() {
                carrier.carry(&piece).await?;
            }
            for place in places {
                self.log.take(&EVENTS, place).await?;
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

    /// The dead letters of these events: their places, with their names.
    pub(crate) async fn letters(&self, events: &Events) -> anyhow::Result<BTreeMap<u64, String>> {
        if events.is_empty() {
            return Ok(BTreeMap::new());
        }
        let ids: BTreeSet<_> = events.values().flatten().map(EventId::as_str).collect();
        let letters = self.log.letters().await?.of_tenant.into_iter().filter(|it| {
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

/// Takes the event's story in, if it is this person's.
fn begin(stories: &mut Stories, person: &str, read: &Read) {
    match (&read.event, &read.glimpse) {
        (Ok(envelope), _) => stories.begin(person, envelope),
        (Err(_), Some(glimpse)) => stories.begin_by(person, glimpse),
        (Err(_), None) => {}
    }
}

/// Whether the event belongs to one of the stories, as far as it can be told.
fn follow(stories: &mut Stories, read: &Read) -> bool {
    match (&read.event, &read.glimpse) {
        (Ok(envelope), _) => stories.follow(envelope),
        (Err(_), Some(glimpse)) => stories.follow_by(glimpse),
        (Err(_), None) => false,
    }
}

fn id(read: &Read) -> Option<EventId> {
    let named = read.event.as_ref().ok().map(|it| it.id.clone());
    named.or_else(|| read.glimpse.as_ref()?.id())
}

/// What rows are found by.
pub(crate) fn names(
    stories: &Stories,
    events: &Events,
    letters: &BTreeMap<u64, String>,
) -> Vec<String> {
    let events = events.values().flatten().map(ToString::to_string);
    let names = stories.names().map(str::to_owned).chain(events);
    names.chain(letters.values().cloned()).collect()
}
