//! Taking what is a tenant's from the streams, for good.
//!
//! What stays is the last word on the tenant itself, a tombstone, and the last word on each workspace
//! that it held: whoever claims that workspace next builds on it. Every step may be taken again, and
//! what is gone already is gone.
//!
//! Of one person, single events are taken: see [`TenantLog::take`].

mod stories;

use std::{
    collections::{BTreeMap, HashMap},
    time::Duration,
};

use anyhow::{Context as _, bail};
use async_nats::jetstream::{self, context::ContextBuilder, stream::Stream};
use futures::TryStreamExt as _;
use nats::{DEADLETTERS, DIRECTORY, ENGAGEMENTS, EVENTS};
use schemas::{Envelope, Event, Glimpse, TenantId, subject};

use crate::{
    Bus,
    look::{Scan, Start},
};

pub use self::stories::{Letter, Letters};

/// How long the server may take to purge or to count: it looks at every block of a stream.
const ANSWER_WAIT_MAX: Duration = Duration::from_mins(2);

/// What a stream or a bucket has of a tenant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Had {
    /// The stream or the bucket.
    pub store: &'static str,
    /// How many messages there are to erase.
    pub messages: u64,
}

/// What there is of a tenant on all of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counted {
    /// What there is to erase; places without any are named too.
    pub had: Vec<Had>,
    /// The sequences of what stays on the directory's stream.
    pub kept: Vec<u64>,
}

/// What is one tenant's on the streams.
pub struct TenantLog {
    bus: Bus,
    jetstream: jetstream::Context,
    tenant: TenantId,
}

/// All of it that is on one stream.
struct Place {
    store: &'static str,
    stream: Stream<()>,
    filter: String,
}

/// A tenant's claims of workspaces.
#[derive(Default)]
struct Claims {
    /// The sequences of those that another word followed.
    old: Vec<u64>,
    /// Those of the ones that are the last word on their workspace.
    last: Vec<u64>,
}

impl TenantLog {
    /// That of `tenant`.
    pub fn of(bus: &Bus, tenant: &TenantId) -> Self {
        let context = ContextBuilder::new().timeout(ANSWER_WAIT_MAX);
        let jetstream = context.build(bus.client.clone());
        Self { bus: bus.clone(), jetstream, tenant: tenant.clone() }
    }

    /// How much of it there is.
    pub async fn count(&self) -> anyhow::Result<Counted> {
        let mut had = Vec::new();
        let letters = self.letters().await?.of_tenant;
        let apart = letters.iter().filter(|it| it.is_apart).count();
        for place in self.places().await? {
            let mut messages: u64 = subjects(&place.stream, &place.filter).await?.values().sum();
            if place.store == DEADLETTERS.name {
                messages += u64::try_from(apart)?;
            }
            had.push(Had { store: place.store, messages });
        }
        let directory = self.stream(DIRECTORY.name).await?;
        let itself = subject::of_tenant(&self.tenant);
        let entries = subjects(&directory, &subject::directory_of_tenant(&self.tenant)).await?;
        let claims = self.claims(&directory).await?;
        let old = u64::try_from(claims.old.len())?;
        let stays = u64::from(entries.contains_key(itself.as_str()));
        let messages = entries.values().sum::<u64>() - stays + old;
        had.push(Had { store: DIRECTORY.name, messages });
        let mut kept = claims.last;
        if 0 < stays {
            let last = directory.get_last_raw_message_by_subject(itself.as_str()).await;
            kept.push(last.with_context(|| format!("last message of `{itself}`"))?.sequence);
        }
        Ok(Counted { had, kept })
    }

