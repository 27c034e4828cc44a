//! Why the database did not do what we asked, and whether asking again can help.

use tokio_postgres::error::SqlState;

/// A failure, without a word of what people wrote: no rows, no parameters, no statement.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// There is no connection, or it broke.
    #[error("the database is away: {0}")]
    Unavailable(String),
    /// The server refused a statement.
    #[error("the database refused: {message} (SQLSTATE {code})")]
    Statement {
        /// Five characters, see the PostgreSQL manual, appendix A.
        code: String,
        /// The server's primary message; never its detail, which quotes rows.
        message: String,
    },
    /// A row does not hold what we once put there, or a parameter does not fit.
    #[error("a row does not hold what it should: {0}")]
    Row(String),
    /// The connection is not one we work with, or what was asked is not done; the text says how to fix it.
    #[error("{0}")]
    Refused(String),
    /// Somebody else leads that stage now, or has moved that checkpoint.
    #[error("`{0}` has another owner now")]
    Fenced(String),
    /// The tenant was erased: its key is gone, and with it all that was sealed.
    #[error("the key of tenant `{0}` is gone")]
    KeyGone(schemas::TenantId),
    /// Something sealed cannot be opened, or not be sealed.
    #[error("{0}")]
    Seal(String),
    /// The migrations of this program and of the database disagree.
    #[error("{0}")]
    Migration(String),
}

impl StoreError {
    /// Whether the same request may well succeed later.
    pub fn is_transient(&self) -> bool {
        match self {
            StoreError::Unavailable(_) => true,
            StoreError::Statement { code, .. } => transient(code),
            StoreError::Row(_)
            | StoreError::Refused(_)
            | StoreError::Fenced(_)
            | StoreError::KeyGone(_)
            | StoreError::Seal(_)
            | StoreError::Migration(_) => false,
        }
    }

    /// A migration changed a table under a prepared statement; a new connection will do.
    pub(crate) fn is_stale_plan(&self) -> bool {
        matches!(self, StoreError::Statement { code, .. } if STALE_PLAN.contains(&code.as_str()))
    }

    /// Reading what we wrote ourselves went wrong.
    pub(crate) fn row(problem: impl std::fmt::Display) -> Self {
        StoreError::Row(problem.to_string())
    }
}

/// "Cached plan must not change result type", and a prepared statement that is gone.
const STALE_PLAN: [&str; 2] = ["0A000", "26000"];

/// Connection, transaction rollback, resources, locks and time-outs, operators, system.
fn transient(code: &str) -> bool {
    matches!(code.get(..2), Some("08" | "40" | "53" | "55" | "57" | "58"))
        || STALE_PLAN.contains(&code)
}

impl From<tokio_postgres::Error> for StoreError {
    fn from(error: tokio_postgres::Error) -> Self {
        if let Some(db) = error.as_db_error() {
            // Class 22 quotes the value that is wrong: the code must do.
            let quotes =
                db.code().code().starts_with("22") || *db.code() == SqlState::CHECK_VIOLATION;
            let message = if quotes { "a value does not fit" } else { db.message() };
            return StoreError::Statement {
                code: db.code().code().to_owned(),
                message: message.to_owned(),
            };
        }
        let (text, what) = (error.to_string(), with_cause(&error));
        let is = |starts: &[&str]| starts.iter().any(|start| text.starts_with(start));
        if is(&["error performing TLS handshake"]) {
            return StoreError::Refused(format!(
                "{what}; the authority that signed the server's certificate goes into \
                 KONSTRUCT_DATABASE_CA_FILE"
            ));
        }
        if is(&["authentication error", "invalid configuration"]) {
            return StoreError::Refused(what);
        }
        if error.is_closed() || is(&AWAY) {
            StoreError::Unavailable(what)
        } else {
            StoreError::Row(what)
        }
    }
}

/// How the driver's errors begin when there is no connection, or no longer; it tells no kinds.
const AWAY: [&str; 3] = ["error communicating", "error connecting", "timeout waiting"];

impl From<deadpool_postgres::PoolError> for StoreError {
    fn from(error: deadpool_postgres::PoolError) -> Self {
        use deadpool_postgres::PoolError;
        match error {
            PoolError::Backend(error) => error.into(),
            PoolError::Timeout(_)
            | PoolError::Closed
            | PoolError::NoRuntimeSpecified
            | PoolError::PostCreateHook(_) => StoreError::Unavailable(error.to_string()),
        }
    }
}

/// The driver keeps what happened in the cause, e.g. `connection refused`.
fn with_cause(error: &tokio_postgres::Error) -> String {
    use std::error::Error as _;
    match error.source() {
        Some(cause) => format!("{error}: {cause}"),
        None => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_may_pass_is_transient() {
        let cases = [
            ("40001", true),  // serialization failure
            ("40P01", true),  // deadlock
            ("53300", true),  // too many connections
            ("55P03", true),  // lock not available
            ("57014", true),  // statement timeout
            ("57P01", true),  // the server is told to stop
            ("23505", false), // unique violation
            ("42501", false), // row-level security
            ("42P01", false), // no such table
        ];
        for (code, want) in cases {
            let error = StoreError::Statement { code: code.to_owned(), message: String::new() };
            assert_eq!(error.is_transient(), want, "{code}");
        }
    }
}
