//! What each tenant has brought to the log lately, and what was refused for it.
//!
//! The memory is this process's own: it begins empty, so that a restart gives back a day at most, and
//! each gateway counts what it hears itself.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use domain::{
    gcra::{Tat, Told, tells},
    incoming::{ATTACHMENTS_MAX, Incoming, NAME_BYTES_MAX, TEXT_BYTES_MAX},
    share::{Brought, Charge, Matter, Share, Whose, charge, give_back},
};
use metrics::counter;
use schemas::{MessageId, TenantId, Timestamp};
use tracing::warn;

/// People remembered at once. Beyond that only their tenant counts.
const PEOPLE_MAX: usize = 100_000;

/// What one event takes beside its words: envelope, reference, headers. Some 950 were measured.
const EVENT_BYTES: u64 = 1024;

/// A message is stored as received, accepted and admitted.
const COPIES: u64 = 3;

/// What is stored of an answer of some length, its delivery, and two echoes.
const ANSWER_BYTES: u64 = 8 * 1024;

/// How often refusals of a tenant are told.
const TELL_EVERY: Duration = Duration::from_mins(1);

pub(crate) struct Shares {
    share: Share,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    tenants: HashMap<TenantId, Tat>,
    people: HashMap<String, Person>,
    refused: HashMap<TenantId, Tally>,
}

#[derive(Clone, Default)]
struct Person {
    tat: Option<Tat>,
    told: Option<Told>,
    /// The message taken last: a mention is delivered twice, and answered once.
    last: Option<MessageId>,
}

#[derive(Default)]
struct Tally {
    told_at: Option<Timestamp>,
    since: u64,
}

/// There is no room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Full {
    /// When as much will pass.
    pub(crate) retry_at: Timestamp,
}

/// What is to be stored, and for whom.
#[derive(Clone, Copy)]
pub(crate) struct Bill<'a> {
    pub(crate) tenant: &'a TenantId,
    /// Under what the person is kept; nobody for what the chat system says.
    pub(crate) person: Option<&'a str>,
    /// What it takes with all that follows from it.
    pub(crate) bytes: u64,
    /// The message, and what it takes to hear it once more.
    pub(crate) again: Option<(&'a MessageId, u64)>,
    pub(crate) matter: Matter,
}

/// Something that was charged. Until it is stored, and whatever keeps it from being so, it is not
/// theirs to pay: it comes again.
#[must_use = "what is not kept is given back"]
pub(crate) struct Charged<'a> {
    shares: &'a Shares,
    bill: Bill<'a>,
    kept: bool,
}

impl Charged<'_> {
    /// It is stored.
    pub(crate) fn keep(mut self) {
        self.kept = true;
    }
}

impl Drop for Charged<'_> {
    fn drop(&mut self) {
        if !self.kept {
            self.shares.give_back(self.bill);
        }
    }
}

/// That a person is to be told. Until they are, and whatever keeps them from it, they were not: the
/// next message that is refused tells them.
#[must_use = "who is not told is told later"]
pub(crate) struct Notice<'a> {
    shares: &'a Shares,
    person: &'a str,
    told: bool,
}

impl Notice<'_> {
    /// They are told.
    pub(crate) fn keep(mut self) {
        self.told = true;
    }
}

impl Drop for Notice<'_> {
    fn drop(&mut self) {
        if !self.told {
            self.shares.forget_notice(self.person);
        }
    }
}

impl Shares {
    pub(crate) fn new(share: Share) -> Self {
        Self { share, state: Mutex::default() }
    }

