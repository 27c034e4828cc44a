//! `cargo xtask test` and `bench`: a throwaway PostgreSQL and the programs' places, for whatever runs inside.

use std::env;
use std::fs;
use std::os::unix::fs::DirBuilderExt;
use std::path::PathBuf;
use std::process::{Command, ExitStatus};

use anyhow::{Context, Result};

use crate::browser;
use crate::child::{Dirs, run, run_ok};
use crate::fetch::{self, Tools};
use crate::home::Home;
use crate::out;
use crate::postgres::{Cluster, Durability, Plan};
use crate::random;
use crate::site;
use crate::stop::Stop;

pub(crate) fn test(home: &Home, args: &[String], stop: &Stop) -> Result<ExitStatus> {
    fetch::wasm_target(home, stop)?;
    browser::ensure(stop)?;
    let site = site::site(home, stop)?;
    let tools = fetch::tools(home, stop)?;
    let axe = fetch::axe(home, stop)?;
    let schemathesis = match fetch::schemathesis(home, stop) {
        Ok(dir) => Some(dir),
        Err(error) => {
            out::warn(format!("the API is not tried against its description: {error:#}"));
            None
        }
    };
    run_ok(home.cargo(&["build", "--workspace", "--bins"]), stop)?;
    let mut tests = home.cargo(&["test", "--workspace"]);
    tests
        .args(args)
        .env("KONSTRUCT_BIN", home.built("debug", "konstruct"))
        .env("KONSTRUCT_PORTAL_SITE", site)
        .env("KONSTRUCT_AXE", axe)
        .envs(schemathesis.map(|dir| ("KONSTRUCT_SCHEMATHESIS", dir)));
    inside(home, &tools, Durability::Throwaway, tests, stop)
}

pub(crate) fn bench(home: &Home, args: &[String], stop: &Stop) -> Result<ExitStatus> {
    let tools = fetch::tools(home, stop)?;
    fetch::wasm_target(home, stop)?;
    browser::ensure(stop)?;
    let site = site::site(home, stop)?;
    // Run as it was built: `cargo run -p` would resolve other features and build it all again.
    let bins = ["--bin", "konstruct", "--bin", "konstruct-fake-llm", "--bin", "bench"];
    let build = [["build", "--release", "--workspace"].as_slice(), &bins].concat();
    run_ok(home.cargo(&build), stop)?;
    let mut bench = Command::new(home.built("release", "bench"));
    bench
        .args(args)
        .env("KONSTRUCT_BIN", home.built("release", "konstruct"))
        .env("KONSTRUCT_PORTAL_SITE", site);
    inside(home, &tools, Durability::Durable, bench, stop)
}

/// Runs a command beside a cluster of its own, which is gone afterwards, whatever happens.
fn inside(
    home: &Home,
    tools: &Tools,
    durability: Durability,
    mut command: Command,
    stop: &Stop,
) -> Result<ExitStatus> {
    let scratch = Scratch::make()?;
    let dirs = Dirs { logs: scratch.0.join("logs"), run: scratch.0.join("run") };
    let password = random::secret()?;
    let plan = Plan { durability, ..Plan::new(home, tools, scratch.0.join("postgres"), &password) };
    let cluster = Cluster::start(&plan, &dirs, stop)?;
    command
        .env("KONSTRUCT_TEST_POSTGRES_URL", cluster.superuser_url())
        .env("KONSTRUCT_POSTGRES_BIN", &tools.postgres_bin)
        .env("KONSTRUCT_POSTGRES_RUN_AS", home.run_as.as_ref().map_or("", |user| user.name))
        .env("KONSTRUCT_NATS_SERVER", &tools.nats_server);
    let status = run(command, stop)?;
    if !status.success() {
        let kept = home.dir.join("logs");
        fs::create_dir_all(&kept)?;
        fs::copy(dirs.logs.join("postgres.log"), kept.join("test-postgres.log"))?;
    }
    Ok(status)
}

/// A directory that goes away with its value. Dropped after the cluster inside it, which was made later.
struct Scratch(PathBuf);

impl Scratch {
    fn make() -> Result<Self> {
        // PostgreSQL's user must be able to enter; what is inside has modes of its own.
        let name = format!(
            "konstruct-test-{}-{}",
            std::process::id(),
            random::secret()?.get(..8).unwrap_or_default()
        );
        let dir = env::temp_dir().join(name);
        let made = fs::DirBuilder::new().mode(0o755).create(&dir);
        made.with_context(|| format!("cannot create {}", dir.display()))?;
        Ok(Self(dir))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).ok();
    }
}
