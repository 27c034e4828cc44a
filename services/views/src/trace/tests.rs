use expect_test::{Expect, expect};
use schemas::{EventId, MessageRef, Place, PlaceKind};

use super::*;

fn event(nth: u64, kind: &str, ms: i64) -> EventRow {
    let id: EventId = format!("e{nth}").parse().unwrap();
    EventRow {
        stream: "EVENTS".to_owned(),
        seq: nth,
        correlation_id: (&id).into(),
        event_id: id,
        causation_id: None,
        kind: kind.to_owned(),
        source: "test".to_owned(),
        time_ms: 1_000_000 + ms,
        note: None,
        effect_id: None,
    }
}

fn call(index: u32, ms: i64, latency_ms: Option<u64>, outcome: &str) -> Call {
    Call {
        index,
        deployment: format!("d{index}"),
        model: None,
        at: Timestamp::from_millis(1_000_000 + ms),
        latency_ms,
        first_token_ms: None,
        outcome: outcome.to_owned(),
        cost_micros: None,
    }
}

fn tool(name: &str, ms: i64, took_ms: Option<u64>, failed: Option<&str>) -> ToolUse {
    ToolUse {
        tool: name.to_owned(),
        at: Timestamp::from_millis(1_000_000 + ms),
        arguments: Words::NotKept,
        answer: took_ms.map(|_| Words::NotKept),
        failed: failed.map(str::to_owned),
        took_ms,
    }
}

#[track_caller]
fn check(events: &[(&str, i64)], calls: Vec<Call>, want: &Expect) {
    check_with(events, (calls, Vec::new()), want);
}

#[track_caller]
fn check_with(events: &[(&str, i64)], within: (Vec<Call>, Vec<ToolUse>), want: &Expect) {
    let events = (1..).zip(events).map(|(nth, (kind, ms))| event(nth, kind, *ms)).collect();
    let trace = Trace::of("m1".parse().unwrap(), None, events, within);
    let mut text = format!("{} ms, {}\n", trace.total_ms, trace.slow.as_deref().unwrap_or("-"));
    for span in &trace.spans {
        let indent = "  ".repeat(span.depth.into());
        let (name, start, gap) = (&span.name, span.start_ms, span.gap_ms);
        let took = span.took_ms.map_or("-".to_owned(), |ms| ms.to_string());
        let line = format!("{indent}{name}: at {start} for {took}, gap {gap} {}", span.outcome);
        text.push_str(line.trim_end());
        text.push('\n');
    }
    want.assert_eq(&text);
}

#[test]
fn the_spans_of_a_message_that_took_two_calls() {
    let story = [
        ("message.received", 0),
        ("message.accepted", 4),
        ("message.duplicate", 6),
        ("message.admitted", 10),
        ("completion.finished", 3_700),
        ("reply.uncertain", 3_800),
        ("reply.delivered", 3_900),
        ("effect.observed", 4_500),
    ];
    let calls =
        vec![call(0, 20, Some(900), "rate_limited"), call(1, 1_400, Some(2_250), "completed")];
    check(
        &story,
        calls,
        &expect![[r#"
            3900 ms, model 3.1 s of 3.9 s
            received: at 0 for -, gap 0
            dedup: at 0 for 4, gap 0
            received again: at 6 for -, gap 0
            rate limit: at 4 for 6, gap 0
            answer: at 10 for 3690, gap 0
              model d0: at 20 for 900, gap 10 rate_limited
              model d1: at 1400 for 2250, gap 480 completed
            delivery: at 3700 for 100, gap 0
            delivery: at 3800 for 100, gap 0
            seen: at 4500 for -, gap 0
        "#]],
    );
}

#[test]
fn a_story_that_is_not_over_is_told_as_far_as_it_goes() {
    check(
        &[("message.received", 0), ("message.accepted", 40)],
        vec![call(0, 60, None, "unknown")],
        &expect![[r#"
            40 ms, dedup 40 ms of 40 ms
            received: at 0 for -, gap 0
            dedup: at 0 for 40, gap 0
              model d0: at 60 for -, gap 20 unknown
        "#]],
    );
    check(&[], Vec::new(), &expect!["0 ms, -\n"]);
}

#[test]
fn a_hand_off_is_an_answer_that_models_and_tools_took_the_time_of() {
    let story = [
        ("message.received", 0),
        ("message.accepted", 4),
        ("message.admitted", 10),
        ("completion.handed_off", 3_010),
        ("reply.delivered", 3_200),
        ("conversation.handed_back", 9_000),
    ];
    let calls = vec![call(0, 20, Some(900), "completed"), call(1, 2_000, Some(1_000), "completed")];
    let tools = vec![
        tool("orders", 930, Some(1_050), None),
        tool("refunds", 930, Some(40), Some("unknown")),
        tool("crm", 940, None, None),
    ];
    check_with(
        &story,
        (calls, tools),
        &expect![[r#"
            3200 ms, model 1.9 s of 3.2 s
            received: at 0 for -, gap 0
            dedup: at 0 for 4, gap 0
            rate limit: at 4 for 6, gap 0
            answer: at 10 for 3000, gap 0
              model d0: at 20 for 900, gap 10 completed
              tool orders: at 930 for 1050, gap 10 called
              tool refunds: at 930 for 40, gap 0 unknown
              tool crm: at 940 for -, gap 0 open
              model d1: at 2000 for 1000, gap 20 completed
            delivery: at 3010 for 190, gap 0
            given back: at 9000 for -, gap 0
        "#]],
    );
}

#[test]
fn a_message_that_is_held_is_decided_before_it_is_delivered() {
    let story = [
        ("message.received", 0),
        ("message.accepted", 4),
        ("message.admitted", 10),
        ("message.held", 60),
        ("budget.near", 70),
        ("reply.delivered", 200),
    ];
    check(
        &story,
        Vec::new(),
        &expect![[r#"
            200 ms, delivery 140 ms of 200 ms
            received: at 0 for -, gap 0
            dedup: at 0 for 4, gap 0
            rate limit: at 4 for 6, gap 0
            answer: at 10 for 50, gap 0
            budget nearly used: at 70 for -, gap 0
            delivery: at 60 for 140, gap 0
        "#]],
    );
}

#[test]
fn an_imported_message_has_its_calls_and_how_long_it_took() {
    let place = Place {
        workspace: "T1".to_owned(),
        channel: "C1".to_owned(),
        kind: PlaceKind::Public,
        thread: "1.0".to_owned(),
    };
    let message = MessageRef {
        id: "m1".parse().unwrap(),
        connection: "slack-T1".parse().unwrap(),
        conversation: "C1-1_0".parse().unwrap(),
        place,
        ts: "1.0".to_owned(),
        sender: "U1".to_owned(),
    };
    let row = MessageRow {
        received_at_ms: Some(1_000_000),
        answered_at_ms: Some(1_003_900),
        ..MessageRow::new(&message, "delivered", &"e1".parse().unwrap(), 0)
    };
    let calls = vec![call(0, 20, Some(3_000), "completed")];
    let trace = Trace::of(message.id, Some(row), Vec::new(), (calls, Vec::new()));
    assert_eq!(trace.begun_at, Timestamp::from_millis(1_000_000));
    assert_eq!(trace.total_ms, 3_900);
    assert_eq!(trace.slow.as_deref(), Some("model 3.0 s of 3.9 s"));
    let spans: Vec<_> = trace.spans.iter().map(|it| (it.name.as_str(), it.start_ms)).collect();
    assert_eq!(spans, [("model d0", 20)]);
}
