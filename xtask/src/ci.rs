//! `cargo xtask ci`: every check, each with its name and time; the first failure ends it.

use std::process::{Command, ExitStatus, Stdio};
use std::time::Instant;

use anyhow::{Context, Result, bail};

use crate::child::run_ok;
use crate::fetch;
use crate::home::Home;
use crate::out;
use crate::stop::Stop;
use crate::suite;

type Step = fn(&Home, &Stop) -> Result<Outcome>;

enum Outcome {
    Done,
    Skipped(&'static str),
}

const STEPS: &[(&str, Step)] = &[
    ("fmt", fmt),
    ("clippy", clippy),
    ("core on wasm32", wasm),
    ("deny", deny),
    ("compose", compose),
    ("test", test),
    ("the whole road", road),
];

pub(crate) fn ci(home: &Home, stop: &Stop) -> Result<()> {
    let mut summary = Vec::new();
    for (name, step) in STEPS {
        out::say(format!("==> {name}"));
        let begun = Instant::now();
        let outcome = step(home, stop).with_context(|| format!("ci failed at `{name}`"))?;
        let seconds = begun.elapsed().as_secs_f64();
        let note = match outcome {
            Outcome::Done => format!("{name:<16}{seconds:>8.1} s  ok"),
            Outcome::Skipped(why) => format!("{name:<16}{seconds:>8.1} s  skipped: {why}"),
        };
        out::say(format!("<== {note}"));
        summary.push(note);
    }
    out::say(format!("\n{}", summary.join("\n")));
    Ok(())
}

fn fmt(home: &Home, stop: &Stop) -> Result<Outcome> {
    fetch::component(home, "rustfmt", stop)?;
    run_ok(home.cargo(&["fmt", "--all", "--check"]), stop)?;
    Ok(Outcome::Done)
}

fn clippy(home: &Home, stop: &Stop) -> Result<Outcome> {
    fetch::component(home, "clippy", stop)?;
    run_ok(home.cargo(&["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]), stop)?;
    Ok(Outcome::Done)
}

fn wasm(home: &Home, stop: &Stop) -> Result<Outcome> {
    fetch::wasm_target(home, stop)?;
    let core = ["-p", "schemas", "-p", "nats", "-p", "domain"];
    run_ok(
        home.cargo(&[&["check", "--target", "wasm32-unknown-unknown"], &core[..]].concat()),
        stop,
    )?;
    Ok(Outcome::Done)
}

/// What a newcomer does first: one message, from a signed webhook to its answer.
fn road(home: &Home, stop: &Stop) -> Result<Outcome> {
    let dev = ["run", "--quiet", "-p", "xtask", "--", "dev", "--once", "--llm", "echo"];
    run_ok(home.cargo(&dev), stop)?;
    Ok(Outcome::Done)
}

/// Not `advisories`: they come from a host that not every machine reaches.
fn deny(home: &Home, stop: &Stop) -> Result<Outcome> {
    let mut deny = Command::new(fetch::cargo_deny(home, stop)?);
    deny.args(["--log-level", "error", "check", "bans", "licenses", "sources"])
        .current_dir(&home.repo);
    run_ok(deny, stop)?;
    Ok(Outcome::Done)
}

/// The client alone checks the file: no daemon is needed, and the values are only for this check.
fn compose(home: &Home, stop: &Stop) -> Result<Outcome> {
    let mut version = Command::new("docker");
    version.args(["compose", "version"]).stdout(Stdio::null()).stderr(Stdio::null());
    if !version.status().is_ok_and(|status| status.success()) {
        return Ok(Outcome::Skipped("no `docker compose` here"));
    }
    let mut config = Command::new("docker");
    config.args(["compose", "-f", "deploy/compose.yaml", "config", "-q"]).current_dir(&home.repo);
    for name in env_names(include_str!("../../deploy/.env.example")) {
        config.env(name, "only-for-this-check");
    }
    run_ok(config, stop)?;
    Ok(Outcome::Done)
}

fn test(home: &Home, stop: &Stop) -> Result<Outcome> {
    passed(suite::test(home, &[], stop)?)?;
    Ok(Outcome::Done)
}

fn passed(status: ExitStatus) -> Result<()> {
    if !status.success() {
        bail!("tests failed ({status})");
    }
    Ok(())
}

fn env_names(example: &str) -> impl Iterator<Item = &str> {
    example
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split_once('='))
        .map(|(name, _)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_compose_file_asks_only_for_what_the_example_names() {
        let compose = include_str!("../../deploy/compose.yaml");
        let named: Vec<_> = env_names(include_str!("../../deploy/.env.example")).collect();
        let asked = compose.split("${").skip(1).filter_map(|rest| rest.split([':', '}']).next());
        for name in asked {
            assert!(named.contains(&name), "deploy/.env.example lacks {name}");
        }
    }
}
