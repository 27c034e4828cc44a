//! A thread that is too long for the model: asked once more with half of it, and what is said of that.

use std::fs;

use konstruct_tests::fake_llm::{Behaviour, Recorded};
use serde_json::json;

use super::*;

/// What a vendor says of a prompt that does not fit.
pub(super) fn too_long() -> Behaviour {
    let body = r#"{"error":{"code":"context_length_exceeded","message":"It has 9000 tokens."}}"#;
    Behaviour::status(400, body)
}

/// A thread with three questions, each answered; what the next one is asked with.
async fn thread(it: &Installation) -> anyhow::Result<Spoken> {
    let root = mention(it, "T0ACME", &format!("question 0 {}", "and so on ".repeat(20)))?;
    ask(it, &root).await?;
    for n in 1..3 {
        ask(it, &reply_to(it, &root, &format!("question {n} {}", "and so on ".repeat(20)))?)
            .await?;
    }
    Ok(root)
}

/// Which questions a prompt shows.
fn questions(request: &Recorded) -> Vec<usize> {
    let said: String = request.turns().iter().map(|(_, text)| *text).collect();
    (0..4).filter(|n| said.contains(&format!("question {n}"))).collect()
}

fn told_that_some_is_left_out(request: &Recorded) -> bool {
    request.system().contains("left out for length")
}

/// The outcome of the message that was heard last.
async fn outcome(it: &Installation, kind: &str, count: usize) -> anyhow::Result<Value> {
    let mut log = Log::open(it, "EVENTS").await?;
    log.until(kind, count).await?;
    Ok(log.events.last().context("no event")?["data"].clone())
}

pub(super) fn attempts(data: &Value) -> Vec<(&str, &str)> {
    let attempts = data["attempts"].as_array().into_iter().flatten();
    attempts
        .map(|it| {
            let class = it["outcome"]["failed"]["class"].as_str().unwrap_or("completed");
            (it["deployment"].as_str().unwrap_or_default(), class)
        })
        .collect()
}

#[tokio::test]
async fn half_of_a_thread_that_is_too_long_is_asked_and_the_record_says_so() -> anyhow::Result<()> {
    let it = running_acme().await?;
    let root = thread(&it).await?;
    it.llm.script([too_long(), Behaviour::text("The short answer.")]);
    assert_eq!(ask(&it, &reply_to(&it, &root, "question 3")?).await?, "The short answer.");

    let requests = it.llm.requests();
    let [.., whole, half] = requests.as_slice() else { bail!("{}", requests.len()) };
    assert_eq!((requests.len(), questions(whole)), (5, vec![0, 1, 2, 3]), "once more, not twice");
    assert!(!told_that_some_is_left_out(whole));
    assert_eq!(questions(half), [2, 3]);
    assert!(told_that_some_is_left_out(half));

    let data = outcome(&it, "completion.finished", 4).await?;
    assert_eq!(data["prompt"]["truncated"], true);
    let turns = data["prompt"]["turns"].as_array().context("no turns")?;
    assert_eq!(turns.len(), 3, "a question, its answer, and the one asked: {turns:?}");
    let model = "quality/openai";
    assert_eq!(attempts(&data), [(model, "context_too_long"), (model, "completed")]);
    assert_eq!(data["attempts"][1]["index"], 1, "they are numbered through");
    Ok(())
}

#[tokio::test]
async fn what_is_too_long_in_half_is_told_and_not_asked_again() -> anyhow::Result<()> {
    let it = running_acme().await?;
    let root = thread(&it).await?;
    it.llm.always(too_long());
    let said = ask(&it, &reply_to(&it, &root, "question 3")?).await?;
    assert!(!said.contains("question"), "an apology: {said}");
    assert_eq!(it.llm.requests().len(), 5);
    let data = outcome(&it, "completion.failed", 1).await?;
    assert_eq!(data["reason"], "models_failed");
    let too_long = ("quality/openai", "context_too_long");
    assert_eq!(attempts(&data), [too_long, too_long]);
    Ok(())
}

/// Two deployments, the first with the smaller window; so many attempts for one request.
async fn running_two(attempts_max: u32) -> anyhow::Result<(Installation, tempfile::TempDir)> {
    let mut it = Installation::prepare().await?;
    let dir = tempfile::tempdir()?;
    let file = dir.path().join("models.toml");
    let deployment = |name: &str, window: u32| {
        format!(
            "[[models.quality]]\nname = '{name}'\nvendor = 'openai'\nmodel = '{name}'\n\
             base_url = '{}/v1'\napi_key_env = 'OPENAI_API_KEY'\ncontext_window = {window}\n",
            it.llm.url()
        )
    };
    let retries = format!("[retries]\nattempts_max = {attempts_max}\n");
    fs::write(&file, [deployment("small", 30_000), deployment("large", 60_000), retries].concat())?;
    it.settings.insert("KONSTRUCT_CONFIG".to_owned(), file.display().to_string());
    it.apply(&acme()).await?;
    it.run("all").await?;
    it.slack.install("xoxb-T0ACME", Team::new("T0ACME", BOT));
    it.slack.link(Gateway::new(&it.gateway(), SIGNING_SECRET), true);
    Ok((it, dir))
}

#[tokio::test]
async fn a_larger_window_is_asked_before_anything_is_left_out() -> anyhow::Result<()> {
    let (it, _dir) = running_two(6).await?;
    let root = thread(&it).await?;
    it.llm.script([too_long(), Behaviour::text("All of it.")]);
    assert_eq!(ask(&it, &reply_to(&it, &root, "question 3")?).await?, "All of it.");
    let data = outcome(&it, "completion.finished", 4).await?;
    assert_eq!(
        attempts(&data),
        [("quality/small", "context_too_long"), ("quality/large", "completed")]
    );
    assert_eq!(data["prompt"]["truncated"], json!(false));
    Ok(())
}

#[tokio::test]
async fn a_shorter_prompt_has_only_the_attempts_that_the_longer_one_left() -> anyhow::Result<()> {
    let (it, _dir) = running_two(3).await?;
    let root = thread(&it).await?;
    it.llm.always(too_long());
    ask(&it, &reply_to(&it, &root, "question 3")?).await?;
    let data = outcome(&it, "completion.failed", 1).await?;
    let small = ("quality/small", "context_too_long");
    assert_eq!(attempts(&data), [small, ("quality/large", "context_too_long"), small]);
    Ok(())
}
