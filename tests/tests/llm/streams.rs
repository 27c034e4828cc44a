//! Server-sent events: one model's answer, or an error.

use anyhow::Context as _;
use konstruct_tests::{
    fake_llm::{Behaviour, Called, Fault, Say},
    installation::acme,
    wait::until,
};
use reqwest::{Response, StatusCode};
use serde_json::{Value, json};

use crate::{
    House,
    budget::{PATIENCE, spend, unpriced, used},
    question,
};

fn streamed(more: &Value) -> Value {
    let mut body = question();
    if let (Some(body), Some(more)) = (body.as_object_mut(), more.as_object()) {
        body.insert("stream".to_owned(), json!(true));
        body.extend(more.clone());
    }
    body
}

/// The events of a stream; the last one is `[DONE]` where it is whole.
async fn events(house: &House, body: &Value) -> anyhow::Result<Vec<Value>> {
    all(house.ask(body).await?.error_for_status()?).await
}

async fn all(answer: Response) -> anyhow::Result<Vec<Value>> {
    assert_eq!(answer.headers()["content-type"], "text/event-stream");
    let text = answer.text().await?;
    let data = text.split("\n\n").filter_map(|event| event.strip_prefix("data: "));
    Ok(data.map(|data| serde_json::from_str(data).unwrap_or_else(|_| json!(data))).collect())
}

fn text(events: &[Value]) -> String {
    let pieces = events.iter().filter_map(|it| it["choices"][0]["delta"]["content"].as_str());
    pieces.collect()
}

#[tokio::test]
async fn an_answer_comes_in_pieces_and_is_counted() -> anyhow::Result<()> {
    let house = House::new().await?;
    let more = json!({ "stream_options": { "include_usage": true } });
    let events = events(&house, &streamed(&more)).await?;
    assert_eq!(events[0]["choices"][0]["delta"], json!({ "role": "assistant", "content": "" }));
    assert_eq!(text(&events), "echo: how are you?");
    let [.., end, count, done] = events.as_slice() else { anyhow::bail!("{events:?}") };
    assert_eq!(end["choices"][0]["finish_reason"], "stop");
    assert_eq!((&count["choices"], &count["usage"]["total_tokens"]), (&json!([]), &json!(7)));
    assert_eq!(done, "[DONE]");
    Ok(())
}

