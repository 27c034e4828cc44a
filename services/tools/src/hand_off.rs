//! What a model says when it hands over to a person.

use std::fmt;

use domain::hand_off::why_said;
use schemas::event::HandOffReason;
use serde_json::Value;

use crate::outcome::bounded;

/// The longest summary, in bytes.
const SUMMARY_BYTES_MAX: usize = 4_000;

/// A model's words to whoever takes over.
#[derive(Clone, PartialEq, Eq)]
pub struct HandOff {
    /// Why it hands over.
    pub why: HandOffReason,
    /// What was asked, what is known and what was tried; empty where it says nothing.
    pub summary: String,
}

impl HandOff {
    /// From the arguments of the call. A model that wants a person gets one, however it says so.
    pub fn read(arguments: &str) -> Self {
        let arguments: Value = serde_json::from_str(arguments).unwrap_or_default();
        let summary = arguments.get("summary").and_then(Value::as_str).unwrap_or_default();
        Self { why: why_said(&arguments), summary: bounded(summary, SUMMARY_BYTES_MAX) }
    }
}

/// What was said does not belong into logs.
impl fmt::Debug for HandOff {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HandOff").field("why", &self.why).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_a_model_says_a_person_is_wanted() {
        let read = |arguments: &str| {
            let HandOff { why, summary } = HandOff::read(arguments);
            (why.as_str(), summary)
        };
        let said = r#"{"why":"sentiment","summary":"Late\u202e order"}"#;
        assert_eq!(read(said), ("sentiment", "Late order".to_owned()));
        for odd in ["", "{", "[]", "7", r#"{"why":7}"#, r#"{"why":"budget","more":1}"#] {
            assert_eq!(read(odd), ("cannot_help", String::new()), "{odd}");
        }
        let long = format!(r#"{{"summary":"{}"}}"#, "x".repeat(9_000));
        assert!(read(&long).1.len() < 4_100);
    }
}
