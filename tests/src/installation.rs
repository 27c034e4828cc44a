//! A whole installation for one test: real NATS, a database of its own, a look-alike of Slack and of
//! the models' vendors over real HTTP, and the services as processes that can be killed.

use std::{
    collections::BTreeMap,
    fs::File,
    net::TcpListener,
    os::unix::fs::MetadataExt as _,
    path::PathBuf,
    process::{ExitStatus, Output, Stdio},
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU16, Ordering},
    },
    time::Duration,
};

use anyhow::{Context as _, bail};
use tempfile::TempDir;
use tokio::{
    io::AsyncWriteExt as _,
    process::{Child, Command},
};

use crate::{
    fake_llm::FakeLlm, fake_slack::FakeSlack, nats_server::NatsServer, postgres::TestDatabase,
};

/// What Slack signs with here.
pub const SIGNING_SECRET: &str = "an installation's signing secret";

/// The master key of a test; no installation has it.
pub const MASTER_KEY: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

/// Ports for services: so many, from here on.
const FIRST_PORT: u16 = 20_000;
const PORTS: u16 = 10_000;

/// How long a service may take until it is ready.
const READY_WAIT: Duration = Duration::from_mins(1);

/// The installation. Its processes end with this value.
pub struct Installation {
    /// The log.
    pub nats: NatsServer,
    /// The database.
    pub database: TestDatabase,
    /// The chat system.
    pub slack: FakeSlack,
    /// The vendors.
    pub llm: FakeLlm,
    /// Settings that differ from those of [`Self::command`].
    pub settings: BTreeMap<String, String>,
    gateway_port: u16,
    admin_port: u16,
    portal_port: u16,
    dir: TempDir,
    services: BTreeMap<&'static str, Child>,
}

impl Installation {
    /// Everything but the services; topology and schema are there.
    pub async fn prepare() -> anyhow::Result<Self> {
        Self::prepare_on(TestDatabase::create().await?).await
    }

    /// The same with this database.
    pub async fn prepare_on(database: TestDatabase) -> anyhow::Result<Self> {
        install_tls();
        let nats = NatsServer::start().await?;
        let (slack, llm) = (FakeSlack::start().await?, FakeLlm::start().await?);
        let it = Self {
            nats,
            database,
            slack,
            llm,
            settings: BTreeMap::new(),
            gateway_port: free_port()?,
            admin_port: free_port()?,
            portal_port: free_port()?,
            dir: tempfile::tempdir()?,
            services: BTreeMap::new(),
        };
        it.ok(&["setup"]).await?;
        Ok(it)
    }

    /// Where Slack delivers.
    pub fn gateway(&self) -> String {
        format!("http://127.0.0.1:{}", self.gateway_port)
    }

    /// Where operators work.
    pub fn portal(&self) -> String {
        format!("http://localhost:{}", self.portal_port)
    }

    /// Where it says how it is.
    pub fn admin(&self) -> String {
        format!("http://127.0.0.1:{}", self.admin_port)
    }

