//! What happens to messages, as it happens, for whoever looks on.
//!
//! One ordered reader for the whole process, and only while somebody looks; each looker takes what is
//! their tenant's. Nothing here decides anything: who comes late reads on from where they were, and
//! who was away for too long is told to start over.

mod pace;
mod read;

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, PoisonError},
};

use schemas::{Envelope, TenantId, Timestamp};
use tokio::sync::{broadcast, watch};
use tokio_util::sync::CancellationToken;

use self::pace::Pace;
use crate::Bus;

/// The most that one session may follow at once.
pub const PER_SESSION_MAX: usize = 4;

/// How far a looker may be behind the reader, in events of all tenants.
const BEHIND_MAX: usize = 4_096;

/// How many of a tenant's events a looker may have missed.
const MISSED_MAX: usize = 500;

/// One event at its place on `EVENTS`.
#[derive(Clone, Debug)]
pub struct Happened {
    /// Its sequence.
    pub sequence: u64,
    /// The event.
    pub envelope: Arc<Envelope>,
}

/// What a looker is told.
#[derive(Clone, Debug)]
pub enum News {
    /// Something happened.
    Happened(Happened),
    /// More was missed than is told one by one: read the list again.
    Missed,
}

/// What happens in this installation. Cheap to clone.
#[derive(Clone)]
pub struct Live(Arc<Inner>);

struct Inner {
    bus: Bus,
    stop: CancellationToken,
    tell: broadcast::Sender<Happened>,
    /// From which sequence on everything is told; nothing while nobody reads.
    since: watch::Sender<Option<u64>>,
    lookers: Mutex<HashMap<String, usize>>,
    pace: Pace,
}

/// Why somebody may not look now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotNow {
    /// The session follows as much as it may.
    TooMany,
    /// The session began too often.
    TooOften {
        /// When it may again.
        retry_at: Timestamp,
    },
}

impl Live {
    /// Follows nothing until somebody looks.
    pub fn new(bus: Bus, stop: CancellationToken) -> Self {
        let (tell, _) = broadcast::channel(BEHIND_MAX);
        let (since, _) = watch::channel(None);
        let it = Self(Arc::new(Inner {
            bus,
            stop,
            tell,
            since,
            lookers: Mutex::default(),
            pace: Pace::default(),
        }));
        tokio::spawn(read::follow(Arc::clone(&it.0)));
        it
    }

    /// Follows a tenant, from after the event at `after` on, else from now on, unless `session` follows
    /// as much as it may, or began too often: what was missed is read from the log each time.
    pub fn look(
        &self,
        session: &str,
        (tenant, after): (&TenantId, Option<u64>),
        now: Timestamp,
    ) -> Result<Look, NotNow> {
        let place = self.place(session).ok_or(NotNow::TooMany)?;
        self.0.pace.admit(session, now).map_err(|retry_at| NotNow::TooOften { retry_at })?;
        let news = self.0.tell.subscribe();
        // The reader waits for this: somebody looks now.
        self.0.since.send_modify(|_| {});
        let tenant = tenant.clone();
        let missed = VecDeque::new();
        Ok(Look {
            inner: Arc::clone(&self.0),
            tenant,
            seen: after,
            caught_up: false,
            missed,
            news,
            _place: place,
        })
    }

    fn place(&self, session: &str) -> Option<Place> {
        let mut lookers = self.0.lookers.lock().unwrap_or_else(PoisonError::into_inner);
        let held = lookers.entry(session.to_owned()).or_default();
        if PER_SESSION_MAX <= *held {
            return None;
        }
        *held += 1;
        metrics::gauge!("konstruct_live_streams").increment(1);
        Some(Place { inner: Arc::clone(&self.0), session: session.to_owned() })
    }
}

/// One who looks on. Ends with this value.
pub struct Look {
    inner: Arc<Inner>,
    tenant: TenantId,
    /// The last event that was told.
    seen: Option<u64>,
    caught_up: bool,
    missed: VecDeque<Happened>,
    news: broadcast::Receiver<Happened>,
    _place: Place,
}

impl Look {
    /// The next news; nothing once the process ends. Asked again after it was not waited for, it has
    /// lost nothing.
    pub async fn next(&mut self) -> Option<News> {
        let stop = self.inner.stop.clone();
        stop.run_until_cancelled(self.tell()).await
    }

    async fn tell(&mut self) -> News {
        loop {
            if !self.caught_up && !self.catch_up().await {
                return News::Missed;
            }
            if let Some(happened) = self.missed.pop_front() {
                self.seen = self.seen.max(Some(happened.sequence));
                return News::Happened(happened);
            }
            match self.news.recv().await {
                Ok(happened) if self.is_news(&happened) => {
                    self.seen = Some(happened.sequence);
                    return News::Happened(happened);
                }
                Ok(_) => {}
                Err(broadcast::error::RecvError::Lagged(_)) => self.caught_up = false,
                // The sender lives as long as we do.
                Err(broadcast::error::RecvError::Closed) => std::future::pending().await,
            }
        }
    }

    fn is_news(&self, happened: &Happened) -> bool {
        happened.envelope.tenant == self.tenant && self.seen < Some(happened.sequence)
    }

    /// Reads what came between the last that was told and what the reader tells. Whether that was little
    /// enough.
    async fn catch_up(&mut self) -> bool {
        let mut since = self.inner.since.subscribe();
        let begun = since.wait_for(Option::is_some).await.ok().and_then(|since| *since);
        let mut is_little = true;
        if let (Some(begun), Some(seen)) = (begun, self.seen) {
            match read::between(&self.inner.bus, &self.tenant, seen + 1, MISSED_MAX).await {
                Ok(Some(missed)) => self.missed.extend(missed),
                Ok(None) => is_little = false,
                Err(error) => {
                    tracing::warn!(tenant = %self.tenant, %error, "what was missed cannot be read");
                    is_little = false;
                }
            }
            if !is_little {
                self.seen = Some(seen.max(begun.saturating_sub(1)));
            }
        }
        self.caught_up = true;
        is_little
    }
}

/// A place among those who look; given back with this value.
struct Place {
    inner: Arc<Inner>,
    session: String,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut lookers = self.inner.lookers.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(held) = lookers.get_mut(&self.session) {
            *held -= 1;
            if *held == 0 {
                lookers.remove(&self.session);
            }
        }
        metrics::gauge!("konstruct_live_streams").decrement(1);
    }
}
