//! The one executable: every service, and the commands of operators.
//!
//! **Invariant:** nothing else reads the environment of a service.

mod cli;
mod commands;
mod erasing;
mod output;
mod programs;
mod progress;
mod settings;
mod stories;
mod wiring;

use std::process::ExitCode;

use clap::Parser as _;

use crate::{
    cli::{Cli, Command, Llm, LlmVerb, Service},
    output::{Output, harmless},
    settings::{Asked, Sources},
};

fn main() -> ExitCode {
    let cli = Cli::parse();
    match run(cli) {
        Ok(code) => code,
        Err(error) => {
            // Logs may not have started; whoever typed the command reads standard error.
            eprint(&harmless(&format!("error: {error:#}")));
            ExitCode::FAILURE
        }
    }
}

#[expect(clippy::print_stderr, reason = "the last word of a command that failed")]
fn eprint(text: &str) {
    eprintln!("{text}");
}

fn run(cli: Cli) -> anyhow::Result<ExitCode> {
    let provider = rustls::crypto::ring::default_provider();
    provider.install_default().map_err(|_| anyhow::anyhow!("TLS was set up twice"))?;
    let sources = Sources::open()?;
    let asked = Asked::new(&sources);
    let (format, filter) = asked.logs()?;
    let quiet = !cli.command.is_service() && std::env::var_os("RUST_LOG").is_none();
    runtime::telemetry::start_logs(format, if quiet { "warn" } else { &filter })?;
    if cli.command.is_service()
        && let Err(error) = runtime::files::allow_many()
    {
        tracing::warn!(%error, "the limit of open files stays as it is");
    }
    let threads = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    threads.block_on(dispatch(cli, &sources))
}

async fn dispatch(cli: Cli, sources: &Sources) -> anyhow::Result<ExitCode> {
    let output = Output { json: cli.json };
    let asked = Asked::new(sources);
    let done = |result: anyhow::Result<()>| result.map(|()| ExitCode::SUCCESS);
    match cli.command {
        Command::Service(which) => done(programs::run(which, sources).await),
        Command::Llm(Llm { verb: None }) => done(programs::run(Service::Llm, sources).await),
        Command::Llm(Llm { verb: Some(LlmVerb::Status { admin }) }) => {
            done(commands::llm::status(&admin, output).await)
        }
        Command::Setup => done(commands::setup::run(&asked, output).await),
        Command::Migrate => done(commands::migrate::run(&asked, output).await),
        Command::Apply(args) => done(commands::apply::run(&asked, &args, output).await),
        Command::Tenant(args) => done(commands::tenant::run(&asked, args.verb, output).await),
        Command::Person(args) => done(commands::person::run(&asked, args.verb, output).await),
        Command::Agent(args) => done(commands::list::agents(&asked, args, output).await),
        Command::Connection(args) => done(commands::list::connections(&asked, args, output).await),
        Command::Trace(args) => done(commands::trace::run(&asked, &args, output).await),
        Command::Stream(args) => done(commands::stream::run(&asked, args.verb, output).await),
        Command::At(args) => done(commands::at::run(&asked, &args, output).await),
        Command::DeadLetters(args) => done(commands::deadletters::run(&asked, args, output).await),
        Command::Redeliver(args) => done(commands::repair::redeliver(&asked, &args, output).await),
        Command::Reprocess(args) => done(commands::repair::reprocess(&asked, &args, output).await),
        Command::Reply(args) => done(commands::repair::reply(&asked, args, output).await),
        Command::Say(args) => commands::say::run(&asked, &args, output).await,
        Command::Replay(args) => commands::replay::run(sources, args, output).await,
        Command::Test(args) => commands::test::run(sources, args, output).await,
        Command::Doctor(args) => commands::doctor::run(sources, &args, output).await,
        Command::Backup(args) => done(commands::backup::run(&asked, args, output).await),
        Command::Restore(args) => done(commands::restore::run(&asked, &args, output).await),
        Command::Operator(args) => done(commands::operator::run(&asked, args, output).await),
        Command::RotateMasterKey => done(commands::rotate::run(&asked, output).await),
        Command::Version => done(commands::version(output)),
    }
}
