//! What can be typed.

mod erase;
mod keep;
mod person;
mod portable;
mod repair;
mod replay;
mod see;
mod tenant;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use schemas::TenantId;

pub(crate) use self::{
    erase::{ErasePerson, EraseTenant, ReceiptVerb, Receipts, ShowReceipt},
    keep::{BackupVerb, Backups, Restore},
    person::{PersonVerb, Persons},
    portable::{ExportTenant, ExportVerb, ImportTenant},
    repair::{Chosen, DeadLetters, LetterVerb, Messages, ReplyVerb, ReplyWord},
    replay::{AddTest, Projections, ReplayVerb, Replays, RunTests, Shadow, TestVerb, Tests},
    see::{At, Get, StreamVerb, Streams, Tail},
    tenant::{TenantVerb, Tenants},
};

/// AI employees that answer in Slack.
#[derive(Debug, Parser)]
#[command(name = "konstruct", version, about, max_term_width = 100)]
pub(crate) struct Cli {
    /// Print JSON in place of text.
    #[arg(long, global = true)]
    pub json: bool,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// The services.
    #[command(flatten)]
    Service(Service),
    /// Apply the topology to NATS: streams, consumers, buckets. Running it again changes nothing.
    Setup,
    /// Bring the database up to date, as its owner. Running it again changes nothing.
    Migrate,
    /// Make tenants, agents and connections as a file says; shows the difference first.
    Apply(Apply),
    /// Serve the model groups to programs over OpenAI's API, or say how they stand.
    Llm(Llm),
    /// Tenants.
    Tenant(Tenants),
    /// People who write to the agents of a tenant.
    Person(Persons),
    /// Agents of a tenant.
    Agent(Of),
    /// Connections of a tenant.
    Connection(Of),
    /// Show the life of one message: stage, when, how long, outcome.
    Trace(Trace),
    /// Streams and what is on them.
    Stream(Streams),
    /// Show tenants, agents, tools, model groups and connections as they were at an instant; with
    /// `--json`, whole but for what people wrote. Exit code 1 if an event cannot be read.
    At(At),
    /// What could not be handled: look at it, have it handled again, or leave it be.
    #[command(name = "deadletters")]
    DeadLetters(DeadLetters),
    /// Send the replies to messages, as far as their people have not got them.
    Redeliver(Messages),
    /// Have messages answered again.
    Reprocess(Messages),
    /// Say what became of a reply in doubt.
    Reply(ReplyWord),
    /// Say something as a person in Slack would, and print the answer.
    Say(Say),
    /// Read the log once more: for other answers to recorded turns, without any effect, or for the read
    /// models.
    Replay(Replays),
    /// Turns that are kept as tests, with what is expected of an answer. Without a verb it runs them.
    Test(Tests),
    /// Check NATS, the database, the clock and the keys, and say how to fix what is wrong.
    Doctor(Doctor),
    /// Copy all that is kept into a directory, while services run: streams, bucket and database, as they
    /// were at one cut.
    Backup(Backups),
    /// Put a backup back into a NATS and a database that are empty, while no service runs.
    Restore(Restore),
    /// Who signs in to the portal.
    Operator(Operators),
    /// Wrap every tenant's key with the current master key; the former ones stand in
    /// `KONSTRUCT_MASTER_KEY_PREVIOUS`.
    RotateMasterKey,
    /// Print the version.
    Version,
}

/// A service, or all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Subcommand)]
pub(crate) enum Service {
    /// Every service in one process.
    All,
    /// Hears Slack, and stores what is for an employee.
    Gateway,
    /// Lets the first delivery of a message through, within the tenant's limits.
    Guards,
    /// Asks the models.
    Completion,
    /// Answers in Slack.
    Delivery,
    /// Writes the read models.
    Projector,
    /// Brings back what was deferred, and forgets what is old.
    Sweeper,
    /// Where operators work.
    Portal,
    /// The models for programs; typed as a command, see [`Llm`].
    #[command(skip)]
    Llm,
}

impl Command {
    /// Whether it runs until it is stopped.
    pub(crate) const fn is_service(&self) -> bool {
        matches!(self, Command::Service(_) | Command::Llm(Llm { verb: None }))
    }
}

/// `konstruct llm [status]`.
#[derive(Debug, Args)]
pub(crate) struct Llm {
    /// What to do; nothing said serves.
    #[command(subcommand)]
    pub verb: Option<LlmVerb>,
}

