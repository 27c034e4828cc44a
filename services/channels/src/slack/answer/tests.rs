use domain::secret::Secret;
use schemas::{EffectId, Place, PlaceKind};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
};

use super::*;
use crate::{
    Call, Outbound as _,
    slack::{Pacing, Settings, SlackOut},
};

/// How long the two answers that never end are waited for.
const WHOLE: Duration = Duration::from_secs(1);

/// How long anything is waited for that does end.
const LONG: Duration = Duration::from_secs(30);

/// A server that reads a request and answers it with these bytes; then it holds the line.
async fn serve(answer: Vec<u8>) -> (String, tokio::task::JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/api/", listener.local_addr().unwrap());
    let served = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut request = Vec::new();
        while !is_whole(&request) {
            if stream.read_buf(&mut request).await.unwrap() == 0 {
                break;
            }
        }
        stream.write_all(&answer).await.unwrap();
        let text = String::from_utf8(request).unwrap();
        let hold = async { stream.read_u8().await.map(drop) };
        drop(tokio::time::timeout(LONG, hold).await);
        text
    });
    (url, served)
}

fn is_whole(request: &[u8]) -> bool {
    let text = String::from_utf8_lossy(request);
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
    let length = head.lines().find_map(|it| it.strip_prefix("content-length: "));
    length.is_some_and(|length| length.parse() == Ok(body.len()))
}

fn http(status: &str, headers: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!("HTTP/1.1 {status}\r\ncontent-length: {length}\r\n{headers}\r\n{body}").into_bytes()
}

async fn post(answer: Vec<u8>) -> (SendOutcome, String) {
    post_within(WHOLE, answer).await
}

async fn post_within(total: Duration, answer: Vec<u8>) -> (SendOutcome, String) {
    drop(rustls::crypto::ring::default_provider().install_default());
    let (api_url, served) = serve(answer).await;
    let settings = Settings { api_url, pacing: Pacing::Slack, total };
    let slack = SlackOut::new(settings).unwrap();
    let place = Place {
        workspace: "T1".to_owned(),
        channel: "C1".to_owned(),
        kind: PlaceKind::Public,
        thread: "1700000000.000001".to_owned(),
    };
    let (token, effect) = (Secret::from("xoxb-1".to_owned()), "x1".parse::<EffectId>().unwrap());
    let call = Call { token: &token, place: &place, effect: &effect };
    let outcome = slack.post(call, "hello".into()).await;
    // Lets the line go.
    drop(slack);
    (outcome, served.await.unwrap())
}

fn ambiguous(detail: &str) -> SendOutcome {
    SendOutcome::Ambiguous(detail.to_owned())
}

fn rejected(code: &str, class: Rejection) -> SendOutcome {
    SendOutcome::Rejected { code: code.to_owned(), class }
}

#[tokio::test]
async fn each_answer_is_one_outcome() {
    let ok = r#"{"ok":true,"ts":"1700000001.000001"}"#;
    let after = |seconds| SendOutcome::RetryAfter(Duration::from_secs(seconds));
    let busy = r#"{"ok":false,"error":"ratelimited"}"#;
    let internal = r#"{"ok":false,"error":"internal_error"}"#;
    let revoked = r#"{"ok":false,"error":"token_revoked"}"#;
    let cases = [
        (http("200 OK", "", ok), SendOutcome::Sent("1700000001.000001".to_owned())),
        (
            http("200 OK", "", r#"{"ok":true,"ts":"1.1","team":{},"has_more":null}"#),
            SendOutcome::Sent("1.1".to_owned()),
        ),
        (http("200 OK", "", r#"{"ok":true}"#), ambiguous("ok without a timestamp")),
        (http("200 OK", "", revoked), rejected("token_revoked", Rejection::Connection)),
        (http("401 No", "", revoked), rejected("token_revoked", Rejection::Connection)),
        (http("200 OK", "", internal), ambiguous("internal_error")),
        (http("200 OK", "", busy), after(30)),
        (http("200 OK", "retry-after: 7\r\n", busy), after(7)),
        (http("429 Slow", "retry-after: 7\r\n", ""), after(7)),
        (http("429 Slow", "retry-after: 0\r\n", ""), after(1)),
        (http("429 Slow", "retry-after: 999999999\r\n", ""), after(3_600)),
        (http("429 Slow", "retry-after: tomorrow\r\n", ""), after(30)),
        (http("500 Oh", "", revoked), ambiguous("HTTP 500")),
        (http("503 Oh", "", ok), ambiguous("HTTP 503")),
        (http("200 OK", "", "<html>"), ambiguous("the answer is not Slack's")),
        (http("200 OK", "", ""), ambiguous("the answer is not Slack's")),
        (http("200 OK", "", "[true]"), ambiguous("the answer is not Slack's")),
        (http("200 OK", "", r#"{"ok":false}"#), ambiguous("the answer is not Slack's")),
        (
            http("302 Off", "location: http://else/\r\n", ""),
            rejected("http_302", Rejection::Payload),
        ),
        (http("404 No", "", "<html>"), rejected("http_404", Rejection::Payload)),
        (http("403 No", "", ok), rejected("http_403", Rejection::Payload)),
        (
            b"HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n{\"ok\":true".to_vec(),
            ambiguous("no answer in time"),
        ),
        (Vec::new(), ambiguous("no answer in time")),
    ];
    for (answer, want) in cases {
        let shown = String::from_utf8_lossy(&answer).into_owned();
        assert_eq!(post(answer).await.0, want, "{shown}");
    }
}

#[tokio::test]
async fn no_answer_is_read_without_end() {
    let body = format!(r#"{{"ok":true,"ts":"1","x":"{}"}}"#, "x".repeat(BYTES_MAX));
    let (outcome, _) = post_within(LONG, http("200 OK", "", &body)).await;
    assert_eq!(outcome, ambiguous("the answer is too long"));
}

#[tokio::test]
async fn a_post_says_where_what_and_which_effect() {
    let (_, request) = post(http("200 OK", "", r#"{"ok":true,"ts":"1.1"}"#)).await;
    let (head, body) = request.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("POST /api/chat.postMessage HTTP/1.1\r\n"), "{head}");
    assert!(head.contains("authorization: Bearer xoxb-1"));
    assert!(head.contains("content-type: application/json"));
    let body: serde_json::Value = serde_json::from_str(body).unwrap();
    let want = serde_json::json!({
        "channel": "C1", "thread_ts": "1700000000.000001", "text": "hello",
        "metadata": { "event_type": "konstruct_reply", "event_payload": { "effect": "x1" } },
        "unfurl_links": false, "unfurl_media": false,
    });
    assert_eq!(body, want);
}

#[test]
fn an_address_is_checked_at_the_start() {
    drop(rustls::crypto::ring::default_provider().install_default());
    for url in ["", "slack.com/api", "ftp://slack.com", "https://slack.com/api?x=1"] {
        let settings = Settings { api_url: url.to_owned(), ..Settings::default() };
        assert!(SlackOut::new(settings).is_err(), "{url}");
    }
    assert!(SlackOut::new(Settings::default()).is_ok());
}
