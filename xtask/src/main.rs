//! `cargo xtask`: everything a developer runs, from a machine with Rust and Python 3 only.
//!
//! It must never leave a child behind, ask for Docker or an account, or put a secret on a command line.

mod browser;
mod child;
mod ci;
mod compose;
mod demo;
mod dev;
mod fetch;
mod home;
mod http;
mod model;
mod nats;
mod orphans;
mod out;
mod postgres;
mod random;
mod secrets;
mod site;
mod stop;
mod suite;

use std::process::{ExitCode, ExitStatus};

use anyhow::Result;
use clap::{Parser, Subcommand};

use crate::home::Home;
use crate::stop::Stop;

/// What the shell expects of a program that Ctrl-C ended.
const INTERRUPTED: u8 = 130;

/// Run, test and measure Konstruct
#[derive(Parser)]
#[command(bin_name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Start everything here, and have a message answered
    Dev(dev::Options),
    /// Run the whole test suite (arguments go to `cargo test`)
    Test {
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<String>,
    },
    /// Run every check
    Ci {
        /// Only the one of that name, e.g. `compose`
        step: Option<String>,
    },
    /// Download what is missing into .konstruct/
    Fetch {
        /// Leave the language model out
        #[arg(long)]
        no_model: bool,
    },
    /// Build what runs in the browser
    Site,
    /// Measure (arguments go to the bench program)
    Bench {
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<String>,
    },
}

fn main() -> ExitCode {
    let task = Cli::parse().task;
    match run(&task) {
        Ok(code) => code,
        Err(error) => {
            out::warn(format!("error: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

fn run(task: &Task) -> Result<ExitCode> {
    let stop = Stop::listen()?;
    let done = perform(task, &stop);
    if done.is_err() && stop.asked() {
        return Ok(ExitCode::from(INTERRUPTED));
    }
    done
}

fn perform(task: &Task, stop: &Stop) -> Result<ExitCode> {
    let home = Home::find()?;
    match task {
        Task::Dev(options) => dev::dev(&home, options, stop)?,
        Task::Test { args } => return Ok(code(suite::test(&home, args, stop)?)),
        Task::Ci { step } => ci::ci(&home, step.as_deref(), stop)?,
        Task::Fetch { no_model } => fetch::all(&home, !no_model, stop)?,
        Task::Site => drop(site::site(&home, stop)?),
        Task::Bench { args } => return Ok(code(suite::bench(&home, args, stop)?)),
    }
    Ok(ExitCode::SUCCESS)
}

fn code(status: ExitStatus) -> ExitCode {
    let code = status.code().and_then(|code| u8::try_from(code).ok());
    code.map_or(ExitCode::FAILURE, ExitCode::from)
}
