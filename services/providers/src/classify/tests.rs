//! Bodies as vendors send them, and the class of each.

use serde_json::json;

use super::*;

#[track_caller]
fn check(status: u16, body: &Value, want: FailureClass) {
    let got = Report::of_body(body.to_string().as_bytes()).rejected(status);
    assert_eq!(got.class, want, "{status} {body}");
}

fn error(kind: &str, code: &str, message: &str) -> Value {
    json!({ "error": { "type": kind, "code": code, "message": message } })
}

#[test]
fn openai() {
    let bad = "invalid_request_error";
    let quota =
        error("insufficient_quota", "insufficient_quota", "You exceeded your current quota");
    check(429, &quota, FailureClass::QuotaExhausted);
    let limit = error("tokens", "rate_limit_exceeded", "Rate limit reached for gpt-5.5");
    check(429, &limit, FailureClass::RateLimited);
    check(401, &error(bad, "invalid_api_key", "Incorrect key"), FailureClass::CredentialDead);
    check(403, &error("x", "unsupported_country", "Not here"), FailureClass::CredentialDead);
    check(404, &error(bad, "model_not_found", "No such model"), FailureClass::BadRequest);
    check(400, &error(bad, "unsupported_parameter", "max_tokens"), FailureClass::BadRequest);
    let long = error(bad, "context_length_exceeded", "maximum context length is 8192 tokens");
    check(400, &long, FailureClass::ContextTooLong);
    check(400, &error(bad, "content_filter", "Azure"), FailureClass::Refused);
    check(400, &error(bad, "content_policy_violation", ""), FailureClass::Refused);
    check(400, &error("", "billing_hard_limit_reached", ""), FailureClass::QuotaExhausted);
    check(500, &error("server_error", "", "had an error"), FailureClass::Transient);
    check(503, &error("server_error", "", "try again"), FailureClass::Overloaded);
    check(503, &error("", "", "The engine is currently overloaded"), FailureClass::Overloaded);
}

#[test]
fn anthropic() {
    let of = |kind: &str, message: &str| json!({ "type": "error", "error": { "type": kind, "message": message } });
    let bad = "invalid_request_error";
    let broke = of(bad, "Your credit balance is too low to access the Anthropic API");
    check(400, &broke, FailureClass::QuotaExhausted);
    check(402, &of("billing_error", ""), FailureClass::QuotaExhausted);
    check(401, &of("authentication_error", "invalid x-api-key"), FailureClass::CredentialDead);
    check(403, &of("permission_error", ""), FailureClass::CredentialDead);
    check(404, &of("not_found_error", "model: claude-9"), FailureClass::BadRequest);
    let long = of(bad, "prompt is too long: 210000 tokens > 200000 maximum");
    check(400, &long, FailureClass::ContextTooLong);
    check(413, &of("request_too_large", ""), FailureClass::ContextTooLong);
    check(400, &of(bad, "messages: at least one is needed"), FailureClass::BadRequest);
    check(429, &of("rate_limit_error", "context window tier"), FailureClass::RateLimited);
    check(500, &of("api_error", "Internal server error"), FailureClass::Transient);
    check(504, &of("timeout_error", ""), FailureClass::TimedOut);
    check(529, &of("overloaded_error", "Overloaded"), FailureClass::Overloaded);
}

#[test]
fn ollama_and_other_servers() {
    let of = |message: &str| json!({ "error": message });
    check(404, &of("model \"llama9\" not found, try pulling it first"), FailureClass::BadRequest);
    let busy = of("server busy, please try again.  maximum pending requests exceeded");
    check(503, &busy, FailureClass::Overloaded);
    check(400, &of("the input length exceeds the context length"), FailureClass::ContextTooLong);
    check(500, &of("llama runner process has terminated"), FailureClass::Transient);
    let llama_cpp = error("exceed_context_size_error", "", "request exceeds the available");
    check(400, &llama_cpp, FailureClass::ContextTooLong);
    let gemini = json!({ "error": { "code": 429, "status": "RESOURCE_EXHAUSTED",
        "message": "You exceeded your current quota, please check your plan" } });
    check(429, &gemini, FailureClass::RateLimited);
    check(422, &json!({ "detail": [{ "msg": "field required" }] }), FailureClass::BadRequest);
}

#[test]
fn a_status_alone_has_a_class() {
    let cases = [
        (301, FailureClass::BadRequest),
        (400, FailureClass::BadRequest),
        (408, FailureClass::TimedOut),
        (409, FailureClass::Transient),
        (418, FailureClass::BadRequest),
        (500, FailureClass::Transient),
        (502, FailureClass::Transient),
        (504, FailureClass::TimedOut),
        (524, FailureClass::TimedOut),
        (529, FailureClass::Overloaded),
        (599, FailureClass::Transient),
    ];
    for (status, want) in cases {
        for body in ["", "<html>", "null", "[]", "{}"] {
            assert_eq!(Report::of_body(body.as_bytes()).rejected(status).class, want, "{status}");
        }
    }
}

#[test]
fn a_frame_without_an_error_reports_none() {
    for frame in [json!({ "error": null }), json!({ "error": "" }), json!({ "type": "ping" })] {
        assert_eq!(Report::find(&frame), None);
    }
    let other = Report::find(&json!({ "error": { "message": "?" } })).unwrap();
    assert_eq!(other.inside_success().class, FailureClass::Transient);
}

#[test]
fn nothing_that_a_vendor_quotes_is_kept() {
    let body = error("weird: Ada's words!", "", "sk-123 and Ada's secret");
    let got = Report::of_body(body.to_string().as_bytes()).rejected(400);
    assert_eq!(
        got.to_string(),
        "bad_request: the vendor rejected the request, status 400, code weird"
    );
    let long = error(&"x".repeat(5000), "", "");
    let got = Report::of_body(long.to_string().as_bytes()).rejected(400);
    assert_eq!(got.code.map(|code| code.len()), Some(CODE_CHARS_MAX));
}
