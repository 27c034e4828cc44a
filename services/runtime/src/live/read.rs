//! Reading `EVENTS` for those who look on.

use std::{sync::Arc, time::Duration};

use async_nats::jetstream::{
    Message,
    consumer::{DeliverPolicy, pull::OrderedConfig},
};
use futures::StreamExt as _;
use schemas::{Envelope, TenantId, subject::filter_of_tenant};
use tracing::warn;

use super::{Happened, Inner};
use crate::{Bus, BusError};

/// The pause before a broken reading is taken up again.
const RESUME_PAUSE: Duration = Duration::from_millis(500);

/// How often it is asked whether anybody still looks.
const IDLE_LOOK: Duration = Duration::from_secs(5);

/// Reads while somebody looks, until the process ends.
pub(super) async fn follow(inner: Arc<Inner>) {
    let (stop, mut asked) = (inner.stop.clone(), inner.since.subscribe());
    while !stop.is_cancelled() {
        if inner.tell.receiver_count() == 0 {
            _ = stop.run_until_cancelled(asked.changed()).await;
            continue;
        }
        if let Err(error) = read(&inner).await {
            warn!(error = format!("{error:#}"), "what happens is not followed");
            _ = stop.run_until_cancelled(tokio::time::sleep(RESUME_PAUSE)).await;
        }
    }
}

/// Reads from now on, or from where a broken reading ended, until nobody looks any more.
async fn read(inner: &Inner) -> anyhow::Result<()> {
    let begun = inner.bus.last_sequence(&nats::EVENTS).await? + 1;
    let start_sequence = inner.since.borrow().unwrap_or(begun);
    let mut messages = messages(&inner.bus, "events.>".to_owned(), start_sequence).await?.0;
    // Whoever waits for this reads what was before by themselves.
    inner.since.send_replace(Some(start_sequence));
    loop {
        let next = tokio::time::timeout(IDLE_LOOK, messages.next());
        let Some(next) = inner.stop.run_until_cancelled(next).await else { return Ok(()) };
        if ended(inner) {
            return Ok(());
        }
        let Ok(next) = next else { continue };
        let message = next.ok_or_else(|| anyhow::anyhow!("the reading ended"))??;
        let place = message.info().map_err(|error| anyhow::anyhow!("{error}"))?;
        let sequence = place.stream_sequence;
        if let Some(happened) = happened(sequence, &message) {
            // Nobody there to hear it is no error.
            drop(inner.tell.send(happened));
        }
        // A broken reading goes on from here: whoever looks has had everything before.
        inner.since.send_if_modified(|since| {
            *since = Some(sequence + 1);
            false
        });
    }
}

/// Whether nobody looks any more. Whoever begins to look meanwhile sees nothing here before this is
/// settled, and then waits for the next reading.
fn ended(inner: &Inner) -> bool {
    inner.since.send_if_modified(|since| {
        let nobody = inner.tell.receiver_count() == 0;
        if nobody {
            *since = None;
        }
        nobody
    })
}

/// The tenant's events from `first` on until now; nothing if they are more than `most`.
pub(super) async fn between(
    bus: &Bus,
    tenant: &TenantId,
    first: u64,
    most: usize,
) -> anyhow::Result<Option<Vec<Happened>>> {
    let (mut messages, mut pending) = messages(bus, filter_of_tenant(tenant), first).await?;
    if u64::try_from(most).unwrap_or(u64::MAX) < pending {
        return Ok(None);
    }
    let mut found = Vec::new();
    while 0 < pending {
        let message = messages.next().await.ok_or_else(|| anyhow::anyhow!("no more"))??;
        let place = message.info().map_err(|error| anyhow::anyhow!("{error}"))?;
        pending = place.pending;
        found.extend(happened(place.stream_sequence, &message));
        if most < found.len() {
            return Ok(None);
        }
    }
    Ok(Some(found))
}

type Messages = async_nats::jetstream::consumer::pull::Ordered;

/// An ephemeral ordered consumer, and how many messages wait for it.
async fn messages(
    bus: &Bus,
    filter_subject: String,
    first: u64,
) -> anyhow::Result<(Messages, u64)> {
    let deliver_policy = DeliverPolicy::ByStartSequence { start_sequence: first };
    let config = OrderedConfig { deliver_policy, filter_subject, ..OrderedConfig::default() };
    let read = |error: &dyn std::fmt::Display| BusError::Read {
        what: nats::EVENTS.name.to_owned(),
        why: error.to_string(),
    };
    let stream = bus.jetstream.get_stream_no_info(nats::EVENTS.name).await;
    let consumer = stream.map_err(|it| read(&it))?.create_consumer(config).await;
    let consumer = consumer.map_err(|it| read(&it))?;
    let pending = consumer.cached_info().num_pending;
    Ok((consumer.messages().await.map_err(|it| read(&it))?, pending))
}

/// What cannot be read is passed over: the projector counts it.
fn happened(sequence: u64, message: &Message) -> Option<Happened> {
    let envelope = Envelope::decode(&message.payload).ok()?;
    Some(Happened { sequence, envelope: Arc::new(envelope) })
}
