//! A PostgreSQL cluster of its own for a test that takes it away.

use std::{
    env, fs,
    os::unix::fs::{DirBuilderExt as _, PermissionsExt as _, chown},
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use anyhow::{Context as _, bail};
use tempfile::TempDir;
use tokio::process::{Child, Command};

/// How long it may take to start, recovery included.
const START_WAIT: Duration = Duration::from_mins(1);

/// The superuser's password.
const PASSWORD: &str = "konstruct-test";

/// The cluster. Its processes and its data end with this value.
pub struct Cluster {
    dir: TempDir,
    bin: PathBuf,
    run_as: Option<(u32, u32)>,
    port: u16,
    child: Option<Child>,
}

impl Cluster {
    /// Makes and starts one on a free port of loopback.
    pub async fn start() -> anyhow::Result<Self> {
        let bin = env::var_os("KONSTRUCT_POSTGRES_BIN")
            .context("KONSTRUCT_POSTGRES_BIN is not set: run `cargo xtask test`")?;
        let user = env::var("KONSTRUCT_POSTGRES_RUN_AS").unwrap_or_default();
        let run_as = if user.is_empty() { None } else { Some(ids(&user).await?) };
        let dir = tempfile::tempdir()?;
        // Whoever runs it must be able to enter; what is inside has a mode of its own.
        fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o755))?;
        let port = crate::installation::free_port()?;
        let mut cluster = Self { dir, bin: bin.into(), run_as, port, child: None };
        cluster.init().await?;
        cluster.run().await?;
        Ok(cluster)
    }

    /// As the superuser.
    pub fn url(&self) -> String {
        format!("postgres://postgres:{PASSWORD}@127.0.0.1:{}/postgres", self.port)
    }

    /// `kill -9` of the postmaster and of every process it started.
    pub async fn kill(&mut self) -> anyhow::Result<()> {
        let Some(mut child) = self.child.take() else { return Ok(()) };
        let postmaster = child.id().context("the postmaster is gone")?;
        let pids = children(postmaster)?.into_iter().map(|pid| pid.to_string());
        child.kill().await?;
        // Some end by themselves once the postmaster is gone, which is as good.
        Command::new("kill").arg("-9").args(pids).stderr(Stdio::null()).status().await?;
        Ok(())
    }

    /// Starts it again on the same port, with the data it had.
    pub async fn run(&mut self) -> anyhow::Result<()> {
        let port = self.port.to_string();
        let mut postgres = self.command("postgres");
        postgres.arg("-D").arg(self.data()).args(["-p", &port]);
        let settings = ["listen_addresses=127.0.0.1", "unix_socket_directories=", "fsync=off"];
        for setting in settings {
            postgres.args(["-c", setting]);
        }
        let child = postgres.stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
        let pid = child.id().context("postgres ended at once")?.to_string();
        self.child = Some(child);
        let file = self.data().join("postmaster.pid");
        let ready = async {
            // The first line of the file is the process, the eighth its state.
            loop {
                let text = tokio::fs::read_to_string(&file).await.unwrap_or_default();
                let lines: Vec<_> = text.lines().map(str::trim).collect();
                if lines.first() == Some(&pid.as_str()) && lines.get(7) == Some(&"ready") {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(START_WAIT, ready).await.context("PostgreSQL did not start")
    }

    async fn init(&self) -> anyhow::Result<()> {
        fs::DirBuilder::new().mode(0o700).create(self.data())?;
        let password = self.dir.path().join("password");
        fs::write(&password, PASSWORD)?;
        if let Some((uid, gid)) = self.run_as {
            chown(self.data(), Some(uid), Some(gid))?;
        }
        let mut initdb = self.command("initdb");
        initdb.args(["-U", "postgres", "-A", "scram-sha-256", "--encoding=UTF8", "--locale=C"]);
        initdb.arg("--no-sync").arg("-D").arg(self.data()).arg("--pwfile").arg(&password);
        let output = initdb.output().await?;
        if !output.status.success() {
            bail!("initdb: {}", String::from_utf8_lossy(&output.stderr));
        }
        Ok(())
    }

    /// Where its files are.
    pub fn data(&self) -> PathBuf {
        self.dir.path().join("data")
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(self.bin.join(program));
        command.env("LC_ALL", "C").env_remove("PGDATA").env_remove("PGPORT");
        command.current_dir("/").stdin(Stdio::null()).kill_on_drop(true);
        if let Some((uid, gid)) = self.run_as {
            command.uid(uid).gid(gid);
        }
        command
    }
}

async fn ids(user: &str) -> anyhow::Result<(u32, u32)> {
    let mut found = Vec::new();
    for flag in ["-u", "-g"] {
        let output = Command::new("id").args([flag, user]).output().await?;
        found.push(String::from_utf8(output.stdout)?.trim().parse().context("`id`")?);
    }
    match found.as_slice() {
        [uid, gid] => Ok((*uid, *gid)),
        _ => bail!("`id` does not know {user}"),
    }
}

/// Whose parent is `pid`, by `/proc`.
fn children(pid: u32) -> anyhow::Result<Vec<u32>> {
    let mut found = Vec::new();
    for entry in fs::read_dir("/proc")? {
        let path = entry?.path();
        let child = path.file_name().and_then(|name| name.to_str()?.parse::<u32>().ok());
        if let Some(child) = child.filter(|_| parent(&path) == Some(pid)) {
            found.push(child);
        }
    }
    Ok(found)
}

fn parent(process: &Path) -> Option<u32> {
    let stat = fs::read_to_string(process.join("stat")).ok()?;
    // The name before may have spaces and brackets in it.
    stat.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse().ok()
}
