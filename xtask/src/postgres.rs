//! One PostgreSQL cluster on loopback: made, started, stopped.

use std::fs;
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, chown};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::child::{Dirs, Service};
use crate::fetch::Tools;
use crate::home::{Home, RunAs};
use crate::http::free_port;
use crate::random::write_private;
use crate::stop::Stop;

const START_MAX: Duration = Duration::from_secs(30);
/// Between asking for a free port and taking it, somebody else may have.
const START_ATTEMPTS: usize = 3;
const SUPERUSER: &str = "postgres";

/// Whether data must survive a crash. Tests don't care, and are faster for it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Durability {
    Durable,
    Throwaway,
}

/// What a cluster is made from.
pub(crate) struct Plan<'a> {
    pub(crate) bin: PathBuf,
    pub(crate) data: PathBuf,
    pub(crate) run_as: Option<&'a RunAs>,
    pub(crate) password: &'a str,
    pub(crate) durability: Durability,
}

impl<'a> Plan<'a> {
    pub(crate) fn new(home: &'a Home, tools: &Tools, data: PathBuf, password: &'a str) -> Self {
        let run_as = home.run_as.as_ref();
        Self {
            bin: tools.postgres_bin.clone(),
            data,
            run_as,
            password,
            durability: Durability::Durable,
        }
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(self.bin.join(program));
        command.env("LC_ALL", "C").env_remove("PGDATA").env_remove("PGPORT").stdin(Stdio::null());
        if let Some(user) = self.run_as {
            user.apply(&mut command);
        }
        command
    }
}

pub(crate) struct Cluster {
    pub(crate) service: Service,
    port: u16,
    bin: PathBuf,
    password: String,
}

impl Cluster {
    /// Starts the cluster, making it first where there is none.
    pub(crate) fn start(plan: &Plan, dirs: &Dirs, stop: &Stop) -> Result<Self> {
        if !plan.data.join("PG_VERSION").exists() {
            init(plan)?;
        }
        let mut last = None;
        for _ in 0..START_ATTEMPTS {
            match try_start(plan, dirs, stop) {
                Ok(cluster) => return Ok(cluster),
                Err(error) if stop.asked() => return Err(error),
                Err(error) => last = Some(error),
            }
        }
        Err(last.context("never tried")?)
    }

    /// The URL of a role in a database.
    pub(crate) fn url(&self, role: &str, password: &str, database: &str) -> String {
        format!("postgres://{role}:{password}@127.0.0.1:{}/{database}", self.port)
    }

    pub(crate) fn superuser_url(&self) -> String {
        self.url(SUPERUSER, &self.password, "postgres")
    }

    /// Runs SQL as superuser. It goes in by stdin, so that passwords in it are on no command line.
    pub(crate) fn sql(&self, text: &str) -> Result<()> {
        let mut psql = Command::new(self.bin.join("psql"));
        psql.args([
            "-h",
            "127.0.0.1",
            "-U",
            SUPERUSER,
            "-d",
            "postgres",
            "-v",
            "ON_ERROR_STOP=1",
            "-qX",
            "-f",
            "-",
        ])
        .args(["-p", &self.port.to_string()])
        .env("PGPASSWORD", &self.password)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
        let mut child = psql.spawn().context("cannot run psql")?;
        child.stdin.take().context("psql has no stdin")?.write_all(text.as_bytes())?;
        let output = child.wait_with_output()?;
        if !output.status.success() {
            bail!("psql: {}", String::from_utf8_lossy(&output.stderr).trim());
        }
        Ok(())
    }
}

