//! What an operator changes: tenants, agents, their tools, models and connections, and drafts; and who
//! has a conversation.
//!
//! Each operation asks in its first line whether the [`Principal`] may do it, has `domain::command`
//! decide, writes the events that follow with the operator as their author, and waits until the read
//! models show them, so that the next page is true.
//!
//! To add an operation: a decision in `domain::command`, a method here, and its line in the walk of
//! `tests/tests/desk/strangers.rs`.
//!
//! **Invariant:** the directory is changed by events and by nothing else; a token is a secret before any
//! event names it, and is in no event, log or error.
//! **Invariant:** a tenant that the principal has no role in does not exist, whichever operation asks.

mod agents;
mod connections;
mod conversations;
mod drafts;
mod error;
mod letters;
mod models;
pub mod repair;
mod room;
mod secrets;
mod tenants;
mod tools;
mod write;

use std::sync::Arc;

use ::models::Models;
use channels::Outbound;
use domain::share::directory::DirectoryShare;
use runtime::{Bus, Clock, DirectoryWatch, DirectoryWriter};
use store::{Database, Sealer, secrets::Secrets};

pub use domain::{
    access::{Permission, Principal},
    command::{Seen, connection::Connect, fingerprint, tool::ToolUser},
    config::{Field, OpenConfig, Value},
    draft::{FieldConflict, Merged},
    fields::FieldProblem,
    model::{WishedDeployment, WishedModelGroup},
    tool::{WishedHeader, WishedKind, WishedTool},
};

use self::room::Arriving;
pub use self::{
    agents::Publish,
    connections::{ConnectSlack, Said},
    drafts::{Autosaved, Draft, DraftConflict, Live},
    error::DeskError,
    letters::{LETTERS_MAX, LeftBe, LetterWish, LettersDone, REASON_CHARS_MAX, Which},
    write::{VISIBLE_WAIT_MAX, Written},
};

/// What a desk is made of.
pub struct Parts {
    /// Where events go.
    pub bus: Bus,
    /// Who exists.
    pub directory: DirectoryWatch,
    /// The time.
    pub clock: Clock,
    /// The app role's door.
    pub db: Database,
    /// Seals and opens texts.
    pub sealer: Sealer,
    /// Where tokens are.
    pub secrets: Secrets,
    /// Slack, spoken to.
    pub slack: Arc<dyn Outbound>,
    /// The models that answer; none, where none are set up.
    pub models: Option<Models>,
    /// How much of the directory's log one tenant may fill.
    pub share: DirectoryShare,
}

/// Where operators work. Cheap to clone.
#[derive(Clone)]
pub struct Desk(Arc<Inner>);

struct Inner {
    parts: Parts,
    writer: DirectoryWriter,
    arriving: Arriving,
}

impl Desk {
    /// A desk of these.
    pub fn new(parts: Parts) -> Self {
        let writer = DirectoryWriter::new(parts.bus.clone(), parts.directory.clone());
        Self(Arc::new(Inner { parts, writer, arriving: Arriving::default() }))
    }

    fn parts(&self) -> &Parts {
        &self.0.parts
    }
}
