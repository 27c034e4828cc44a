//! Reading what was set aside.

use std::fmt::Display;

use async_nats::jetstream::consumer::{DeliverPolicy, pull::OrderedConfig};
use futures::StreamExt as _;
use nats::{
    DEADLETTERS,
    bounds::{LETTERS_READ_MAX, PUBLISH_ACK_WAIT},
};
use schemas::subject;

use super::DeadLetter;
use crate::{Bus, BusError};

/// The dead letters of a consumer, or of all, the oldest first; at most [`LETTERS_READ_MAX`]. One that
/// cannot be read is passed over.
pub async fn letters(bus: &Bus, consumer: Option<&str>) -> Result<Vec<DeadLetter>, BusError> {
    let config = OrderedConfig {
        deliver_policy: DeliverPolicy::All,
        filter_subject: subject::filter_dead_letters(consumer),
        ..OrderedConfig::default()
    };
    let stream = bus.jetstream.get_stream_no_info(DEADLETTERS.name).await;
    let reader = stream.map_err(|it| read(&it))?.create_consumer(config).await;
    let reader = reader.map_err(|it| read(&it))?;
    let mut pending = reader.cached_info().num_pending;
    let mut messages = reader.messages().await.map_err(|it| read(&it))?;
    let mut letters = Vec::new();
    while 0 < pending && letters.len() < LETTERS_READ_MAX {
        let next = tokio::time::timeout(PUBLISH_ACK_WAIT, messages.next()).await;
        let next = next.map_err(|it| read(&it))?.ok_or_else(|| read(&"it ended"))?;
        let message = next.map_err(|it| read(&it))?;
        pending = message.info().map_err(|it| read(&it))?.pending;
        letters.extend(serde_json::from_slice::<DeadLetter>(&message.payload).ok());
    }
    Ok(letters)
}

fn read(why: &dyn Display) -> BusError {
    BusError::Read { what: DEADLETTERS.name.to_owned(), why: why.to_string() }
}
