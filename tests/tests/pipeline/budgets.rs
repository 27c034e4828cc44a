//! What people see of budgets.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use konstruct_tests::{
    fake_llm::Behaviour,
    fake_slack::{Gateway, Team},
    installation::{Installation, SIGNING_SECRET, acme},
};
use serde_json::json;

use crate::{BOT, Log, PATIENCE, PLACEHOLDER, answers, ask, heard, mention};

/// Ten tokens, which is all that the model may say, at a micro-dollar each.
const TEN: &str = "one two three four five six seven eight nine ten";

const NEAR: &str = "By the way: most of your organization's budget for today is used. When it is used \
                    up, I can't answer for the rest of the day.";

/// A file of settings with one model, whose every answer may cost ten micro-dollars.
fn models(it: &Installation) -> String {
    format!(
        r#"
        [[models.quality]]
        name = "priced"
        vendor = "openai"
        model = "priced"
        base_url = "{}/v1"
        api_key_env = "OPENAI_API_KEY"
        max_output_tokens = 10

        [prices]
        version = "test"
        [[prices.models]]
        vendor = "openai"
        model = "priced"
        input = 0
        output = 1_000_000
        source = "test"
        as_of = "today"
        "#,
        it.llm.url()
    )
}

fn with_budget(daily_micros: u64) -> String {
    let budget = format!("    budget: {{ daily_micros: {daily_micros} }}\n    limits:");
    acme().replace("    limits:", &budget)
}

pub(super) async fn running(yaml: &str) -> anyhow::Result<(Installation, tempfile::TempDir)> {
    let mut it = Installation::prepare().await?;
    let dir = tempfile::tempdir()?;
    let path = dir.path().join("konstruct.toml");
    std::fs::write(&path, models(&it))?;
    it.settings.insert("KONSTRUCT_CONFIG".to_owned(), path.to_string_lossy().into_owned());
    it.llm.always(Behaviour::text(TEN));
    it.apply(yaml).await?;
    it.run("all").await?;
    it.slack.install("xoxb-T0ACME", Team::new("T0ACME", BOT));
    it.slack.link(Gateway::new(&it.gateway(), SIGNING_SECRET), true);
    before_midnight().await?;
    Ok((it, dir))
}

/// What is asked here has to be asked in one day, and so in one month, of UTC: where the next one is
/// close, it is waited for.
async fn before_midnight() -> anyhow::Result<()> {
    const DAY_S: u64 = 24 * 60 * 60;
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?;
    let left = Duration::from_secs(DAY_S - now.as_secs() % DAY_S);
    if left < 2 * PATIENCE {
        tokio::time::sleep(left).await;
    }
    Ok(())
}

#[tokio::test]
async fn a_budget_for_two_answers_gives_two_then_a_kind_word_and_is_raised() {
    let (it, _dir) = running(&with_budget(20)).await.unwrap();
    let first = ask(&it, &mention(&it, "T0ACME", "first").unwrap()).await.unwrap();
    assert_eq!(first, TEN);
    let second = ask(&it, &mention(&it, "T0ACME", "second").unwrap()).await.unwrap();
    assert_eq!(second, format!("{TEN}\n\n_{NEAR}_"), "one line, under the answer that crossed it");

    let asked = it.llm.requests().len();
    let third = mention(&it, "T0ACME", "third").unwrap();
    heard(&it, &third).await.unwrap();
    let replies = answers(&it, &third, 1).await.unwrap();
    assert_eq!((replies.len(), replies[0].history.as_slice()), (1, &[PLACEHOLDER.to_owned()][..]));
    let said = &replies[0].text;
    let kind = "I'm sorry, I can't answer this: your organization's budget for today is used up. \
                Please ask me again in ";
    let wait = said.strip_prefix(kind);
    let wait =
        wait.and_then(|said| said.strip_suffix("; your administrator can raise the budget."));
    let wait = wait.unwrap_or_else(|| panic!("another text: {said}"));
    // What is left of a day depends on the hour, so its number is read and not compared.
    let (number, unit) = wait.split_once(' ').unwrap();
    assert!(number == "a" || number.parse().is_ok_and(|number: u8| number <= 120), "{said}");
    let units = ["hours", "minutes", "seconds", "second"];
    assert!(units.contains(&unit), "a wait, and no amount: {said}");
    assert_eq!(it.llm.requests().len(), asked, "nobody is called");

    it.apply(&with_budget(1_000)).await.unwrap();
    let fourth = ask(&it, &mention(&it, "T0ACME", "fourth").unwrap()).await.unwrap();
    assert_eq!(fourth, TEN, "it holds from the next message on, and nobody is warned twice");

    let mut log = Log::open(&it, "EVENTS").await.unwrap();
    log.until("reply.delivered", 4).await.unwrap();
    assert_eq!((log.count("budget.near"), log.count("completion.failed")), (1, 1));
    let of = |kind: &str| log.events.iter().find(|event| event["type"] == kind).unwrap();
    let over = &of("konstruct.completion.failed.v1")["data"];
    assert_eq!(over["reason"], "over_budget");
    assert_eq!(
        (&over["over"]["period"], &over["over"]["limit_micros"]),
        (&json!("day"), &json!(20))
    );
    let near = &of("konstruct.budget.near.v1")["data"]["budget"];
    assert_eq!((&near["period"], &near["agent"]), (&json!("day"), &json!(null)));
    let mut letters = Log::open(&it, "DEADLETTERS").await.unwrap();
    assert_eq!(letters.stored().await.unwrap(), 0);
}

/// An attempt that was not billed leaves its room to the next one.
#[tokio::test]
async fn a_budget_for_one_answer_gives_it_though_the_model_stumbled_first() {
    let (it, _dir) = running(&with_budget(10)).await.unwrap();
    it.llm.script([Behaviour::status(503, "")]);
    let said = ask(&it, &mention(&it, "T0ACME", "only one").unwrap()).await.unwrap();
    assert_eq!(said, format!("{TEN}\n\n_{NEAR}_"));
    assert_eq!(it.llm.requests().len(), 2);
}

#[tokio::test]
async fn an_agent_has_a_budget_of_its_own_that_needs_no_publication() {
    let yaml = acme();
    let (it, _dir) = running(&yaml).await.unwrap();
    ask(&it, &mention(&it, "T0ACME", "without one").unwrap()).await.unwrap();
    let own = yaml.replace("slug: mara,", "slug: mara, budget: { monthly_micros: 15 },");
    let planned = it.would_apply(&own).await.unwrap();
    assert!(planned.contains("~ agent acme/mara: budget.monthly_micros none -> 15"), "{planned}");
    assert!(!planned.contains("publish"), "{planned}");
    it.apply(&own).await.unwrap();
    assert!(!it.would_apply(&own).await.unwrap().contains("budget"), "it is so already");
    // What was spent before there was one counts.
    let mut log = Log::open(&it, "EVENTS").await.unwrap();
    log.until("reply.delivered", 1).await.unwrap();
    let message = log.message_of("message.accepted").unwrap().to_owned();
    crate::trace(&it, &message, "reply.delivered").await.unwrap();
    let said = ask(&it, &mention(&it, "T0ACME", "with one").unwrap()).await.unwrap();
    let want = "I'm sorry, I can't answer this: my budget for this month is used up.";
    assert!(said.starts_with(want), "{said}");
    assert_eq!(it.llm.requests().len(), 1);
}
