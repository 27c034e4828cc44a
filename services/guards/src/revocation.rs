//! `connection.revoked` → the directory: the connection is removed, its workspace is free.

use runtime::{Clock, Context, Delivery, DirectoryWatch, DirectoryWriter, Failure, Handler};
use schemas::{
    Author, Claim, Connection, ConnectionStatus, Envelope, Event,
    event::{ConnectionChanged, ConnectionRevoked},
};

use crate::not_read;

/// Honours a workspace's withdrawal.
pub struct Revocation {
    clock: Clock,
    directory: DirectoryWatch,
    writer: DirectoryWriter,
}

impl Revocation {
    /// One that writes to the log of `context`.
    pub fn new(context: &Context, directory: DirectoryWatch) -> Self {
        let writer = DirectoryWriter::new(context.bus.clone(), directory.clone());
        Self { clock: context.clock.clone(), directory, writer }
    }

    /// Once removed, the same word again changes nothing.
    async fn revoke(&self, cause: &Envelope, data: &ConnectionRevoked) -> Result<(), Failure> {
        self.directory.ready().await;
        let mut known = self.directory.snapshot();
        let found = known.directory.connection(&cause.tenant, &data.connection).cloned();
        let Some(connection) = found else { return Ok(()) };
        if connection.status != ConnectionStatus::Active {
            return Ok(());
        }
        let events = self.events(cause, &connection, &data.reason);
        let stored = self.writer.write(&mut known, events).await.map_err(Failure::wait)?;
        self.directory.reached(stored.sequence).await;
        Ok(())
    }

    fn events(&self, cause: &Envelope, connection: &Connection, reason: &str) -> Vec<Envelope> {
        let now = self.clock.now();
        let status = ConnectionStatus::Removed { reason: reason.to_owned(), at: now };
        let removed = ConnectionChanged {
            connection: Connection { status, ..connection.clone() },
            by: Author { via: connection.channel.as_str().to_owned(), operator: None },
        };
        let released = Claim {
            channel: connection.channel,
            app: connection.app.clone(),
            workspace: connection.workspace.clone(),
            holder: None,
        };
        [Event::ConnectionRemoved(removed), Event::WorkspaceClaimed(released)]
            .into_iter()
            .enumerate()
            .map(|(index, event)| cause.follow(Self::CONSUMER.name, index, now, event))
            .collect()
    }
}

impl Handler for Revocation {
    const CONSUMER: &'static nats::Consumer = &nats::REVOCATION;

    async fn handle(&self, batch: &[Delivery]) -> Vec<Result<Vec<Event>, Failure>> {
        let mut results = Vec::with_capacity(batch.len());
        for delivery in batch {
            let Event::ConnectionRevoked(data) = &delivery.cause.event else {
                results.push(Err(not_read(&delivery.cause.event)));
                continue;
            };
            let revoked = self.revoke(&delivery.cause, data).await;
            results.push(revoked.map(|()| Vec::new()));
        }
        results
    }
}
