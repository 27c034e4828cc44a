//! One call: the ledger says `sending` before it is made, and what came of it after.

use std::time::Duration;

use channels::Call;
use domain::effect::{EffectState, Input, Rejection, SendOutcome};
use runtime::Failure;
use schemas::{EffectId, event::ReplyKind};
use store::effects::{self, Stepped, What};
use tracing::warn;

use crate::{Delivery, Thread, from_store};

/// The pause before a call that never left is made again.
const RECONNECT_PAUSE: Duration = Duration::from_secs(1);

/// A call that the ledger says is being made.
pub(crate) struct Claimed {
    pub(crate) effect: EffectId,
    pub(crate) attempt: u32,
    pub(crate) what: What,
    pub(crate) part: usize,
    /// What is updated or deleted.
    pub(crate) target_ts: Option<String>,
}

/// What came of a call, for the loop.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Came {
    /// It is on record; ask what is next.
    Settled,
    /// It was not made, or not carried out: the same call may be made after a wait.
    NotYet(Duration),
}

impl Delivery {
    /// Makes a call and settles its effect.
    pub(crate) async fn call(
        &self,
        thread: &Thread<'_>,
        claimed: &Claimed,
        kind: Option<ReplyKind>,
        text: &str,
    ) -> Result<Came, Failure> {
        let place = &thread.message.place;
        let call = Call { token: &thread.token, place, effect: &claimed.effect };
        let ts = claimed.target_ts.as_deref().unwrap_or_default();
        let outcome = match claimed.what {
            What::Update => self.outbound.update(call, ts, text).await,
            What::Delete => self.outbound.delete(call, ts).await,
            What::Post if kind == Some(ReplyKind::Notice) => {
                self.outbound.tell(call, &thread.message.sender, text).await
            }
            What::Post | What::Placeholder => self.outbound.post(call, text).await,
        };
        self.settle(thread, claimed, outcome).await
    }

    async fn settle(
        &self,
        thread: &Thread<'_>,
        claimed: &Claimed,
        outcome: SendOutcome,
    ) -> Result<Came, Failure> {
        report(claimed, &outcome);
        let now = self.context.clock.now();
        let input = Input::Outcome { attempt: claimed.attempt, outcome };
        let mut tx = self.db.tenant(thread.tenant()).await.map_err(from_store)?;
        let stepped = effects::step(&mut tx, &claimed.effect, input, &self.fence, now).await;
        let stepped = stepped.map_err(from_store)?;
        tx.commit().await.map_err(from_store)?;
        Ok(match stepped {
            Stepped::Moved(moved) if moved.effect.state == EffectState::Planned => {
                Came::NotYet(moved.wait.unwrap_or(RECONNECT_PAUSE))
            }
            Stepped::Moved(_) | Stepped::Refused(_) | Stepped::Unknown => Came::Settled,
        })
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
            warn!(effect = %claimed.effect, what, code, class, "the chat system refused it");
        }
        SendOutcome::NotSent(detail) => {
            warn!(effect = %claimed.effect, what, detail, "the chat system was not reached");
        }
        SendOutcome::RetryAfter(wait) => {
            let wait_ms = wait.as_millis();
            warn!(effect = %claimed.effect, what, wait_ms, "the chat system asks to wait");
        }
        SendOutcome::Ambiguous(detail) => {
            warn!(effect = %claimed.effect, what, detail, "nobody knows whether it was sent");
        }
    }
}
