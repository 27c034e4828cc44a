//! What every vendor must do: one suite, run for each of them.

use std::time::{Duration, Instant};

use konstruct_tests::fake_llm::{Behaviour, FakeLlm, Fault};
use providers::{Failure, FailureClass, Finish, Request, Vendor};
use schemas::usage::MicroDollars;
use serde_json::json;

use crate::world::{KEY, QUICK, SECRET, ask, class_of, deployment, hasty, request, router, story};

macro_rules! contract {
    ($($test:ident),+ $(,)?) => {
        mod openai { $( #[tokio::test] async fn $test() {
            super::$test(providers::Vendor::OpenAi).await; } )+ }
        mod anthropic { $( #[tokio::test] async fn $test() {
            super::$test(providers::Vendor::Anthropic).await; } )+ }
        mod ollama { $( #[tokio::test] async fn $test() {
            super::$test(providers::Vendor::Ollama).await; } )+ }
    };
}

contract! {
    an_answer_is_whole_and_counted,
    a_late_count_does_not_cost_the_answer,
    the_request_says_what_was_asked,
    it_stops_where_it_is_told_to,
    a_broken_answer_is_dropped_and_asked_for_again,
    a_broken_answer_alone_is_no_answer,
    an_error_inside_a_success_has_its_class,
    every_status_has_its_class,
    a_wait_is_honoured_on_a_failure,
    each_clock_runs_out,
    an_endless_answer_is_cut_off,
    an_empty_answer_is_tried_once_more,
    a_refusal_is_final,
    a_redirect_is_not_followed,
    nobody_home_is_a_fault_that_costs_nothing,
    a_slow_answer_is_waited_for,
}

/// A router over one deployment, and its fake.
async fn one(vendor: Vendor) -> (providers::Router, FakeLlm) {
    let fake = FakeLlm::start().await.unwrap();
    (router(&(deployment("quality", "a", vendor, &fake.url()) + QUICK)), fake)
}

async fn an_answer_is_whole_and_counted(vendor: Vendor) {
    let (router, _fake) = one(vendor).await;
    let completed = ask(&router, &request()).await.unwrap();
    assert_eq!(completed.answer.text, format!("echo: {SECRET}"));
    assert_eq!(completed.answer.model, "model-a");
    assert_eq!(completed.answer.finish, Finish::Stop);
    assert_eq!((completed.deployment.as_str(), completed.vendor), ("quality/a", vendor));
    let attempt = &completed.attempts[0];
    assert_eq!(attempt.vendor, vendor.as_str());
    assert!(attempt.first_token_ms.unwrap() <= attempt.latency_ms);
    let usage = attempt.usage.as_ref().unwrap();
    assert_eq!((usage.input_tokens, usage.output_tokens), (Some(9), Some(5)));
    assert!(usage.raw.is_object());
    assert_eq!(completed.cost.amount, None, "a model without a price");
}

async fn a_late_count_does_not_cost_the_answer(vendor: Vendor) {
    let (router, fake) = one(vendor).await;
    for fault in [Fault::NoClose, Fault::StallAfterEnd] {
        fake.script([Behaviour::fault(fault)]);
        let completed = ask(&router, &request()).await.unwrap();
        assert_eq!(completed.answer.text, format!("echo: {SECRET}"));
    }
}

async fn the_request_says_what_was_asked(vendor: Vendor) {
    let (router, fake) = one(vendor).await;
    ask(&router, &request()).await.unwrap();
    let sent = &fake.requests()[0];
    assert_eq!((sent.model(), sent.system()), ("model-a", "You are Mara."));
    let turns = [("user", "hi"), ("assistant", "hello"), ("user", SECRET)];
    assert_eq!(sent.turns(), turns);
    assert_eq!(sent.body["stream"], true);
    match vendor {
        Vendor::OpenAi => {
            assert_eq!(sent.header("authorization"), Some(format!("Bearer {KEY}").as_str()));
            assert_eq!(sent.body["max_tokens"], 100);
            assert_eq!(sent.body["stream_options"]["include_usage"], true);
        }
        Vendor::Anthropic => {
            assert_eq!(sent.header("x-api-key"), Some(KEY));
            assert_eq!(sent.header("anthropic-version"), Some("2023-06-01"));
            assert_eq!(sent.body["max_tokens"], 100);
        }
        Vendor::Ollama => {
            assert_eq!(sent.header("authorization"), Some(format!("Bearer {KEY}").as_str()));
            assert_eq!(sent.body["options"]["num_ctx"], 4096);
            assert_eq!(sent.body["options"]["num_predict"], 100);
            assert_eq!(sent.body["keep_alive"], "1800s");
            assert_eq!(
                (&sent.body["truncate"], &sent.body["shift"]),
                (&false.into(), &false.into())
            );
        }
    }
}

