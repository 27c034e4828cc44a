//! The calls of tools that are on record, to be answered from.

use std::{
    collections::{BTreeMap, VecDeque},
    fmt,
};

use serde_json::Value;

use super::{Call, Called};

/// What is on record of the tools that were called for one answer.
#[derive(Clone)]
pub struct Tape(BTreeMap<Called, VecDeque<Played>>);

/// What a model reads of a call.
#[derive(Clone, PartialEq, Eq)]
pub struct Played {
    /// Its text.
    pub text: String,
    /// Why it did not work, in one word.
    pub failed: Option<String>,
}

impl Tape {
    /// From the beginning.
    pub fn of(calls: &[Call]) -> Self {
        let mut tape = BTreeMap::<_, VecDeque<_>>::new();
        for Call { tool, arguments, text, failed } in calls {
            let played = Played { text: text.clone(), failed: failed.clone() };
            tape.entry(Called::new(tool, arguments)).or_default().push_back(played);
        }
        Self(tape)
    }

    /// What came of such a call then; nothing where there was none. Of several, each is answered in its
    /// turn, and the last one stands for all that follow.
    pub fn play(&mut self, called: &Called) -> Option<Played> {
        let played = self.0.get_mut(called)?;
        if 1 < played.len() { played.pop_front() } else { played.front().cloned() }
    }
}

/// Arguments as they are compared: fields in the order of their names, without spaces between them. What
/// is no JSON is as it stands.
pub fn canonical(arguments: &str) -> String {
    let arguments = arguments.trim();
    if arguments.is_empty() {
        return "{}".to_owned();
    }
    let read = serde_json::from_str::<Value>(arguments);
    read.map_or_else(|_| arguments.to_owned(), |value| sorted(value).to_string())
}

fn sorted(value: Value) -> Value {
    match value {
        Value::Object(fields) => {
            let mut fields: Vec<_> =
                fields.into_iter().map(|(name, value)| (name, sorted(value))).collect();
            fields.sort_unstable_by(|(a, _), (b, _)| a.cmp(b));
            Value::Object(fields.into_iter().collect())
        }
        Value::Array(items) => Value::Array(items.into_iter().map(sorted).collect()),
        plain @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_)) => plain,
    }
}

/// What tools said does not belong into logs.
impl fmt::Debug for Played {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Played({} bytes, {:?})", self.text.len(), self.failed)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn call(tool: &str, arguments: &str, text: &str) -> Call {
        let [tool, arguments, text] = [tool, arguments, text].map(str::to_owned);
        Call { tool, arguments, text, failed: None }
    }

    fn played(tape: &mut Tape, tool: &str, arguments: &str) -> Option<String> {
        tape.play(&Called::new(tool, arguments)).map(|it| it.text)
    }

    #[test]
    fn arguments_are_the_same_however_they_are_written() {
        let cases = [
            (r#"{"b":1,"a":{"d":[1,2],"c":null}}"#, r#"{"a":{"c":null,"d":[1,2]},"b":1}"#),
            ("  ", "{}"),
            ("{}", "{}"),
            (r#"{ "a" : "x y" }"#, r#"{"a":"x y"}"#),
            ("[2,1]", "[2,1]"),
            ("{broken", "{broken"),
        ];
        for (written, want) in cases {
            assert_eq!(canonical(written), want);
        }
    }

    #[test]
    fn a_call_is_answered_as_it_was_and_another_one_is_not() {
        let calls = [
            call("orders", r#"{"id":7,"all":true}"#, "first"),
            call("orders", r#"{"all":true,"id":7}"#, "second"),
            call("time", "", "noon"),
        ];
        let mut tape = Tape::of(&calls);
        let seven = r#"{"all": true, "id": 7}"#;
        let said: Vec<_> = (0..3).map(|_| played(&mut tape, "orders", seven).unwrap()).collect();
        assert_eq!(said, ["first", "second", "second"]);
        assert_eq!(played(&mut tape, "time", "{}").as_deref(), Some("noon"));
        assert_eq!(played(&mut tape, "orders", r#"{"id":8}"#), None);
        assert_eq!(played(&mut tape, "refund", seven), None);
    }

    proptest! {
        #[test]
        fn what_is_on_record_is_played_in_its_order(texts in proptest::collection::vec("[a-z]{0,5}", 1..8)) {
            let calls: Vec<_> = texts.iter().map(|text| call("t", "{}", text)).collect();
            let mut tape = Tape::of(&calls);
            let said: Vec<_> = texts.iter().filter_map(|_| played(&mut tape, "t", "")).collect();
            prop_assert_eq!(said, texts);
        }

        #[test]
        fn to_compare_twice_is_to_compare_once(text in "\\PC{0,60}", key in "[a-z\"\\\\]{0,5}") {
            let object = serde_json::json!({ "z": text.clone(), "nested": { key: [1, null] } }).to_string();
            for written in [text, object] {
                let once = canonical(&written);
                prop_assert_eq!(canonical(&once), once);
            }
        }
    }
}
