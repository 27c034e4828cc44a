//! Errors, in OpenAI's shape.

use konstruct_tests::fake_llm::{Behaviour, Fault};
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::{House, question};

/// The largest request, in bytes.
const BODY_BYTES_MAX: usize = 8 << 20;

#[tokio::test]
async fn each_failure_has_a_status_and_a_code() -> anyhow::Result<()> {
    let house = House::new().await?;
    let asked = |change: Value| {
        let mut body = question();
        if let (Some(body), Some(change)) = (body.as_object_mut(), change.as_object()) {
            body.extend(change.clone());
        }
        body
    };
    for (body, status, code, param) in [
        (asked(json!({ "model": "gpt-9" })), 404, "model_not_found", Value::Null),
        (asked(json!({ "n": 3 })), 400, "invalid_value", json!("n")),
        (asked(json!({ "messages": "hi" })), 400, "invalid_value", json!("messages")),
        (
            asked(json!({ "messages": [{ "role": 7, "content": "hi" }] })),
            400,
            "invalid_value",
            json!("messages[0].role"),
        ),
        (asked(json!({ "logprobs": true })), 400, "invalid_value", json!("logprobs")),
    ] {
        let answer = house.ask(&body).await?;
        assert_eq!(answer.status().as_u16(), status);
        let answer: Value = answer.json().await?;
        assert_eq!((&answer["error"]["code"], &answer["error"]["param"]), (&json!(code), &param));
    }
    let end = |reason: &str| Behaviour::fault(Fault::EndReason(reason.to_owned()));
    house.it.llm.script([end("content_filter")]);
    let answer = house.ask(&question()).await?;
    assert_eq!(answer.status(), StatusCode::BAD_REQUEST);
    assert_eq!(answer.json::<Value>().await?["error"]["code"], "content_filter");
    Ok(())
}

#[tokio::test]
async fn what_is_blank_is_refused_at_once() -> anyhow::Result<()> {
    let house = House::new().await?;
    let mut body = question();
    body["messages"][0]["content"] = json!(" ");
    let refused = house.ask(&body).await?;
    assert_eq!(refused.status(), StatusCode::BAD_REQUEST);
    assert_eq!(refused.json::<Value>().await?["error"]["param"], "messages");
    assert!(house.it.llm.requests().is_empty(), "nobody is called");
    Ok(())
}

#[tokio::test]
async fn errors_before_the_question_are_in_the_same_shape() -> anyhow::Result<()> {
    let house = House::new().await?;
    let mut large = question();
    large["messages"][0]["content"] = json!("x".repeat(BODY_BYTES_MAX));
    let refused = house.ask(&large).await?;
    assert_eq!(refused.status(), StatusCode::PAYLOAD_TOO_LARGE);
    let error = refused.json::<Value>().await?;
    assert_eq!(error["error"]["code"], "request_too_large");
    assert_eq!(error["error"]["type"], "invalid_request_error");

    let completions = house.client.get(format!("{}/chat/completions", house.base));
    let models = house.client.post(format!("{}/models", house.base));
    for (request, allow) in [(completions, "POST"), (models, "GET,HEAD")] {
        let refused = request.bearer_auth(&house.key).send().await?;
        assert_eq!(refused.status(), StatusCode::METHOD_NOT_ALLOWED);
        assert_eq!(refused.headers()["allow"], allow);
        let error = refused.json::<Value>().await?;
        assert_eq!(error["error"]["code"], "method_not_allowed");
    }
    Ok(())
}

#[tokio::test]
async fn a_vendor_that_is_full_says_when_to_come_back() -> anyhow::Result<()> {
    let house = House::new().await?;
    house.it.llm.always(Behaviour::status(429, "").header("retry-after", "3600"));
    let answer = house.ask(&question()).await?;
    assert_eq!(answer.status(), StatusCode::TOO_MANY_REQUESTS);
    let wait: u64 = answer.headers()["retry-after"].to_str()?.parse()?;
    assert!((3_590..=3_600).contains(&wait), "{wait}");
    assert_eq!(answer.json::<Value>().await?["error"]["code"], "rate_limit_exceeded");
    let asked = house.it.llm.requests().len();
    // It rests now, so nobody is asked, and the answer is the same.
    let again = house.ask(&question()).await?;
    assert_eq!(again.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert!(again.headers().contains_key("retry-after"));
    assert_eq!(again.json::<Value>().await?["error"]["code"], "model_unavailable");
    assert_eq!(house.it.llm.requests().len(), asked);
    Ok(())
}