/// What can be asked of the models.
#[derive(Debug, Subcommand)]
pub(crate) enum LlmVerb {
    /// How each deployment stands in a process that runs: breakers, latency, calls, spend.
    Status {
        /// The admin listener of the process.
        #[arg(long, default_value = "http://127.0.0.1:8002")]
        admin: String,
    },
}

/// `konstruct apply`.
#[derive(Debug, Args)]
pub(crate) struct Apply {
    /// The file; `-` is standard input.
    #[arg(short, long)]
    pub file: PathBuf,
    /// Show the difference and change nothing.
    #[arg(long)]
    pub dry_run: bool,
}

/// `konstruct agent …` and `konstruct connection …`.
#[derive(Debug, Args)]
pub(crate) struct Of {
    /// What to do.
    #[command(subcommand)]
    pub verb: Verb,
}

/// What can be done with what a tenant has.
#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    /// List them.
    List {
        /// The tenant's slug.
        #[arg(long)]
        tenant: TenantId,
    },
    /// Show one.
    Show {
        /// The tenant's slug.
        #[arg(long)]
        tenant: TenantId,
        /// Its id.
        id: String,
    },
}

/// `konstruct operator …`.
#[derive(Debug, Args)]
pub(crate) struct Operators {
    /// What to do.
    #[command(subcommand)]
    pub verb: OperatorVerb,
}

/// What can be done with operators.
#[derive(Debug, Subcommand)]
pub(crate) enum OperatorVerb {
    /// Print a link that makes the first administrator, once and within 24 hours.
    SetUpLink,
    /// List all operators.
    List,
    /// Let somebody sign in no more; their sessions and keys end at once.
    Disable {
        /// Their e-mail.
        email: String,
    },
    /// Make a link to choose another password, for 30 minutes; mailed, or printed where there is no
    /// mail.
    ResetLink {
        /// Their e-mail.
        email: String,
    },
}

/// `konstruct trace`.
#[derive(Debug, Args)]
pub(crate) struct Trace {
    /// The message: its id or an event's or their beginning, the reference that a person quotes, a
    /// permalink or a timestamp of Slack, its own or an answer's, or the effect id of what was sent for it.
    pub message: String,
    /// The tenant's slug; all tenants are searched without, on the record of the platform role.
    #[arg(long)]
    pub tenant: Option<TenantId>,
    /// Print it as an OpenTelemetry trace, as a collector takes it at `/v1/traces`.
    #[arg(long)]
    pub otlp: bool,
}

/// `konstruct say`.
#[derive(Debug, Args)]
pub(crate) struct Say {
    /// The tenant's slug.
    #[arg(long)]
    pub tenant: TenantId,
    /// The timestamp of the thread's first message, to go on with it.
    #[arg(long)]
    pub thread: Option<String>,
    /// The channel it is said in.
    #[arg(long, default_value = "C0SAY")]
    pub channel: String,
    /// The person who says it.
    #[arg(long, default_value = "U0PERSON")]
    pub user: String,
    /// Seconds to wait for the answer.
    #[arg(long, default_value_t = 180)]
    pub wait_s: u64,
    /// What is said.
    pub text: String,
}

/// `konstruct doctor`.
#[derive(Debug, Args)]
pub(crate) struct Doctor {
    /// Ask the running service only, at this address or at `KONSTRUCT_ADMIN_LISTEN`: exit 0 if it is
    /// ready.
    #[arg(long, value_name = "URL", num_args = 0..=1)]
    #[expect(clippy::option_option, reason = "not asked, asked, and asked with an address")]
    pub health: Option<Option<String>>,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_readme_names_what_can_be_said_to_those_who_look() {
        let readme = include_str!("../../../README.md");
        let command = Cli::command();
        for name in ["at", "trace"] {
            let named = format!("`konstruct {name} ");
            let mut rows = readme.lines().filter(|line| line.starts_with('|'));
            let row = rows.find(|row| row.contains(&named)).unwrap();
            let flags = command.find_subcommand(name).unwrap().get_arguments();
            for flag in flags.filter_map(clap::Arg::get_long) {
                assert!(row.contains(&format!("[--{flag}")), "--{flag} is missing in {row}");
            }
        }
    }
}
