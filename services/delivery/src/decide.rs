//! What is next for a reply: a pure function over what is known of it.

mod doubted;
mod look;
mod order;

use std::time::Duration;

use domain::{
    effect::{Effect, EffectState, Input},
    reply_state::{self, Slot, Step, Verdict},
};
use schemas::{
    EffectId, Event, EventId, MessageRef,
    event::{
        ConversationHandedBack, HandedBackBy, ReplyDelivered, ReplyFailed, ReplyKind,
        ReplyUncertain, SentPart,
    },
};
use store::{
    effects::{Ledgered, What},
    replies::{Locked, Outcome},
};

pub(crate) use self::{
    look::{Claimed, Look, News, Next, Spot},
    order::{Order, Wish},
};

/// The code of what was set aside.
pub(crate) const SET_ASIDE: &str = "set_aside";

/// The pause before a call that never left is made again.
const RECONNECT_PAUSE: Duration = Duration::from_secs(1);

/// Writes down what is new, decides, and claims the call that follows.
pub(crate) fn next(locked: &mut Locked, look: &Look) -> Next {
    if let Some(next) = learn(locked, &look.news) {
        return next;
    }
    if !locked.leads {
        return Next::Replaced;
    }
    if !look.owns_lane && is_being_sent(locked) {
        return Next::Done(Vec::new());
    }
    find_lost(locked);
    let goes_on = match &look.order {
        Some(order) => order::obey(locked, look, order),
        None => decide(locked, look),
    };
    if !goes_on {
        return Next::Done(Vec::new());
    }
    locked.reply.waited_out |= look.looked;
    if doubted::note(locked, look) {
        return Next::Reconcile(in_doubt(locked));
    }
    let Some(step) = reply_state::next(&locked.state()).into_iter().next() else {
        return Next::Done(Vec::new());
    };
    match step {
        // The event that decided says it, and has the words: it is on its way, or comes again.
        Step::Note | Step::Update { .. } | Step::Post { .. } if !look.has_words => {
            Next::Done(Vec::new())
        }
        // Nobody sends beside the lane that would take it for the work of a worker that died.
        Step::PostPlaceholder | Step::Delete { .. } if !look.owns_lane => Next::Done(Vec::new()),
        Step::Wait => Next::Reconcile(in_doubt(locked)),
        Step::Uncertain { .. } if !look.looked => Next::Reconcile(in_doubt(locked)),
        Step::PostPlaceholder => claim(locked, look, What::Placeholder, 0, None),
        Step::Note => claim(locked, look, What::Note, 0, None),
        Step::Update { ts } => claim(locked, look, What::Update, 0, Some(ts)),
        Step::Post { part } => claim(locked, look, What::Post, part, None),
        Step::Delete { ts } => claim(locked, look, What::Delete, 0, Some(ts)),
        Step::Delivered => {
            let event = delivered(locked);
            end(locked, look, Outcome::Delivered, Some(event))
        }
        Step::Failed { code } => {
            let event = failed(&locked.reply.message, kind(locked), &code);
            end(locked, look, Outcome::Failed, Some(event))
        }
        Step::Uncertain { of, detail } => {
            let event = uncertain(locked, of, detail);
            end(locked, look, Outcome::Uncertain, event)
        }
        Step::Closed => end(locked, look, Outcome::Closed, None),
    }
}

/// What a call came to is true whoever says it; what is seen is there.
fn learn(locked: &mut Locked, news: &[News]) -> Option<Next> {
    let mut next = None;
    for news in news {
        let (id, input) = match news {
            News::Came { effect, attempt, outcome } => {
                (effect, Input::Outcome { attempt: *attempt, outcome: outcome.clone() })
            }
            News::Seen { effect, ts } => (effect, Input::Observed(ts.clone())),
        };
        let Some(ledgered) = locked.effects.iter_mut().find(|it| it.id == *id) else { continue };
        let Ok(moved) = ledgered.effect.step(input) else { continue };
        ledgered.effect = moved.effect;
        if let Some(ts) = moved.stray {
            next = Some(Next::TakeAway { spot: Spot::of(ledgered), ts });
        } else if ledgered.effect.state == EffectState::Planned {
            let wait = moved.wait.unwrap_or(RECONNECT_PAUSE);
            next = Some(Next::NotYet { what: ledgered.what, wait });
        }
    }
    next
}

