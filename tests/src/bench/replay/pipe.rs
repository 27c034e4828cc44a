//! Publishing without waiting for each ack.

use std::collections::VecDeque;

use anyhow::ensure;
use async_nats::jetstream::{self, context::PublishAckFuture};

/// Publishes that wait for their acks at once.
const UNACKED_MAX: usize = 512;

/// Publishes to one stream without waiting for each ack, and never with too many of them open.
pub(super) struct Pipe<'a> {
    jetstream: &'a jetstream::Context,
    unacked: VecDeque<PublishAckFuture>,
    acked: u64,
}

impl<'a> Pipe<'a> {
    pub(super) fn new(jetstream: &'a jetstream::Context) -> Self {
        Self { jetstream, unacked: VecDeque::with_capacity(UNACKED_MAX), acked: 0 }
    }

    pub(super) async fn publish(&mut self, subject: String, payload: String) -> anyhow::Result<()> {
        if UNACKED_MAX <= self.unacked.len() {
            self.ack().await?;
        }
        self.unacked.push_back(self.jetstream.publish(subject, payload.into()).await?);
        Ok(())
    }

    /// Waits for the oldest ack. What is where it should not be would make rows of other events.
    async fn ack(&mut self) -> anyhow::Result<()> {
        let Some(oldest) = self.unacked.pop_front() else { return Ok(()) };
        let sequence = oldest.await?.sequence;
        self.acked += 1;
        ensure!(sequence == self.acked, "event {} was stored as {sequence}", self.acked);
        Ok(())
    }

    pub(super) async fn end(mut self) -> anyhow::Result<()> {
        while !self.unacked.is_empty() {
            self.ack().await?;
        }
        Ok(())
    }
}