async fn it_stops_where_it_is_told_to(vendor: Vendor) {
    let (router, fake) = one(vendor).await;
    let (place, reason) = match vendor {
        Vendor::OpenAi => ("/stop", "stop"),
        Vendor::Anthropic => ("/stop_sequences", "stop_sequence"),
        Vendor::Ollama => ("/options/stop", "stop"),
    };
    let reason = Fault::EndReason(reason.to_owned());
    fake.script([Behaviour { fault: Some(reason), ..Behaviour::text("as far as that") }]);
    let stop = vec!["END".to_owned(), "\n\n---".to_owned()];
    let completed = ask(&router, &Request { stop, ..request() }).await.unwrap();
    assert_eq!(completed.answer.text, "as far as that");
    assert_eq!(completed.answer.finish, Finish::Stop);

    ask(&router, &request()).await.unwrap();
    let sent: Vec<_> = fake.requests().iter().map(|it| it.body.pointer(place).cloned()).collect();
    assert_eq!(sent, [Some(json!(["END", "\n\n---"])), None]);
}

/// Faults that end a stream without its end marker.
fn breaks() -> [Fault; 3] {
    [Fault::Cut, Fault::Reset, Fault::Malformed]
}

async fn a_broken_answer_is_dropped_and_asked_for_again(vendor: Vendor) {
    for fault in breaks() {
        let (router, fake) = one(vendor).await;
        let broken = Behaviour { fault: Some(fault), ..Behaviour::text("half an ans") };
        fake.script([broken, Behaviour::text("the answer")]);
        let completed = ask(&router, &request()).await.unwrap();
        assert_eq!(completed.answer.text, "the answer", "nothing of the first attempt");
        assert_eq!(story(&completed.attempts), ["quality/a transient", "quality/a completed"]);
    }
}

async fn a_broken_answer_alone_is_no_answer(vendor: Vendor) {
    for fault in breaks() {
        let (router, fake) = one(vendor).await;
        fake.always(Behaviour::fault(fault));
        let exhausted = ask(&router, &request()).await.unwrap_err();
        assert_eq!(exhausted.class(), Some(FailureClass::Transient));
        assert_eq!(fake.requests().len(), 3, "as often as a deployment is tried");
        assert_eq!(exhausted.attempts[0].cost.amount, None, "it may have been billed");
    }
}

async fn an_error_inside_a_success_has_its_class(vendor: Vendor) {
    let fake = FakeLlm::start().await.unwrap();
    let cases = [
        ("overloaded_error", "Overloaded", FailureClass::Overloaded),
        ("api_error", "oops", FailureClass::Transient),
        ("invalid_request_error", "prompt is too long: 9", FailureClass::ContextTooLong),
    ];
    for (kind, message, want) in cases {
        let (kind, message) = (kind.to_owned(), message.to_owned());
        fake.script([Behaviour::fault(Fault::ErrorInside { kind, message })]);
        assert_eq!(class_of(vendor, &fake).await, want);
    }
}