/// The reply to a hand-off is set aside. Where whoever takes over cannot know of it nobody will, so the
/// word to them counts as refused, and the thread is the agent's again.
pub(crate) fn give_up(locked: &mut Locked, look: &Look) -> Next {
    if !locked.leads {
        return Next::Replaced;
    }
    match locked.state().note {
        Some(EffectState::Sending | EffectState::Sent { .. } | EffectState::Uncertain { .. }) => {
            return Next::Done(Vec::new());
        }
        Some(EffectState::Failed { .. }) => {}
        None | Some(EffectState::Planned) => {
            let index = planned(locked, look, What::Note, 0);
            if let Some(note) = locked.effects.get_mut(index) {
                note.effect.state = EffectState::Failed { code: SET_ASIDE.to_owned() };
            }
        }
    }
    Next::Done(handed_back(locked).into_iter().collect())
}

/// Whether a call is on its way, or a worker died in the middle of one.
fn is_being_sent(locked: &Locked) -> bool {
    locked.effects.iter().any(|it| it.effect.state == EffectState::Sending)
}

/// A worker that died left effects that say `sending`. A lane is worked one at a time, and nobody sends
/// beside it, so nobody else is at them.
fn find_lost(locked: &mut Locked) {
    for ledgered in &mut locked.effects {
        if let Ok(moved) = ledgered.effect.step(Input::FoundSendingAfterCrash) {
            ledgered.effect = moved.effect;
        }
    }
}

/// The first verdict stands. Where an operator made room for another, what was said before their word has
/// no place in it. Says whether this event may go on.
fn decide(locked: &mut Locked, look: &Look) -> bool {
    let Some(verdict) = look.verdict else { return true };
    if let Some(standing) = &locked.reply.verdict_event {
        return *standing == look.cause;
    }
    let is_before = |(_, ordered): &(EventId, u64)| look.place <= *ordered;
    if 0 < locked.reply.round && locked.reply.ordered.as_ref().is_some_and(is_before) {
        return false;
    }
    locked.reply.verdict = Some(verdict);
    locked.reply.verdict_event = Some(look.cause.clone());
    true
}

/// Word that nobody takes over, where the reply says so.
fn handed_back(locked: &Locked) -> Option<Event> {
    let EffectState::Failed { code } = locked.state().note? else { return None };
    let message = &locked.reply.message;
    Some(Event::ConversationHandedBack(ConversationHandedBack {
        connection: message.connection.clone(),
        conversation: message.conversation.clone(),
        handed_off: message.id.clone(),
        by: HandedBackBy::Unreached(code),
    }))
}

/// The event whose handling ended it says so, every time it is handled; the others do not.
fn end(locked: &mut Locked, look: &Look, outcome: Outcome, event: Option<Event>) -> Next {
    let back = handed_back(locked);
    let reply = &mut locked.reply;
    if reply.outcome == Some(outcome) && reply.outcome_event.as_ref() != Some(&look.cause) {
        return Next::Done(Vec::new());
    }
    reply.outcome = Some(outcome);
    reply.outcome_event = Some(look.cause.clone());
    Next::Done(event.into_iter().chain(back).collect())
}

