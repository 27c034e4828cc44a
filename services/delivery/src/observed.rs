//! Our own words came back from the chat system.

use domain::effect::EffectState;
use runtime::{Delivery as Delivered, Failure};
use schemas::{Event, EventId, event::EffectObserved};
use store::replies::Owner;

use crate::{Delivery, decide::News, from_store};

impl Delivery {
    /// Whatever was in doubt about them is settled; a second one of what should be there once is
    /// taken away.
    pub(crate) async fn observed(
        &self,
        delivery: &Delivered,
        data: &EffectObserved,
    ) -> Result<Vec<Event>, Failure> {
        let owner = self.replies.0.of_effect(&delivery.cause.tenant, &data.effect).await;
        let Some(owner) = owner.map_err(from_store)? else { return Ok(Vec::new()) };
        if says_nothing_new(&owner, &data.ts, &delivery.cause.id) {
            return Ok(Vec::new());
        }
        let thread = self.thread(delivery, &owner.message).await?;
        let Some(thread) = thread else { return Ok(Vec::new()) };
        let seen = News::Seen { effect: data.effect.clone(), ts: data.ts.clone() };
        self.drive(&thread, None, vec![seen]).await
    }
}

/// Most echoes: the call was answered long ago, and nothing waits for this one. Not so where an earlier
/// handling of the same echo ended the reply, since its word may be lost.
fn says_nothing_new(owner: &Owner, seen: &str, cause: &EventId) -> bool {
    let is_known = matches!(&owner.effect, EffectState::Sent { ts } if ts == seen);
    let is_over = owner.outcome_event.as_ref().is_some_and(|ended| ended != cause);
    is_known && (is_over || !owner.is_decided)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_echo_of_what_is_known_says_nothing_new() {
        let sent = |ts: &str| EffectState::Sent { ts: ts.to_owned() };
        let doubt = EffectState::Uncertain { detail: "timeout".to_owned() };
        let cases = [
            (sent("1.1"), false, None, true), // the placeholder, and no answer yet
            (sent("1.1"), true, Some("finished"), true), // the answer is there, and said so
            (sent("1.1"), true, Some("echo"), false), // said by this echo: perhaps not stored
            (sent("1.1"), true, None, false), // the worker died before it said so
            (sent("1.2"), true, Some("finished"), false), // a second copy
            (doubt, true, Some("finished"), false), // it settles a doubt
        ];
        for (effect, is_decided, ended, want) in cases {
            let owner = Owner {
                message: crate::decide::tests::message(),
                effect,
                is_decided,
                outcome_event: ended.map(|event| event.parse().unwrap()),
            };
            let got = says_nothing_new(&owner, "1.1", &"echo".parse().unwrap());
            assert_eq!(got, want, "{owner:?}");
        }
    }
}