    /// The executable with the settings of this installation.
    pub fn command(&self, args: &[&str]) -> Command {
        let binary = std::env::var_os("KONSTRUCT_BIN").unwrap_or_else(default_binary);
        let mut command = Command::new(binary);
        command
            .args(args)
            .env_clear()
            .envs(std::env::vars_os().filter(|(name, _)| {
                ["PATH", "RUST_BACKTRACE", "KONSTRUCT_PORTAL_SITE"].iter().any(|it| name == it)
            }))
            .env("KONSTRUCT_NATS_URL", self.nats.url())
            .env("KONSTRUCT_DATABASE_URL", self.database.app_url())
            .env("KONSTRUCT_ADMIN_DATABASE_URL", self.database.owner_url())
            .env("KONSTRUCT_PLATFORM_DATABASE_URL", self.database.platform_url())
            .env("KONSTRUCT_MASTER_KEY", MASTER_KEY)
            .env("KONSTRUCT_SLACK_SIGNING_SECRET", SIGNING_SECRET)
            .env("KONSTRUCT_SLACK_API_URL", self.slack.url())
            .env("KONSTRUCT_SLACK_PACING", "false")
            .env("KONSTRUCT_GATEWAY_LISTEN", format!("127.0.0.1:{}", self.gateway_port))
            .env("KONSTRUCT_GATEWAY_URL", self.gateway())
            .env("KONSTRUCT_ADMIN_LISTEN", format!("127.0.0.1:{}", self.admin_port))
            .env("KONSTRUCT_PORTAL_LISTEN", format!("127.0.0.1:{}", self.portal_port))
            .env("KONSTRUCT_PUBLIC_URL", self.portal())
            .env("KONSTRUCT_EVENTS_MIB", "4096")
            .env("KONSTRUCT_TENANT_SHARE_PERCENT", "100")
            .env("OPENAI_API_KEY", "sk-test")
            .env("OPENAI_MODEL", "gpt-5-mini")
            .env("OPENAI_BASE_URL", format!("{}/v1", self.llm.url()))
            .envs(&self.settings)
            .stdin(Stdio::null())
            .kill_on_drop(true);
        command
    }

    /// Runs a command to its end.
    pub async fn output(&self, args: &[&str]) -> anyhow::Result<Output> {
        Ok(self.command(args).output().await?)
    }

