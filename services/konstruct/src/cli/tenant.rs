//! What can be typed about tenants.

use clap::{Args, Subcommand};
use schemas::TenantId;

use super::{EraseTenant, ExportTenant, ImportTenant, Receipts};

/// `konstruct tenant …`.
#[derive(Debug, Args)]
pub(crate) struct Tenants {
    /// What to do.
    #[command(subcommand)]
    pub verb: TenantVerb,
}

/// What can be done with tenants.
#[derive(Debug, Subcommand)]
pub(crate) enum TenantVerb {
    /// List all tenants.
    List,
    /// Show one tenant.
    Show {
        /// The tenant's slug.
        #[arg(long)]
        tenant: TenantId,
    },
    /// Erase a tenant for good: its key, its messages on every stream, its rows in every table. Run
    /// again, it does what is left.
    Erase(EraseTenant),
    /// Receipts of tenants and people that were erased.
    Receipt(Receipts),
    /// Write all of a tenant's data, in the clear, to one file of JSON lines; or verify one.
    Export(ExportTenant),
    /// Make a tenant of such a file, where its slug is free. Run again, it does what is left.
    Import(ImportTenant),
}
