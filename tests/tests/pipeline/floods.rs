//! What one person writes must not stop anybody else.

use std::time::Duration;

use anyhow::ensure;
use konstruct_tests::{
    fake_llm::Behaviour,
    fake_slack::{Gateway, Team},
    installation::{Installation, SIGNING_SECRET, acme},
};
use serde_json::{Value, json};

use crate::{BOT, Log, PLACEHOLDER, answers, ask, heard, mention, running_both};

/// Delivers it, waits for its answer, and says what the model was asked.
async fn answered_once(it: &Installation, body: &Value) -> anyhow::Result<String> {
    let delivered = it.slack.deliver_times(body, 1).await?;
    ensure!(delivered.statuses() == [Some(200)], "{:?}", delivered.statuses());
    Log::open(it, "EVENTS").await?.until("reply.delivered", 1).await?;
    let asked: Vec<_> = it.llm.requests().iter().map(|it| it.last_user().to_owned()).collect();
    ensure!(asked.len() == 1, "one model is asked, once: {asked:?}");
    Ok(asked.concat())
}

/// PostgreSQL refuses U+0000; a name with one in it was asked about twelve times, and never answered.
#[tokio::test]
async fn a_name_with_a_nul_in_it_is_a_name() {
    let it = running_both().await.unwrap();
    let mut body = mention(&it, "T0ACME", "hello").unwrap().message();
    body["event"]["user_profile"] = json!({ "real_name": "Pat", "display_name": "Pa\u{0}t" });
    answered_once(&it, &body).await.unwrap();
}

#[tokio::test]
async fn a_text_with_a_nul_in_it_is_a_text_sealed_or_not() {
    let mut it = Installation::prepare().await.unwrap();
    it.settings.insert("KONSTRUCT_SEAL_TEXT".to_owned(), "false".to_owned());
    it.apply(&acme()).await.unwrap();
    it.run("all").await.unwrap();
    it.slack.install("xoxb-T0ACME", Team::new("T0ACME", BOT));
    it.slack.link(Gateway::new(&it.gateway(), SIGNING_SECRET), true);
    it.llm.always(Behaviour::text("an\u{0}swer"));
    let mut body = mention(&it, "T0ACME", "hello").unwrap().message();
    body["event"]["text"] = format!("<@{BOT}> he\u{0}llo").into();
    let asked = answered_once(&it, &body).await.unwrap();
    assert!(asked.contains("he\u{fffd}llo"), "{asked}");
}

/// More than a consumer has places for.
#[tokio::test]
async fn whoever_edits_without_end_behind_a_slow_answer_keeps_nobody_waiting() {
    const EDITS: usize = 2_200;
    let it = running_both().await.unwrap();
    it.llm.script([Behaviour { held: true, ..Behaviour::default() }]);
    let root = mention(&it, "T0ACME", "slow").unwrap();
    heard(&it, &root).await.unwrap();
    it.llm.held(1, Duration::from_secs(30)).await.unwrap();
    for n in 0..EDITS {
        let ts = format!("{}{n:04}", root.ts);
        let edit = root.edited(&format!("<@{BOT}> version {n}"), &ts);
        assert_eq!(it.slack.deliver_times(&edit, 1).await.unwrap().statuses(), [Some(200)]);
    }
    ask(&it, &mention(&it, "T0BETA", "alive?").unwrap()).await.unwrap();
    let meanwhile = it.slack.replies("T0ACME", "C1", &root.ts);
    assert!(meanwhile.iter().all(|it| it.text == PLACEHOLDER), "{meanwhile:?}");
    it.llm.release();
    answers(&it, &root, 1).await.unwrap();
}
