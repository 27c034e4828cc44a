//! One call to the chat system. The ledger says `sending` before it is made, and what came of it after.

use channels::{Call, Wording};
use domain::effect::{Rejection, SendOutcome};
use schemas::event::ReplyKind;
use store::effects::What;
use tracing::warn;

use crate::{Delivery, Thread, decide::Claimed};

impl Delivery {
    /// Makes a call. A dead connection whose token was replaced meanwhile is not dead: the call was not
    /// carried out, and is made again with the new token.
    pub(crate) async fn call(
        &self,
        thread: &Thread<'_>,
        claimed: &Claimed,
        wording: Wording<'_>,
    ) -> SendOutcome {
        let place = &thread.place_of(&claimed.spot);
        let call = Call { token: &thread.token, place, effect: &claimed.spot.effect };
        let ts = claimed.target_ts.as_deref().unwrap_or_default();
        let outcome = match claimed.what {
            What::Update => self.outbound.update(call, ts, wording).await,
            What::Delete => self.outbound.delete(call, ts).await,
            What::Post if claimed.kind.is_some_and(ReplyKind::is_for_one) => {
                self.outbound.tell(call, &thread.message.sender, wording.text).await
            }
            What::Post | What::Placeholder | What::Note => self.outbound.post(call, wording).await,
        };
        report(claimed, &outcome);
        let SendOutcome::Rejected { class: Rejection::Connection, .. } = &outcome else {
            return outcome;
        };
        let (tenant, now) = (thread.tenant(), self.context.clock.now());
        let connection = self.connection(tenant, &thread.connection.id);
        let name = &connection.as_ref().unwrap_or(&thread.connection).token;
        // Where nobody can say, the refusal is not taken for the last word.
        let replaced = self.tokens.is_replaced(tenant, name, &thread.token, now).await;
        if replaced.unwrap_or(true) {
            return SendOutcome::NotSent("the token was replaced".to_owned());
        }
        outcome
    }
}

fn report(claimed: &Claimed, outcome: &SendOutcome) {
    let what = claimed.what.as_str();
    match outcome {
        SendOutcome::Sent(_) => {}
        SendOutcome::Rejected { code, class } => {
            let class = match class {
                Rejection::Connection => "connection",
                Rejection::Target => "target",
                Rejection::Payload => "payload",
            };
            warn!(effect = %claimed.spot.effect, what, code, class, "the chat system refused it");
        }
        SendOutcome::NotSent(detail) => {
            warn!(effect = %claimed.spot.effect, what, detail, "the chat system was not reached");
        }
        SendOutcome::RetryAfter(wait) => {
            let wait_ms = wait.as_millis();
            warn!(effect = %claimed.spot.effect, what, wait_ms, "the chat system asks to wait");
        }
        SendOutcome::Ambiguous(detail) => {
            warn!(effect = %claimed.spot.effect, what, detail, "nobody knows whether it was sent");
        }
    }
}
