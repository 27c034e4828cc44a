//! What an operator may change, a function for each: from what is there and what was asked for to the
//! changes that make it so, or to why not.
//!
//! Asked for what is so already, there is nothing to change. `konstruct apply` has its own planner,
//! [`mod@crate::plan`]; both make the same [`Change`]s after the same checks.

pub mod agent;
pub mod connection;
pub mod model;
mod seen;
pub mod tenant;
pub mod tool;

use std::fmt;

pub use self::seen::{Seen, fingerprint};
use schemas::{Tenant, TenantId, TenantStatus};

use crate::{directory::Directory, fields::FieldProblem, plan::Change};

/// Why nothing is changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refused {
    /// It is not there, or not any more.
    NotFound,
    /// What was filled in cannot be had.
    Invalid(Vec<FieldProblem>),
    /// Somebody else came first, or something else stands in the way.
    Conflict {
        /// What, in a sentence.
        what: String,
    },
}

impl Refused {
    /// One field is wrong.
    pub fn field(field: &'static str, problem: impl Into<String>) -> Self {
        Refused::Invalid(vec![FieldProblem::new(field, problem)])
    }

    fn conflict(what: impl Into<String>) -> Self {
        Refused::Conflict { what: what.into() }
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refused::NotFound => f.write_str("there is no such thing here"),
            Refused::Invalid(problems) => {
                let problems: Vec<_> = problems.iter().map(ToString::to_string).collect();
                f.write_str(&problems.join("; "))
            }
            Refused::Conflict { what } => f.write_str(what),
        }
    }
}

impl std::error::Error for Refused {}

/// The changes that were decided, or why there are none.
pub type Decided = Result<Vec<Change>, Refused>;

/// A tenant that is still there.
fn known<'a>(directory: &'a Directory, tenant: &TenantId) -> Result<&'a Tenant, Refused> {
    let known = directory.tenant(tenant).filter(|known| known.status != TenantStatus::Deleted);
    known.map(AsRef::as_ref).ok_or(Refused::NotFound)
}

/// Passes if nothing is wrong.
fn valid(problems: Vec<FieldProblem>) -> Result<(), Refused> {
    if problems.is_empty() { Ok(()) } else { Err(Refused::Invalid(problems)) }
}

#[cfg(test)]
mod tests;
