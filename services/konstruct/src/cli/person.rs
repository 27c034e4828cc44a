//! What can be typed about people who write to agents.

use clap::{Args, Subcommand};

use super::ErasePerson;

/// `konstruct person …`.
#[derive(Debug, Args)]
pub(crate) struct Persons {
    /// What to do.
    #[command(subcommand)]
    pub verb: PersonVerb,
}

/// What can be done with people.
#[derive(Debug, Subcommand)]
pub(crate) enum PersonVerb {
    /// Erase what a person wrote to a tenant's agents until now, with what was answered, from every stream
    /// and table. What others wrote in the same threads stays, and so do sums of what was used. Run again,
    /// it does what is left.
    Erase(ErasePerson),
}
