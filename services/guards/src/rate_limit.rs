//! `message.accepted` → `message.admitted` | `message.throttled`.
//!
//! GCRA per tenant and per (tenant, kind of channel). The time that counts is when the
//! message was written, so a backlog is judged as it came, not as it is worked off.

use std::{collections::HashMap, time::Duration};

use domain::gcra::{self, Level, Tat, limits_for};
use runtime::{Delivery, DirectoryWatch, Failure, Handler, Lane};
use schemas::{
    Envelope, Event, Limits, Message, Timestamp,
    event::{MessageAdmitted, MessageThrottled},
};
use store::{
    Database,
    limits::{self, Ask, Decision, Ruling, Spent, Verdict},
};

use crate::{not_read, refuse};

/// A person who keeps writing is told this often at most, however soon the limit resets.
const NOTICE_PAUSE: Duration = Duration::from_mins(1);

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
        let asks: Vec<_> = batch.iter().filter_map(ask).collect();
        let written: HashMap<_, _> = batch
            .iter()
            .filter_map(message)
            .map(|message| (message.key.id.clone(), message.sent_at))
            .collect();
        let now = written.values().copied().max().unwrap_or_default();
        let rule = |ask: &Ask, spent| {
            self.rule(ask, spent, written.get(&ask.message).copied().unwrap_or(now))
        };
        let mut decisions = match limits::decide(&self.db, &asks, now, rule).await {
            Ok(decisions) => decisions.into_iter(),
            Err(error) => return refuse(&error, batch.len()),
        };
        let event = |delivery: &Delivery| {
            let message = message(delivery).ok_or_else(|| not_read(&delivery.cause.event))?;
            let decision = decisions.next().ok_or_else(|| not_read(&delivery.cause.event))?;
            Ok(event(message, decision))
        };
        batch.iter().map(event).collect()
    }
}

impl RateLimit {
    fn rule(&self, ask: &Ask, spent: Spent, at: Timestamp) -> (Spent, Ruling) {
        let limits = self.directory.read(|directory| {
            directory.tenant(&ask.tenant).map_or_else(Limits::default, |it| it.limits.clone())
        });
        let (per_minute, channel) = limits_for(&limits, ask.channel);
        let tenant = Level { per_minute, tat: tat(spent.tenant_us) };
        let channel = channel.map(|per_minute| Level { per_minute, tat: tat(spent.channel_us) });
        match gcra::admit_both(tenant, channel, at) {
            gcra::Verdict::Admitted { tenant, channel } => {
                let channel_us = channel.map_or(spent.channel_us, |it| it.0);
                (Spent { tenant_us: tenant.0, channel_us }, Ruling::Admit)
            }
            gcra::Verdict::Throttled { limit, per_minute, retry_at } => {
                let quiet_until = retry_at.max(at.plus(NOTICE_PAUSE));
                (spent, Ruling::Throttle { limit, per_minute, retry_at, quiet_until })
            }
        }
    }
}

fn tat(micros: i64) -> Option<Tat> {
    (0 < micros).then_some(Tat(micros))
}

fn message(delivery: &Delivery) -> Option<&Message> {
    let Event::MessageAccepted(data) = &delivery.cause.event else { return None };
    Some(&data.message)
}

fn ask(delivery: &Delivery) -> Option<Ask> {
    let message = message(delivery)?;
    let tenant = &delivery.cause.tenant;
    Some(Ask {
        tenant: tenant.clone(),
        event: delivery.cause.id.clone(),
        seq: delivery.sequence,
        message: message.key.id.clone(),
        channel: message.channel,
        person: gcra::notice_key(tenant, &message.key.connection, &message.key.sender),
    })
}

fn event(message: &Message, decision: Decision) -> Vec<Event> {
    match decision {
        Decision::Settled { .. } => Vec::new(),
        Decision::Publish(Verdict::Admitted) => {
            vec![Event::MessageAdmitted(MessageAdmitted { message: message.clone() })]
        }
        Decision::Publish(Verdict::Throttled { limit, per_minute, retry_at, tell }) => {
            let message = message.key.clone();
            let data = MessageThrottled { message, limit, per_minute, retry_at, tell };
            vec![Event::MessageThrottled(data)]
        }
    }
}
