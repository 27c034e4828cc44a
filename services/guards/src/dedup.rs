//! `message.received` → `message.accepted` | `message.duplicate`.
//!
//! One mention arrives as `message` and as `app_mention`, and each of them again when Slack was not
//! answered in time. The first delivery of a message passes; every other is named a duplicate.

use runtime::{Clock, Delivery, Failure, Handler, Lane};
use schemas::{
    Envelope, Event, Message,
    event::{MessageAccepted, MessageDuplicate},
};
use store::{
    Database, StoreError,
    dedup::{self, Arrival, Verdict},
};

use crate::{decide_all, not_read};

/// Lets the first delivery of a message through.
pub struct Dedup {
    /// Where keys are kept.
    pub db: Database,
    /// When they were seen.
    pub clock: Clock,
}

impl Handler for Dedup {
    const CONSUMER: &'static nats::Consumer = &nats::DEDUP;

    /// One transaction decides a batch, so all deliveries share a lane.
    fn lane(&self, _: &Envelope) -> Lane {
        Lane::ONE
    }

    async fn handle(&self, batch: &[Delivery]) -> Vec<Result<Vec<Event>, Failure>> {
        decide_all(batch, |batch| self.decide(batch)).await
    }
}

impl Dedup {
    async fn decide(
        &self,
        batch: &[Delivery],
    ) -> Result<Vec<Result<Vec<Event>, Failure>>, StoreError> {
        let arrivals: Vec<_> = batch.iter().filter_map(arrival).collect();
        let verdicts = dedup::decide(&self.db, &arrivals, self.clock.now()).await?;
        let mut verdicts = verdicts.into_iter();
        let event = |delivery: &Delivery| {
            let message = message(delivery).ok_or_else(|| not_read(&delivery.cause.event))?;
            let verdict = verdicts.next().ok_or_else(|| not_read(&delivery.cause.event))?;
            Ok(vec![event(message, verdict)])
        };
        Ok(batch.iter().map(event).collect())
    }
}

fn message(delivery: &Delivery) -> Option<&Message> {
    let Event::MessageReceived(data) = &delivery.cause.event else { return None };
    Some(&data.message)
}

fn arrival(delivery: &Delivery) -> Option<Arrival> {
    let message = message(delivery)?;
    Some(Arrival {
        tenant: delivery.cause.tenant.clone(),
        event: delivery.cause.id.clone(),
        seq: delivery.first_sequence,
        connection: message.key.connection.clone(),
        delivery: message.delivery.clone(),
        message: message.key.id.clone(),
    })
}

fn event(message: &Message, verdict: Verdict) -> Event {
    match verdict {
        Verdict::First => Event::MessageAccepted(MessageAccepted { message: message.clone() }),
        Verdict::Duplicate { first, reason } => {
            let message = message.key.clone();
            Event::MessageDuplicate(MessageDuplicate { message, first, reason })
        }
    }
}
