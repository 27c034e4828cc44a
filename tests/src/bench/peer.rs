//! A proxy that is not ours, in the same run and before the same vendor: `LiteLLM`, where it is installed.

use std::{path::Path, process::Stdio, time::Duration};

use anyhow::Context as _;
use konstruct_tests::{installation::free_port, wait::until};
use reqwest::Client;
use tempfile::TempDir;
use tokio::process::{Child, Command};

/// What opens it.
pub(crate) const KEY: &str = "sk-peer";

/// It reads a large library before it listens.
const READY_WAIT: Duration = Duration::from_mins(3);

/// A running proxy. It ends with this value.
pub(crate) struct Peer {
    child: Child,
    /// Without a path.
    pub(crate) url: String,
    _dir: TempDir,
}

impl Peer {
    /// Starts the program at that path as its manual says, with one worker, before that vendor.
    pub(crate) async fn start(
        program: &Path,
        client: &Client,
        vendor: &str,
    ) -> anyhow::Result<Self> {
        let (dir, port) = (tempfile::tempdir()?, free_port()?);
        let config = dir.path().join("config.yaml");
        let settings = format!(
            "model_list:\n  - model_name: quality\n    litellm_params: {{ model: openai/bench, \
             api_base: \"{vendor}/v1\", api_key: sk-bench }}\ngeneral_settings: {{ master_key: {KEY} }}\n"
        );
        std::fs::write(&config, settings)?;
        let mut command = Command::new(program);
        command
            .arg("--config")
            .arg(&config)
            .args(["--host", "127.0.0.1", "--port", &port.to_string(), "--num_workers", "1"])
            // It would fetch its table of prices, and there may be no way out.
            .env("LITELLM_LOCAL_MODEL_COST_MAP", "True")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true);
        let child = command.spawn().with_context(|| program.display().to_string())?;
        let url = format!("http://127.0.0.1:{port}");
        let alive = format!("{url}/health/liveliness");
        until(READY_WAIT, "LiteLLM listens", || async {
            let answer = client.get(&alive).send().await;
            Ok(answer.is_ok_and(|answer| answer.status().is_success()))
        })
        .await?;
        Ok(Self { child, url, _dir: dir })
    }

    /// Its first process.
    pub(crate) fn pid(&self) -> anyhow::Result<u32> {
        self.child.id().context("LiteLLM has ended")
    }
}
