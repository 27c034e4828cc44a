//! What the gateway answers to whom.

use std::time::{SystemTime, UNIX_EPOCH};

use konstruct_tests::{
    fake_slack::{Spoken, Team, sign},
    installation::{Installation, SIGNING_SECRET},
};

use crate::{Log, mention, running_acme};

/// Status and body for a call signed with that secret, so many seconds ago.
async fn call(it: &Installation, body: &str, secret: &str, age_s: u64) -> (u16, String) {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let timestamp = now.saturating_sub(age_s).to_string();
    let signature = sign(secret, &timestamp, body.as_bytes());
    post(it, body, &[("x-slack-request-timestamp", &timestamp), ("x-slack-signature", &signature)])
        .await
}

async fn post(it: &Installation, body: &str, headers: &[(&str, &str)]) -> (u16, String) {
    let url = format!("{}/slack/events", it.gateway());
    let kind = if body.starts_with('{') { "json" } else { "x-www-form-urlencoded" };
    let kind = format!("application/{kind}");
    let mut request = reqwest::Client::new().post(url).header("content-type", kind);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    match request.body(body.to_owned()).send().await {
        Ok(answer) => (answer.status().as_u16(), answer.text().await.unwrap_or_default()),
        Err(error) => (0, error.to_string()),
    }
}

#[tokio::test]
async fn only_slack_is_believed_and_nothing_else_is_kept() {
    let it = running_acme().await.unwrap();
    let mut log = Log::open(&it, "EVENTS").await.unwrap();
    let body = mention(&it, "T0ACME", "hello").unwrap().app_mention().to_string();
    let refused = (401, String::new());
    assert_eq!(call(&it, &body, "another secret", 0).await, refused, "bad signature");
    assert_eq!(call(&it, &body, SIGNING_SECRET, 301).await, refused, "stale");
    assert_eq!(post(&it, &body, &[]).await, refused, "no signature");

    let (status, _) = call(&it, "{ no JSON", SIGNING_SECRET, 0).await;
    assert_eq!(status, 400, "bad JSON");
    let (status, _) = call(&it, "{ no JSON", "another secret", 0).await;
    assert_eq!(status, 401, "bad JSON of nobody");
    let padding = " ".repeat(1024 * 1024 + 1 - body.len());
    let (status, _) = call(&it, &format!("{body}{padding}"), SIGNING_SECRET, 0).await;
    assert_eq!(status, 413, "a byte too long");

    let stranger = Team::new("T0STRANGER", "U0BOT");
    let stranger = Spoken::new(&stranger, "C1", "U0EVE", "<@U0BOT> hi", "1900000000.000100");
    let unknown = call(&it, &stranger.app_mention().to_string(), SIGNING_SECRET, 0).await;
    assert_eq!(unknown, (200, String::new()), "unknown workspace");
    assert_eq!(log.stored().await.unwrap(), 0);

    let padding = " ".repeat(1024 * 1024 - body.len());
    let (status, _) = call(&it, &format!("{body}{padding}"), SIGNING_SECRET, 299).await;
    assert_eq!(status, 200, "just short enough, just young enough");
    log.until("message.received", 1).await.unwrap();
}

#[tokio::test]
async fn the_challenge_is_echoed_to_slack_alone() {
    let it = running_acme().await.unwrap();
    let body = r#"{"type":"url_verification","challenge":"3eZbrw1aB","token":"x"}"#;
    assert_eq!(call(&it, body, SIGNING_SECRET, 0).await, (200, "3eZbrw1aB".to_owned()));
    assert_eq!(call(&it, body, "another secret", 0).await, (401, String::new()));
    assert_eq!(post(&it, body, &[]).await, (401, String::new()));
}

#[tokio::test]
async fn the_check_of_our_certificate_is_answered_to_slack_alone() {
    let it = running_acme().await.unwrap();
    let body = "ssl_check=1&token=x";
    assert_eq!(call(&it, body, SIGNING_SECRET, 0).await, (200, String::new()));
    assert_eq!(call(&it, body, "another secret", 0).await, (401, String::new()));
    assert_eq!(post(&it, body, &[]).await, (401, String::new()));
    let mut log = Log::open(&it, "EVENTS").await.unwrap();
    assert_eq!(log.stored().await.unwrap(), 0);
}

#[tokio::test]
async fn a_workspace_that_nobody_connected_is_counted_and_told_once_a_minute() {
    let it = running_acme().await.unwrap();
    let known = mention(&it, "T0ACME", "hello").unwrap();
    let stranger = Team::new("T0STRANGER", "U0BOT");
    let stranger = Spoken::new(&stranger, "C1", "U0EVE", "<@U0BOT> hi", &known.ts);
    let body = stranger.app_mention().to_string();
    for _ in 0..2 {
        assert_eq!(call(&it, &body, SIGNING_SECRET, 0).await.0, 200);
    }
    let metrics = reqwest::get(format!("{}/metrics", it.admin())).await.unwrap();
    let metrics = metrics.text().await.unwrap();
    let counted = "konstruct_gateway_unknown_workspace_total 2";
    assert!(metrics.lines().any(|line| line == counted), "{metrics}");
    let said = it.said("all");
    let told = said.lines().filter(|line| line.contains("workspace that nobody has connected"));
    let told: Vec<_> = told.collect();
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].contains("T0STRANGER"), "{told:?}");
}
