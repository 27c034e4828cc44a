//! What a restored backup cannot know: whether the installation that was lost answered after it.
//!
//! A message that was written while that one may still have answered is answered by nobody before an
//! operator, or the chat system itself, says what became of it.

use schemas::{MessageRef, Timestamp};

/// What was restored, as far as replies go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Doubt {
    /// What was written before may have been answered.
    pub written_before: Timestamp,
    /// What an operator says at a later place on `EVENTS` is said since.
    pub said_until: u64,
}

impl Doubt {
    /// Whether what is not known to be done for this message may have been done. `ordered` is the place of
    /// an operator's last word on it.
    pub fn is_of(&self, message: &MessageRef, ordered: Option<u64>) -> bool {
        let is_decided = ordered.is_some_and(|place| self.said_until < place);
        !is_decided && written_at(&message.ts).is_none_or(|at| at < self.written_before)
    }
}

/// When a message was written, by its own timestamp: seconds, and what tells messages of one second apart.
fn written_at(ts: &str) -> Option<Timestamp> {
    let seconds: i64 = ts.split('.').next()?.parse().ok()?;
    Some(Timestamp::from_millis(seconds.checked_mul(1_000)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::message_ref;

    fn message(ts: &str) -> MessageRef {
        MessageRef { ts: ts.to_owned(), ..message_ref() }
    }

    #[test]
    fn in_doubt_is_what_was_written_before_and_nobody_decided_since() {
        let doubt =
            Doubt { written_before: Timestamp::from_millis(1_700_000_010_500), said_until: 40 };
        let cases = [
            ("1700000009.000100", None, true),
            ("1700000009.000100", Some(40), true), // said before the restore
            ("1700000009.000100", Some(41), false), // said since
            ("1700000010.999999", None, true),     // the same second
            ("1700000011.000100", None, false),
            ("1700000011.000100", Some(2), false),
            ("no timestamp", None, true), // nobody knows
            ("no timestamp", Some(41), false),
        ];
        for (ts, ordered, want) in cases {
            assert_eq!(doubt.is_of(&message(ts), ordered), want, "{ts} {ordered:?}");
        }
    }
}