async fn every_status_has_its_class(vendor: Vendor) {
    let fake = FakeLlm::start().await.unwrap();
    let quota = r#"{"error":{"type":"insufficient_quota","code":"insufficient_quota"}}"#;
    let refused = r#"{"error":{"code":"content_filter","message":"no"}}"#;
    let cases = [
        (400, "{}", FailureClass::BadRequest),
        (400, refused, FailureClass::Refused),
        (401, "", FailureClass::CredentialDead),
        (402, "", FailureClass::QuotaExhausted),
        (404, r#"{"error":"model not found"}"#, FailureClass::BadRequest),
        (413, "", FailureClass::ContextTooLong),
        (429, "", FailureClass::RateLimited),
        (429, quota, FailureClass::QuotaExhausted),
        (500, "<html>", FailureClass::Transient),
        (503, "", FailureClass::Overloaded),
        (504, "", FailureClass::TimedOut),
        (529, "", FailureClass::Overloaded),
    ];
    for (status, body, want) in cases {
        fake.script([Behaviour::status(status, body)]);
        assert_eq!(class_of(vendor, &fake).await, want, "{status} {body}");
    }
}

async fn a_wait_is_honoured_on_a_failure(vendor: Vendor) {
    let (router, fake) = one(vendor).await;
    fake.script([Behaviour::status(503, "").header("retry-after-ms", "400")]);
    let started = Instant::now();
    let completed = ask(&router, &request()).await.unwrap();
    assert!(Duration::from_millis(400) <= started.elapsed());
    assert_eq!(completed.attempts.len(), 2);

    fake.always(Behaviour::status(429, "").header("retry-after", "3600"));
    let exhausted = ask(&router, &request()).await.unwrap_err();
    assert_eq!(exhausted.class(), Some(FailureClass::RateLimited));
    assert_eq!(exhausted.attempts.len(), 1, "an hour is not waited for");
    let wait = exhausted.retry_at.unwrap() - tokio::time::Instant::now();
    assert!((3500..=3600).contains(&wait.as_secs()), "{wait:?}");
}

async fn each_clock_runs_out(vendor: Vendor) {
    let cases = [
        (Behaviour { headers_ms: 60_000, ..Behaviour::default() }, "no first token in time"),
        (Behaviour { first_token_ms: 60_000, ..Behaviour::default() }, "no first token in time"),
        (Behaviour::fault(Fault::Stall), "the stream went silent"),
        (Behaviour { token_ms: 60_000, ..Behaviour::default() }, "the stream went silent"),
        (Behaviour { token_ms: 200, ..Behaviour::default() }, "the attempt took too long"),
    ];
    for (behaviour, want) in cases {
        let (router, fake) = one(vendor).await;
        fake.always(behaviour);
        let started = Instant::now();
        let exhausted = ask(&router, &hasty()).await.unwrap_err();
        let details: Vec<_> = exhausted.failures.iter().map(|failure| failure.detail).collect();
        assert_eq!(details, [want], "once: a silent route is not tried again");
        assert_eq!(exhausted.class(), Some(FailureClass::TimedOut));
        assert!(started.elapsed() < Duration::from_secs(5));
    }
}

async fn an_endless_answer_is_cut_off(vendor: Vendor) {
    let fake = FakeLlm::start().await.unwrap();
    fake.script([Behaviour::fault(Fault::Huge)]);
    assert_eq!(class_of(vendor, &fake).await, FailureClass::Transient);
    let error = "x".repeat(4 << 20);
    fake.script([Behaviour::status(500, &error)]);
    assert_eq!(class_of(vendor, &fake).await, FailureClass::Transient);
}

async fn an_empty_answer_is_tried_once_more(vendor: Vendor) {
    let (router, fake) = one(vendor).await;
    fake.script([Behaviour::text(""), Behaviour::text("here")]);
    let completed = ask(&router, &request()).await.unwrap();
    assert_eq!(story(&completed.attempts), ["quality/a empty", "quality/a completed"]);

    fake.always(Behaviour::text(" \n"));
    let exhausted = ask(&router, &request()).await.unwrap_err();
    assert_eq!(story(&exhausted.attempts), ["quality/a empty", "quality/a empty"]);

    let length = match vendor {
        Vendor::OpenAi | Vendor::Ollama => "length",
        Vendor::Anthropic => "max_tokens",
    };
    fake.reset();
    let spent = Fault::EndReason(length.to_owned());
    fake.script([Behaviour { fault: Some(spent), ..Behaviour::text("") }]);
    ask(&router, &request()).await.unwrap();
    let limits: Vec<_> = fake.requests().iter().map(limit_of).collect();
    assert_eq!(limits, [100, 200], "the second time with all the deployment allows");
}

fn limit_of(sent: &konstruct_tests::fake_llm::Recorded) -> u64 {
    let places = [&sent.body["max_tokens"], &sent.body["options"]["num_predict"]];
    places.into_iter().find_map(serde_json::Value::as_u64).unwrap()
}

async fn a_refusal_is_final(vendor: Vendor) {
    let (router, fake) = one(vendor).await;
    let body = r#"{"error":{"code":"content_filter","message":"no"}}"#;
    let behaviour = match vendor {
        Vendor::OpenAi => Behaviour::fault(Fault::EndReason("content_filter".to_owned())),
        Vendor::Anthropic => Behaviour::fault(Fault::EndReason("refusal".to_owned())),
        Vendor::Ollama => Behaviour::status(400, body),
    };
    fake.script([behaviour]);
    let exhausted = ask(&router, &request()).await.unwrap_err();
    assert_eq!(story(&exhausted.attempts), ["quality/a refused"]);
}

async fn a_redirect_is_not_followed(vendor: Vendor) {
    let fake = FakeLlm::start().await.unwrap();
    let elsewhere = FakeLlm::start().await.unwrap();
    let moved = Behaviour::status(307, "").header("location", &elsewhere.url());
    fake.script([moved]);
    assert_eq!(class_of(vendor, &fake).await, FailureClass::BadRequest);
    assert_eq!(elsewhere.requests(), [], "a key would have gone along");
}

async fn nobody_home_is_a_fault_that_costs_nothing(vendor: Vendor) {
    let gone = FakeLlm::start().await.unwrap().url();
    let router = router(&(deployment("quality", "a", vendor, &gone) + QUICK));
    let exhausted = ask(&router, &request()).await.unwrap_err();
    assert_eq!(exhausted.class(), Some(FailureClass::Transient));
    let costs = exhausted.attempts.iter().map(|attempt| attempt.cost.amount);
    assert_eq!(costs.collect::<Vec<_>>(), [Some(MicroDollars(0)); 3]);
    assert!(exhausted.failures.iter().all(|Failure { unbilled, .. }| *unbilled));
}

/// Slower than the idle clock as a whole, but never silent for that long.
async fn a_slow_answer_is_waited_for(vendor: Vendor) {
    let (router, fake) = one(vendor).await;
    fake.script([Behaviour { token_ms: 300, ..Behaviour::text("one two three four five six") }]);
    let mut request = request();
    request.timeouts.idle = Some(Duration::from_secs(1));
    let completed = ask(&router, &request).await.unwrap();
    assert_eq!(completed.answer.text, "one two three four five six");
    assert!(1500 <= completed.attempts[0].latency_ms);
}
