//! What came of a request: the one place where an HTTP answer becomes a decision.
//!
//! | Slack said | we know |
//! |---|---|
//! | nothing, no connection opened | not sent |
//! | nothing, or half an answer, after the request left | it may be there |
//! | 429 | not carried out, come back then |
//! | 5xx | it may be there, whatever the body says |
//! | `ok: false` and a code | what the code says, see `code.rs` |
//! | another status without a code | refused: nobody at that address takes such a call |
//! | `ok: true` | it is there |

use std::time::Duration;

use domain::effect::{Rejection, SendOutcome};
use reqwest::{Response, StatusCode, header::RETRY_AFTER};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::{
    code::{RETRY_DEFAULT, outcome_of},
    wire::{lenient, object},
};

/// The longest answer we read: a page of a thread.
pub(super) const BYTES_MAX: usize = 4 * 1024 * 1024;

/// The longest wait we believe.
const RETRY_MAX: Duration = Duration::from_hours(1);

/// What Slack answers, as far as any method's answer is read. As tolerant as events are: an odd
/// field of a success must not make it a doubt.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Answer {
    #[serde(deserialize_with = "lenient")]
    ok: Option<bool>,
    #[serde(deserialize_with = "lenient")]
    error: Option<String>,
    #[serde(deserialize_with = "lenient")]
    pub(super) ts: Option<String>,
    #[serde(deserialize_with = "lenient")]
    pub(super) message_ts: Option<String>,
    #[serde(deserialize_with = "lenient")]
    pub(super) permalink: Option<String>,
    #[serde(deserialize_with = "lenient")]
    pub(super) team: Option<String>,
    #[serde(deserialize_with = "lenient")]
    pub(super) team_id: Option<String>,
    #[serde(deserialize_with = "lenient")]
    pub(super) enterprise_id: Option<String>,
    #[serde(deserialize_with = "lenient")]
    pub(super) user_id: Option<String>,
    #[serde(deserialize_with = "lenient")]
    pub(super) bot_id: Option<String>,
    #[serde(deserialize_with = "lenient")]
    pub(super) has_more: Option<bool>,
    #[serde(deserialize_with = "lenient")]
    pub(super) messages: Option<Vec<Box<RawValue>>>,
    #[serde(deserialize_with = "lenient")]
    pub(super) response_metadata: Option<Page>,
}

/// Where the next page begins.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Page {
    #[serde(deserialize_with = "lenient")]
    pub(super) next_cursor: Option<String>,
}

/// Reads an answer of at most `bytes_max` bytes.
pub(super) async fn read(mut response: Response, bytes_max: usize) -> Result<Answer, SendOutcome> {
    let status = response.status();
    let retry_after = retry_after(&response);
    if status == StatusCode::TOO_MANY_REQUESTS {
        return Err(SendOutcome::RetryAfter(retry_after.unwrap_or(RETRY_DEFAULT)));
    }
    if status.is_server_error() {
        return Err(SendOutcome::Ambiguous(format!("HTTP {}", status.as_u16())));
    }
    let mut body = Vec::new();
    loop {
        match response.chunk().await {
            Ok(Some(chunk)) if body.len() + chunk.len() <= bytes_max => body.extend(chunk),
            Ok(Some(_)) => return Err(SendOutcome::Ambiguous("the answer is too long".to_owned())),
            Ok(None) => break,
            Err(error) => return Err(outcome_of_error(&error)),
        }
    }
    judge(status, &body, retry_after)
}

fn judge(
    status: StatusCode,
    body: &[u8],
    retry_after: Option<Duration>,
) -> Result<Answer, SendOutcome> {
    let answer = serde_json::from_slice::<&RawValue>(body).ok().and_then(object::<Answer>);
    match answer {
        Some(answer) if answer.ok == Some(true) && status.is_success() => Ok(answer),
        Some(Answer { ok: Some(false), error: Some(code), .. }) => {
            Err(outcome_of(&code, retry_after))
        }
        Some(_) | None if status.is_success() => {
            Err(SendOutcome::Ambiguous("the answer is not Slack's".to_owned()))
        }
        Some(_) | None => {
            let code = format!("http_{}", status.as_u16());
            Err(SendOutcome::Rejected { code, class: Rejection::Payload })
        }
    }
}

/// Seconds; Slack writes no dates.
fn retry_after(response: &Response) -> Option<Duration> {
    let value = response.headers().get(RETRY_AFTER)?.to_str().ok()?;
    let seconds: u64 = value.trim().parse().ok()?;
    Some(Duration::from_secs(seconds.max(1)).min(RETRY_MAX))
}

/// No answer came. Only where no connection was opened do we know that nothing arrived.
pub(super) fn outcome_of_error(error: &reqwest::Error) -> SendOutcome {
    if error.is_connect() || error.is_builder() {
        return SendOutcome::NotSent(causes(error));
    }
    if error.is_timeout() {
        return SendOutcome::Ambiguous("no answer in time".to_owned());
    }
    SendOutcome::Ambiguous(causes(error))
}

/// The causes below the error: it names the address itself, and that is known.
fn causes(error: &reqwest::Error) -> String {
    let mut text = String::new();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        if !text.is_empty() {
            text.push_str(": ");
        }
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text.chars().take(200).collect()
}

#[cfg(test)]
mod tests;
