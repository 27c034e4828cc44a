//! What an event looks like on its way.

use async_nats::HeaderMap;
use bytes::Bytes;
use schemas::Envelope;

use super::BusError;

pub(super) fn encode(envelope: &Envelope) -> Result<Bytes, BusError> {
    let bytes = envelope.encode().map_err(|error| BusError::Unpublishable(error.to_string()))?;
    if schemas::envelope::LEN_MAX < bytes.len() {
        return Err(BusError::Unpublishable(format!("{} bytes", bytes.len())));
    }
    Ok(bytes.into())
}

pub(super) fn batch_headers(
    batch: &schemas::EventId,
    index: usize,
    envelope: &Envelope,
    expected: Option<u64>,
) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert("Nats-Batch-Id", batch.as_str());
    headers.insert("Nats-Batch-Sequence", (index + 1).to_string().as_str());
    headers.insert("Nats-Msg-Id", envelope.id.as_str());
    if let Some(expected) = expected {
        headers.insert("Nats-Expected-Last-Subject-Sequence", expected.to_string().as_str());
    }
    headers
}