    /// Runs a command that must succeed; what it printed.
    pub async fn ok(&self, args: &[&str]) -> anyhow::Result<String> {
        let output = self.output(args).await?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            bail!("konstruct {}: {}\n{said}", args.join(" "), output.status);
        }
        Ok(String::from_utf8(output.stdout)?)
    }

    /// `konstruct apply` of a file with this text.
    pub async fn apply(&self, yaml: &str) -> anyhow::Result<String> {
        self.with_file(&["apply", "--file", "-"], yaml).await
    }

    /// What `konstruct apply` would do with it.
    pub async fn would_apply(&self, yaml: &str) -> anyhow::Result<String> {
        self.with_file(&["apply", "--dry-run", "--file", "-"], yaml).await
    }

    async fn with_file(&self, args: &[&str], yaml: &str) -> anyhow::Result<String> {
        let mut command = self.command(args);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn()?;
        let mut stdin = child.stdin.take().context("no stdin")?;
        stdin.write_all(yaml.as_bytes()).await?;
        drop(stdin);
        let output = child.wait_with_output().await?;
        if !output.status.success() {
            bail!("apply: {}", String::from_utf8_lossy(&output.stderr));
        }
        Ok(String::from_utf8(output.stdout)?)
    }

    /// Starts a service and waits until it says that it is ready.
    pub async fn run(&mut self, service: &'static str) -> anyhow::Result<()> {
        self.run_with(service, &[]).await
    }

    /// The same with settings of its own.
    pub async fn run_with(
        &mut self,
        service: &'static str,
        settings: &[(&str, &str)],
    ) -> anyhow::Result<()> {
        let log = std::fs::OpenOptions::new().create(true).append(true).open(self.log(service))?;
        let mut command = self.command(&[service]);
        command.env("RUST_LOG", "info");
        let port = if matches!(service, "all" | "gateway" | "llm") {
            self.admin_port
        } else {
            let port = free_port()?;
            command.env("KONSTRUCT_ADMIN_LISTEN", format!("127.0.0.1:{port}"));
            port
        };
        command.envs(settings.iter().copied());
        let child = command.stdout(Stdio::null()).stderr(log).spawn()?;
        self.services.insert(service, child);
        let ready = self.ready(service, port).await;
        ready.with_context(|| self.said(service))
    }

    /// `kill -9`.
    pub async fn kill(&mut self, service: &str) -> anyhow::Result<()> {
        if let Some(mut child) = self.services.remove(service) {
            child.kill().await?;
        }
        Ok(())
    }

    /// The process of a service.
    pub fn pid(&self, service: &str) -> Option<u32> {
        self.services.get(service).and_then(Child::id)
    }

    /// What a service logged.
    pub fn said(&self, service: &str) -> String {
        std::fs::read_to_string(self.log(service)).unwrap_or_default()
    }

    /// Waits until a service ends by itself.
    pub async fn ended(&mut self, service: &str) -> anyhow::Result<ExitStatus> {
        let child = self.services.get_mut(service).context("it does not run")?;
        let ended = tokio::time::timeout(READY_WAIT, child.wait()).await;
        Ok(ended.with_context(|| format!("{service} does not end"))??)
    }

    /// Waits until the service says that it is ready. One that has ended never will.
    async fn ready(&mut self, service: &str, port: u16) -> anyhow::Result<()> {
        let url = format!("http://127.0.0.1:{port}/health/ready");
        let child = self.services.get_mut(service).context("it does not run")?;
        let client = reqwest::Client::new();
        let ready = async {
            loop {
                if let Some(status) = child.try_wait()? {
                    bail!("{service} ended: {status}");
                }
                let answer = client.get(&url).send().await;
                if answer.is_ok_and(|answer| answer.status().is_success()) {
                    return Ok(());
                }
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        let waited = tokio::time::timeout(READY_WAIT, ready).await;
        waited.with_context(|| format!("{service} is not ready"))?
    }

    fn log(&self, service: &str) -> PathBuf {
        self.dir.path().join(format!("{service}.log"))
    }
}

/// A tenant's file: slug, workspace, the agent's persona.
pub fn tenant(slug: &str, workspace: &str, agent: &str, persona: &str) -> String {
    format!(
        "  - slug: {slug}
    name: {slug} Ltd
    limits: {{ messages_per_minute: 6000 }}
    agents:
      - {{ slug: {agent}, name: {agent}, role: Support lead of {slug}, persona: \"{persona}\" }}
    connections:
      - {{ channel: slack, team_id: {workspace}, bot_user_id: U0BOT, bot_token: xoxb-{workspace}, agent: {agent} }}
"
    )
}

/// Tenant `acme`.
pub fn acme() -> String {
    format!("tenants:\n{}", tenant("acme", "T0ACME", "mara", "warm, brief"))
}

/// The process-wide TLS provider; every test may ask for it.
pub fn install_tls() {
    _ = rustls::crypto::ring::default_provider().install_default();
}

/// Beside the test's own binary, where `cargo build` puts it.
fn default_binary() -> std::ffi::OsString {
    let here = std::env::current_exe().unwrap_or_default();
    let target = here.ancestors().nth(2).map(|dir| dir.join("konstruct"));
    target.unwrap_or_default().into_os_string()
}

/// A port for a service that is started later, perhaps more than once. Below the range from which
/// the system gives ports to outgoing connections: one of those would take it meanwhile. It is ours
/// until this process ends, whoever else runs tests here: a file for each port says so.
pub fn free_port() -> anyhow::Result<u16> {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    static OURS: Mutex<Vec<File>> = Mutex::new(Vec::new());
    let user = std::fs::metadata("/proc/self")?.uid();
    let dir = std::env::temp_dir().join(format!("konstruct-test-ports-{user}"));
    std::fs::create_dir_all(&dir)?;
    let start = u16::try_from(std::process::id() % 1_000)? * 10;
    for _ in 0..PORTS {
        let port = FIRST_PORT + (start + NEXT.fetch_add(1, Ordering::Relaxed)) % PORTS;
        let claim = File::create(dir.join(port.to_string()))?;
        if claim.try_lock().is_ok() && TcpListener::bind(("127.0.0.1", port)).is_ok() {
            OURS.lock().unwrap_or_else(PoisonError::into_inner).push(claim);
            return Ok(port);
        }
    }
    bail!("no free port from {FIRST_PORT} on")
}
