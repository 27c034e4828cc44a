//! Why an operation did nothing, as a person reads it.

use domain::{access::Denied, command::Refused, fields::FieldProblem};
use runtime::{BusError, WriteError};
use store::StoreError;
use tracing::warn;

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
