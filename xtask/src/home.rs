//! Where things are: the repository, `.konstruct/`, and, for root, a place that PostgreSQL's own user can reach.

use std::collections::hash_map::DefaultHasher;
use std::env;
use std::fs;
use std::hash::{Hash, Hasher};
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::child::Dirs;

/// A user without rights, for PostgreSQL, which refuses to run as root.
#[derive(Clone, Debug)]
pub(crate) struct RunAs {
    pub(crate) name: &'static str,
    pub(crate) uid: u32,
    pub(crate) gid: u32,
}

impl RunAs {
    /// Makes the command run as that user. The standard library also clears root's other groups.
    pub(crate) fn apply(&self, command: &mut Command) {
        command.uid(self.uid).gid(self.gid).current_dir("/").env("HOME", "/nonexistent");
    }
}

pub(crate) struct Home {
    pub(crate) repo: PathBuf,
    /// `.konstruct/`, or what `KONSTRUCT_HOME` says.
    pub(crate) dir: PathBuf,
    /// As `dir`, but reachable by `run_as`: servers' programs and PostgreSQL's data.
    pub(crate) shared: PathBuf,
    /// Who runs PostgreSQL; none when we are not root.
    pub(crate) run_as: Option<RunAs>,
}

impl Home {
    pub(crate) fn find() -> Result<Self> {
        let manifest = env::var("CARGO_MANIFEST_DIR")
            .unwrap_or_else(|_| env!("CARGO_MANIFEST_DIR").to_owned());
        let repo = Path::new(&manifest)
            .parent()
            .context("xtask is not inside the repository")?
            .to_path_buf();
        let dir =
            env::var_os("KONSTRUCT_HOME").map_or_else(|| repo.join(".konstruct"), PathBuf::from);
        fs::create_dir_all(&dir).with_context(|| format!("cannot create {}", dir.display()))?;
        let dir = dir.canonicalize()?;
        let run_as = if rustix::process::getuid().is_root() { Some(nobody()?) } else { None };
        let shared = match &run_as {
            Some(user) if !reaches(user, &dir) => beside(&dir)?,
            Some(_) | None => dir.clone(),
        };
        Ok(Self { repo, dir, shared, run_as })
    }

    pub(crate) fn dirs(&self) -> Dirs {
        Dirs { logs: self.dir.join("logs"), run: self.dir.join("run") }
    }

    /// Where cargo puts what it builds for `profile`.
    pub(crate) fn built(&self, profile: &str, binary: &str) -> PathBuf {
        let target =
            env::var_os("CARGO_TARGET_DIR").map_or_else(|| self.repo.join("target"), PathBuf::from);
        self.repo.join(target).join(profile).join(binary)
    }

    pub(crate) fn cargo(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        command.args(args).current_dir(&self.repo);
        // `cargo run` tells us about this package, and `ring` is built anew wherever that differs.
        let tells =
            |name: &str| ["CARGO_PKG_", "CARGO_MANIFEST_"].iter().any(|it| name.starts_with(it));
        for (name, _) in env::vars_os().filter(|(name, _)| name.to_str().is_some_and(tells)) {
            command.env_remove(name);
        }
        command
    }
}

fn nobody() -> Result<RunAs> {
    let id = |flag| -> Result<u32> {
        let output =
            Command::new("id").args([flag, "nobody"]).output().context("cannot run `id`")?;
        let text = String::from_utf8_lossy(&output.stdout);
        text.trim().parse().context(
            "PostgreSQL refuses to run as root, and there is no user `nobody` to run it as",
        )
    };
    Ok(RunAs { name: "nobody", uid: id("-u")?, gid: id("-g")? })
}

/// Tried, not computed: modes, ACLs and mounts all have a say.
fn reaches(user: &RunAs, dir: &Path) -> bool {
    let mut command = Command::new("ls");
    command.arg("-d").arg(dir.join(".")).stdout(Stdio::null()).stderr(Stdio::null());
    user.apply(&mut command);
    command.status().is_ok_and(|status| status.success())
}

/// A directory for this checkout that everybody can enter and only root can change.
fn beside(dir: &Path) -> Result<PathBuf> {
    let mut hasher = DefaultHasher::new();
    dir.hash(&mut hasher);
    let beside = Path::new("/var/tmp").join(format!("konstruct-{:016x}", hasher.finish()));
    if let Err(error) = fs::DirBuilder::new().mode(0o755).create(&beside)
        && error.kind() != std::io::ErrorKind::AlreadyExists
    {
        return Err(error).with_context(|| format!("cannot create {}", beside.display()));
    }
    let found = fs::symlink_metadata(&beside)?;
    if !found.is_dir() || found.uid() != 0 || found.mode() & 0o022 != 0 {
        bail!(
            "{} was put there by somebody else: remove it, or set KONSTRUCT_HOME",
            beside.display()
        );
    }
    Ok(beside)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_place_beside_depends_on_the_checkout_only() {
        if rustix::process::getuid().is_root() {
            let made = beside(Path::new("/nowhere/xtask-test")).unwrap();
            assert_eq!(made, beside(Path::new("/nowhere/xtask-test")).unwrap());
            assert_ne!(made, beside(Path::new("/nowhere/xtask-other")).unwrap());
            fs::remove_dir(made).unwrap();
            fs::remove_dir(beside(Path::new("/nowhere/xtask-other")).unwrap()).unwrap();
        }
    }
}