#[tokio::test]
async fn calls_of_tools_come_whole_and_go_back() -> anyhow::Result<()> {
    let house = House::new().await?;
    let call = Called { name: "look".to_owned(), arguments: r#"{"q":1}"#.to_owned() };
    house.it.llm.script([Behaviour {
        say: Say::Calls { text: String::new(), calls: vec![call] },
        ..Behaviour::default()
    }]);
    let tools = json!([{ "type": "function", "function": { "name": "look" } }]);
    let events = events(&house, &streamed(&json!({ "tools": tools }))).await?;
    let found = events.iter().find_map(|it| it["choices"][0]["delta"]["tool_calls"].as_array());
    let call = json!({ "index": 0, "id": "call_fake_0", "type": "function",
        "function": { "name": "look", "arguments": "{\"q\":1}" } });
    assert_eq!(found.context("no call")?, &vec![call]);
    let end = events.iter().rev().nth(1).context("no end")?;
    assert_eq!(end["choices"][0]["finish_reason"], "tool_calls");
    let sent = &house.it.llm.requests()[0].body["tools"][0]["function"]["name"];
    assert_eq!(sent, "look");
    Ok(())
}

#[tokio::test]
async fn before_the_first_word_another_attempt_takes_over_unseen() -> anyhow::Result<()> {
    let house = House::new().await?;
    let broken = Behaviour { fault: Some(Fault::CutAfter(0)), ..Behaviour::text("never said") };
    house.it.llm.script([broken, Behaviour::text("the answer")]);
    let events = events(&house, &streamed(&json!({}))).await?;
    assert_eq!(text(&events), "the answer");
    assert_eq!(events.last().context("nothing")?, "[DONE]");
    Ok(())
}

#[tokio::test]
async fn before_the_first_word_a_failure_has_its_status() -> anyhow::Result<()> {
    let house = House::new().await?;
    let unknown = house.ask(&streamed(&json!({ "model": "gpt-9" }))).await?;
    assert_eq!(unknown.status(), StatusCode::NOT_FOUND);
    assert_eq!(unknown.json::<Value>().await?["error"]["code"], "model_not_found");

    house.it.llm.always(Behaviour::status(429, "").header("retry-after", "3600"));
    let full = house.ask(&streamed(&json!({}))).await?;
    assert_eq!(full.status(), StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(full.headers()["content-type"], "application/json");
    let wait: u64 = full.headers()["retry-after"].to_str()?.parse()?;
    assert!((3_590..=3_600).contains(&wait), "{wait}");
    assert_eq!(full.json::<Value>().await?["error"]["code"], "rate_limit_exceeded");

    let resting = house.ask(&streamed(&json!({}))).await?;
    assert_eq!(resting.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert!(resting.headers().contains_key("retry-after"));
    assert_eq!(resting.json::<Value>().await?["error"]["code"], "model_unavailable");
    Ok(())
}

#[tokio::test]
async fn whoever_hangs_up_before_the_first_word_ends_the_call_too() -> anyhow::Result<()> {
    let house = House::new().await?;
    let slow = Behaviour { first_token_ms: 600_000, ..Behaviour::text("too late") };
    house.it.llm.always(slow);
    let is_asked = || async { Ok(house.it.llm.requests().len() == 1) };
    let question = streamed(&json!({}));
    tokio::select! {
        ended = house.ask(&question) => anyhow::bail!("it is held: {ended:?}"),
        asked = until(PATIENCE, "the vendor is asked", is_asked) => asked?,
    }
    assert_eq!(used(&house, 1).await?, (1, 0, 0));
    assert_eq!(unpriced(&house).await?, 1, "it may be billed");
    Ok(())
}

#[tokio::test]
async fn after_the_first_word_a_failure_is_an_error_and_never_another_models_words()
-> anyhow::Result<()> {
    let house = House::new().await?;
    let broken = Behaviour { fault: Some(Fault::Cut), ..Behaviour::text("half of what") };
    let broken = Behaviour { held: true, ..broken };
    house.it.llm.script([broken, Behaviour::text("something else")]);
    // The first word is there before the vendor breaks off.
    let answer = house.ask(&streamed(&json!({}))).await?.error_for_status()?;
    house.it.llm.release();
    let events = all(answer).await?;
    assert_eq!(text(&events), "half of what");
    let last = events.last().context("nothing")?;
    assert_eq!(last["error"]["code"], "stream_interrupted");
    assert!(!events.contains(&json!("[DONE]")));
    assert_eq!(used(&house, 1).await?, (1, 0, 0));
    assert_eq!(unpriced(&house).await?, 1, "it may have been billed");
    Ok(())
}

/// Asks, and hangs up once the vendor has said its first token.
async fn hang_up(house: &House, is_streamed: bool) -> anyhow::Result<()> {
    let body = if is_streamed { streamed(&json!({})) } else { question() };
    let reading = async { house.ask(&body).await?.bytes().await.context("it broke") };
    tokio::select! {
        ended = reading => anyhow::bail!("it is held: {ended:?}"),
        held = house.it.llm.held(1, PATIENCE) => held?,
    }
    house.it.llm.left(1, PATIENCE).await
}

#[tokio::test]
async fn whoever_hangs_up_ends_the_call_to_the_vendor_and_pays_for_it() -> anyhow::Result<()> {
    for is_streamed in [false, true] {
        let house = House::new().await?;
        house.it.llm.always(Behaviour { held: true, ..Behaviour::text("one two three") });
        hang_up(&house, is_streamed).await?;
        assert_eq!(used(&house, 1).await?, (1, 0, 0));
        assert_eq!(unpriced(&house).await?, 1, "what it cost is not known, and that is said");
    }
    Ok(())
}

#[tokio::test]
async fn whoever_hangs_up_frees_the_room_in_the_budget_that_it_held() -> anyhow::Result<()> {
    let house = House::with_model("gpt-5.4-mini").await?;
    let budget = "    budget: { monthly_micros: 100000000 }\n    limits:";
    house.it.apply(&acme().replace("    limits:", budget)).await?;
    let heard = || async {
        house.ask(&question()).await?.error_for_status()?;
        Ok(0 < spend(&house).await?.0)
    };
    until(PATIENCE, "the budget is heard of", heard).await?;
    let (before, _) = spend(&house).await?;
    house.it.llm.always(Behaviour { held: true, ..Behaviour::text("one two three") });
    hang_up(&house, true).await?;
    // At its worst, which is all the tokens it might have written.
    let settled = || async {
        let (settled, reserved) = spend(&house).await?;
        Ok(before + 10_000 < settled && reserved == 0)
    };
    until(PATIENCE, "the call is settled", settled).await
}
