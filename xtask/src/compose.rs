//! Whether `deploy/compose.yaml` says what Compose understands. The client alone checks that: no daemon is needed.

use std::env::{self, consts};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::child::{run, run_ok};
use crate::fetch;
use crate::home::Home;
use crate::out;
use crate::stop::Stop;

const PINS: &str = include_str!("../requirements/compose.txt");
const EXAMPLE: &str = include_str!("../../deploy/.env.example");
/// Where Debian's package has the program.
const MEMBER: &str = "./usr/libexec/docker/cli-plugins/docker-compose";
/// Every way to start it.
const PROFILES: [&[&str]; 3] = [&[], &["ollama"], &["ollama-gpu"]];
/// `fetch.py` says so when no mirror has the package.
const NOT_FOUND: i32 = 3;

/// What checks the file, or why there is none.
enum Compose {
    Docker,
    Standalone(PathBuf),
    Missing(String),
}

/// Checks the file with every profile, and that it asks for every variable. Gives why it was skipped, if it was.
pub(crate) fn check(home: &Home, stop: &Stop) -> Result<Option<String>> {
    let compose = find(home, stop)?;
    if let Compose::Missing(why) = compose {
        let by_hand = "set KONSTRUCT_COMPOSE to a `docker-compose` program of yours";
        return Ok(Some(format!("{why}; {by_hand}")));
    }
    for profiles in PROFILES {
        let Some(config) = config(&compose, home, profiles, None) else { continue };
        run_ok(config, stop).with_context(|| format!("with the profiles {profiles:?}"))?;
    }
    for name in env_names(EXAMPLE) {
        let Some(mut config) = config(&compose, home, &[], Some(name)) else { continue };
        config.stdout(Stdio::null()).stderr(Stdio::null());
        if run(config, stop)?.success() {
            bail!("deploy/compose.yaml is content with an empty {name}");
        }
    }
    Ok(None)
}

/// One's own program, Docker's plugin, or Debian's, in this order.
fn find(home: &Home, stop: &Stop) -> Result<Compose> {
    if let Some(own) = env::var_os("KONSTRUCT_COMPOSE").filter(|path| !path.is_empty()) {
        return Ok(Compose::Standalone(own.into()));
    }
    let mut version = Command::new("docker");
    version.args(["compose", "version"]).stdout(Stdio::null()).stderr(Stdio::null());
    if version.status().is_ok_and(|status| status.success()) {
        return Ok(Compose::Docker);
    }
    if consts::OS != "linux" {
        return Ok(Compose::Missing("no `docker compose` here".to_owned()));
    }
    let Some((sha256, place)) = pin(PINS, consts::ARCH) else {
        return Ok(Compose::Missing(format!("no Compose is pinned for {}", consts::ARCH)));
    };
    let mirrors = mirrors_here();
    if mirrors.is_empty() {
        return Ok(Compose::Missing("no `docker compose` and no Debian mirror here".to_owned()));
    }
    debian(home, sha256, place, &mirrors, stop)
}

fn debian(
    home: &Home,
    sha256: &str,
    place: &str,
    mirrors: &[String],
    stop: &Stop,
) -> Result<Compose> {
    let mut found = true;
    let dir = fetch::place(&home.dir, "compose", &format!("{sha256} {place}\n"), |new| {
        out::say("fetching Compose");
        fs::create_dir(new)?;
        let mut python = Command::new("python3");
        python.arg(home.repo.join("xtask/compose/fetch.py")).args([sha256, MEMBER]);
        python.arg(new.join("docker-compose"));
        python.args(mirrors.iter().map(|mirror| format!("{mirror}/{place}")));
        let status = run(python, stop)?;
        found = status.code() != Some(NOT_FOUND);
        if !status.success() {
            bail!("could not fetch Compose ({status})");
        }
        Ok(())
    });
    match dir {
        Ok(dir) => Ok(Compose::Standalone(dir.join("docker-compose"))),
        Err(_) if !found => Ok(Compose::Missing("no Debian mirror has Compose".to_owned())),
        Err(error) => Err(error),
    }
}

