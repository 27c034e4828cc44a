//! One lane's turn: handle a batch, publish what follows, settle; again for those that failed.

use std::time::Duration;

use futures::future::join_all;
use metrics::counter;
use schemas::Event;
use tracing::{Instrument as _, info_span, warn};

use super::{Context, Handler, item::Item, step::Step};
use crate::{DeadLetter, Failure, Verdict};

pub(super) async fn work<H: Handler>(context: &Context, handler: &H, batch: Vec<Item>) {
    let span = match batch.first() {
        Some(item) if H::CONSUMER.batch_max == 1 => {
            let cause = &item.delivery.cause;
            info_span!("delivery", consumer = H::CONSUMER.name, tenant = %cause.tenant,
                event = %cause.id, correlation = %cause.correlation)
        }
        _ => info_span!("batch", consumer = H::CONSUMER.name, size = batch.len()),
    };
    run(context, handler, batch).instrument(span).await;
}

async fn run<H: Handler>(context: &Context, handler: &H, mut batch: Vec<Item>) {
    while !batch.is_empty() {
        let deliveries: Vec<_> = batch.iter().map(|item| item.delivery.clone()).collect();
        let outcomes = in_hand::<H, _>(&batch, handler.handle(&deliveries)).await;
        let outcomes = publish::<H>(context, &batch, outcomes).await;
        let mut again = Vec::new();
        let mut pause = Duration::ZERO;
        for (item, outcome) in batch.into_iter().zip(outcomes) {
            match outcome {
                Ok(()) => item.done().await,
                Err(failure) => {
                    if let Some((item, wait)) = fail(context, handler, item, &failure).await {
                        again.push(item);
                        pause = pause.max(wait);
                    }
                }
            }
        }
        batch = again;
        let waited = in_hand::<H, _>(&batch, tokio::time::sleep(pause));
        if context.stop.run_until_cancelled(waited).await.is_none() {
            for item in batch {
                item.leave().await;
            }
            return;
        }
    }
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
    context: &Context,
    handler: &H,
    mut item: Item,
    failure: &Failure,
) -> Option<(Item, Duration)> {
    let (event, attempt) = (item.delivery.cause.id.clone(), item.delivery.attempt);
    let tries = if failure.verdict == Verdict::Wait { item.waits + 1 } else { attempt };
    let now = context.clock.now();
    let step = Step::after(failure.verdict, tries, H::CONSUMER.backoff, now);
    warn!(%event, ?step, attempt, error = %failure, "delivery failed");
    counter!("konstruct_delivery_failures_total", "consumer" => H::CONSUMER.name).increment(1);
    let unsettled = match step {
        Step::Again(pause) => Some(pause),
        Step::Later(until) => match handler.defer(&item.delivery, until).await {
            Ok(()) => None,
            Err(error) => {
                warn!(%error, "not deferred; it waits in place");
                Some(nats::bounds::PAUSE_MAX)
            }
        },
        Step::SetAside => match set_aside(context, handler, &item, failure).await {
            Ok(()) => None,
            Err(error) => {
                warn!(%error, "not set aside; it waits in place");
                Some(nats::bounds::PAUSE_MAX)
            }
        },
    };
    let Some(pause) = unsettled else {
        item.done().await;
        return None;
    };
    match failure.verdict {
        Verdict::Wait => item.waits = item.waits.saturating_add(1),
        Verdict::Retry | Verdict::RetryAt(_) | Verdict::Reject => {
            item.delivery.attempt = attempt.saturating_add(1);
        }
    }
    Some((item, pause))
}

/// Keeps it for a person, and says what still follows.
async fn set_aside<H: Handler>(
    context: &Context,
    handler: &H,
    item: &Item,
    failure: &Failure,
) -> Result<(), Failure> {
    let (cause, reason) = (&item.delivery.cause, crate::deadletter::bounded(&failure.to_string()));
    let events = handler.give_up(&item.delivery, &reason).await?;
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
    letter.keep(&context.bus).await?;
    counter!("konstruct_dead_letters_total", "consumer" => H::CONSUMER.name).increment(1);
    for (index, event) in events.into_iter().enumerate() {
        let next = cause.follow(H::CONSUMER.name, index, context.clock.now(), event);
        context.bus.publish(&next).await?;
    }
    Ok(())
}
