//! What a reply is looked at with, and what comes of it.

use std::time::Duration;

use domain::{doubt::Doubt, effect::SendOutcome, reply_state::Verdict};
use schemas::{EffectId, Event, EventId, Timestamp, event::ReplyKind};
use store::effects::{Ledgered, What};

use super::Order;

/// What is known when a reply is looked at.
#[derive(Clone, Debug)]
pub(crate) struct Look {
    /// The event that is handled.
    pub(crate) cause: EventId,
    /// Where that stood first on the stream.
    pub(crate) place: u64,
    pub(crate) now: Timestamp,
    /// What that event says the person gets.
    pub(crate) verdict: Option<Verdict>,
    /// Whether the words of the verdict are at hand.
    pub(crate) has_words: bool,
    /// Whether the chat system was asked about what is in doubt.
    pub(crate) looked: bool,
    /// What is new of effects.
    pub(crate) news: Vec<News>,
    /// What an operator says of the reply, where the event is their word.
    pub(crate) order: Option<Order>,
    /// The channel of whoever takes over.
    pub(crate) note_to: Option<String>,
    /// Whether it is handled in the reply's own lane. The echo of a word to whoever takes over is not:
    /// it comes in a thread of theirs.
    pub(crate) owns_lane: bool,
    /// What a restore left in doubt.
    pub(crate) doubt: Option<Doubt>,
}

impl Look {
    /// A first look, in the reply's own lane, at what an event says nothing new of.
    pub(crate) fn new(cause: &EventId, place: u64, now: Timestamp) -> Self {
        Self {
            cause: cause.clone(),
            place,
            now,
            verdict: None,
            has_words: false,
            looked: false,
            news: Vec::new(),
            order: None,
            note_to: None,
            owns_lane: true,
            doubt: None,
        }
    }
}

/// What is new of an effect.
#[derive(Clone, Debug)]
pub(crate) enum News {
    /// A call came back, or did not.
    Came { effect: EffectId, attempt: u32, outcome: SendOutcome },
    /// It was seen in the chat system, with this timestamp.
    Seen { effect: EffectId, ts: String },
}

/// What to do.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Next {
    /// Make this call; the ledger says that it is being made.
    Call(Claimed),
    /// A call was not made, or not carried out: the same one may be made after a wait.
    NotYet { what: What, wait: Duration },
    /// Look for effects in doubt in the chat system, once.
    Reconcile(Vec<Spot>),
    /// A second one of what should be there once stands at `ts`: take it away.
    TakeAway { spot: Spot, ts: String },
    /// Nothing more; this is what to say.
    Done(Vec<Event>),
    /// Another worker leads, and goes on from here.
    Replaced,
}

/// Where an effect is, or would be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Spot {
    pub(crate) effect: EffectId,
    /// A channel of its own; without one, the thread.
    pub(crate) channel: Option<String>,
    /// What else it may be called there.
    pub(crate) seen_as: Option<EffectId>,
}

impl Spot {
    pub(super) fn of(it: &Ledgered) -> Self {
        let channel = (it.what == What::Note).then(|| it.channel.clone());
        Self { effect: it.id.clone(), channel, seen_as: None }
    }
}

/// A call that the ledger says is being made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Claimed {
    pub(crate) spot: Spot,
    pub(crate) attempt: u32,
    pub(crate) what: What,
    pub(crate) part: usize,
    /// What is updated or deleted.
    pub(crate) target_ts: Option<String>,
    /// What it is a part of, if that is decided.
    pub(crate) kind: Option<ReplyKind>,
    /// Whether whoever should take over could not be told.
    pub(crate) is_unreached: bool,
}
