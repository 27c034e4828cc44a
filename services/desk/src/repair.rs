//! What is done where something went wrong: dead letters, and messages whose reply is in doubt or missing.
//!
//! Whoever calls this has asked who they are: `konstruct` runs for whoever runs the server, and
//! [`Desk`](crate::Desk) asks its `Principal` first. A decision is on record before what follows from it is
//! published, under an id that is derived from it, so that nothing follows twice.

mod letters;
mod messages;
mod reopen;
mod retry;

use domain::repair::Refusal;
use runtime::{Bus, BusError, Clock, DirectoryWatch};
use schemas::{
    Author, ConnectionStatus, CorrelationId, Envelope, Event, EventId, MessageRef, TenantId, Trace,
};
use store::{Database, StoreError, letters::Decision};

pub use self::{
    letters::{Change, GroupOfLetters, Kept, Wanted, of_group},
    messages::{Asked, Wish},
    retry::Done,
};

/// What repairs are made with. Cheap to clone.
#[derive(Clone)]
pub struct Repair {
    /// Where letters and events are.
    pub bus: Bus,
    /// The app role's door.
    pub db: Database,
    /// Who exists.
    pub directory: DirectoryWatch,
    /// The time.
    pub clock: Clock,
}

/// Why something was not done.
#[derive(Debug, thiserror::Error)]
pub enum RepairError {
    /// It is of no use, or stands in the way of what was decided before.
    #[error("{0}")]
    Refused(String),
    /// Something was decided of it before.
    #[error("{}", retry::standing(.0))]
    Decided(Box<Decision>),
    /// Nobody knows it.
    #[error("{0}")]
    NoSuch(String),
    /// What was written cannot be had; every problem.
    #[error("{}", .0.join("; "))]
    Invalid(Vec<String>),
    /// The log did not do what was asked. Whether something was published may not be known.
    #[error(transparent)]
    Bus(#[from] BusError),
    /// The database did not do what was asked.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl RepairError {
    fn refused(why: impl Into<String>) -> Self {
        Self::Refused(why.into())
    }
}

impl From<Refusal> for RepairError {
    fn from(why: Refusal) -> Self {
        Self::Refused(why.to_owned())
    }
}

/// An operator's command, before it is an event.
struct Command<'a> {
    id: EventId,
    tenant: &'a TenantId,
    by: &'a Author,
    /// The event that it is about, where it is about one.
    about: Option<EventId>,
}

impl Repair {
    /// The event of a command. It is its own cause: what follows from it has ids of its own.
    fn said(&self, command: Command<'_>, event: Event) -> Envelope {
        let of_message = event.message().map(|message| CorrelationId::from(&message.id));
        let correlation = of_message.unwrap_or_else(|| CorrelationId::from(&command.id));
        Envelope {
            id: command.id,
            source: command.by.via.clone(),
            time: self.clock.now(),
            tenant: command.tenant.clone(),
            causation: command.about,
            trace: Some(Trace::of(&correlation)),
            correlation,
            event,
        }
    }

    /// Nobody is reached through a connection that is gone.
    fn reachable(&self, tenant: &TenantId, message: &MessageRef) -> Result<(), RepairError> {
        let is_there = self.directory.read(|directory| {
            let found = directory.connection(tenant, &message.connection);
            found.is_some_and(|it| it.status == ConnectionStatus::Active)
        });
        if is_there {
            return Ok(());
        }
        let gone = &message.connection;
        let why = format!("its connection `{gone}` was removed: nobody is reached");
        Err(RepairError::Refused(why))
    }
}
