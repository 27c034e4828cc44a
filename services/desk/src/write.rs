//! From changes to events, and until they show.

use std::time::Duration;

use domain::{access::Principal, plan::Change, seal::Sealing};
use runtime::{Snapshot, WRITE_EVENTS_MAX, WriteError};
use schemas::{CorrelationId, Envelope, Event, EventId, TenantId};
use store::checkpoint;
use tracing::warn;

use crate::{Desk, DeskError};

/// How long an operation waits until the read models show what it changed.
pub const VISIBLE_WAIT_MAX: Duration = Duration::from_secs(2);

/// How long the database is left alone between two looks.
const LOOK_PAUSE: Duration = Duration::from_millis(25);

/// What was changed, and whether it shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Written {
    /// The last event's place on its stream, `DIRECTORY` but for what is said of conversations; 0 where nothing was to be changed.
    pub sequence: u64,
    /// Whether the read models have it. If not, a page may still show what was before.
    pub visible: bool,
}

impl Written {
    /// It was so already.
    pub(crate) const NOTHING: Written = Written { sequence: 0, visible: true };
}

/// One command of an operator.
pub(crate) struct Command {
    /// What no other command has.
    pub(crate) id: String,
    /// What it is decided from.
    pub(crate) known: Snapshot,
}

impl Desk {
    pub(crate) fn command(&self) -> Command {
        let id = format!("{:032x}", rand::random::<u128>());
        Command { id, known: self.parts().directory.snapshot() }
    }

    /// Decides and writes what holds no text of anybody.
    pub(crate) async fn change(
        &self,
        by: &Principal,
        tenant: &TenantId,
        decide: impl FnOnce(
            &domain::directory::Directory,
        ) -> Result<Vec<Change>, domain::command::Refused>,
    ) -> Result<Written, DeskError> {
        let command = self.command();
        let changes = decide(&command.known.directory)?;
        self.write((by, tenant), command, &changes, &Sealing::Off).await
    }

    /// Decides and writes what holds texts: they are sealed.
    pub(crate) async fn change_texts(
        &self,
        by: &Principal,
        tenant: &TenantId,
        decide: impl FnOnce(
            &domain::directory::Directory,
        ) -> Result<Vec<Change>, domain::command::Refused>,
    ) -> Result<Written, DeskError> {
        let command = self.command();
        let changes = decide(&command.known.directory)?;
        let sealing = self.sealing(tenant).await?;
        self.write((by, tenant), command, &changes, &sealing).await
    }

    pub(crate) async fn sealing(&self, tenant: &TenantId) -> Result<Sealing, DeskError> {
        let now = self.parts().clock.now();
        Ok(self.parts().sealer.of(tenant, now).await?)
    }

    /// Writes the events of these changes, in order and as far as one write goes all or none, and waits
    /// until they show.
    pub(crate) async fn write(
        &self,
        (by, tenant): (&Principal, &TenantId),
        mut command: Command,
        changes: &[Change],
        sealing: &Sealing,
    ) -> Result<Written, DeskError> {
        let (author, now) = (by.author(), self.parts().clock.now());
        let events = changes.iter().flat_map(|change| change.events(&author, sealing, now));
        let events: Vec<_> =
            events.map(|event| self.envelope(&command.id, (by, tenant), event)).collect();
        let mut written = Written::NOTHING;
        if events.is_empty() {
            return Ok(written);
        }
        let taken = self.take_room(tenant, &events).await?;
        for batch in events.chunks(WRITE_EVENTS_MAX) {
            let stored = self.0.writer.write(&mut command.known, batch.to_vec()).await?;
            written.sequence = stored.sequence;
        }
        taken.keep(written.sequence);
        written.visible = self.shows(written.sequence).await;
        if written.visible {
            self.0.arriving.shown(tenant, written.sequence);
        }
        Ok(written)
    }

    /// Says one thing of the pipeline, and waits until it shows. What is said of the same `command` again
    /// is one event.
    pub(crate) async fn say(
        &self,
        by: (&Principal, &TenantId),
        command: &str,
        event: Event,
    ) -> Result<Written, DeskError> {
        let stored = self.parts().bus.publish(&self.envelope(command, by, event)).await;
        let sequence = stored.map_err(WriteError::from)?.sequence;
        Ok(self.said_at(sequence).await)
    }

    /// What was said of the pipeline at `sequence`, once it shows or the wait is over.
    pub(crate) async fn said_at(&self, sequence: u64) -> Written {
        let shown = self.is_shown(nats::PROJECT_EVENTS.name, sequence);
        let shown = tokio::time::timeout(VISIBLE_WAIT_MAX, shown).await;
        Written { sequence, visible: shown.unwrap_or(false) }
    }

    /// Waits, within bounds, until this process and the read models know of the event at `sequence`.
    async fn shows(&self, sequence: u64) -> bool {
        let both = async {
            self.parts().directory.reached(sequence).await;
            self.is_shown(nats::PROJECT_DIRECTORY.name, sequence).await
        };
        tokio::time::timeout(VISIBLE_WAIT_MAX, both).await.unwrap_or(false)
    }

    /// Waits until the read models have what a reader finds at `sequence`, or nobody can say.
    async fn is_shown(&self, reader: &str, sequence: u64) -> bool {
        loop {
            match checkpoint::seq(&self.parts().db, reader).await {
                Ok(reached) if sequence <= reached => return true,
                Ok(_) => tokio::time::sleep(LOOK_PAUSE).await,
                Err(error) => {
                    warn!(%error, "whether a change shows is not known");
                    return false;
                }
            }
        }
    }

    /// A command is not caused by an event, so its id is drawn once (or is what it does, where that can be
    /// done once only), and its events derive from it.
    fn envelope(
        &self,
        command: &str,
        (by, tenant): (&Principal, &TenantId),
        event: Event,
    ) -> Envelope {
        let subject = schemas::subject::of_event(tenant, &event);
        let about = format!("{subject} {}", event.kind().topic());
        Envelope {
            id: EventId::derive(command, &about, 0),
            source: by.via.to_owned(),
            time: self.parts().clock.now(),
            tenant: tenant.clone(),
            causation: None,
            correlation: CorrelationId::from(&EventId::derive(command, "desk", 0)),
            trace: None,
            event,
        }
    }
}
