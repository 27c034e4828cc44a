//! Why not, for whoever asked.

use domain::access::Denied;
use store::StoreError;

use crate::{InvalidEmail, mail::MailError, password::PasswordProblem};

/// Why something about an account was not done.
#[derive(Debug, thiserror::Error)]
pub enum AccountsError {
    /// The role is not enough, or there is no such thing.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// The password will not do.
    #[error(transparent)]
    Password(#[from] PasswordProblem),
    /// Not an e-mail address.
    #[error(transparent)]
    Email(#[from] InvalidEmail),
    /// Unknown, used, or too old; nobody learns which.
    #[error("this link does not work: it was used, or it is too old")]
    Link,
    /// The session ended meanwhile.
    #[error("the session has ended")]
    SessionEnded,
    /// It asks for a password that was typed a moment ago.
    #[error("type your password again first")]
    Stale,
    /// The password or code is not the right one.
    #[error("that is not right")]
    Wrong,
    /// There are administrators.
    #[error("this installation is set up")]
    IsSetUp,
    /// Nobody could undo it.
    #[error("somebody must remain who administers the installation")]
    LastAdministrator,
    /// The e-mail has an account.
    #[error("there is an account with this e-mail")]
    EmailTaken,
    /// Too many are signing in.
    #[error("too many are signing in at this moment")]
    Busy,
    /// The mail did not go out.
    #[error(transparent)]
    Mail(#[from] MailError),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}
