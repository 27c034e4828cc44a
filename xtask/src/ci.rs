//! `cargo xtask ci`: every check, each with its name and time; the first failure ends it.

use std::process::{Command, ExitStatus};
use std::time::Instant;

use anyhow::{Context, Result, bail};

use crate::child::run_ok;
use crate::compose;
use crate::fetch;
use crate::home::Home;
use crate::out;
use crate::stop::Stop;
use crate::suite;

type Step = fn(&Home, &Stop) -> Result<Outcome>;

enum Outcome {
    Done,
    Skipped(String),
}

const STEPS: [(&str, Step); 8] = [
    ("fmt", fmt),
    ("clippy", clippy),
    ("core on wasm32", wasm),
    ("clippy on wasm32", browser),
    ("deny", deny),
    ("compose", compose),
    ("test", test),
    ("the whole road", road),
];

pub(crate) fn ci(home: &Home, only: Option<&str>, stop: &Stop) -> Result<()> {
    let names = STEPS.map(|(name, _)| name);
    if let Some(only) = only.filter(|only| !names.contains(only)) {
        bail!("there is no check `{only}`, only {}", names.join(", "));
    }
    let mut summary = Vec::new();
    for (name, step) in STEPS.into_iter().filter(|(name, _)| only.is_none_or(|it| it == *name)) {
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

/// The half of the portal that runs in browsers, as [`crate::site`] builds it: what runs at build time is
/// shared with that.
fn browser(home: &Home, stop: &Stop) -> Result<Outcome> {
    let half = ["clippy", "-p", "portal", "--lib", "--features", "hydrate", "--profile", "site"];
    let target = ["--target", "wasm32-unknown-unknown", "--", "-D", "warnings"];
    run_ok(home.cargo(&[&half[..], &target].concat()), stop)?;
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

fn compose(home: &Home, stop: &Stop) -> Result<Outcome> {
    Ok(compose::check(home, stop)?.map_or(Outcome::Done, Outcome::Skipped))
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
