//! `bench pipeline`: the gateway against raw publishing, the whole pipeline, what it costs, and how
//! much memory it takes. `bench portal` and `bench views`: what operators see, and what it is made of.
//! `bench llm`: what the router adds to a call of a model. `bench replay`: what reading the log again takes.
//!
//! Everything runs on one machine, the load and the look-alikes of Slack and of the vendors too, so
//! each window says who used the processor in it, and how much of it was nobody's here.

mod answers;
mod gateway;
pub(crate) mod llm;
mod load;
mod peer;
mod pipeline;
pub(crate) mod portal;
mod process;
pub(crate) mod replay;
pub(crate) mod report;
mod streams;
mod town;
mod vendor;
pub(crate) mod views;

use std::{
    io::Write as _,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use anyhow::Context as _;
use konstruct_tests::{installation::Installation, postgres::raw};
use schemas::Timestamp;
use tokio::process::Command;

use self::{
    report::{Machine, Report},
    town::Town,
};

/// What is measured, and how long.
pub(crate) struct Options {
    /// How long each rate is held.
    pub(crate) hold: Duration,
    /// How many messages each burst of the pipeline has.
    pub(crate) messages: u32,
}

impl Default for Options {
    fn default() -> Self {
        Self { hold: Duration::from_secs(8), messages: 2_000 }
    }
}

/// Measures everything.
pub(crate) async fn run(options: &Options) -> anyhow::Result<Report> {
    let town = Town::prepare(false).await?;
    let machine = machine(&town.it).await?;
    let (mut groups, base) = gateway::run(town, options).await?;
    groups.extend(pipeline::run(options, &base).await?);
    Ok(Report { machine, groups, broken: Vec::new() })
}

/// What is going on, for whoever waits.
fn tell(what: &str) {
    // Nothing depends on somebody reading it.
    writeln!(std::io::stderr(), "bench: {what}").ok();
}

async fn machine(it: &Installation) -> anyhow::Result<Machine> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_millis();
    let client = async_nats::connect(it.nats.url()).await?;
    let admin = raw(&it.database.superuser_url()).await?;
    let show = async |setting: &str| -> anyhow::Result<String> {
        Ok(admin.query_one(&format!("show {setting}"), &[]).await?.get(0))
    };
    let cpus = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpus.lines().find_map(|line| line.strip_prefix("model name")?.split_once(':'));
    Ok(Machine {
        at: Timestamp::from_millis(i64::try_from(now)?).to_string(),
        commit: commit().await,
        profile: if cfg!(debug_assertions) { "debug" } else { "release" },
        processor: model.map(|(_, name)| name.trim().to_owned()).unwrap_or_default(),
        cores: std::thread::available_parallelism().context("the number of cores")?.get(),
        load_before: std::fs::read_to_string("/proc/loadavg")?.trim().to_owned(),
        nats: client.server_info().version,
        postgres: show("server_version").await?,
        fsync: show("fsync").await?,
        synchronous_commit: show("synchronous_commit").await?,
    })
}

async fn commit() -> String {
    let output = Command::new("git").args(["describe", "--always", "--dirty"]).output().await;
    let text = output.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned());
    text.unwrap_or_default()
}
