use reqwest::Client;
use serde_json::{Value, json};

use super::*;

fn client() -> Client {
    // The second test in this process finds it installed, which is as good.
    drop(rustls::crypto::ring::default_provider().install_default());
    Client::new()
}

async fn post(fake: &FakeLlm, path: &str, body: Value) -> String {
    let sent = client().post(fake.url() + path).json(&body).send().await.unwrap();
    sent.text().await.unwrap()
}

fn ask(stream: bool) -> Value {
    json!({ "model": "m", "stream": stream, "messages": [{ "role": "user", "content": "hi" }] })
}

#[tokio::test]
async fn each_dialect_echoes_with_and_without_a_stream() {
    let fake = FakeLlm::start().await.unwrap();
    let ends = [
        ("/v1/chat/completions", "data: [DONE]\n\n", "/choices/0/message/content"),
        ("/v1/messages", "data: {\"type\":\"message_stop\"}\n\n", "/content/0/text"),
        ("/api/chat", "}\n", "/message/content"),
    ];
    for (path, end, text) in ends {
        assert!(post(&fake, path, ask(true)).await.ends_with(end), "{path}");
        let whole: Value = serde_json::from_str(&post(&fake, path, ask(false)).await).unwrap();
        assert_eq!(whole.pointer(text), Some(&json!("echo: hi")), "{path}");
    }
}

#[tokio::test]
async fn it_can_be_scripted_and_read_over_http() {
    let fake = FakeLlm::start().await.unwrap();
    let script = json!({
        "script": [
            { "when": "nobody says this", "say": { "text": "never" } },
            { "fault": { "status": { "status": 529, "body": "full" } } },
        ],
        "always": { "say": { "text": "always" } },
    });
    post(&fake, "/_control/script", script).await;
    assert_eq!(post(&fake, "/v1/messages", ask(false)).await, "full");
    assert!(post(&fake, "/v1/messages", ask(false)).await.contains("always"));
    let seen = client().get(fake.url() + "/_control/requests").send().await.unwrap();
    let seen: Vec<Recorded> = seen.json().await.unwrap();
    assert_eq!(seen.len(), 2);
    assert_eq!(seen[0].last_user(), "hi");
    assert_eq!(fake.requests(), seen);
    post(&fake, "/_control/script", json!({ "reset": true })).await;
    assert!(fake.requests().is_empty());
}
