//! One lane's turn: handle a batch, publish what follows, settle; again for those that failed.

use std::time::Duration;

use futures::future::join_all;
use metrics::counter;
use nats::bounds::PAUSE_MAX;
use schemas::{Event, Timestamp};
use tokio::time::Instant;
use tracing::{Instrument as _, debug, info_span, warn};

use super::{Context, Handler, Why, item::Item, parked::Parked, step::Step};
use crate::{DeadLetter, Failure, Verdict};

/// What a turn is done with.
pub(super) struct Desk<'a, H> {
    pub(super) context: &'a Context,
    pub(super) handler: &'a H,
    pub(super) parked: &'a Parked,
}

pub(super) async fn work<H: Handler>(desk: &Desk<'_, H>, batch: Vec<Item>) {
    let span = match batch.first() {
        Some(item) if H::CONSUMER.batch_max == 1 => {
            let cause = &item.delivery.cause;
            info_span!("delivery", consumer = H::CONSUMER.name, tenant = %cause.tenant,
                event = %cause.id, correlation = %cause.correlation)
        }
        _ => info_span!("batch", consumer = H::CONSUMER.name, size = batch.len()),
    };
    run(desk, batch).instrument(span).await;
}

async fn run<H: Handler>(desk: &Desk<'_, H>, mut batch: Vec<Item>) {
    while !batch.is_empty() {
        let outcomes = match in_hand::<H, _>(&batch, wait_behind(desk, &batch)).await {
            Ok(true) => return settle(batch).await,
            Ok(false) => handle(desk, &batch).await,
            Err(failure) => vec![Err(failure)],
        };
        let mut again = Vec::new();
        let mut pause = Duration::ZERO;
        for (item, outcome) in batch.into_iter().zip(outcomes) {
            match outcome {
                Ok(()) => settled(desk, item).await,
                Err(failure) => {
                    if let Some((item, wait)) = fail(desk, item, &failure).await {
                        again.push(item);
                        pause = pause.max(wait);
                    }
                }
            }
        }
        batch = again;
        let waited = in_hand::<H, _>(&batch, tokio::time::sleep(pause));
        if desk.context.stop.run_until_cancelled(waited).await.is_none() {
            for item in batch {
                item.leave().await;
            }
            return;
        }
    }
}

/// Whether it was deferred, since an earlier one of its lane is. Those of one lane go in the order in
/// which they came first; what is handled in batches has no order to keep.
async fn wait_behind<H: Handler>(desk: &Desk<'_, H>, batch: &[Item]) -> Result<bool, Failure> {
    let [item] = batch else { return Ok(false) };
    let delivery = &item.delivery;
    let lane = desk.handler.lane(&delivery.cause);
    let is_back = delivery.is_brought_back();
    if 1 < H::CONSUMER.batch_max || !(is_back || desk.parked.may_hold(lane, Instant::now())) {
        return Ok(false);
    }
    let Some(until) = desk.handler.behind(delivery).await? else {
        if !is_back {
            desk.parked.free(lane);
        }
        return Ok(false);
    };
    desk.handler.defer(delivery, until, Why::Behind).await?;
    desk.parked.hold(lane, Instant::now());
    debug!(?until, "it waits behind an earlier one");
    Ok(true)
}

/// Lets the handler decide, and publishes what follows.
async fn handle<H: Handler>(desk: &Desk<'_, H>, batch: &[Item]) -> Vec<Result<(), Failure>> {
    let deliveries: Vec<_> = batch.iter().map(|item| item.delivery.clone()).collect();
    let outcomes = in_hand::<H, _>(batch, desk.handler.handle(&deliveries)).await;
    publish::<H>(desk.context, batch, outcomes).await
}

async fn settle(batch: Vec<Item>) {
    for item in batch {
        item.done().await;
    }
}

/// It is handled, or set aside. Whoever waits behind it is told before it is acknowledged; where
/// that fails it is brought back once more, which changes nothing.
async fn settled<H: Handler>(desk: &Desk<'_, H>, item: Item) {
    if item.delivery.is_brought_back()
        && let Err(error) = desk.handler.settled(&item.delivery).await
    {
        warn!(%error, "those behind it wait on");
    }
    item.done().await;
}

/// Does `task` while telling the server, often enough, that the batch is still in hand.
async fn in_hand<H: Handler, T>(batch: &[Item], task: impl Future<Output = T>) -> T {
    let mut task = std::pin::pin!(task);
    loop {
        tokio::select! {
            result = &mut task => return result,
            () = tokio::time::sleep(H::CONSUMER.ack_wait / 3) => {
                for item in batch {
                    item.keep_alive().await;
                }
            }
        }
    }
}

