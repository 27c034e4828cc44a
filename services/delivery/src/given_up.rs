//! A hand-off whose reply is set aside: somebody must have the conversation.

use runtime::{Delivery as Delivered, Failure, Verdict};
use schemas::{Event, event::CompletionHandedOff};
use store::replies::Locked;

use crate::{
    Delivery,
    decide::{self, Look, Next},
    from_store,
};

impl Delivery {
    /// Word that a thread is the agent's again, unless whoever takes over may know of it. What cannot be
    /// looked up is left as it is.
    pub(crate) async fn nobody_takes_over(
        &self,
        delivery: &Delivered,
        data: &CompletionHandedOff,
    ) -> Result<Vec<Event>, Failure> {
        let (tenant, now) = (&delivery.cause.tenant, self.context.clock.now());
        let note_to = Some(data.to_channel.clone());
        let look = Look { note_to, ..Look::new(&delivery.cause.id, delivery.first_sequence, now) };
        let give_up = move |locked: &mut Locked| decide::give_up(locked, &look);
        let next = self.replies.0.change(tenant, &data.message, now, give_up).await;
        match next.map_err(from_store) {
            Ok(next) => Ok(if let Next::Done(events) = next { events } else { Vec::new() }),
            Err(failure) if failure.verdict == Verdict::Wait => Err(failure),
            Err(failure) => {
                tracing::warn!(error = %failure, "it is not known whether anybody takes over");
                Ok(Vec::new())
            }
        }
    }
}
