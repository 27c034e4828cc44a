//! Reading what was set aside.

use nats::{
    DEADLETTERS,
    bounds::{LETTERS_READ_MAX, PUBLISH_ACK_WAIT},
};
use schemas::subject;

use super::DeadLetter;
use crate::{
    Bus, BusError,
    bus::read_error,
    look::{Scan, Start},
};

/// The dead letters of a consumer, or of all, the oldest first; at most [`LETTERS_READ_MAX`]. One that
/// cannot be read is passed over, and one that is taken meanwhile is not waited for.
pub async fn letters(bus: &Bus, consumer: Option<&str>) -> Result<Vec<DeadLetter>, BusError> {
    let subjects = vec![subject::filter_dead_letters(consumer)];
    let mut scan = Scan::open(bus, &DEADLETTERS, subjects, Start::First).await?;
    let mut letters = Vec::new();
    while !scan.is_level() && letters.len() < LETTERS_READ_MAX {
        let next = scan.next_waiting(PUBLISH_ACK_WAIT).await;
        let next = next.map_err(|error| read_error(DEADLETTERS.name, &error))?;
        let Some(kept) = next else { break };
        letters.extend(serde_json::from_slice::<DeadLetter>(&kept.payload).ok());
    }
    Ok(letters)
}
