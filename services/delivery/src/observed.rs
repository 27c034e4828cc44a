//! Our own words came back from the chat system.

use runtime::{Delivery as Delivered, Failure};
use schemas::{Event, event::EffectObserved};

use crate::{Delivery, decide::News, from_store};

impl Delivery {
    /// Whatever was in doubt about them is settled; a second one of what should be there once is
    /// taken away. What follows is looked at each time, also where the echo says what is known: an
    /// earlier attempt may have settled the effect and come no further.
    pub(crate) async fn observed(
        &self,
        delivery: &Delivered,
        data: &EffectObserved,
    ) -> Result<Vec<Event>, Failure> {
        let of = self.replies.0.of_effect(&delivery.cause.tenant, &data.effect).await;
        let Some(message) = of.map_err(from_store)? else { return Ok(Vec::new()) };
        let Some(thread) = self.thread(delivery, &message).await? else { return Ok(Vec::new()) };
        let seen = News::Seen { effect: data.effect.clone(), ts: data.ts.clone() };
        self.drive(&thread, None, vec![seen]).await
    }
}
