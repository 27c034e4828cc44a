//! Reading a whole stream in order, from a place that the reader itself remembers.

use std::time::Duration;

use async_nats::jetstream::consumer::{DeliverPolicy, pull::OrderedConfig};
use futures::{FutureExt as _, StreamExt as _};
use nats::bounds::READ_PACE;
use schemas::{DecodeError, Envelope};
use tokio::time::Instant;
use tracing::warn;

use crate::{Context, Failure};

/// The pause before a broken reading is taken up again, and between attempts to write.
const RESUME_PAUSE: Duration = Duration::from_millis(500);

/// One event at its place.
#[derive(Debug)]
pub struct Read {
    /// Its sequence.
    pub sequence: u64,
    /// The event; what cannot be read is passed to the reader all the same, so that it moves on.
    pub event: Result<Envelope, DecodeError>,
}

/// One ordered reader.
pub trait Follower: Send + Sync {
    /// The row of the topology it answers to.
    const READER: &'static nats::Reader;

    /// The last sequence it has written.
    fn place(&self) -> impl Future<Output = Result<u64, Failure>> + Send;

    /// Writes what follows from these, and its new place, together or not at all.
    fn take(&self, batch: &[Read]) -> impl Future<Output = Result<(), Failure>> + Send;
}

/// Reads until the context says stop.
pub async fn follow<F: Follower>(context: &Context, follower: &F) {
    while !context.stop.is_cancelled() {
        let Err(failure) = read(context, follower).await else { return };
        warn!(reader = F::READER.name, error = %failure, "reading stopped, it goes on");
        _ = context.stop.run_until_cancelled(tokio::time::sleep(RESUME_PAUSE)).await;
    }
}

async fn read<F: Follower>(context: &Context, follower: &F) -> Result<(), Failure> {
    let start_sequence = follower.place().await?.saturating_add(1);
    let config = OrderedConfig {
        deliver_policy: DeliverPolicy::ByStartSequence { start_sequence },
        filter_subject: ">".to_owned(),
        ..OrderedConfig::default()
    };
    let stream = context.bus.jetstream.get_stream_no_info(F::READER.stream.name).await;
    let consumer = stream.map_err(Failure::wait)?.create_consumer(config).await;
    let mut messages = consumer.map_err(Failure::wait)?.messages().await.map_err(Failure::wait)?;
    let mut next_take = Instant::now();
    while let Some(Some(first)) = context.stop.run_until_cancelled(messages.next()).await {
        tokio::time::sleep_until(next_take).await;
        next_take = Instant::now() + READ_PACE;
        let mut batch = vec![one(&first.map_err(Failure::wait)?)?];
        while batch.len() < F::READER.batch_max {
            let Some(Some(next)) = messages.next().now_or_never() else { break };
            batch.push(one(&next.map_err(Failure::wait)?)?);
        }
        follower.take(&batch).await?;
    }
    Ok(())
}

fn one(message: &async_nats::jetstream::Message) -> Result<Read, Failure> {
    let place = message.info().map_err(|error| Failure::wait(anyhow::anyhow!("{error}")))?;
    Ok(Read { sequence: place.stream_sequence, event: Envelope::decode(&message.payload) })
}
