//! What can be typed where something went wrong.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use schemas::TenantId;

/// `konstruct deadletters …`.
#[derive(Debug, Args)]
pub(crate) struct DeadLetters {
    /// What to do.
    #[command(subcommand)]
    pub verb: LetterVerb,
}

/// What can be done with dead letters.
#[derive(Debug, Subcommand)]
pub(crate) enum LetterVerb {
    /// List them by cause, with what was changed before the first of each.
    Ls {
        /// Of this tenant only.
        #[arg(long)]
        tenant: Option<TenantId>,
        /// Of this consumer only.
        #[arg(long)]
        consumer: Option<String>,
        /// Set aside since then: a time, or an age such as `90s`, `15m`, `12h`, `3d`.
        #[arg(long)]
        since: Option<String>,
        /// Also those that were retried, edited or discarded.
        #[arg(long)]
        all_states: bool,
    },
    /// Show one, with its event; what people wrote stays sealed.
    Show {
        /// Its id, or the beginning of its event's.
        id: String,
        /// Open what people wrote. That is written down.
        #[arg(long)]
        open: bool,
        /// Who you are, for the record; the user of the system where nothing is said.
        #[arg(long, value_name = "NAME")]
        by: Option<String>,
    },
    /// Have their events handled once more. Nobody is answered twice.
    Retry {
        #[command(flatten)]
        chosen: Chosen,
        /// Show what would be done, and do nothing.
        #[arg(long)]
        dry_run: bool,
    },
    /// Have an event handled once more as a file says it. What people wrote cannot be changed.
    Edit {
        /// Its id, or the beginning of its event's.
        id: String,
        /// The whole event, as `show --json` has it under `original`; `-` is standard input.
        #[arg(long, value_name = "FILE")]
        data: PathBuf,
        /// Who you are, for the record; the user of the system where nothing is said.
        #[arg(long, value_name = "NAME")]
        by: Option<String>,
    },
    /// Do nothing about them. They stay visible with the reason.
    Discard {
        #[command(flatten)]
        chosen: Chosen,
        /// Why.
        #[arg(long, value_name = "TEXT")]
        reason: String,
    },
}

/// Which letters.
#[derive(Debug, Args)]
pub(crate) struct Chosen {
    #[command(flatten)]
    pub which: Which,
    /// Of this tenant only.
    #[arg(long)]
    pub tenant: Option<TenantId>,
    /// Set aside since then: a time, or an age such as `90s`, `15m`, `12h`, `3d`.
    #[arg(long)]
    pub since: Option<String>,
    /// Do not ask, however many there are.
    #[arg(long)]
    pub yes: bool,
    /// Who you are, for the record; the user of the system where nothing is said.
    #[arg(long, value_name = "NAME")]
    pub by: Option<String>,
}

/// One, those of one cause, or all.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(crate) struct Which {
    /// Its id, or the beginning of its event's.
    pub id: Option<String>,
    /// All of a group, by its key.
    #[arg(long, value_name = "KEY")]
    pub group: Option<String>,
    /// All of which nothing was decided.
    #[arg(long)]
    pub all: bool,
}

/// `konstruct redeliver` and `konstruct reprocess`.
#[derive(Debug, Args)]
pub(crate) struct Messages {
    /// The messages, by their ids or the references that people quote.
    #[arg(required = true, value_name = "MESSAGE")]
    pub which: Vec<String>,
    /// The tenant's slug; all tenants are searched without.
    #[arg(long)]
    pub tenant: Option<TenantId>,
    /// Also what has arrived, or may have: people may read the same twice.
    #[arg(long)]
    pub again: bool,
    /// Show what would be done, and do nothing.
    #[arg(long)]
    pub dry_run: bool,
    /// Do not ask.
    #[arg(long)]
    pub yes: bool,
    /// Who you are, for the record; the user of the system where nothing is said.
    #[arg(long, value_name = "NAME")]
    pub by: Option<String>,
}

/// `konstruct reply …`.
#[derive(Debug, Args)]
pub(crate) struct ReplyWord {
    /// What became of it.
    #[command(subcommand)]
    pub verb: ReplyVerb,
}

/// What can be said of a reply in doubt.
#[derive(Debug, Subcommand)]
pub(crate) enum ReplyVerb {
    /// You looked, and it has arrived.
    Sent(OfMessage),
    /// It has not: send what is in doubt again.
    Again(OfMessage),
}

/// A message, and who says something of it.
#[derive(Debug, Args)]
pub(crate) struct OfMessage {
    /// The message's id, or the reference that a person quotes.
    pub message: String,
    /// The tenant's slug; all tenants are searched without.
    #[arg(long)]
    pub tenant: Option<TenantId>,
    /// Who you are, for the record; the user of the system where nothing is said.
    #[arg(long, value_name = "NAME")]
    pub by: Option<String>,
}
