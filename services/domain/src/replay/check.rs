//! What is expected of an answer, in saved tests.

use std::fmt;

use regex::RegexBuilder;
use serde::{Deserialize, Serialize};

use super::Outcome;

/// The longest text of a check, in bytes.
pub const CHECK_BYTES_MAX: usize = 2_000;

/// The most checks of one test.
pub const CHECKS_MAX: usize = 20;

/// What a pattern may take once it is compiled, in bytes.
const PATTERN_BYTES_MAX: usize = 1 << 20;

/// One thing that is expected of an answer.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Check {
    /// This is in it, whatever the case.
    Contains(String),
    /// This is not in it, whatever the case.
    Lacks(String),
    /// This pattern of the crate `regex` matches somewhere in it.
    Matches(String),
    /// A tool of that name was called on the way.
    Calls(String),
    /// A model finds that it meets this.
    Judged(String),
}

impl Check {
    /// What is wrong with it, if anything.
    pub fn problem(&self) -> Option<String> {
        let text = self.text();
        if text.trim().is_empty() {
            return Some("a check says nothing".to_owned());
        }
        if CHECK_BYTES_MAX < text.len() {
            return Some(format!("a check is longer than {CHECK_BYTES_MAX} bytes"));
        }
        match self {
            Check::Matches(pattern) if is_match(pattern, "").is_none() => {
                Some("a pattern cannot be read, or is too large".to_owned())
            }
            Check::Contains(_)
            | Check::Lacks(_)
            | Check::Matches(_)
            | Check::Calls(_)
            | Check::Judged(_) => None,
        }
    }

    /// Whether it holds; nothing where a model has to say. Without an answer none holds but that a tool was
    /// called.
    pub fn holds(&self, outcome: &Outcome) -> Option<bool> {
        let said = outcome.said();
        let has = |text: &str, part: &str| text.to_lowercase().contains(&part.to_lowercase());
        match self {
            Check::Contains(part) => Some(said.is_some_and(|text| has(text, part))),
            Check::Lacks(part) => Some(said.is_some_and(|text| !has(text, part))),
            Check::Matches(pattern) => {
                Some(said.is_some_and(|text| is_match(pattern, text).unwrap_or(false)))
            }
            Check::Calls(tool) => Some(outcome.calls.iter().any(|call| call.tool == *tool)),
            Check::Judged(_) => said.is_none().then_some(false),
        }
    }

    fn text(&self) -> &str {
        match self {
            Check::Contains(text)
            | Check::Lacks(text)
            | Check::Matches(text)
            | Check::Calls(text)
            | Check::Judged(text) => text,
        }
    }
}

/// Whether a pattern matches; nothing if it is none. Linear in the text.
fn is_match(pattern: &str, text: &str) -> Option<bool> {
    let pattern = RegexBuilder::new(pattern).size_limit(PATTERN_BYTES_MAX).build().ok()?;
    Some(pattern.is_match(text))
}

/// As a person reads it.
impl fmt::Display for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Check::Contains(text) => write!(f, "contains `{text}`"),
            Check::Lacks(text) => write!(f, "does not contain `{text}`"),
            Check::Matches(pattern) => write!(f, "matches `{pattern}`"),
            Check::Calls(tool) => write!(f, "calls the tool `{tool}`"),
            Check::Judged(criterion) => write!(f, "is judged: {criterion}"),
        }
    }
}

/// What is expected may quote people: it does not belong into logs.
impl fmt::Debug for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Check({} bytes)", self.text().len())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::replay::{Called, End};

    fn outcome(end: End) -> Outcome {
        let calls = vec![Called::new("orders", "{}")];
        let (version, model) = (None, String::new());
        Outcome { end, calls, version, model, cost_micros: None, latency_ms: 0 }
    }

    #[test]
    fn a_check_holds_or_it_does_not() {
        let answered = outcome(End::Answered("Your order A-7 is on its way.".to_owned()));
        let refused = outcome(End::Refused);
        let of = |text: &str| text.to_owned();
        let cases = [
            (Check::Contains(of("order a-7")), Some(true), Some(false)),
            (Check::Contains(of("refund")), Some(false), Some(false)),
            (Check::Lacks(of("refund")), Some(true), Some(false)),
            (Check::Lacks(of("ORDER")), Some(false), Some(false)),
            (Check::Matches(of(r"A-\d\b")), Some(true), Some(false)),
            (Check::Matches(of("^order")), Some(false), Some(false)),
            (Check::Calls(of("orders")), Some(true), Some(true)),
            (Check::Calls(of("order")), Some(false), Some(false)),
            (Check::Judged(of("polite")), None, Some(false)),
        ];
        for (check, with, without) in cases {
            assert_eq!(check.problem(), None, "{check}");
            assert_eq!(check.holds(&answered), with, "{check}");
            assert_eq!(check.holds(&refused), without, "{check}");
        }
    }

    #[test]
    fn a_check_that_cannot_be_made_is_said_to_be_so() {
        let of = |text: &str| text.to_owned();
        let cases = [
            (Check::Contains(of(" ")), "a check says nothing"),
            (Check::Lacks("x".repeat(2_001)), "a check is longer than 2000 bytes"),
            (Check::Matches(of("(")), "a pattern cannot be read, or is too large"),
            (Check::Matches(of(r"(\w{1000}){1000}")), "a pattern cannot be read, or is too large"),
        ];
        for (check, want) in cases {
            assert_eq!(check.problem().as_deref(), Some(want));
        }
    }

    proptest! {
        #[test]
        fn what_an_answer_contains_it_does_not_lack(text in "\\PC{0,40}", part in "\\PC{1,10}") {
            let outcome = outcome(End::Answered(text));
            let contains = Check::Contains(part.clone()).holds(&outcome);
            prop_assert_eq!(contains.map(|it| !it), Check::Lacks(part).holds(&outcome));
        }

        #[test]
        fn a_pattern_is_sound_and_matches_as_the_crate_says(
            pattern in "[a-c().*+?|\\[\\]\\\\ ]{0,8}",
            text in "[a-c ]{0,8}",
        ) {
            let check = Check::Matches(pattern.clone());
            let read = regex::Regex::new(&pattern);
            let is_sound = !pattern.trim().is_empty() && read.is_ok();
            prop_assert_eq!(check.problem().is_none(), is_sound);
            let matches = read.is_ok_and(|read| read.is_match(&text));
            prop_assert_eq!(check.holds(&outcome(End::Answered(text))), Some(matches));
        }

        #[test]
        fn a_text_taken_as_a_pattern_matches_wherever_it_stands(
            (before, part, after) in ("\\PC{0,10}", "\\PC{1,10}", "\\PC{0,10}"),
        ) {
            let check = Check::Matches(regex::escape(&part));
            let with = outcome(End::Answered(format!("{before}{part}{after}")));
            prop_assert_eq!(check.holds(&with), Some(true));
            prop_assert_eq!(check.holds(&outcome(End::Answered(String::new()))), Some(false));
        }

        #[test]
        fn what_no_pattern_is_panics_nowhere(pattern in "\\PC{0,30}", text in "\\PC{0,60}") {
            let check = Check::Matches(format!("({pattern}"));
            let (problem, holds) = (check.problem(), check.holds(&outcome(End::Answered(text))));
            // A parenthesis is missing, unless the pattern has it.
            if !pattern.contains([')', '\\', '[', '#']) {
                prop_assert_eq!(problem.as_deref(), Some("a pattern cannot be read, or is too large"));
                prop_assert_eq!(holds, Some(false));
            }
        }
    }
}
