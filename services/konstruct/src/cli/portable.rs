//! `konstruct tenant export` and `konstruct tenant import`.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use schemas::TenantId;

/// `konstruct tenant export …`.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct ExportTenant {
    /// What to do; nothing said exports.
    #[command(subcommand)]
    pub verb: Option<ExportVerb>,
    /// The tenant's slug.
    #[arg(long)]
    pub tenant: Option<TenantId>,
    /// Where the file is written; nothing may be there yet.
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Count what there is to export, and write nothing.
    #[arg(long)]
    pub dry_run: bool,
    /// Do not ask, however much it is.
    #[arg(long)]
    pub yes: bool,
    /// Who asks for it, as the log of operators says.
    #[arg(long, value_name = "WHO")]
    pub by: Option<String>,
}

/// What can be done with exports.
#[derive(Debug, Subcommand)]
pub(crate) enum ExportVerb {
    /// Whether a file is whole, and as it was written.
    Verify {
        /// The file.
        file: PathBuf,
    },
}

/// `konstruct tenant import`.
#[derive(Debug, Args)]
pub(crate) struct ImportTenant {
    /// The file that was exported.
    #[arg(long, value_name = "FILE")]
    pub from: PathBuf,
    /// What the tenant is called here; its slug there if unsaid.
    #[arg(long = "as", value_name = "SLUG")]
    pub to: Option<TenantId>,
    /// Check the file, count what there is to import, and change nothing.
    #[arg(long)]
    pub dry_run: bool,
    /// Do not ask.
    #[arg(long)]
    pub yes: bool,
    /// Who asks for it, as the log of operators says.
    #[arg(long, value_name = "WHO")]
    pub by: Option<String>,
}
