//! Our own words came back from the chat system.

use channels::Call;
use domain::effect::Input;
use runtime::{Delivery as Delivered, Failure};
use schemas::{EffectId, Event, event::EffectObserved};
use store::{
    effects::{self, Stepped},
    replies,
};

use crate::{Delivery, Thread, from_store};

impl Delivery {
    /// Whatever was in doubt about them is settled; a second one of what should be there once is
    /// taken away. What follows is looked at each time, also where the echo says what is known: an
    /// earlier attempt may have settled the effect and come no further.
    pub(crate) async fn observed(
        &self,
        delivery: &Delivered,
        data: &EffectObserved,
    ) -> Result<Vec<Event>, Failure> {
        let now = self.context.clock.now();
        let mut tx = self.db.tenant(&delivery.cause.tenant).await.map_err(from_store)?;
        let known = effects::find(&mut tx, &data.effect).await.map_err(from_store)?;
        let Some(known) = known else { return Ok(Vec::new()) };
        let input = Input::Observed(data.ts.clone());
        let stepped = effects::step(&mut tx, &known.id, input, &self.fence, now).await;
        let stepped = stepped.map_err(from_store)?;
        let reply = replies::find(&mut tx, &known.message).await.map_err(from_store)?;
        tx.commit().await.map_err(from_store)?;
        let Some(reply) = reply else { return Ok(Vec::new()) };
        let Some(thread) = self.thread(delivery, &reply.message).await? else {
            return Ok(Vec::new());
        };
        if let Stepped::Moved(moved) = &stepped
            && let Some(stray) = &moved.stray
        {
            self.take_away(&thread, &known.id, stray).await?;
        }
        self.drive(&thread, None).await
    }

    /// A deletion changes nothing when it is made twice, so it needs no row of its own.
    async fn take_away(
        &self,
        thread: &Thread<'_>,
        effect: &EffectId,
        ts: &str,
    ) -> Result<(), Failure> {
        tracing::warn!(%effect, "a second one appeared, taking it away");
        let place = &thread.message.place;
        let call = Call { token: &thread.token, place, effect };
        let outcome = self.outbound.delete(call, ts).await;
        match outcome {
            domain::effect::SendOutcome::Sent(_) | domain::effect::SendOutcome::Rejected { .. } => {
                Ok(())
            }
            domain::effect::SendOutcome::NotSent(_)
            | domain::effect::SendOutcome::RetryAfter(_)
            | domain::effect::SendOutcome::Ambiguous(_) => {
                Err(Failure::retry(anyhow::anyhow!("a stray message stays for now")))
            }
        }
    }
}
