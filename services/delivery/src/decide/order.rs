//! What an operator says of a reply.
//!
//! A word counts once: the ledger has the last one with its place on the stream, and what comes again or
//! late changes nothing.

use domain::{
    effect::{EffectState, Input},
    reply_state::Verdict,
};
use schemas::{EventId, event::ReplyKind};
use store::{
    effects::{Ledgered, What},
    replies::Locked,
};

use super::Look;

/// The code of what is not sent any more, since the reply was begun anew.
const BEGUN_ANEW: &str = "begun_anew";

/// An operator's word, and where it stands on the stream.
#[derive(Clone, Debug)]
pub(crate) struct Order {
    pub(crate) wish: Wish,
    pub(crate) sequence: u64,
    /// The event whose outcome the words at hand are.
    pub(crate) outcome_of: Option<EventId>,
}

/// What they want.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wish {
    /// There will be another outcome: what was said makes room for it, an answer only if `anew`.
    Reopen { anew: bool },
    /// What is in doubt is there.
    Sent,
    /// What is in doubt, was refused or was never sent is sent; also an answer in whose place there is word
    /// of a failure.
    Again,
    /// All of it is sent once more.
    Anew,
}

/// Does as the operator says, once, and says whether the reply goes on from there.
pub(super) fn obey(locked: &mut Locked, look: &Look, order: &Order) -> bool {
    let known = locked.reply.ordered.clone();
    let is_said = known.as_ref().is_some_and(|(event, _)| *event == look.cause);
    if !is_said {
        if known.as_ref().is_some_and(|(_, sequence)| order.sequence <= *sequence) {
            return false;
        }
        locked.reply.ordered = Some((look.cause.clone(), order.sequence));
        if may(locked, look, order, known.map(|(event, _)| event).as_ref()) {
            carry_out(locked, look, order.wish);
        }
    }
    match order.wish {
        Wish::Reopen { .. } => 0 < locked.reply.round && locked.reply.verdict.is_none(),
        Wish::Sent => locked.reply.verdict.is_some(),
        Wish::Again | Wish::Anew => {
            let standing = locked.reply.verdict;
            look.has_words && standing.is_some() && look.verdict == standing
        }
    }
}

/// Whether it can be done with what stands there. `before` is the operator's word before this one.
fn may(locked: &Locked, look: &Look, order: &Order, before: Option<&EventId>) -> bool {
    let standing = locked.reply.verdict;
    match order.wish {
        Wish::Reopen { anew } => match standing.map(Verdict::kind) {
            None => false,
            Some(Some(ReplyKind::Answer | ReplyKind::HandOff)) => anew,
            Some(None | Some(ReplyKind::Apology | ReplyKind::Notice | ReplyKind::Held)) => true,
        },
        Wish::Sent => standing.is_some(),
        // Where the message was reopened, the words of the outcome before that are of no use.
        Wish::Again | Wish::Anew if standing.is_none() && 0 < locked.reply.round => {
            look.has_words && order.outcome_of.as_ref() == before
        }
        Wish::Anew => look.has_words,
        Wish::Again => {
            let is_it = standing.is_none_or(|it| look.verdict == Some(it));
            look.has_words && (is_it || is_made_good(standing, look.verdict))
        }
    }
}

fn carry_out(locked: &mut Locked, look: &Look, wish: Wish) {
    match wish {
        Wish::Reopen { .. } => begin_anew(locked),
        Wish::Sent => settle_doubts(locked),
        Wish::Again if is_made_good(locked.reply.verdict, look.verdict) => begin_anew(locked),
        Wish::Again => send_again(locked),
        Wish::Anew if locked.reply.verdict.is_some() => begin_anew(locked),
        Wish::Anew => {}
    }
    if let (None, Wish::Again | Wish::Anew) = (locked.reply.verdict, wish) {
        locked.reply.verdict = look.verdict;
        locked.reply.verdict_event = Some(look.cause.clone());
    }
}

/// Whether an answer would come after word that there is none.
fn is_made_good(standing: Option<Verdict>, other: Option<Verdict>) -> bool {
    let kind = |it: Option<Verdict>| it.and_then(Verdict::kind);
    kind(standing) == Some(ReplyKind::Apology) && kind(other) == Some(ReplyKind::Answer)
}

fn begin_anew(locked: &mut Locked) {
    let round = locked.reply.round;
    for it in locked.effects.iter_mut().filter(|it| it.round == round) {
        // Nobody sends these any more; an echo still says that one is there.
        if let EffectState::Planned | EffectState::Sending | EffectState::Uncertain { .. } =
            it.effect.state
        {
            it.effect.state = EffectState::Failed { code: BEGUN_ANEW.to_owned() };
        }
    }
    let reply = &mut locked.reply;
    reply.round = reply.round.saturating_add(1);
    (reply.verdict, reply.verdict_event) = (None, None);
    (reply.outcome, reply.outcome_event) = (None, None);
    reply.waited_out = false;
}

/// What a person reads has arrived. Of a placeholder nobody asked.
fn settle_doubts(locked: &mut Locked) {
    let round = locked.reply.round;
    let is_read = |it: &Ledgered| matches!(it.what, What::Post | What::Note);
    for it in locked.effects.iter_mut().filter(|it| it.round == round && is_read(it)) {
        // Refused to all that is not in doubt.
        if let Ok(moved) = it.effect.step(Input::OperatorSaysSent(String::new())) {
            it.effect = moved.effect;
        }
    }
}

/// What a person reads; a placeholder is of no use any more. Where the word to whoever takes over was
/// refused, the conversation is the agent's again: that is not said any more.
fn send_again(locked: &mut Locked) {
    let round = locked.reply.round;
    let is_read = |it: &Ledgered| match it.what {
        What::Post => true,
        What::Note => matches!(it.effect.state, EffectState::Uncertain { .. }),
        What::Placeholder | What::Update | What::Delete => false,
    };
    for it in locked.effects.iter_mut().filter(|it| it.round == round && is_read(it)) {
        if let Ok(moved) = it.effect.step(Input::OperatorSaysResend) {
            it.effect = moved.effect;
            // Whatever comes of it is news.
            (locked.reply.outcome, locked.reply.outcome_event) = (None, None);
        }
    }
}

#[cfg(test)]
mod tests;
