//! Why an operation did nothing, as a person reads it.

use std::time::Duration;

use domain::{access::Denied, command::Refused, fields::FieldProblem, share::directory::Full};
use runtime::{BusError, WriteError};
use store::StoreError;
use tracing::warn;

use crate::repair::RepairError;

/// An operation was not carried out.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DeskError {
    /// The role does not allow it.
    #[error("your role does not allow this")]
    Denied,
    /// It is not there, or not for the one who asks.
    #[error("there is no such thing here")]
    NotFound,
    /// What was filled in cannot be had.
    #[error("{}", list(.0))]
    Invalid(Vec<FieldProblem>),
    /// Somebody else came first, or something else stands in the way. Nothing was changed.
    #[error("{what}")]
    Conflict {
        /// What, in a sentence.
        what: String,
    },
    /// There is no room for it.
    #[error("{what}")]
    Full {
        /// Why not, and what to do, in a sentence.
        what: &'static str,
        /// After how long there is room, where it comes by itself.
        wait: Option<Duration>,
    },
    /// Something that is needed does not answer. Whether it was carried out may not be known.
    #[error("this cannot be done right now; please try again in a moment")]
    Unavailable,
}

impl DeskError {
    pub(crate) fn field(field: &'static str, problem: impl Into<String>) -> Self {
        DeskError::Invalid(vec![FieldProblem::new(field, problem)])
    }
}

fn list(problems: &[FieldProblem]) -> String {
    problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

impl From<Denied> for DeskError {
    fn from(denied: Denied) -> Self {
        match denied {
            Denied::NotFound => DeskError::NotFound,
            Denied::Forbidden => DeskError::Denied,
        }
    }
}

impl From<Refused> for DeskError {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::NotFound => DeskError::NotFound,
            Refused::Invalid(problems) => DeskError::Invalid(problems),
            Refused::Conflict { what } => DeskError::Conflict { what },
        }
    }
}

impl From<Full> for DeskError {
    fn from(full: Full) -> Self {
        let (what, wait) = match full {
            Full::Today { wait } => {
                let what = "this tenant has changed too much today: come back tomorrow, after \
                            midnight UTC";
                (what, Some(wait))
            }
            Full::Tenant => {
                let what = "this tenant has used up its room for changes: whoever runs this \
                            installation can give it more";
                (what, None)
            }
            Full::Log => {
                let what = "the room for changes is used up: whoever runs this installation can \
                            make more";
                (what, None)
            }
        };
        DeskError::Full { what, wait }
    }
}

impl From<WriteError> for DeskError {
    fn from(error: WriteError) -> Self {
        match error {
            WriteError::Held { .. } => {
                DeskError::Invalid(vec![domain::command::connection::held()])
            }
            WriteError::Conflict { .. } | WriteError::Bus(BusError::Conflict) => {
                DeskError::Conflict {
                    what: "somebody else changed this meanwhile: look at it again, then decide"
                        .to_owned(),
                }
            }
            WriteError::Bus(error) => {
                warn!(%error, "a change was not stored");
                DeskError::Unavailable
            }
        }
    }
}

impl From<RepairError> for DeskError {
    fn from(error: RepairError) -> Self {
        match error {
            RepairError::NoSuch(_) => DeskError::NotFound,
            RepairError::Refused(what) => DeskError::Conflict { what },
            RepairError::Decided(_) => DeskError::Conflict { what: error.to_string() },
            RepairError::Invalid(problems) => DeskError::Conflict { what: problems.join("; ") },
            RepairError::Bus(error) => WriteError::Bus(error).into(),
            RepairError::Store(error) => error.into(),
        }
    }
}

impl From<StoreError> for DeskError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::KeyGone(_) => DeskError::NotFound,
            StoreError::Unavailable(_)
            | StoreError::Statement { .. }
            | StoreError::Row(_)
            | StoreError::Refused(_)
            | StoreError::Fenced(_)
            | StoreError::Seal(_)
            | StoreError::Migration(_) => {
                warn!(%error, "the database did not do what an operator asked for");
                DeskError::Unavailable
            }
        }
    }
}
