//! How long a vendor asks to be left alone.

use std::time::{Duration, SystemTime};

use reqwest::header::{HeaderMap, RETRY_AFTER};
use time::{PrimitiveDateTime, format_description::BorrowedFormatItem, macros::format_description};

/// Asking for more than this is taken as asking for this.
const WAIT_MAX: Duration = Duration::from_hours(24);

/// The one date format that may be sent today (RFC 9110, 5.6.7, IMF-fixdate); the two obsolete ones
/// are not read, and the wait is then ours to choose.
const HTTP_DATE: &[BorrowedFormatItem<'static>] = format_description!(
    "[weekday repr:short], [day] [month repr:short] [year] [hour]:[minute]:[second] GMT"
);

/// The wait that a response asks for. Only on 429, 503 and 529: vendors and proxies send the header
/// on 200 too, where it means nothing. `retry-after-ms` (OpenAI's) is finer and goes first.
pub(crate) fn retry_after(status: u16, headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    if !matches!(status, 429 | 503 | 529) {
        return None;
    }
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim);
    let millis = text("retry-after-ms").and_then(|text| seconds(text, 1000.0));
    let asked = millis.or_else(|| {
        let text = text(RETRY_AFTER.as_str())?;
        seconds(text, 1.0).or_else(|| until(text, now))
    });
    asked.map(|wait| wait.min(WAIT_MAX))
}

/// Whether the vendor wants the same request again, by its own word (`x-should-retry`, as the SDKs of
/// OpenAI and Anthropic read it). Only looked at on failures.
pub(crate) fn should_retry(headers: &HeaderMap) -> Option<bool> {
    match headers.get("x-should-retry")?.to_str().ok()?.trim() {
        "true" => Some(true),
        "false" => Some(false),
        _ => None,
    }
}

fn seconds(text: &str, parts: f64) -> Option<Duration> {
    let value = text.parse().ok().filter(|value: &f64| !value.is_nan())?;
    let capped = (value / parts).min(WAIT_MAX.as_secs_f64());
    Duration::try_from_secs_f64(capped).ok()
}

/// Until a date; no time at all if it has passed.
fn until(text: &str, now: SystemTime) -> Option<Duration> {
    let at = PrimitiveDateTime::parse(text, HTTP_DATE).ok()?.assume_utc();
    Some(SystemTime::from(at).duration_since(now).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use std::time::UNIX_EPOCH;

    use reqwest::header::{HeaderName, HeaderValue};

    use super::*;

    /// 2026-11-21 09:30:00 UTC.
    const NOW_S: u64 = 1_795_253_400;

    #[track_caller]
    fn check(status: u16, headers: &[(&'static str, &'static str)], want_ms: Option<u64>) {
        let headers = headers
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)));
        let now = UNIX_EPOCH + Duration::from_secs(NOW_S);
        let got = retry_after(status, &headers.collect(), now);
        assert_eq!(got, want_ms.map(Duration::from_millis));
    }

    #[test]
    fn every_form_is_read() {
        check(429, &[("retry-after", "7")], Some(7000));
        check(503, &[("retry-after", "0.25")], Some(250));
        check(529, &[("retry-after-ms", "1500")], Some(1500));
        check(429, &[("retry-after-ms", "1500"), ("retry-after", "9")], Some(1500));
        check(429, &[("retry-after-ms", "soon"), ("retry-after", "9")], Some(9000));
        check(429, &[("retry-after", "Sat, 21 Nov 2026 09:30:12 GMT")], Some(12_000));
        check(429, &[("retry-after", "Sat, 21 Nov 2026 09:29:00 GMT")], Some(0));
    }

    #[test]
    fn only_failures_that_a_wait_can_mend() {
        for status in [200, 201, 400, 401, 404, 500, 502] {
            check(status, &[("retry-after", "55"), ("retry-after-ms", "55000")], None);
        }
    }

    #[test]
    fn nonsense_is_no_wait_and_a_long_one_is_bounded() {
        for text in ["", "soon", "-3", "NaN", "Sat, 32 Nov 2026 09:30:12 GMT"] {
            check(429, &[("retry-after", text)], None);
        }
        check(429, &[("retry-after", "1e300")], Some(86_400_000));
        check(429, &[("retry-after", "inf")], Some(86_400_000));
        check(429, &[("retry-after", "999999999")], Some(86_400_000));
    }
}
