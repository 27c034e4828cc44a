//! Every way in which a vendor misbehaves, and what comes of it: one table that reads as a
//! specification (`failures.txt`). Deployment `a` misbehaves, `b` is of the same vendor with another
//! key and answers well. `UPDATE_EXPECT=1` draws the table anew.
//!
//! A line: the case; the outcome; how long it takes at the least; the calls of `a` and `b`; what each
//! attempt was and cost, in micro-dollars (`?` for unknown). A prompt token costs 1 micro-dollar, an
//! answer token 10.

use std::{
    fmt::Write as _,
    time::{Duration, Instant as Clock},
};

use expect_test::expect_file;
use futures::future::join_all;
use konstruct_tests::fake_llm::{Behaviour, FakeLlm, Fault};
use providers::{Completed, Delta, Exhausted, Request, Timeouts, Turn, Unrecorded, Vendor};
use schemas::usage::AttemptOutcome;
use tokio::time::Instant;

use crate::world::{deployment, request, router};

/// What stands in the way of an answer.
struct Case {
    name: &'static str,
    a: Behaviour,
    /// It lasts at least that long, and no attempt is made again sooner.
    waits: Duration,
}

fn case(name: &'static str, a: Behaviour) -> Case {
    Case { name, a, waits: Duration::ZERO }
}

fn status(name: &'static str, status: u16, body: &str) -> Case {
    case(name, Behaviour::status(status, body))
}

fn fault(name: &'static str, fault: Fault) -> Case {
    case(name, Behaviour { fault: Some(fault), ..Behaviour::text("half of what was to be said") })
}

fn inside(name: &'static str, kind: &str, message: &str) -> Case {
    fault(name, Fault::ErrorInside { kind: kind.to_owned(), message: message.to_owned() })
}

fn after(case: Case, millis: u64) -> Case {
    Case { waits: Duration::from_millis(millis), ..case }
}

