use expect_test::expect_file;
use schemas::usage::{Cost, MicroDollars, Usage};

use super::*;

fn at(ms: i64) -> Timestamp {
    Timestamp::from_millis(1_700_000_000_000 + ms)
}

fn attempt(index: u32, latency_ms: u64, outcome: AttemptOutcome) -> Attempt {
    let usage = Usage { input_tokens: Some(812), output_tokens: Some(64), ..Usage::default() };
    let is_whole = outcome == AttemptOutcome::Completed;
    Attempt {
        index,
        deployment: format!("quality/d{index}"),
        vendor: "openai".to_owned(),
        model: "gpt-5-mini".to_owned(),
        outcome,
        latency_ms,
        first_token_ms: is_whole.then_some(310),
        usage: is_whole.then_some(usage),
        cost: Cost { amount: is_whole.then_some(MicroDollars(421)), ..Cost::default() },
    }
}

fn ids<const N: usize>(names: [&str; N]) -> [EventId; N] {
    names.map(|name| name.parse().unwrap())
}

/// An event, its topic, when in milliseconds, and what came of it.
type Told<'a> = (&'a EventId, &'a str, i64, &'a str);

/// The story of `m1`, with these events at these milliseconds.
fn story<'a>(tenant: &'a TenantId, message: &'a MessageId, events: &[Told<'a>]) -> Story<'a> {
    let happened = |(sequence, &(id, topic, ms, outcome)): (u64, &Told<'a>)| Happened {
        id,
        topic,
        source: "test",
        sequence,
        at: at(ms),
        outcome,
    };
    let events = (1..).zip(events).map(happened).collect();
    let (calls, tools) = (Vec::new(), Vec::new());
    Story { tenant, message, conversation: None, agent: None, events, calls, tools }
}

fn spans_of(export: &Value) -> &Vec<Value> {
    export["resourceSpans"][0]["scopeSpans"][0]["spans"].as_array().unwrap()
}

#[test]
fn the_trace_of_an_answer_that_took_two_models_and_a_tool() {
    let (tenant, message) = ("acme".parse().unwrap(), "m1".parse().unwrap());
    let [received, accepted, admitted, finished, delivered, seen] =
        ids(["e1", "e2", "e3", "e4", "e5", "e6"]);
    let told = story(
        &tenant,
        &message,
        &[
            (&received, "message.received", 0, "by slack-T0ACME"),
            (&accepted, "message.accepted", 4, ""),
            (&admitted, "message.admitted", 10, ""),
            (&finished, "completion.finished", 3_700, "mara version 2"),
            (&delivered, "reply.delivered", 3_900, "answer in 1 part(s)"),
            (&seen, "effect.observed", 4_500, "x1 seen at 1.2"),
        ],
    );
    let failed = AttemptOutcome::Failed { class: "rate_limited".to_owned() };
    let attempts = [attempt(0, 900, failed), attempt(1, 2_250, AttemptOutcome::Completed)];
    let (conversation, agent) = ("C1-1_1".parse().unwrap(), "mara".parse().unwrap());
    let told = Story {
        conversation: Some(&conversation),
        agent: Some((&agent, Some(2))),
        calls: vec![
            ModelCall { index: 0, deployment: "quality/d0", at: at(20), outcome: attempts.first() },
            ModelCall {
                index: 1,
                deployment: "quality/d1",
                at: at(1_400),
                outcome: attempts.get(1),
            },
        ],
        tools: vec![
            ToolCall { tool: "orders", at: at(930), took_ms: Some(400), failed: None },
            ToolCall { tool: "crm", at: at(930), took_ms: Some(40), failed: Some("timeout") },
        ],
        ..told
    };
    let got = serde_json::to_string_pretty(&export(&told, "1.2.3")).unwrap();
    expect_file!["answered.json"].assert_eq(&format!("{got}\n"));
}

#[test]
fn a_story_that_broke_off_ends_where_it_is_known_to() {
    let (tenant, message) = ("acme".parse().unwrap(), "m1".parse().unwrap());
    let [received, accepted] = ids(["e1", "e2"]);
    let told = story(
        &tenant,
        &message,
        &[(&received, "message.received", 0, ""), (&accepted, "message.accepted", 40, "")],
    );
    let open = ModelCall { index: 0, deployment: "quality/d0", at: at(60), outcome: None };
    let told = Story { calls: vec![open], ..told };
    let export = export(&told, "1.2.3");
    let spans = spans_of(&export);
    let field = |name: &str| -> Vec<_> {
        spans.iter().map(|span| span[name].as_str().unwrap_or("-")).collect()
    };
    assert_eq!(field("name"), ["message", "dedup", "chat quality/d0"]);
    assert_eq!(
        field("endTimeUnixNano"),
        ["1700000000060000000", "1700000000040000000", "1700000000060000000"],
    );
    let root = spans[0]["spanId"].as_str().unwrap();
    assert_eq!(field("parentSpanId"), ["-", root, root], "there is no answer to be part of");
    assert!(spans[2]["attributes"].to_string().contains("unknown"), "{}", spans[2]);
    assert!(spans.iter().all(|span| span.get("status").is_none()));
}

#[test]
fn what_failed_is_an_error_and_the_trace_is_that_of_the_envelopes() {
    let (tenant, message): (TenantId, MessageId) = ("acme".parse().unwrap(), "m1".parse().unwrap());
    let [failed] = ids(["e1"]);
    let events = [(&failed, "completion.failed", 0, "every model failed")];
    let export = export(&story(&tenant, &message, &events), "1.2.3");
    let spans = spans_of(&export);
    assert_eq!(spans[1]["status"], json!({ "code": 2, "message": "every model failed" }));
    let traceparent = Trace::of(&CorrelationId::from(&message));
    let [trace, root] = [&spans[0]["traceId"], &spans[0]["spanId"]].map(|it| it.as_str().unwrap());
    assert_eq!(format!("00-{trace}-{root}-01"), traceparent.as_str());
}
