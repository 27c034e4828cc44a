//! An operator decides what becomes of a reply.

use domain::{reply::held_notice, reply_state::Verdict};
use runtime::{Delivery as Delivered, Failure};
use schemas::{
    Event, EventId, MessageRef,
    event::{FailureReason, MessageReopened, ReplyDecided, ReplyDecision, ReplyKind},
};
use store::completions;

use crate::{
    Delivery,
    decide::{Order, Wish},
    from_store,
    words::Words,
};

impl Delivery {
    /// There will be another outcome of the message: what was said makes room for it.
    pub(crate) async fn reopened(
        &self,
        delivery: &Delivered,
        data: &MessageReopened,
    ) -> Result<Vec<Event>, Failure> {
        let thread = self.thread(delivery, &data.message.key).await?;
        let Some(thread) = thread else { return Ok(Vec::new()) };
        let wish = Wish::Reopen { anew: data.anew };
        let order = Order { wish, sequence: delivery.first_sequence, outcome_of: None };
        self.drive_by(&thread, None, Vec::new(), Some(order)).await
    }

    /// The operator looked, or does not wait any longer.
    pub(crate) async fn decided(
        &self,
        delivery: &Delivered,
        data: &ReplyDecided,
    ) -> Result<Vec<Event>, Failure> {
        let Some(thread) = self.thread(delivery, &data.message).await? else {
            return Ok(Vec::new());
        };
        let wish = match data.decision {
            ReplyDecision::Sent => Wish::Sent,
            ReplyDecision::Again => Wish::Again,
            ReplyDecision::Anew => Wish::Anew,
        };
        let found = match wish {
            Wish::Again | Wish::Anew => self.on_record(delivery, &data.message).await?,
            Wish::Sent | Wish::Reopen { .. } => None,
        };
        let (outcome_of, said) = match found {
            Some((outcome_of, verdict, words)) => (Some(outcome_of), Some((verdict, words))),
            None => (None, None),
        };
        let order = Order { wish, sequence: delivery.first_sequence, outcome_of };
        self.drive_by(&thread, said, Vec::new(), Some(order)).await
    }

    /// The words of the outcome that stands, and what it is the outcome of; nothing where it has none.
    #[expect(clippy::wildcard_enum_match_arm, reason = "nothing else is an outcome")]
    async fn on_record(
        &self,
        delivery: &Delivered,
        message: &MessageRef,
    ) -> Result<Option<(EventId, Verdict, Words)>, Failure> {
        let tenant = &delivery.cause.tenant;
        let found = completions::find(&self.db, tenant, &message.id).await.map_err(from_store)?;
        let Some(done) = found else { return Ok(None) };
        let (kind, words) = match done.envelope.event {
            Event::CompletionFinished(mut data) => {
                data.near = done.near;
                (ReplyKind::Answer, self.answer(delivery, &data).await?)
            }
            Event::CompletionFailed(data) => match data.reason {
                FailureReason::TenantSuspended | FailureReason::ConnectionRemoved => {
                    return Ok(None);
                }
                FailureReason::ModelsFailed
                | FailureReason::NoAgent
                | FailureReason::SetAside
                | FailureReason::OverBudget => (ReplyKind::Apology, self.apology(&data)),
            },
            Event::CompletionHandedOff(data) => {
                (ReplyKind::HandOff, self.hand_off(delivery, &data).await?)
            }
            Event::MessageHeld(data) if data.tell => {
                (ReplyKind::Held, Words::of_text(held_notice()))
            }
            _ => return Ok(None),
        };
        let verdict = Verdict::Reply { kind, parts: words.parts.len() };
        Ok(Some((done.cause, verdict, words)))
    }
}