fn init(plan: &Plan) -> Result<()> {
    make_owned(&plan.data, plan.run_as)?;
    let password_file = plan.data.with_extension("pw");
    write_private(&password_file, plan.password)?;
    if let Some(user) = plan.run_as {
        chown(&password_file, Some(user.uid), Some(user.gid))?;
    }
    let mut initdb = plan.command("initdb");
    initdb.args([
        "-U",
        SUPERUSER,
        "-A",
        "scram-sha-256",
        "--encoding=UTF8",
        "--locale=C",
        "--no-sync",
    ]);
    initdb.arg("-D").arg(&plan.data).arg("--pwfile").arg(&password_file);
    let output = initdb.output();
    fs::remove_file(&password_file)?;
    let output = output.context("cannot run initdb")?;
    if !output.status.success() {
        bail!("initdb failed: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(())
}

fn make_owned(dir: &Path, owner: Option<&RunAs>) -> Result<()> {
    if let Some(parent) = dir.parent() {
        fs::create_dir_all(parent)?;
    }
    // What is there without a PG_VERSION is an initdb that was interrupted.
    if dir.exists() {
        fs::remove_dir_all(dir)?;
    }
    fs::DirBuilder::new()
        .mode(0o700)
        .create(dir)
        .with_context(|| format!("cannot create {}", dir.display()))?;
    if let Some(user) = owner {
        chown(dir, Some(user.uid), Some(user.gid))?;
    }
    Ok(())
}

fn try_start(plan: &Plan, dirs: &Dirs, stop: &Stop) -> Result<Cluster> {
    let port = free_port(0)?;
    let mut postgres = plan.command("postgres");
    postgres.arg("-D").arg(&plan.data).args(["-p", &port.to_string()]);
    for setting in settings(plan.durability) {
        postgres.args(["-c", setting]);
    }
    let pid_file = plan.data.join("postmaster.pid");
    let mut service = Service::start("postgres", postgres, dirs)?;
    let pid = service.pid();
    service.wait(stop, START_MAX, || {
        is_ready(&fs::read_to_string(&pid_file).ok()?, pid).then_some(())
    })?;
    Ok(Cluster { service, port, bin: plan.bin.clone(), password: plan.password.to_owned() })
}

fn settings(durability: Durability) -> Vec<&'static str> {
    let mut settings =
        vec!["listen_addresses=127.0.0.1", "unix_socket_directories=", "max_connections=400"];
    if durability == Durability::Throwaway {
        settings.extend(["fsync=off", "synchronous_commit=off", "full_page_writes=off"]);
    }
    settings
}

/// The first line of `postmaster.pid` is the process, the eighth its state.
fn is_ready(postmaster_pid: &str, pid: u32) -> bool {
    let mut lines = postmaster_pid.lines().map(str::trim);
    lines.next() == Some(pid.to_string().as_str()) && lines.nth(6) == Some("ready")
}

/// The database `konstruct` and its three roles. Harmless when they are there: passwords are set anew.
pub(crate) fn roles_sql(owner: &str, app: &str, platform: &str) -> String {
    let roles =
        [("konstruct_owner", owner), ("konstruct_app", app), ("konstruct_platform", platform)];
    let roles = roles.map(|(name, password)| role_sql(name, password)).concat();
    roles
        + "SELECT 'CREATE DATABASE konstruct OWNER konstruct_owner' \
           WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'konstruct')\n\\gexec\n\
           REVOKE ALL ON DATABASE konstruct FROM PUBLIC;\n\
           GRANT CONNECT ON DATABASE konstruct TO konstruct_app, konstruct_platform;\n"
}

fn role_sql(role: &str, password: &str) -> String {
    format!(
        "SELECT 'CREATE ROLE {role}' \
         WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{role}')\n\\gexec\n\
         ALTER ROLE {role} LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE PASSWORD '{password}';\n"
    )
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;

    #[test]
    fn only_our_own_postmaster_counts_as_ready() {
        let file = |state| format!("42\n/data\n1\n5432\n\n127.0.0.1\n  1 2\n{state}\n");
        assert!(is_ready(&file("ready   "), 42));
        assert!(!is_ready(&file("starting"), 42));
        assert!(!is_ready(&file("ready   "), 43));
        assert!(!is_ready("", 42));
    }

    #[test]
    fn the_roles_can_log_in_and_nothing_else() {
        expect![[r#"
            SELECT 'CREATE ROLE konstruct_owner' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'konstruct_owner')
            \gexec
            ALTER ROLE konstruct_owner LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE PASSWORD 'a';
            SELECT 'CREATE ROLE konstruct_app' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'konstruct_app')
            \gexec
            ALTER ROLE konstruct_app LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE PASSWORD 'b';
            SELECT 'CREATE ROLE konstruct_platform' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'konstruct_platform')
            \gexec
            ALTER ROLE konstruct_platform LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE PASSWORD 'c';
            SELECT 'CREATE DATABASE konstruct OWNER konstruct_owner' WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'konstruct')
            \gexec
            REVOKE ALL ON DATABASE konstruct FROM PUBLIC;
            GRANT CONNECT ON DATABASE konstruct TO konstruct_app, konstruct_platform;
        "#]]
        .assert_eq(&roles_sql("a", "b", "c"));
    }
}
