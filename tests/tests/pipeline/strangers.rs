//! Whoever does not sign as Slack does learns nothing, and costs little.

use konstruct_tests::{
    fake_slack::{Spoken, Team, sign},
    installation::{Installation, SIGNING_SECRET},
};
use reqwest::{Body, RequestBuilder};

use crate::{BOT, Log, mention, running_acme};

const MEBIBYTE: usize = 1024 * 1024;

fn request(it: &Installation, secret: Option<&str>, body: &str) -> RequestBuilder {
    let url = format!("{}/slack/events", it.gateway());
    let request = reqwest::Client::new().post(url).header("content-type", "application/json");
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let timestamp = now.unwrap_or_default().as_secs().to_string();
    match secret {
        None => request,
        Some(secret) => request
            .header("x-slack-signature", sign(secret, &timestamp, body.as_bytes()))
            .header("x-slack-request-timestamp", timestamp),
    }
}

/// All that an answer says, but for the time.
async fn said(request: RequestBuilder) -> anyhow::Result<String> {
    let answer = request.send().await?;
    let mut headers = answer.headers().clone();
    headers.remove("date");
    Ok(format!("{} {headers:?} {:?}", answer.status(), answer.text().await?))
}

#[tokio::test]
async fn who_is_a_customer_cannot_be_asked_without_the_secret() {
    let it = running_acme().await.unwrap();
    let known = mention(&it, "T0ACME", "hello").unwrap();
    let stranger = Team::new("T0STRANGER", BOT);
    let unknown = Spoken::new(&stranger, "C1", "U0EVE", "<@U0BOT> hello", &known.ts);
    let (known, unknown) = (known.app_mention().to_string(), unknown.app_mention().to_string());
    for secret in [None, Some("another secret")] {
        let ours = said(request(&it, secret, &known).body(known.clone())).await.unwrap();
        assert!(ours.starts_with("401 Unauthorized"), "{ours}");
        let theirs = said(request(&it, secret, &unknown).body(unknown.clone())).await.unwrap();
        assert_eq!(ours, theirs);
    }
    // Nor was it looked up.
    let metrics = reqwest::get(format!("{}/metrics", it.admin())).await.unwrap();
    let metrics = metrics.text().await.unwrap();
    assert!(metrics.contains("konstruct_gateway_calls_total"), "{metrics}");
    assert!(!metrics.contains("konstruct_gateway_unknown_workspace_total"), "{metrics}");
    assert_eq!(Log::open(&it, "EVENTS").await.unwrap().stored().await.unwrap(), 0);
}

#[tokio::test]
async fn a_body_without_a_length_is_read_to_the_bound_and_no_further() {
    let it = running_acme().await.unwrap();
    let mut log = Log::open(&it, "EVENTS").await.unwrap();
    let body = mention(&it, "T0ACME", "hello").unwrap().app_mention().to_string();
    for (more, status) in [(1, "413"), (0, "200")] {
        let body = format!("{body}{}", " ".repeat(MEBIBYTE + more - body.len()));
        let pieces: Vec<_> =
            body.as_bytes().chunks(64 * 1024).map(|it| anyhow::Ok(it.to_vec())).collect();
        let pieces = Body::wrap_stream(futures::stream::iter(pieces));
        let chunked = request(&it, Some(SIGNING_SECRET), &body).body(pieces);
        let answer = said(chunked).await.unwrap();
        assert!(answer.starts_with(status), "{answer}");
    }
    log.until("message.received", 1).await.unwrap();
    assert_eq!(log.count("message.received"), 1);
}
