//! What can be typed about backups.

use std::path::PathBuf;

use clap::{Args, Subcommand};

/// `konstruct backup`.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Backups {
    /// What to do; nothing said makes one.
    #[command(subcommand)]
    pub verb: Option<BackupVerb>,
    /// Where it goes: a directory that is not there yet. Until all of it is written it is called
    /// `DIR.part`; a run that was interrupted is begun anew.
    #[arg(long, value_name = "DIR")]
    pub to: Option<PathBuf>,
    /// Who asks for it, as the audit says.
    #[arg(long, value_name = "WHO")]
    pub by: Option<String>,
}

/// What can be done with a backup.
#[derive(Debug, Subcommand)]
pub(crate) enum BackupVerb {
    /// Whether this installation made it, and every file is as it was written.
    Verify {
        /// The backup's directory.
        dir: PathBuf,
    },
}

/// `konstruct restore`.
#[derive(Debug, Args)]
pub(crate) struct Restore {
    /// The backup's directory.
    #[arg(long, value_name = "DIR")]
    pub from: PathBuf,
    /// Check the backup, NATS and the database, and change nothing.
    #[arg(long)]
    pub dry_run: bool,
    /// Do not ask.
    #[arg(long)]
    pub yes: bool,
    /// When the installation that was lost answered last: a time, or how long ago, as in 20m. What was
    /// written before, and is not known to be answered, is held for an operator. Without it, now.
    #[arg(long, value_name = "TIME")]
    pub lost_at: Option<String>,
    /// The receipt of a tenant that was erased since the backup: it is erased again before any service
    /// can start. May be said several times.
    #[arg(long, value_name = "RECEIPT")]
    pub erased: Vec<PathBuf>,
    /// Who asks for it, as the audit says.
    #[arg(long, value_name = "WHO")]
    pub by: Option<String>,
}
