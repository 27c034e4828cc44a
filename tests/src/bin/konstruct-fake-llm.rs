//! The fake language-model vendor as a program: `konstruct-fake-llm --listen 127.0.0.1:0`.
//!
//! It prints `listening on http://ADDRESS` once it does, and echoes until it is stopped.

use std::io::Write as _;

use anyhow::bail;
use konstruct_tests::fake_llm::FakeLlm;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let mut address = "127.0.0.1:0".to_owned();
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match (argument.as_str(), arguments.next()) {
            ("--listen", Some(value)) => address = value,
            _ => bail!("usage: konstruct-fake-llm [--listen ADDRESS]"),
        }
    }
    let fake = FakeLlm::listen(&address).await?;
    writeln!(std::io::stdout(), "listening on {}", fake.url())?;
    fake.join().await;
    Ok(())
}