/// Claims the effect that is planned for this already, or a new one.
fn claim(
    locked: &mut Locked,
    look: &Look,
    what: What,
    part: usize,
    target_ts: Option<String>,
) -> Next {
    let kind = locked.reply.verdict.and_then(Verdict::kind);
    let is_unreached = matches!(locked.state().note, Some(EffectState::Failed { .. }));
    let index = planned(locked, look, what, part);
    let claimed = locked.effects.get_mut(index).and_then(|ledgered| {
        // Refused to what is settled or in doubt, and the core asks for neither.
        let moved = ledgered.effect.step(Input::Claim).ok()?;
        ledgered.effect = moved.effect;
        ledgered.target_ts.clone_from(&target_ts);
        let (spot, attempt) = (Spot::of(ledgered), ledgered.effect.attempt);
        Some(Claimed { spot, attempt, what, part, target_ts, kind, is_unreached })
    });
    claimed.map_or(Next::NotYet { what, wait: RECONNECT_PAUSE }, Next::Call)
}

/// Where the effect stands that is planned for this already, or a new one.
fn planned(locked: &mut Locked, look: &Look, what: What, part: usize) -> usize {
    let place = small(part);
    let round = locked.reply.round;
    let is_it = |it: &Ledgered| it.round == round && it.what == what && it.part == place;
    let known = locked.effects.iter().rposition(is_it);
    let index = known.unwrap_or(locked.effects.len());
    if known.is_none() {
        let message = &locked.reply.message;
        locked.effects.push(Ledgered {
            id: EffectId::derive(&look.cause, what.as_str(), part),
            message: message.id.clone(),
            what,
            part: place,
            effect: match what {
                What::Update | What::Delete => Effect::repeatable(),
                What::Placeholder | What::Post | What::Note => Effect::once(),
            },
            channel: match (what, &look.note_to) {
                (What::Note, Some(channel)) => channel.clone(),
                _ => message.place.channel.clone(),
            },
            target_ts: None,
            planned_at: look.now,
            round,
        });
    }
    index
}

fn small(part: usize) -> u32 {
    u32::try_from(part).unwrap_or(u32::MAX)
}

fn in_doubt(locked: &Locked) -> Vec<Spot> {
    let doubtful = |it: &&Ledgered| matches!(it.effect.state, EffectState::Uncertain { .. });
    let spot = |it: &Ledgered| doubted::in_place(locked, it).unwrap_or_else(|| Spot::of(it));
    locked.current().filter(doubtful).map(spot).collect()
}

fn kind(locked: &Locked) -> ReplyKind {
    locked.reply.verdict.and_then(Verdict::kind).unwrap_or(ReplyKind::Apology)
}

/// The effect that brought a part: a message of its own, or the placeholder's place.
fn of_part(locked: &Locked, part: usize) -> Option<&Ledgered> {
    let of = |what, part| locked.current().rev().find(|it| it.what == what && it.part == part);
    of(What::Post, small(part)).or_else(|| of(What::Update, 0).filter(|_| part == 0))
}

fn delivered(locked: &Locked) -> Event {
    let count = match locked.reply.verdict {
        Some(Verdict::Reply { parts, .. }) => parts,
        Some(Verdict::Nothing) | None => 0,
    };
    let part = |index| {
        let it = of_part(locked, index)?;
        let EffectState::Sent { ts } = &it.effect.state else { return None };
        Some(SentPart { effect: it.id.clone(), ts: ts.clone() })
    };
    Event::ReplyDelivered(ReplyDelivered {
        message: locked.reply.message.clone(),
        reply: kind(locked),
        parts: (0..count).filter_map(part).collect(),
    })
}

fn uncertain(locked: &Locked, of: Slot, detail: String) -> Option<Event> {
    let doubtful = match of {
        Slot::Part(part) => of_part(locked, part),
        Slot::Note => locked.current().rev().find(|it| it.what == What::Note),
    };
    let effect = doubtful?.id.clone();
    let (message, reply) = (locked.reply.message.clone(), kind(locked));
    Some(Event::ReplyUncertain(ReplyUncertain { message, reply, effect, detail }))
}

/// Word that the person has no reply.
pub(crate) fn failed(message: &MessageRef, reply: ReplyKind, code: &str) -> Event {
    Event::ReplyFailed(ReplyFailed { message: message.clone(), reply, code: code.to_owned() })
}

#[cfg(test)]
pub(crate) mod tests;
