//! What comes of a call.

use std::{fmt, time::Duration};

/// The longest text that the model reads of one call, in bytes.
pub const TEXT_BYTES_MAX: usize = 32 * 1024;

/// What the model reads.
#[derive(Clone, PartialEq, Eq)]
pub struct Outcome {
    /// The answer, or what went wrong, for the model.
    pub text: String,
    /// Why it did not work.
    pub failed: Option<Failed>,
    /// How long it took.
    pub took: Duration,
    /// How much came from outside, in bytes, before any of it was left out.
    pub bytes: usize,
}

/// Why a call did not work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failed {
    /// The model named a tool that it was not given.
    Unknown,
    /// Its arguments were not as the tool wants them. Nothing was called.
    Arguments,
    /// The place is not one that may be called. Nothing was called.
    Refused,
    /// A secret of the tool is gone. Nothing was called.
    Secret,
    /// Nobody answered, or the connection broke.
    Network,
    /// It waited too long for calls under way to end. Nothing was called.
    Busy,
    /// It took too long.
    Timeout,
    /// The other side said no, with this status of HTTP.
    Status(u16),
    /// What came is not text.
    ContentType,
    /// What came is more than is read.
    TooLong,
    /// A server did not keep to the protocol.
    Protocol,
    /// The tool itself says that it failed.
    Tool,
}

impl Failed {
    /// One word for events and metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Failed::Unknown => "unknown",
            Failed::Arguments => "arguments",
            Failed::Refused => "refused",
            Failed::Secret => "secret",
            Failed::Network => "network",
            Failed::Busy => "busy",
            Failed::Timeout => "timeout",
            Failed::Status(_) => "status",
            Failed::ContentType => "content_type",
            Failed::TooLong => "too_long",
            Failed::Protocol => "protocol",
            Failed::Tool => "tool",
        }
    }
}

/// What an answer is made of, before it is timed.
pub(crate) struct Said {
    pub(crate) text: String,
    pub(crate) failed: Option<Failed>,
    pub(crate) bytes: usize,
}

impl Said {
    pub(crate) fn well(text: String, bytes: usize) -> Self {
        Self { text, failed: None, bytes }
    }

    pub(crate) fn failed(why: Failed, text: impl Into<String>) -> Self {
        Self { text: text.into(), failed: Some(why), bytes: 0 }
    }

    /// Bounded, and without what no person would type.
    pub(crate) fn timed(self, took: Duration) -> Outcome {
        let Said { text, failed, bytes } = self;
        Outcome { text: bounded(&text, TEXT_BYTES_MAX), failed, took, bytes }
    }
}

/// At most so many bytes of a text, and says so where some is left out. Marks that nobody sees and
/// that turn text around or hide it are left out too.
pub(crate) fn bounded(text: &str, bytes_max: usize) -> String {
    let visible = visible(text);
    if visible.len() <= bytes_max {
        return visible;
    }
    let ends = visible.char_indices().map(|(end, _)| end);
    let end = ends.take_while(|end| *end <= bytes_max).last().unwrap_or(0);
    let kept = visible.get(..end).unwrap_or_default();
    format!("{kept}\n[the rest is left out: more than {bytes_max} bytes]")
}

/// A text without marks that nobody sees and that turn it around or hide a part of it.
pub(crate) fn visible(text: &str) -> String {
    text.chars().filter(|c| !is_hidden(*c)).collect()
}

fn is_hidden(c: char) -> bool {
    let turns = matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let tags = matches!(c, '\u{e0000}'..='\u{e007f}');
    turns || tags || c.is_control() && !matches!(c, '\n' | '\t')
}

// `Debug` by hand: what tools say must not reach a log through `{:?}`.

impl fmt::Debug for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outcome")
            .field("text_bytes", &self.text.len())
            .field("failed", &self.failed)
            .field("took", &self.took)
            .field("bytes", &self.bytes)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_too_long_is_cut_between_characters_and_says_so() {
        assert_eq!(bounded("short", 5), "short");
        let cut = "\n[the rest is left out: more than 5 bytes]";
        assert_eq!(bounded("longer", 5), format!("longe{cut}"));
        assert_eq!(bounded("éééé", 5), format!("éé{cut}"));
    }

    #[test]
    fn what_nobody_sees_is_left_out() {
        assert_eq!(bounded("a\u{0}b\u{1b}[31mc\r\nd\te\u{202e}f\u{e0041}g", 99), "ab[31mc\nd\tefg");
    }
}
