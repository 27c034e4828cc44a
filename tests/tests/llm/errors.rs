//! Errors, in OpenAI's shape.

use konstruct_tests::fake_llm::{Behaviour, Fault};
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::{House, question};

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
        (asked(json!({ "messages": "hi" })), 400, "invalid_value", json!("body")),
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
