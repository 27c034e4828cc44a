//! What a vendor says went wrong, and which class that is. One table for HTTP errors and for errors
//! inside a stream, for all vendors: compatible servers and proxies answer in any of these shapes.

use serde_json::Value;

use crate::{Failure, FailureClass, quirks::Quirks};

/// How much of a message is looked at, in bytes.
const MESSAGE_BYTES_MAX: usize = 2000;

/// The longest code kept, in characters.
const CODE_CHARS_MAX: usize = 64;

/// What vendors write when the prompt does not fit; each is a part of a message in lower case.
/// OpenAI and vLLM; Anthropic; llama.cpp; Ollama; sglang.
const TOO_LONG: [&str; 9] = [
    "maximum context length",
    "context window",
    "prompt is too long",
    "exceed context limit",
    "exceeds the context",
    "exceeds the available context size",
    "exceeds context length",
    "input length exceeds",
    "is longer than the model's context length",
];

/// An error as a vendor reports it. All of it in lower case; it may quote people, so it is not kept.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Report {
    /// The `code` and the `type`, joined: vendors swap their roles.
    names: String,
    message: String,
    /// A status in the body, as proxies send one.
    status: Option<u16>,
}

impl Report {
    /// The error that a frame or a body holds, if it holds one.
    pub(crate) fn find(value: &Value) -> Option<Self> {
        let says_error = |key| value.get(key).and_then(Value::as_str) == Some("error");
        match value.get("error") {
            Some(Value::String(text)) if !text.is_empty() => Some(Self::message(text)),
            Some(error @ Value::Object(_)) => Some(Self::object(error)),
            _ if says_error("object") || says_error("type") => Some(Self::object(value)),
            _ => None,
        }
    }

    /// The error of a response whose status is not a success: JSON in some shape, or just text.
    pub(crate) fn of_body(body: &[u8]) -> Self {
        match serde_json::from_slice::<Value>(body) {
            Ok(value) => Self::find(&value).unwrap_or_else(|| Self::object(&value)),
            Err(_) => Self::message(&String::from_utf8_lossy(body)),
        }
    }

    /// The failure, if it came in place of an answer.
    pub(crate) fn rejected(&self, status: u16) -> Failure {
        let class = self.class(Some(status));
        Failure {
            status: Some(status),
            code: self.code(),
            unbilled: true,
            quirks: Quirks::of(&self.names, &self.message)
                .filter(|_| class == FailureClass::BadRequest),
            ..Failure::new(class, "the vendor rejected the request")
        }
    }

    /// The failure, if it came in a stream that had begun well.
    pub(crate) fn inside_success(self) -> Failure {
        let class = self.class(None);
        let failure = Failure::new(class, "the vendor reported an error inside its answer");
        Failure { code: self.code(), ..failure }
    }

    fn message(text: &str) -> Self {
        Self { message: lower(text), ..Self::default() }
    }

    fn object(error: &Value) -> Self {
        let name = |key| error.get(key).and_then(Value::as_str).unwrap_or_default();
        let number = |key| error.get(key).and_then(Value::as_u64);
        let status = number("code").or_else(|| number("status"));
        let message = match error.get("message").or_else(|| error.get("detail")) {
            Some(Value::String(text)) => lower(text),
            Some(other) => lower(&other.to_string()),
            None => String::new(),
        };
        Self {
            names: lower(&format!("{} {}", name("code"), name("type"))),
            message,
            status: status.and_then(|n| u16::try_from(n).ok()).filter(|n| (400..600).contains(n)),
        }
    }

    /// The class: what it is called first, then what it says, then the status.
    fn class(&self, status: Option<u16>) -> FailureClass {
        let status = status.or(self.status);
        self.class_by_words(status).unwrap_or_else(|| class_by_status(status))
    }

    fn class_by_words(&self, status: Option<u16>) -> Option<FailureClass> {
        let named = |parts: &[&str]| parts.iter().any(|part| self.names.contains(part));
        let says = |parts: &[&str]| parts.iter().any(|part| self.message.contains(part));
        if named(&["insufficient_quota", "billing"]) || says(&["credit balance is too low"]) {
            return Some(FailureClass::QuotaExhausted);
        }
        let too_long = ["context_length_exceeded", "exceed_context_size", "request_too_large"];
        if named(&too_long) || (status != Some(429) && says(&TOO_LONG)) {
            return Some(FailureClass::ContextTooLong);
        }
        if named(&["content_filter", "content_policy", "moderation", "responsibleai"]) {
            return Some(FailureClass::Refused);
        }
        if named(&["invalid_api_key", "authentication", "permission", "account_deactivated"]) {
            return Some(FailureClass::CredentialDead);
        }
        if named(&["overloaded"]) {
            return Some(FailureClass::Overloaded);
        }
        if named(&["rate_limit", "resource_exhausted"]) {
            return Some(FailureClass::RateLimited);
        }
        if status != Some(429) && says(&["overloaded", "server busy"]) {
            return Some(FailureClass::Overloaded);
        }
        if named(&["timeout"]) {
            return Some(FailureClass::TimedOut);
        }
        // With a status, the status knows better: 401 is called `invalid_request_error` too.
        let bad_request = ["invalid_request", "not_found", "unsupported"];
        (status.is_none() && named(&bad_request)).then_some(FailureClass::BadRequest)
    }

    /// The code, or else the type: what a person looks up in the vendor's documentation.
    fn code(&self) -> Option<String> {
        let safe = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-');
        let name = self.names.split_whitespace().next().map(str::to_owned);
        let name = name.or_else(|| self.status.map(|status| status.to_string()))?;
        Some(name.chars().filter(safe).take(CODE_CHARS_MAX).collect())
    }
}

/// By the status alone. 529 is Anthropic's "overloaded"; 524 is a proxy whose upstream was silent.
/// Without a status it is an error inside a stream that names nothing we know.
fn class_by_status(status: Option<u16>) -> FailureClass {
    match status {
        Some(401 | 403) => FailureClass::CredentialDead,
        Some(402) => FailureClass::QuotaExhausted,
        Some(408 | 504 | 524) => FailureClass::TimedOut,
        Some(409 | 425) | None => FailureClass::Transient,
        Some(413) => FailureClass::ContextTooLong,
        Some(429) => FailureClass::RateLimited,
        Some(503 | 529) => FailureClass::Overloaded,
        Some(status) if 500 <= status => FailureClass::Transient,
        // Redirects too: we do not follow them, a key would go along.
        Some(_) => FailureClass::BadRequest,
    }
}

fn lower(text: &str) -> String {
    let end = text.floor_char_boundary(MESSAGE_BYTES_MAX.min(text.len()));
    text.get(..end).unwrap_or_default().to_ascii_lowercase()
}

#[cfg(test)]
mod tests;
