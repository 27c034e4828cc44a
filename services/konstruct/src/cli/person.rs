//! What can be typed about people who write to agents.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use schemas::TenantId;

use super::SETTLE_SECONDS;

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

/// `konstruct person erase`.
#[derive(Debug, Args)]
pub(crate) struct ErasePerson {
    /// The tenant's slug.
    #[arg(long)]
    pub tenant: TenantId,
    /// The person, by the chat system's user id, e.g. `U123ABC`.
    pub person: String,
    /// Count what there is to erase, and erase nothing.
    #[arg(long)]
    pub dry_run: bool,
    /// The person once more: this cannot be undone.
    #[arg(long, value_name = "PERSON")]
    pub yes: Option<String>,
    /// Who asks for it, as the receipt says.
    #[arg(long, value_name = "WHO")]
    pub by: Option<String>,
    /// How long answers to the person that are under way may take to come, in seconds; it goes on as soon as
    /// none is. 0 is enough where no service runs.
    #[arg(long, value_name = "SECONDS", default_value_t = SETTLE_SECONDS)]
    pub settle: u64,
    /// Where the signed receipt is written; nothing may be there yet.
    #[arg(long, value_name = "FILE")]
    pub receipt: Option<PathBuf>,
}