/// Publishes what follows from each, all at once, and waits until it is stored.
async fn publish<H: Handler>(
    context: &Context,
    batch: &[Item],
    outcomes: Vec<Result<Vec<Event>, Failure>>,
) -> Vec<Result<(), Failure>> {
    let each = batch.iter().zip(outcomes).map(|(item, outcome)| async move {
        let mut pending = Vec::new();
        for (index, event) in outcome?.into_iter().enumerate() {
            debug_assert!(H::CONSUMER.writes.contains(&event.kind()), "{:?}", event.kind());
            let cause = &item.delivery.cause;
            let next = cause.follow(H::CONSUMER.name, index, context.clock.now(), event);
            pending.push(context.bus.begin(&next).await.map_err(Failure::from)?);
        }
        for stored in pending {
            stored.stored().await.map_err(Failure::from)?;
        }
        Ok(())
    });
    join_all(each).await
}

/// What becomes of one that failed: itself and a pause, if it is to be tried again.
async fn fail<H: Handler>(
    desk: &Desk<'_, H>,
    mut item: Item,
    failure: &Failure,
) -> Option<(Item, Duration)> {
    let (event, attempt) = (item.delivery.cause.id.clone(), item.delivery.attempt);
    let tries = if failure.verdict == Verdict::Wait { item.waits + 1 } else { attempt };
    let now = desk.context.clock.now();
    let step = Step::after(failure.verdict, tries, H::CONSUMER.backoff, now);
    warn!(%event, ?step, attempt, error = %failure, "delivery failed");
    counter!("konstruct_delivery_failures_total", "consumer" => H::CONSUMER.name).increment(1);
    let pause = match step {
        Step::Again(pause) => pause,
        Step::Later(until) => match defer(desk, &item, until).await {
            Ok(()) => {
                item.done().await;
                return None;
            }
            Err(error) => {
                warn!(%error, "not deferred; it waits in place");
                PAUSE_MAX
            }
        },
        Step::SetAside => match set_aside(desk.context, desk.handler, &item, failure).await {
            Ok(()) => {
                settled(desk, item).await;
                return None;
            }
            Err(error) => {
                warn!(%error, "not set aside; it waits in place");
                PAUSE_MAX
            }
        },
    };
    match failure.verdict {
        Verdict::Wait => item.waits = item.waits.saturating_add(1),
        Verdict::Retry | Verdict::RetryAt(_) | Verdict::Reject => {
            item.delivery.attempt = attempt.saturating_add(1);
        }
    }
    Some((item, pause))
}

/// Remembers it for later; its lane waits behind it.
async fn defer<H: Handler>(
    desk: &Desk<'_, H>,
    item: &Item,
    until: Timestamp,
) -> Result<(), Failure> {
    desk.handler.defer(&item.delivery, until, Why::Asked).await?;
    desk.parked.hold(desk.handler.lane(&item.delivery.cause), Instant::now());
    Ok(())
}

/// Keeps it for a person, and says what still follows.
async fn set_aside<H: Handler>(
    context: &Context,
    handler: &H,
    item: &Item,
    failure: &Failure,
) -> Result<(), Failure> {
    let (cause, reason) = (&item.delivery.cause, crate::deadletter::bounded(&failure.to_string()));
    let events = match handler.give_up(&item.delivery, &reason).await {
        Ok(events) => events,
        Err(error) if error.verdict == Verdict::Wait => return Err(error),
        // It would be refused for ever, and its lane with it: the letter is what is left.
        Err(error) => {
            warn!(%error, "set aside without a word to anybody");
            Vec::new()
        }
    };
    let letter = DeadLetter {
        consumer: H::CONSUMER.name.to_owned(),
        stream: H::CONSUMER.stream.name.to_owned(),
        sequence: item.delivery.sequence,
        subject: cause.subject().to_string(),
        tenant: Some(cause.tenant.clone()),
        event: Some(cause.id.to_string()),
        attempts: i64::from(item.delivery.attempt),
        reason,
        at: context.clock.now(),
    };
    // Before the letter: who has it handled again relies on what was said of it.
    for (index, event) in events.into_iter().enumerate() {
        let next = cause.follow(H::CONSUMER.name, index, context.clock.now(), event);
        context.bus.publish(&next).await?;
    }
    letter.keep(&context.bus).await?;
    Ok(())
}
