//! Streams as vendors send them, cut in every way.

use expect_test::{Expect, expect};
use serde_json::json;

use super::*;
use crate::Vendor;

fn read(vendor: Vendor, pieces: &[&[u8]]) -> Result<Answer, Failure> {
    let mut reading = Reading::new(vendor.dialect());
    for piece in pieces {
        reading.push(piece)?;
    }
    reading.finish()
}

fn show(result: &Result<Answer, Failure>) -> String {
    match result {
        Ok(answer) => {
            let usage = answer.usage.clone().unwrap_or_default();
            let counts = [
                usage.input_tokens,
                usage.output_tokens,
                usage.cache_read_tokens,
                usage.cache_write_tokens,
                usage.reasoning_tokens,
            ];
            let counts = counts.map(|n| n.map_or_else(|| "-".to_owned(), |n| n.to_string()));
            let Answer { text, model, finish, .. } = answer;
            format!("{text:?} by {model}, {finish:?}, tokens {}", counts.join(" "))
        }
        Err(failure) => failure.to_string(),
    }
}

#[track_caller]
#[expect(clippy::needless_pass_by_value, reason = "so that tests read `check(…, expect![…])`")]
fn check(vendor: Vendor, stream: &str, want: Expect) {
    let whole = read(vendor, &[stream.as_bytes()]);
    want.assert_eq(&show(&whole));
    let bytes: Vec<&[u8]> = stream.as_bytes().chunks(1).collect();
    assert_eq!(read(vendor, &bytes), whole, "byte by byte");
}

fn sse(frames: &[Value]) -> String {
    frames.iter().fold(String::new(), |stream, frame| format!("{stream}data: {frame}\n\n"))
}

fn lines(frames: &[Value]) -> String {
    frames.iter().fold(String::new(), |stream, frame| format!("{stream}{frame}\n"))
}

fn openai_says(text: &str) -> Value {
    json!({ "model": "gpt-x", "choices": [{ "index": 0, "delta": { "content": text } }] })
}

fn openai_ends(reason: &str) -> Value {
    json!({ "choices": [{ "index": 0, "delta": {}, "finish_reason": reason }] })
}

fn anthropic_stream(text: &str, reason: &str) -> Vec<Value> {
    vec![
        json!({ "type": "message_start", "message": { "model": "claude-x", "usage": {
            "input_tokens": 10, "cache_read_input_tokens": 100,
            "cache_creation_input_tokens": 1000, "output_tokens": 1 } } }),
        json!({ "type": "content_block_start", "index": 0,
            "content_block": { "type": "text", "text": "" } }),
        json!({ "type": "ping" }),
        json!({ "type": "content_block_delta", "index": 0,
            "delta": { "type": "text_delta", "text": text } }),
        json!({ "type": "content_block_stop", "index": 0 }),
        json!({ "type": "message_delta", "delta": { "stop_reason": reason },
            "usage": { "output_tokens": 5 } }),
        json!({ "type": "message_stop" }),
    ]
}