/// `config -q` with these profiles. Every variable has a value, which is only for this check, but `empty`.
fn config(
    compose: &Compose,
    home: &Home,
    profiles: &[&str],
    empty: Option<&str>,
) -> Option<Command> {
    let mut config = match compose {
        Compose::Docker => {
            let mut docker = Command::new("docker");
            docker.arg("compose");
            docker
        }
        Compose::Standalone(program) => Command::new(program),
        Compose::Missing(_) => return None,
    };
    config.args(["-f", "deploy/compose.yaml"]).current_dir(&home.repo);
    config.env_remove("COMPOSE_PROFILES").env_remove("COMPOSE_FILE");
    for profile in profiles {
        config.args(["--profile", profile]);
    }
    config.args(["config", "-q"]);
    for name in env_names(EXAMPLE) {
        let value = if empty == Some(name) { "" } else { "only-for-this-check" };
        config.env(name, value);
    }
    Some(config)
}

/// SHA-256 and place of the package for an architecture.
fn pin<'a>(pins: &'a str, arch: &str) -> Option<(&'a str, &'a str)> {
    let lines = pins.lines().filter(|line| !line.starts_with('#'));
    let mut fields = lines.map(|line| line.split(' '));
    let mut line = fields.find(|line| line.clone().next() == Some(arch))?.skip(1);
    Some((line.next()?, line.next()?))
}

fn mirrors_here() -> Vec<String> {
    let apt = Path::new("/etc/apt");
    let more = fs::read_dir(apt.join("sources.list.d")).into_iter().flatten().flatten();
    let mut files: Vec<_> = more.map(|entry| entry.path()).collect();
    files.retain(|path| path.extension().is_some_and(|it| it == "list" || it == "sources"));
    files.push(apt.join("sources.list"));
    files.sort();
    let texts = files.iter().filter_map(|path| fs::read_to_string(path).ok());
    let mut all = Vec::new();
    for mirror in texts.flat_map(|text| mirrors(&text)) {
        if !all.contains(&mirror) {
            all.push(mirror);
        }
    }
    all
}

/// The addresses in a list of sources, of either format.
fn mirrors(sources: &str) -> Vec<String> {
    let lines = sources.lines().map(str::trim);
    let lines = lines.filter(|line| line.starts_with("URIs:") || line.starts_with("deb "));
    let words = lines.flat_map(str::split_whitespace);
    let addresses = words.filter(|it| it.starts_with("http://") || it.starts_with("https://"));
    addresses.map(|it| it.trim_end_matches('/').to_owned()).collect()
}

/// Variables that must have a value. One that need not stands behind a `#`.
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
        let may_be_left =
            EXAMPLE.lines().filter_map(|line| line.strip_prefix("# ")?.split_once('='));
        let may_be_left = may_be_left.map(|(name, _)| name);
        let named: Vec<_> = env_names(EXAMPLE).chain(may_be_left).collect();
        let asked = compose.split("${").skip(1).filter_map(|rest| rest.split([':', '}']).next());
        for name in asked {
            assert!(named.contains(&name), "deploy/.env.example lacks {name}");
        }
    }

    #[test]
    fn a_mirror_is_found_in_either_format() {
        let cases = [
            (
                "Types: deb\nURIs: http://a/debian/ https://b\nSuites: x",
                "http://a/debian https://b",
            ),
            ("# deb http://no\ndeb [arch=amd64] https://a/debian x main\n", "https://a/debian"),
            ("deb-src http://no x main\nURIs: file:/mirror\n", ""),
        ];
        for (sources, want) in cases {
            assert_eq!(mirrors(sources).join(" "), want, "{sources}");
        }
    }

    #[test]
    fn every_architecture_we_run_on_is_pinned_by_hash() {
        for arch in ["x86_64", "aarch64"] {
            let (sha256, place) = pin(PINS, arch).unwrap();
            assert_eq!(sha256.len(), 64, "{arch}");
            assert!(place.starts_with("pool/"), "{arch}: {place}");
        }
        assert_eq!(pin(PINS, "riscv64"), None);
    }
}