    /// Charges it, if there is room. What is not kept in the end is given back.
    ///
    /// A message that was taken a moment ago is taken, whatever is left: refused the second time, it
    /// would be answered and refused at once.
    pub(crate) fn charge<'a>(
        &'a self,
        bill: Bill<'a>,
        now: Timestamp,
    ) -> Result<Charged<'a>, Full> {
        let mut state = self.state();
        let person = state.person(bill.person);
        let bill = match bill.again {
            Some((message, bytes)) if person.last.as_ref() == Some(message) => {
                Bill { bytes, again: None, matter: Matter::Fact, ..bill }
            }
            Some(_) | None => bill,
        };
        let before =
            Brought { tenant: state.tenants.get(bill.tenant).copied(), person: person.tat };
        match charge(self.share, before, bill.bytes, bill.matter, now) {
            Charge::Room { tenant, person: tat } => {
                state.tenants.insert(bill.tenant.clone(), tenant);
                let last = bill.again.map(|(message, _)| message.clone()).or(person.last);
                state.remember(bill.person, Person { tat: Some(tat), last, ..person });
                Ok(Charged { shares: self, bill, kept: false })
            }
            Charge::Full { whose, retry_at } => {
                state.count(bill.tenant, whose, now);
                Err(Full { retry_at })
            }
        }
    }

    /// Whether a person whose message was refused is told of it now. One notice at a time: who is
    /// being told is not told again meanwhile.
    pub(crate) fn notice<'a>(
        &'a self,
        person: &'a str,
        full: Full,
        now: Timestamp,
    ) -> Option<Notice<'a>> {
        let mut state = self.state();
        let before = state.person(Some(person));
        if !tells(before.told, now) {
            return None;
        }
        let told = Some(Told { at: now, retry_at: full.retry_at });
        state.remember(Some(person), Person { told, ..before });
        Some(Notice { shares: self, person, told: false })
    }

    fn forget_notice(&self, key: &str) {
        let mut state = self.state();
        let person = state.person(Some(key));
        state.remember(Some(key), Person { told: None, ..person });
    }

    fn give_back(&self, bill: Bill<'_>) {
        let mut state = self.state();
        let person = state.person(bill.person);
        let charged =
            Brought { tenant: state.tenants.get(bill.tenant).copied(), person: person.tat };
        let left = give_back(self.share, charged, bill.bytes);
        if let Some(tenant) = left.tenant {
            state.tenants.insert(bill.tenant.clone(), tenant);
        }
        let taken = |last: &MessageId| bill.again.is_none_or(|(message, _)| message != last);
        let last = person.last.filter(taken);
        state.remember(bill.person, Person { tat: left.person, last, ..person });
    }

    /// Forgets who owes nothing at `now`.
    pub(crate) fn forget_past(&self, now: Timestamp) {
        let now_us = now.as_millis().saturating_mul(1000);
        let owes = |tat: Tat| now_us < tat.0;
        let mut state = self.state();
        state.tenants.retain(|_, tat| owes(*tat));
        state.people.retain(|_, person| {
            person.tat.is_some_and(owes) || person.told.is_some_and(|told| now < told.retry_at)
        });
        state.refused.retain(|_, tally| {
            0 < tally.since || tally.told_at.is_some_and(|at| now < at.plus(TELL_EVERY))
        });
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn person(&self, key: Option<&str>) -> Person {
        key.and_then(|key| self.people.get(key)).cloned().unwrap_or_default()
    }

    fn remember(&mut self, key: Option<&str>, person: Person) {
        let Some(key) = key else { return };
        if let Some(known) = self.people.get_mut(key) {
            *known = person;
        } else if self.people.len() < PEOPLE_MAX {
            self.people.insert(key.to_owned(), person);
        }
    }

    /// Counts a refusal, and tells how many there were if the last word is a minute old.
    fn count(&mut self, tenant: &TenantId, whose: Whose, now: Timestamp) {
        let of = match whose {
            Whose::Tenant => "tenant",
            Whose::Person => "person",
        };
        counter!("konstruct_gateway_over_share_total", "share" => of).increment(1);
        let tally = self.refused.entry(tenant.clone()).or_default();
        tally.since += 1;
        if tally.told_at.is_none_or(|at| at.plus(TELL_EVERY) <= now) {
            let calls = tally.since;
            warn!(%tenant, calls, share = of, "not stored: the share of the log is used up");
            *tally = Tally { told_at: Some(now), since: 0 };
        }
    }
}

/// What a message will take on the log, with what follows from it.
pub(crate) fn bytes_of_message(incoming: &Incoming) -> u64 {
    COPIES * (EVENT_BYTES + words(incoming)) + ANSWER_BYTES
}

/// What it takes to hear it once more: it is stored, and named a duplicate.
pub(crate) fn bytes_of_duplicate(incoming: &Incoming) -> u64 {
    2 * EVENT_BYTES + words(incoming)
}

/// What an edit takes.
pub(crate) fn bytes_of_edit(incoming: &Incoming) -> u64 {
    EVENT_BYTES + sealed(incoming.text.len())
}

/// What an event without words takes.
pub(crate) const fn bytes_of_fact() -> u64 {
    EVENT_BYTES
}

fn words(incoming: &Incoming) -> u64 {
    let names = incoming.attachments.iter().take(ATTACHMENTS_MAX);
    let names: usize = names.map(|it| it.name.len().min(NAME_BYTES_MAX) + it.id.len() + 64).sum();
    sealed(incoming.text.len().min(TEXT_BYTES_MAX) + names)
}

/// Sealed text is base64, with a nonce and a tag.
fn sealed(bytes: usize) -> u64 {
    u64::try_from(bytes).unwrap_or(u64::MAX).saturating_add(64).saturating_mul(4) / 3
}

#[cfg(test)]
mod tests;
