//! `message.accepted` → `message.admitted` | `message.throttled`.
//!
//! GCRA per tenant and per (tenant, kind of channel). The time that counts is when the
//! message was written, so a backlog is judged as it came, not as it is worked off.

use domain::gcra;
use runtime::{Delivery, DirectoryWatch, Failure, Handler, Lane};
use schemas::{
    Envelope, Event, Limits, Message,
    event::{MessageAdmitted, MessageThrottled},
};
use store::{
    Database, StoreError,
    limits::{self, Ask, Decision, Verdict},
};

use crate::{decide_all, not_read};

/// Spends a tenant's quota, or says when to come back.
pub struct RateLimit {
    /// Where spending is kept.
    pub db: Database,
    /// Each tenant's limits.
    pub directory: DirectoryWatch,
}

impl Handler for RateLimit {
    const CONSUMER: &'static nats::Consumer = &nats::RATE_LIMIT;

    /// One transaction decides a batch, so all deliveries share a lane.
    fn lane(&self, _: &Envelope) -> Lane {
        Lane::ONE
    }

    async fn handle(&self, batch: &[Delivery]) -> Vec<Result<Vec<Event>, Failure>> {
        decide_all(batch, |batch| self.decide(batch)).await
    }
}

impl RateLimit {
    async fn decide(
        &self,
        batch: &[Delivery],
    ) -> Result<Vec<Result<Vec<Event>, Failure>>, StoreError> {
        let asks: Vec<_> = batch.iter().filter_map(|it| self.ask(it)).collect();
        let now = batch.iter().filter_map(message).map(|it| it.sent_at).max().unwrap_or_default();
        let mut decisions = limits::decide(&self.db, &asks, now).await?.into_iter();
        let event = |delivery: &Delivery| {
            let message = message(delivery).ok_or_else(|| not_read(&delivery.cause.event))?;
            let decision = decisions.next().ok_or_else(|| not_read(&delivery.cause.event))?;
            Ok(event(message, &decision))
        };
        Ok(batch.iter().map(event).collect())
    }

    fn ask(&self, delivery: &Delivery) -> Option<Ask> {
        let message = message(delivery)?;
        let tenant = &delivery.cause.tenant;
        let limits = self.directory.read(|directory| {
            directory.tenant(tenant).map_or_else(Limits::default, |it| it.limits.clone())
        });
        let (per_minute, channel_per_minute) = gcra::limits_for(&limits, message.channel);
        Some(Ask {
            tenant: tenant.clone(),
            event: delivery.cause.id.clone(),
            seq: delivery.first_sequence,
            message: message.key.id.clone(),
            channel: message.channel,
            at: message.sent_at,
            per_minute,
            channel_per_minute,
            person: gcra::notice_key(tenant, &message.key.connection, &message.key.sender),
        })
    }
}

fn message(delivery: &Delivery) -> Option<&Message> {
    let Event::MessageAccepted(data) = &delivery.cause.event else { return None };
    Some(&data.message)
}

fn event(message: &Message, decision: &Decision) -> Vec<Event> {
    match decision {
        Decision::Settled { .. } => Vec::new(),
        Decision::Publish(Verdict::Admitted) => {
            vec![Event::MessageAdmitted(MessageAdmitted { message: message.clone() })]
        }
        &Decision::Publish(Verdict::Throttled { limit, per_minute, retry_at, tell }) => {
            let message = message.key.clone();
            let data = MessageThrottled { message, limit, per_minute, retry_at, tell };
            vec![Event::MessageThrottled(data)]
        }
    }
}