#[test]
fn openai_counts_cached_tokens_inside_the_prompt() {
    let counted = json!({ "choices": [], "usage": {
        "prompt_tokens": 1110, "completion_tokens": 5,
        "prompt_tokens_details": { "cached_tokens": 100 },
        "completion_tokens_details": { "reasoning_tokens": 3 } } });
    let stream = sse(&[openai_says("Grüße, "), openai_says("Ada"), openai_ends("stop"), counted]);
    check(
        Vendor::OpenAi,
        &format!("{stream}data: [DONE]\n\n"),
        expect![[r#""Grüße, Ada" by gpt-x, Stop, tokens 1110 5 100 - 3"#]],
    );
}

#[test]
fn anthropic_counts_cached_tokens_outside_the_prompt() {
    check(
        Vendor::Anthropic,
        &sse(&anthropic_stream("Hello", "end_turn")),
        expect![[r#""Hello" by claude-x, Stop, tokens 1110 5 100 1000 -"#]],
    );
}

#[test]
fn ollama_counts_in_its_last_line() {
    check(
        Vendor::Ollama,
        &lines(&[
            json!({ "model": "tiny", "message": { "content": "Hel" }, "done": false }),
            json!({ "model": "tiny", "message": { "content": "lo" }, "done": false }),
            json!({ "model": "tiny", "message": { "content": "" }, "done": true,
                "done_reason": "stop", "prompt_eval_count": 7, "eval_count": 2 }),
        ]),
        expect![[r#""Hello" by tiny, Stop, tokens 7 2 - - -"#]],
    );
}

#[test]
fn openai_needs_a_finish_reason_but_no_done() {
    check(
        Vendor::OpenAi,
        &sse(&[openai_says("Hello"), openai_ends("length")]),
        expect![[r#""Hello" by gpt-x, Length, tokens - - - - -"#]],
    );
    check(
        Vendor::OpenAi,
        &format!("{}data: [DONE]\n\n", sse(&[openai_says("Hello")])),
        expect!["transient: the stream ended before the answer did"],
    );
}

#[test]
fn anthropic_needs_both_its_marks() {
    let whole = anthropic_stream("Hello", "end_turn");
    let cut = "transient: the stream ended before the answer did";
    for missing in [5, 6] {
        let mut frames = whole.clone();
        frames.remove(missing);
        let got = read(Vendor::Anthropic, &[sse(&frames).as_bytes()]);
        assert_eq!(show(&got), cut);
    }
    let got = read(Vendor::Anthropic, &[sse(&whole[..6]).as_bytes()]).unwrap_err();
    assert_eq!(got.usage.unwrap().output_tokens, Some(5), "what was counted is kept");
}

#[test]
fn ollama_needs_done() {
    check(
        Vendor::Ollama,
        &lines(&[json!({ "message": { "content": "Hello" }, "done": false })]),
        expect!["transient: the stream ended before the answer did"],
    );
}

#[test]
fn an_error_anywhere_in_the_stream_is_the_outcome() {
    let error = json!({ "error": { "type": "server_error", "message": "Ada's secret" } });
    check(
        Vendor::OpenAi,
        &sse(&[openai_says("Hello"), openai_ends("stop"), error]),
        expect!["transient: the vendor reported an error inside its answer, code server_error"],
    );
    let error = json!({ "type": "error",
        "error": { "type": "overloaded_error", "message": "Overloaded" } });
    check(
        Vendor::Anthropic,
        &sse(&[anthropic_stream("Hello", "end_turn")[0].clone(), error]),
        expect![
            "overloaded: the vendor reported an error inside its answer, code overloaded_error"
        ],
    );
    check(
        Vendor::Ollama,
        &lines(&[json!({ "error": "input length exceeds the context length" })]),
        expect!["context_too_long: the vendor reported an error inside its answer"],
    );
}

#[test]
fn an_error_in_plain_json_is_found_too() {
    let openai = json!({ "error": { "code": 429, "message": "slow down" } });
    check(
        Vendor::OpenAi,
        &openai.to_string(),
        expect!["rate_limited: the vendor reported an error inside its answer, code 429"],
    );
    let vllm = json!({ "object": "error", "type": "BadRequestError", "code": 400,
        "message": "This model's maximum context length is 4096 tokens" });
    check(
        Vendor::OpenAi,
        &vllm.to_string(),
        expect![
            "context_too_long: the vendor reported an error inside its answer, code badrequesterror"
        ],
    );
    check(
        Vendor::Anthropic,
        &openai.to_string(),
        expect!["rate_limited: the vendor reported an error inside its answer, code 429"],
    );
}

#[test]
fn a_server_that_does_not_stream_is_understood() {
    let openai = json!({ "model": "m", "choices": [{ "index": 0, "finish_reason": "stop",
        "message": { "role": "assistant", "content": "Hello" } }],
        "usage": { "prompt_tokens": 3, "completion_tokens": 1 } });
    check(
        Vendor::OpenAi,
        &openai.to_string(),
        expect![[r#""Hello" by m, Stop, tokens 3 1 - - -"#]],
    );
    let anthropic = json!({ "type": "message", "model": "m", "stop_reason": "end_turn",
        "content": [{ "type": "text", "text": "Hello" }], "usage": { "input_tokens": 3,
        "output_tokens": 1 } });
    check(
        Vendor::Anthropic,
        &anthropic.to_string(),
        expect![[r#""Hello" by m, Stop, tokens 3 1 - - -"#]],
    );
}

#[test]
fn a_refusal_is_not_an_answer() {
    let refusal = json!({ "choices": [{ "delta": { "refusal": "I can't" } }] });
    let want = "refused: the model declined to answer";
    for frames in [vec![refusal, openai_ends("stop")], vec![openai_ends("content_filter")]] {
        assert_eq!(show(&read(Vendor::OpenAi, &[sse(&frames).as_bytes()])), want);
    }
    let frames = anthropic_stream("", "refusal");
    assert_eq!(show(&read(Vendor::Anthropic, &[sse(&frames).as_bytes()])), want);
}

#[test]
fn reasoning_alone_is_no_answer_and_says_that_more_tokens_may_help() {
    let thought = json!({ "choices": [{ "delta": { "reasoning_content": "hm" } }] });
    for (reason, starved) in [("length", true), ("stop", false)] {
        let frames = sse(&[thought.clone(), openai_ends(reason)]);
        let got = read(Vendor::OpenAi, &[frames.as_bytes()]).unwrap_err();
        assert_eq!((got.class, got.starved), (FailureClass::Empty, starved));
    }
}

#[test]
fn only_the_first_choice_is_read() {
    let other = json!({ "choices": [{ "index": 1, "delta": { "content": "No" } }] });
    check(
        Vendor::OpenAi,
        &sse(&[openai_says("Yes"), other, openai_ends("stop")]),
        expect![[r#""Yes" by gpt-x, Stop, tokens - - - - -"#]],
    );
}

#[test]
fn an_answer_without_an_end_is_cut_off() {
    let frame = sse(&[openai_says(&"x".repeat(1000))]);
    let mut reading = Reading::new(Vendor::OpenAi.dialect());
    let failed = (0..=TEXT_BYTES_MAX / 1000).find_map(|_| reading.push(frame.as_bytes()).err());
    assert_eq!(failed.unwrap().detail, "the answer is longer than we accept");
}

#[test]
fn a_long_name_and_a_huge_count_are_not_kept() {
    let usage = json!({ "prompt_tokens": 1, "junk": "x".repeat(RAW_USAGE_BYTES_MAX) });
    let chunk = json!({ "model": "é".repeat(300), "usage": usage, "choices": [
        { "delta": { "content": "a" }, "finish_reason": "stop" }] });
    let answer = read(Vendor::OpenAi, &[sse(&[chunk]).as_bytes()]).unwrap();
    assert!(answer.model.len() <= MODEL_BYTES_MAX);
    let usage = answer.usage.unwrap();
    assert_eq!((usage.input_tokens, usage.raw), (Some(1), Value::Null));
}

mod splits;
