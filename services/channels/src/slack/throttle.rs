//! How often we call Slack: paced for each (workspace, method) and each (workspace, channel), so
//! that one customer's 429 or storm holds nobody else, and no other method.
//!
//! Slack's numbers: docs.slack.dev/apis/web-api/rate-limits. Ours stay just under them; where Slack says 429 all the
//! same, its `Retry-After` holds that method of that workspace.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::time::{Instant, sleep};

/// The longest turn we wait for here; the caller can do better with a longer one.
pub(super) const WAIT_MAX: Duration = Duration::from_secs(5);

/// How many slots are remembered: the (workspace, method) and (workspace, channel) pairs in use.
const SLOTS_MAX: usize = 50_000;

/// What we call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Method {
    PostMessage,
    Update,
    Delete,
    PostEphemeral,
    Replies,
    History,
    Permalink,
    AuthTest,
}

impl Method {
    /// As it stands in the address.
    pub(super) const fn path(self) -> &'static str {
        match self {
            Method::PostMessage => "chat.postMessage",
            Method::Update => "chat.update",
            Method::Delete => "chat.delete",
            Method::PostEphemeral => "chat.postEphemeral",
            Method::Replies => "conversations.replies",
            Method::History => "conversations.history",
            Method::Permalink => "chat.getPermalink",
            Method::AuthTest => "auth.test",
        }
    }

    /// What one workspace may call.
    const fn pace(self) -> Pace {
        match self {
            // "Several hundred a minute" over all channels.
            Method::PostMessage => Pace { interval: Duration::from_millis(200), burst: 50 },
            // Tier 3: 50 a minute.
            Method::Update | Method::Delete | Method::Replies | Method::History => {
                Pace { interval: Duration::from_millis(1_200), burst: 25 }
            }
            // Tier 4: 100 a minute; the permalink's tier is "special", and no lower.
            Method::PostEphemeral | Method::AuthTest | Method::Permalink => {
                Pace { interval: Duration::from_millis(600), burst: 50 }
            }
        }
    }
}

/// "Generally one message a second and channel; short bursts are allowed."
const CHANNEL_PACE: Pace = Pace { interval: Duration::from_secs(1), burst: 5 };

/// `burst` at once, then one each `interval`.
#[derive(Clone, Copy, Debug)]
struct Pace {
    interval: Duration,
    burst: u32,
}

/// Whether we keep to Slack's published limits before it has to say so.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Pacing {
    /// We do.
    #[default]
    Slack,
    /// We call as fast as we can and heed 429 only: against a look-alike, and to measure.
    Unpaced,
}

/// Where one pair stands, in time since the throttle was made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Slot {
    /// When everything taken so far will have been paid back.
    settled_at: Duration,
    /// Slack said: not before.
    held_until: Duration,
}

impl Slot {
    /// How long until the next turn.
    fn wait(self, pace: Option<Pace>, now: Duration) -> Duration {
        let paced = pace.map_or(Duration::ZERO, |pace| {
            let credit = pace.interval * pace.burst.saturating_sub(1);
            self.settled_at.saturating_sub(now + credit)
        });
        paced.max(self.held_until.saturating_sub(now))
    }

    /// After a turn was taken at `at`.
    fn taken(self, pace: Option<Pace>, at: Duration) -> Self {
        let interval = pace.map_or(Duration::ZERO, |pace| pace.interval);
        Self { settled_at: self.settled_at.max(at) + interval, ..self }
    }

    fn busy_until(self) -> Duration {
        self.settled_at.max(self.held_until)
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Key {
    workspace: String,
    scope: Scope,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Scope {
    Method(Method),
    Channel(String),
}

/// Remembers when each pair may go on.
pub(super) struct Throttle {
    pacing: Pacing,
    started: Instant,
    slots: Mutex<HashMap<Key, Slot>>,
}

impl Throttle {
    pub(super) fn new(pacing: Pacing) -> Self {
        Self { pacing, started: Instant::now(), slots: Mutex::default() }
    }

    /// Waits for a turn, or says how long it would be when that is longer than [`WAIT_MAX`].
    pub(super) async fn turn(
        &self,
        workspace: &str,
        method: Method,
        channel: Option<&str>,
    ) -> Result<(), Duration> {
        let wait = self.reserve(workspace, method, channel, self.started.elapsed())?;
        if !wait.is_zero() {
            sleep(wait).await;
        }
        Ok(())
    }

    /// Slack refused this method of this workspace for a while.
    pub(super) fn hold(&self, workspace: &str, method: Method, wait: Duration) {
        let now = self.started.elapsed();
        let key = Key { workspace: workspace.to_owned(), scope: Scope::Method(method) };
        let mut slots = self.slots();
        make_room(&mut slots, now);
        let slot = slots.entry(key).or_default();
        slot.held_until = slot.held_until.max(now + wait);
    }

    /// Takes the turn of every pair the call counts against, or none of them.
    fn reserve(
        &self,
        workspace: &str,
        method: Method,
        channel: Option<&str>,
        now: Duration,
    ) -> Result<Duration, Duration> {
        let paced = self.pacing == Pacing::Slack;
        let key = |scope| Key { workspace: workspace.to_owned(), scope };
        let channel = channel.filter(|_| paced && method == Method::PostMessage);
        let pairs = [
            Some((key(Scope::Method(method)), paced.then(|| method.pace()))),
            channel.map(|id| (key(Scope::Channel(id.to_owned())), Some(CHANNEL_PACE))),
        ];
        let mut slots = self.slots();
        let wait_of = |(key, pace): &(Key, Option<Pace>)| {
            slots.get(key).copied().unwrap_or_default().wait(*pace, now)
        };
        let wait = pairs.iter().flatten().map(wait_of).max().unwrap_or_default();
        if WAIT_MAX < wait {
            return Err(wait);
        }
        for (key, pace) in pairs.into_iter().flatten().filter(|(_, pace)| pace.is_some()) {
            make_room(&mut slots, now);
            let slot = slots.entry(key).or_default();
            *slot = slot.taken(pace, now + wait);
        }
        Ok(wait)
    }

    fn slots(&self) -> MutexGuard<'_, HashMap<Key, Slot>> {
        // A slot is written whole, so that a panic elsewhere leaves nothing half done.
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Forgets the pairs that are free again; when all are busy, the half that is free the soonest.
fn make_room(slots: &mut HashMap<Key, Slot>, now: Duration) {
    if slots.len() < SLOTS_MAX {
        return;
    }
    slots.retain(|_, slot| now < slot.busy_until());
    if slots.len() < SLOTS_MAX {
        return;
    }
    let mut busy: Vec<Duration> = slots.values().map(|slot| slot.busy_until()).collect();
    let middle = busy.len() / 2;
    let (_, &mut median, _) = busy.select_nth_unstable(middle);
    slots.retain(|_, slot| median < slot.busy_until());
}

#[cfg(test)]
mod tests;
