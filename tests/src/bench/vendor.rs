//! The fake vendor in a process of its own, so that what it uses is not the callers'.

use std::process::Stdio;

use anyhow::{Context as _, ensure};
use konstruct_tests::fake_llm::Behaviour;
use reqwest::Client;
use serde_json::json;
use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    process::{Child, Command},
};

use super::llm::ANSWER;

/// A running vendor. It ends with this value.
pub(crate) struct Vendor {
    child: Child,
    client: Client,
    /// Without a path.
    pub(crate) url: String,
}

impl Vendor {
    /// Starts the one that was built beside this program.
    pub(crate) async fn start(client: &Client) -> anyhow::Result<Self> {
        let program = std::env::current_exe()?.with_file_name("konstruct-fake-llm");
        let mut command = Command::new(&program);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).kill_on_drop(true);
        let mut child = command.spawn().with_context(|| program.display().to_string())?;
        let said = child.stdout.take().context("no output")?;
        let line = BufReader::new(said).lines().next_line().await?.context("it said nothing")?;
        let url = line.strip_prefix("listening on ").with_context(|| line.clone())?.to_owned();
        Ok(Self { child, client: client.clone(), url })
    }

    /// Its process.
    pub(crate) fn pid(&self) -> anyhow::Result<u32> {
        self.child.id().context("the vendor has ended")
    }

    /// It answers with twenty tokens, the first of them after so long.
    pub(crate) async fn takes(&self, millis: u64) -> anyhow::Result<()> {
        let always = Behaviour { first_token_ms: millis, ..Behaviour::text(ANSWER) };
        let script = self.client.post(format!("{}/_control/script", self.url));
        let told = script.json(&json!({ "always": always })).send().await?;
        ensure!(told.status().is_success(), "the vendor said {}", told.status());
        Ok(())
    }
}
