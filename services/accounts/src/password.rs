//! Passwords: which will do, and how they are kept.

mod hasher;
mod policy;
mod queue;

pub(crate) use self::hasher::{Hasher, is_outdated};
pub use self::policy::{PasswordProblem, check, score};
