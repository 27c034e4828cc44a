//! What can be typed about the erasure of a tenant or a person, and about its receipt.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use schemas::TenantId;

/// Longer than an answer may take, with what is written of it.
const SETTLE_SECONDS: u64 = 180;

/// What can be said of every erasure.
#[derive(Debug, Args)]
pub(crate) struct Erase {
    /// Count what there is to erase, and erase nothing.
    #[arg(long)]
    pub dry_run: bool,
    /// Who asks for it, as the receipt says.
    #[arg(long, value_name = "WHO")]
    pub by: Option<String>,
    /// Where the signed receipt is written; nothing may be there yet.
    #[arg(long, value_name = "FILE")]
    pub receipt: Option<PathBuf>,
}

/// `konstruct tenant erase`.
#[derive(Debug, Args)]
pub(crate) struct EraseTenant {
    /// The tenant's slug.
    #[arg(long)]
    pub tenant: TenantId,
    /// The slug once more: this cannot be undone.
    #[arg(long, value_name = "SLUG")]
    pub yes: Option<String>,
    /// How long answers that are under way may take to come: so many seconds after it has left. 0 is
    /// enough where no service runs.
    #[arg(long, value_name = "SECONDS", default_value_t = SETTLE_SECONDS)]
    pub settle: u64,
    #[command(flatten)]
    pub erase: Erase,
}

/// `konstruct person erase`.
#[derive(Debug, Args)]
pub(crate) struct ErasePerson {
    /// The tenant's slug.
    #[arg(long)]
    pub tenant: TenantId,
    /// The person, by the chat system's user id, e.g. `U123ABC`.
    pub person: String,
    /// The person once more: this cannot be undone.
    #[arg(long, value_name = "PERSON")]
    pub yes: Option<String>,
    /// How long answers to the person that are under way may take to come, in seconds; it goes on as soon as
    /// none is. 0 is enough where no service runs.
    #[arg(long, value_name = "SECONDS", default_value_t = SETTLE_SECONDS)]
    pub settle: u64,
    #[command(flatten)]
    pub erase: Erase,
}

/// `konstruct tenant receipt …`.
#[derive(Debug, Args)]
pub(crate) struct Receipts {
    /// What to do.
    #[command(subcommand)]
    pub verb: ReceiptVerb,
}

/// What can be done with receipts.
#[derive(Debug, Subcommand)]
pub(crate) enum ReceiptVerb {
    /// Whether this installation signed it, and nobody changed it since.
    Verify {
        /// The receipt.
        file: PathBuf,
    },
    /// Print the latest receipt of a tenant once more, as it was signed.
    #[command(visible_alias = "again")]
    Show(ShowReceipt),
    /// Print the public key that verifies receipts, in PEM; with `--json`, also those of former master keys.
    Key,
}

/// `konstruct tenant receipt show`.
#[derive(Debug, Args)]
pub(crate) struct ShowReceipt {
    /// The tenant's slug.
    #[arg(long)]
    pub tenant: TenantId,
    /// Where it is written too; nothing may be there yet.
    #[arg(long, value_name = "FILE")]
    pub receipt: Option<PathBuf>,
}
