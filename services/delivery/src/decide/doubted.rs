//! After a restore: what may have been sent by the installation that was lost is not sent again.
//!
//! Whatever is about to be sent the first time for such a message becomes an effect in doubt instead. The
//! effect has the name that it would have had there, so the chat system can be asked about it, and an
//! operator decides where that does not help.

use domain::{
    effect::EffectState,
    reply_state::{self, Step},
};
use schemas::EffectId;
use store::{
    effects::{Ledgered, What},
    replies::Locked,
};

use super::{Look, Spot, planned};

/// What is said of such an effect.
const RESTORED: &str = "restored: it may have been sent after the backup";

/// Writes down what may have been sent. Says whether there is something new to look for.
pub(super) fn note(locked: &mut Locked, look: &Look) -> bool {
    let Some(doubt) = look.doubt else { return false };
    let ordered = locked.reply.ordered.as_ref().map(|(_, place)| *place);
    if !doubt.is_of(&locked.reply.message, ordered) {
        return false;
    }
    let mut is_new = false;
    while let Some((what, part)) = sends(locked, look) {
        let index = planned(locked, look, what, part);
        let Some(ledgered) = locked.effects.get_mut(index) else { break };
        ledgered.effect.state = EffectState::Uncertain { detail: RESTORED.to_owned() };
        // Nobody waits for a placeholder before there is an answer.
        is_new |= what != What::Placeholder;
    }
    is_new
}

/// What would be sent next, of what a person would notice twice.
fn sends(locked: &Locked, look: &Look) -> Option<(What, usize)> {
    match reply_state::next(&locked.state()).into_iter().next()? {
        Step::PostPlaceholder if look.owns_lane => Some((What::Placeholder, 0)),
        Step::Note if look.has_words => Some((What::Note, 0)),
        Step::Post { part } if look.has_words => Some((What::Post, part)),
        Step::PostPlaceholder
        | Step::Note
        | Step::Post { .. }
        | Step::Update { .. }
        | Step::Delete { .. }
        | Step::Wait
        | Step::Delivered
        | Step::Uncertain { .. }
        | Step::Failed { .. }
        | Step::Closed => None,
    }
}

/// Where else the first part may stand: in the place of a placeholder that nobody here knows of.
pub(super) fn in_place(locked: &Locked, it: &Ledgered) -> Option<Spot> {
    let EffectState::Uncertain { detail } = &it.effect.state else { return None };
    let cause = locked.reply.verdict_event.as_ref()?;
    let is_first = it.what == What::Post && it.part == 0 && detail == RESTORED;
    let name = EffectId::derive(cause, What::Update.as_str(), 0);
    is_first.then(|| Spot { seen_as: Some(name), ..Spot::of(it) })
}

#[cfg(test)]
mod tests;