fn rejected() -> Vec<Case> {
    let asked = |name, code, header: &str, value: &str| {
        case(name, Behaviour::status(code, "").header(header, value))
    };
    vec![
        status("400", 400, r#"{"error":{"type":"invalid_request_error"}}"#),
        status("401, a dead key", 401, r#"{"error":{"type":"authentication_error"}}"#),
        status("402, no money", 402, ""),
        status("403", 403, ""),
        status("404, no such model", 404, r#"{"error":{"code":"model_not_found"}}"#),
        status("408", 408, ""),
        status("413, too long for the vendor", 413, ""),
        status("429", 429, ""),
        asked("429, retry-after 1", 429, "retry-after", "1"),
        asked("429, retry-after-ms 400", 429, "retry-after-ms", "400"),
        asked("429, retry-after 3600", 429, "retry-after", "3600"),
        asked("429, a date", 429, "retry-after", "Sat, 21 Nov 2037 09:30:12 GMT"),
        status("429, no quota", 429, r#"{"error":{"code":"insufficient_quota"}}"#),
        status(
            "400, no credit (Anthropic)",
            400,
            r#"{"error":{"type":"invalid_request_error",
            "message":"Your credit balance is too low to access the API."}}"#,
        ),
        status("500", 500, ""),
        asked("500, do not retry", 500, "x-should-retry", "false"),
        asked("400, retry", 400, "x-should-retry", "true"),
        status("502 in HTML", 502, "<html><h1>Bad Gateway</h1></html>"),
        status("503", 503, ""),
        asked("503, retry-after 1", 503, "retry-after", "1"),
        status("504", 504, ""),
        status("529, overloaded", 529, r#"{"error":{"type":"overloaded_error"}}"#),
        asked("302, a redirect", 302, "location", "http://127.0.0.1:9/"),
        status("200, a page of a proxy", 200, "<html><h1>Sign in to the network</h1></html>"),
        status(
            "too long (OpenAI)",
            400,
            r#"{"error":{"code":"context_length_exceeded",
            "message":"This model's maximum context length is 8192 tokens."}}"#,
        ),
        status(
            "too long (Anthropic)",
            400,
            r#"{"type":"error","error":{"type":
            "invalid_request_error","message":"prompt is too long: 9 tokens > 8 maximum"}}"#,
        ),
        status("too long (Ollama)", 400, r#"{"error":"input length exceeds the context length"}"#),
        status("too long (llama.cpp)", 400, r#"{"error":{"type":"exceed_context_size_error"}}"#),
        status("filtered (Azure)", 400, r#"{"error":{"code":"content_filter"}}"#),
    ]
}

fn inside_success() -> Vec<Case> {
    vec![
        inside("error inside: overloaded", "overloaded_error", "Overloaded"),
        inside("error inside: rate limit", "rate_limit_exceeded", "Rate limit reached, overloaded"),
        inside("error inside: too long", "context_length_exceeded", "prompt is too long"),
        inside("error inside: unknown", "weird_error", "it is Tuesday"),
    ]
}

fn streams() -> Vec<Case> {
    let end = |reason: &str| Fault::EndReason(reason.to_owned());
    vec![
        fault("cut before the first token", Fault::CutAfter(0)),
        fault("cut after one token", Fault::CutAfter(1)),
        fault("cut after most", Fault::CutAfter(5)),
        fault("cut before the end marker", Fault::Cut),
        fault("reset", Fault::Reset),
        after(fault("silent from the start", Fault::StallAfter(0)), 1_000),
        after(fault("silent after one token", Fault::StallAfter(1)), 1_000),
        after(fault("silent before the end marker", Fault::Stall), 1_000),
        fault("the end marker, then silence", Fault::StallAfterEnd),
        fault("the end marker and no close", Fault::NoClose),
        fault("a frame that is not JSON", Fault::Malformed),
        fault("a frame without end", Fault::Huge),
        fault("an answer without end", Fault::Endless),
        fault("opened twice", Fault::OpenedTwice),
        fault("ended by an unknown reason", end("because")),
        case("nothing said", Behaviour::text("")),
        case("blanks said", Behaviour::text("  \n")),
        case("kept alive by comments", Behaviour { keep_alives: 50, ..Behaviour::text("good") }),
        case("in pieces of 7 bytes", Behaviour { piece_bytes: 7, ..Behaviour::text("Grüße 🙂") }),
        case(
            "a slow drip",
            Behaviour { token_ms: 60, ..Behaviour::text("one two three four five") },
        ),
        case("not streamed", Behaviour { unstreamed: true, ..Behaviour::text("good") }),
        case(
            "another content type",
            Behaviour { content_type: Some("text/html".to_owned()), ..Behaviour::text("good") },
        ),
    ]
}

/// What the vendor calls an end at the limit of tokens, and a refusal.
fn ends(vendor: Vendor) -> Vec<Case> {
    let (length, refusal) = match vendor {
        Vendor::OpenAi => ("length", Some("content_filter")),
        Vendor::Anthropic => ("max_tokens", Some("refusal")),
        Vendor::Ollama => ("length", None),
    };
    let with = |reason: &str, text| Behaviour {
        fault: Some(Fault::EndReason(reason.to_owned())),
        ..Behaviour::text(text)
    };
    let refusal = refusal.map(|reason| case("refused", with(reason, "I would rather")));
    // Ollama's lines do not say which answer they belong to.
    let spliced = fault("another stream spliced in", Fault::Spliced("something else".to_owned()));
    let spliced = Some(spliced).filter(|_| vendor != Vendor::Ollama);
    let cut = case("cut off at the limit of tokens", with(length, "as far as it goes"));
    let spent = case("all tokens spent on thoughts", with(length, ""));
    [cut, spent].into_iter().chain(refusal).chain(spliced).collect()
}

#[tokio::test]
async fn every_way_to_fail_has_its_outcome() {
    for vendor in Vendor::ALL {
        let cases = [rejected(), inside_success(), streams(), ends(vendor)];
        // Those whose clocks run out come when the others are over: those make the machine busy.
        let (at_once, waiting): (Vec<_>, Vec<_>) =
            cases.into_iter().flatten().enumerate().partition(|(_, case)| case.waits.is_zero());
        let mut lines = Vec::new();
        for cases in [at_once, waiting] {
            let told = cases
                .into_iter()
                .map(|(place, case)| async move { (place, line(vendor, case).await) });
            lines.extend(join_all(told).await);
        }
        lines.sort();
        let table: String = lines.into_iter().map(|(_, line)| line).collect();
        match vendor {
            Vendor::OpenAi => expect_file!["failures/openai.txt"].assert_eq(&table),
            Vendor::Anthropic => expect_file!["failures/anthropic.txt"].assert_eq(&table),
            Vendor::Ollama => expect_file!["failures/ollama.txt"].assert_eq(&table),
        }
    }
}

async fn line(vendor: Vendor, case: Case) -> String {
    let fakes = [FakeLlm::start().await.unwrap(), FakeLlm::start().await.unwrap()];
    fakes[0].always(case.a.clone());
    fakes[1].always(Behaviour::text("the answer of b"));
    let router = router(&settings(vendor, &fakes));
    let begun = Clock::now();
    let plain = ask(&router, &case, None).await;
    assert!(case.waits <= begun.elapsed(), "{} took {:?}", case.name, begun.elapsed());
    let calls = fakes.each_ref().map(|fake| fake.requests().len());
    let told = tell(&plain);

    // The same with the text shown as it comes: nothing of a broken attempt is left in it.
    for fake in &fakes {
        fake.reset();
    }
    fakes[0].always(case.a.clone());
    fakes[1].always(Behaviour::text("the answer of b"));
    let fresh = crate::world::router(&settings(vendor, &fakes));
    let mut shown = String::new();
    let streamed = ask(&fresh, &case, Some(&mut shown)).await;
    assert_eq!(tell(&streamed), told, "{}: shown as it comes", case.name);
    if let Ok(done) = &streamed {
        assert_eq!(shown, done.answer.text, "{}", case.name);
    }
    let waits = match case.waits.as_millis() {
        0 => "at once".to_owned(),
        millis => format!("after {millis} ms"),
    };
    let (outcome, attempts) = told;
    format!(
        "{:<32} | {outcome} | {waits} | a {} b {} | {attempts}\n",
        case.name, calls[0], calls[1]
    )
}

async fn ask(
    router: &providers::Router,
    case: &Case,
    shown: Option<&mut String>,
) -> Result<Completed, Exhausted> {
    // Short clocks only where one has to run out: a busy machine must not make another.
    let short = Timeouts {
        first_token: Some(Duration::from_secs(1)),
        idle: Some(Duration::from_secs(1)),
        total: Some(Duration::from_secs(3)),
    };
    let timeouts = if case.waits.is_zero() { request().timeouts } else { short };
    let clocks = Request { timeouts, ..request() };
    let request = Request { turns: vec![Turn::user("how are you")], ..clocks };
    let deadline = Instant::now() + Duration::from_secs(30);
    let Some(shown) = shown else {
        return router.complete("quality", &request, deadline, &Unrecorded).await;
    };
    let on = |delta| match delta {
        Delta::Text(more) => shown.push_str(&more),
        Delta::Restart => shown.clear(),
    };
    router.stream("quality", &request, deadline, &Unrecorded, on).await
}

/// The outcome, and the attempts.
fn tell(result: &Result<Completed, Exhausted>) -> (String, String) {
    let (outcome, attempts) = match result {
        Ok(done) => {
            let text: String = done.answer.text.chars().take(40).collect();
            (format!("{:?} {text:?}", done.answer.finish), &done.attempts)
        }
        Err(exhausted) => {
            let class = exhausted.class().map_or("untried", providers::FailureClass::as_str);
            (format!("no answer: {class}"), &exhausted.attempts)
        }
    };
    let mut told = String::new();
    for attempt in attempts {
        let name = attempt.deployment.trim_start_matches("quality/");
        let what = match &attempt.outcome {
            AttemptOutcome::Completed => "completed",
            AttemptOutcome::Failed { class } => class,
        };
        let cost = attempt.cost.amount.map_or("?".to_owned(), |cost| cost.0.to_string());
        let comma = if told.is_empty() { "" } else { ", " };
        write!(told, "{comma}{name} {what} {cost}").unwrap();
    }
    (outcome, told)
}

fn settings(vendor: Vendor, fakes: &[FakeLlm; 2]) -> String {
    let price = |model: &str| {
        format!(
            "[[prices.models]]\nvendor = '{vendor}'\nmodel = '{model}'\ninput = 1_000_000\n\
             output = 10_000_000\nsource = 'a test'\nas_of = '2026-11-21'\n"
        )
    };
    [
        deployment("quality", "a", vendor, &fakes[0].url()),
        deployment("quality", "b", vendor, &fakes[1].url()),
        "[retries]\npause_ms = 1\npause_ms_max = 2\nrest_ms = 1\nrest_ms_max = 1\n".to_owned(),
        "[prices]\nversion = 'test'\n".to_owned(),
        price("model-a"),
        price("model-b"),
    ]
    .concat()
}