    /// Erases it. The tenant is deleted before, and the directory says so last.
    pub async fn erase(&self) -> anyhow::Result<()> {
        let directory = self.stream(DIRECTORY.name).await?;
        self.check_deleted(&directory).await?;
        for place in self.places().await? {
            let purged = place.stream.purge().filter(place.filter).await;
            purged.with_context(|| format!("purge of {}", place.store))?;
        }
        for letter in self.letters().await?.of_tenant {
            self.take(&DEADLETTERS, letter.sequence).await?;
        }
        for sequence in self.claims(&directory).await?.old {
            let deleted = directory.delete_message(sequence).await;
            deleted.with_context(|| format!("claim {sequence} of {}", DIRECTORY.name))?;
        }
        let itself = subject::of_tenant(&self.tenant);
        let entries = subjects(&directory, &subject::directory_of_tenant(&self.tenant)).await?;
        for subject in entries.into_keys() {
            let is_itself = subject == itself.as_str();
            let purge = directory.purge().filter(subject);
            let purged = if is_itself { purge.keep(1).await } else { purge.await };
            purged.with_context(|| format!("purge of {}", DIRECTORY.name))?;
        }
        Ok(())
    }

    /// Refuses to take the entry of a tenant that is there.
    async fn check_deleted(&self, directory: &Stream<()>) -> anyhow::Result<()> {
        let itself = subject::of_tenant(&self.tenant);
        let last = directory.get_last_raw_message_by_subject(itself.as_str()).await;
        let last = last.with_context(|| format!("last message of `{itself}`"))?;
        match Envelope::decode(&last.payload) {
            Ok(Envelope { event: Event::TenantDeleted(_), .. }) => Ok(()),
            Ok(_) | Err(_) => bail!("tenant `{}` is not deleted", self.tenant),
        }
    }

    /// Where all of it goes.
    async fn places(&self) -> anyhow::Result<[Place; 3]> {
        let bucket = self.jetstream.get_key_value(ENGAGEMENTS.name).await;
        let bucket = bucket.with_context(|| format!("bucket {}", ENGAGEMENTS.name))?;
        let keys = subject::engagements_of_tenant(&self.tenant);
        Ok([
            Place {
                store: EVENTS.name,
                stream: self.stream(EVENTS.name).await?,
                filter: subject::filter_of_tenant(&self.tenant),
            },
            Place {
                store: DEADLETTERS.name,
                stream: self.stream(DEADLETTERS.name).await?,
                filter: subject::dead_letters_of_tenant(&self.tenant),
            },
            Place {
                store: ENGAGEMENTS.name,
                stream: self.stream(&bucket.stream_name).await?,
                filter: format!("{}{keys}", bucket.prefix),
            },
        ])
    }

    async fn stream(&self, name: &str) -> anyhow::Result<Stream<()>> {
        let found = self.jetstream.get_stream_no_info(name).await;
        found.with_context(|| format!("stream {name}"))
    }

    /// A subject of a claim names no tenant, so all claims are read.
    async fn claims(&self, directory: &Stream<()>) -> anyhow::Result<Claims> {
        if subjects(directory, subject::CLAIMS).await?.is_empty() {
            return Ok(Claims::default());
        }
        let subjects = vec![subject::CLAIMS.to_owned()];
        let mut scan = Scan::open(&self.bus, &DIRECTORY, subjects, Start::First).await?;
        let (mut last, mut ours) = (HashMap::new(), Vec::new());
        while !scan.is_level() {
            let Some(kept) = scan.next_waiting(ANSWER_WAIT_MAX).await? else { break };
            if tenant(&kept.payload).as_ref() == Some(&self.tenant) {
                ours.push((kept.subject.clone(), kept.sequence));
            }
            last.insert(kept.subject, kept.sequence);
        }
        let mut claims = Claims::default();
        for (subject, sequence) in ours {
            if last.get(&subject) == Some(&sequence) {
                claims.last.push(sequence);
            } else {
                claims.old.push(sequence);
            }
        }
        Ok(claims)
    }
}

/// Whose an event is, also where it cannot be read.
fn tenant(payload: &[u8]) -> Option<TenantId> {
    let read = Envelope::decode(payload).map(|it| it.tenant);
    read.map_or_else(|_| Glimpse::of(payload).tenant(), Some)
}

/// How many messages each subject has that `filter` finds.
async fn subjects(stream: &Stream<()>, filter: &str) -> anyhow::Result<BTreeMap<String, u64>> {
    let mut found = stream.info_with_subjects(filter).await?;
    let mut subjects = BTreeMap::new();
    while let Some((subject, count)) = found.try_next().await? {
        subjects.insert(subject, u64::try_from(count)?);
    }
    Ok(subjects)
}
