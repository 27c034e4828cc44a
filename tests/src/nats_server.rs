//! A real nats-server of its own for each test, which can be killed and started again.

use std::{
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use anyhow::{Context as _, bail};
use serde::Deserialize;
use tempfile::TempDir;
use tokio::process::{Child, Command};

/// How long a server may take to start.
const START_WAIT: Duration = Duration::from_secs(20);

/// What streams may reserve together; nothing of it is taken until it is written.
const FILE_STORE_MAX: &str = "64GB";

/// A server with JetStream on loopback; its data lives as long as this value.
pub struct NatsServer {
    data: TempDir,
    port: u16,
    child: Option<Child>,
}

#[derive(Deserialize)]
struct Ports {
    nats: Vec<String>,
}

impl NatsServer {
    /// Starts one on a free port.
    pub async fn start() -> anyhow::Result<Self> {
        let mut server = Self { data: tempfile::tempdir()?, port: 0, child: None };
        server.run().await?;
        Ok(server)
    }

    /// Where clients connect.
    pub fn url(&self) -> String {
        format!("nats://127.0.0.1:{}", self.port)
    }

    /// Where it keeps its data.
    pub fn data(&self) -> &Path {
        self.data.path()
    }

    /// Its process, while it runs.
    pub fn pid(&self) -> Option<u32> {
        self.child.as_ref().and_then(Child::id)
    }

    /// Ends it as a power switch would end the process: `kill -9`.
    pub async fn kill(&mut self) -> anyhow::Result<()> {
        if let Some(mut child) = self.child.take() {
            child.kill().await?;
        }
        Ok(())
    }

    /// Starts it again on the same port, with the data it had.
    pub async fn run(&mut self) -> anyhow::Result<()> {
        let binary = std::env::var_os("KONSTRUCT_NATS_SERVER")
            .context("KONSTRUCT_NATS_SERVER is not set: run `cargo xtask test`")?;
        let port = if self.port == 0 { "-1".to_owned() } else { self.port.to_string() };
        let ports = self.data.path().join("ports");
        std::fs::create_dir_all(&ports)?;
        let config = self.data.path().join("nats.conf");
        std::fs::write(&config, self.config())?;
        let child = Command::new(binary)
            .args(["-a", "127.0.0.1", "-p", &port, "-c"])
            .arg(&config)
            .arg("--ports_file_dir")
            .arg(&ports)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()?;
        let pid = child.id().context("nats-server ended at once")?;
        self.child = Some(child);
        self.port = self.started(ports.join(format!("nats-server_{pid}.ports"))).await?;
        Ok(())
    }

    /// Streams reserve their room when they are made. Unless it is said how much there is, it is three
    /// quarters of the free disk, and a test would fail where little is free that needs next to nothing.
    fn config(&self) -> String {
        let store = serde_json::json!(self.data.path().join("store"));
        format!("jetstream {{ store_dir: {store}, max_file_store: {FILE_STORE_MAX} }}\n")
    }

    /// The server writes its port into a file; there is nothing to wait on but the file itself.
    async fn started(&self, file: PathBuf) -> anyhow::Result<u16> {
        let appeared = async {
            loop {
                let text = tokio::fs::read_to_string(&file).await.unwrap_or_default();
                if let Ok(ports) = serde_json::from_str::<Ports>(&text) {
                    return ports;
                }
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        let ports = tokio::time::timeout(START_WAIT, appeared).await;
        let ports = ports.context("nats-server did not start")?;
        let Some(url) = ports.nats.first() else { bail!("nats-server listens nowhere") };
        Ok(url.rsplit(':').next().unwrap_or_default().parse()?)
    }
}
