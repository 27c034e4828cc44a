//! What an engineer sees of the deployments.

use anyhow::Context as _;
use konstruct_tests::fake_llm::Behaviour;
use serde_json::Value;

use crate::{House, question};

#[tokio::test]
async fn status_shows_breakers_latency_and_calls() -> anyhow::Result<()> {
    let house = House::new().await?;
    house.ask(&question()).await?.error_for_status()?;
    let admin = house.it.admin();
    let told = house.it.ok(&["llm", "status", "--admin", &admin]).await?;
    let line = told.lines().find(|line| line.starts_with("quality/openai")).context("no line")?;
    let words: Vec<_> = line.split_whitespace().collect();
    assert_eq!((words[1], words[4], words[5], words[6]), ("serving", "0", "1", "0"), "{line}");

    house.it.llm.always(Behaviour::status(429, "").header("retry-after", "600"));
    house.ask(&question()).await?;
    let told = house.it.ok(&["--json", "llm", "status", "--admin", &admin]).await?;
    let told: Value = serde_json::from_str(&told)?;
    let all = told.as_array().context("not a list")?;
    let one = all.iter().find(|it| it["deployment"] == "quality/openai").context("not there")?;
    assert_eq!((&one["state"], &one["failures"]), (&"resting".into(), &1.into()));
    assert!(one["opens_in_ms"].as_u64().context("no time")? > 590_000);
    Ok(())
}
