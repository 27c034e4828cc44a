//! What somebody says who looks for a message.

use schemas::{EffectId, MessageId};

/// Ids that derive from something are this long.
const DERIVED_LEN: usize = 26;

/// Digits after the dot of a timestamp of Slack.
const FRACTION_LEN: usize = 6;

/// How a message is named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Asked {
    /// By the beginning of its id, or of one of its events': an apology's reference is one.
    Start(String),
    /// By something that was sent for it.
    Effect(EffectId),
    /// By where it, or an answer to it, stands in Slack.
    Sent(Sent),
}

/// A place in Slack.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sent {
    /// The channel, where it is known.
    pub channel: Option<String>,
    /// The timestamp, e.g. `1700000000.123456`.
    pub ts: String,
    /// The timestamp of the first message of its thread, where it is known.
    pub thread: Option<String>,
}

/// The text names no message.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
#[error("`{0}` is no id, no permalink of a message in Slack and no timestamp")]
pub struct NotAsked(String);

/// Reads an id or its beginning, a permalink or a timestamp.
pub fn read(text: &str) -> Result<Asked, NotAsked> {
    let text = text.trim();
    let sent = |ts| Sent { channel: None, ts, thread: None };
    let place = permalink(text).or_else(|| timestamp(text).map(sent)).map(Asked::Sent);
    let effect = || {
        let is_one = text.len() == DERIVED_LEN && text.starts_with('x');
        text.parse::<EffectId>().ok().filter(|_| is_one).map(Asked::Effect)
    };
    let start = || text.parse::<MessageId>().ok().map(|_| Asked::Start(text.to_owned()));
    let asked = place.or_else(effect).or_else(start);
    asked.ok_or_else(|| NotAsked(text.chars().take(80).collect()))
}

/// `https://acme.slack.com/archives/C0SUPPORT/p1700000000123456?thread_ts=1700000000.000100&cid=…`
fn permalink(text: &str) -> Option<Sent> {
    let (host, path) = text.strip_prefix("https://")?.split_once('/')?;
    if !host.ends_with(".slack.com") {
        return None;
    }
    let path = path.split('#').next()?;
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let (channel, message) = path.strip_prefix("archives/")?.split_once('/')?;
    let digits = message.trim_end_matches('/').strip_prefix('p')?;
    let (seconds, fraction) = digits.split_at_checked(digits.len().checked_sub(FRACTION_LEN)?)?;
    let ts = timestamp(&format!("{seconds}.{fraction}"))?;
    let is_channel = !channel.is_empty() && channel.bytes().all(|b| b.is_ascii_alphanumeric());
    let thread = query.split('&').find_map(|field| field.strip_prefix("thread_ts="));
    let thread = thread.and_then(timestamp);
    is_channel.then(|| Sent { channel: Some(channel.to_owned()), ts, thread })
}

fn timestamp(text: &str) -> Option<String> {
    let (seconds, fraction) = text.split_once('.')?;
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    let is_one = digits(seconds) && digits(fraction) && fraction.len() == FRACTION_LEN;
    is_one.then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn sent(channel: Option<&str>, ts: &str, thread: Option<&str>) -> Asked {
        let [channel, thread] = [channel, thread].map(|it| it.map(str::to_owned));
        Asked::Sent(Sent { channel, ts: ts.to_owned(), thread })
    }

    #[test]
    fn a_message_has_many_names() {
        let start = |text: &str| Asked::Start(text.to_owned());
        let effect = "xni5k6p2t6qkvrqjbmuorjcn86";
        let (ts, root) = ("1700000000.123456", "1699999999.000100");
        let link = "https://acme.slack.com/archives/C0SUPPORT/p1700000000123456";
        let reply = format!("{link}?thread_ts={root}&cid=C0SUPPORT");
        let cases = [
            ("mditfa5a0olo9ql6ii6510l8qt".to_owned(), start("mditfa5a0olo9ql6ii6510l8qt")),
            (" e12 ".to_owned(), start("e12")),
            ("x12".to_owned(), start("x12")),
            (effect.to_owned(), Asked::Effect(effect.parse().unwrap())),
            (ts.to_owned(), sent(None, ts, None)),
            (link.to_owned(), sent(Some("C0SUPPORT"), ts, None)),
            (format!("{link}/"), sent(Some("C0SUPPORT"), ts, None)),
            (reply, sent(Some("C0SUPPORT"), ts, Some(root))),
            (format!("{link}?cid=C1#top"), sent(Some("C0SUPPORT"), ts, None)),
        ];
        for (text, want) in cases {
            assert_eq!(read(&text), Ok(want), "{text}");
        }
    }

    #[test]
    fn what_names_no_message_is_refused() {
        for text in [
            "",
            "hello there",
            "1700000000.12",
            "https://acme.slack.com/archives/C1",
            "https://acme.slack.com/archives/C1/1700000000123456",
            "https://acme.slack.com/archives/C1/p17",
            "https://acme.slack.com.example/archives/C1/p1700000000123456",
            "http://acme.slack.com/archives/C1/p1700000000123456",
        ] {
            let why = read(text).unwrap_err().to_string();
            let want = "is no id, no permalink of a message in Slack and no timestamp";
            assert_eq!(why, format!("`{text}` {want}"));
        }
    }

    proptest! {
        #[test]
        fn no_text_is_too_strange(text in "\\PC{0,60}") {
            _ = read(&text);
            _ = read(&format!("https://a.slack.com/archives/{text}"));
        }
    }
}
