//! What a model is told of the tools that are built in.

use serde_json::{Value, json};

use super::{CURRENT_TIME, HAND_OFF};

/// A tool, as a model is told of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Described {
    /// By which it is called.
    pub name: &'static str,
    /// When and what for.
    pub description: &'static str,
    /// A JSON schema of its arguments: an object.
    pub parameters: Value,
}

/// The tool that is built in under that name.
pub fn described(name: &str) -> Option<Described> {
    match name {
        CURRENT_TIME => Some(current_time()),
        HAND_OFF => Some(hand_off()),
        _ => None,
    }
}

/// Tells the time.
pub fn current_time() -> Described {
    Described {
        name: CURRENT_TIME,
        description: "Tells the current date, time and weekday. Use it whenever an answer depends on \
                      now.",
        parameters: json!({
            "type": "object",
            "properties": {
                "time_zone": {
                    "type": "string",
                    "description": "An IANA time zone, e.g. Europe/Berlin. UTC if left out.",
                },
            },
            "additionalProperties": false,
        }),
    }
}

/// Hands over to a person.
pub fn hand_off() -> Described {
    Described {
        name: HAND_OFF,
        description: "Hands this conversation over to a human colleague, who is told in a channel of \
                      theirs. Afterwards you are silent until it is given back.",
        parameters: json!({
            "type": "object",
            "properties": {
                "why": {
                    "type": "string",
                    "enum": ["asked_for_human", "sentiment", "cannot_help"],
                    "description": "asked_for_human: a person was asked for. sentiment: \
                                    somebody is upset. cannot_help: anything else.",
                },
                "summary": {
                    "type": "string",
                    "description": "What was asked, what is known and what was tried, for \
                                    whoever takes over.",
                },
            },
            "required": ["why", "summary"],
            "additionalProperties": false,
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tool::BUILT_IN;

    #[test]
    fn every_tool_that_is_built_in_is_described_by_its_name() {
        for name in BUILT_IN {
            assert_eq!(described(name).map(|it| it.name), Some(name));
        }
        assert_eq!(described("orders"), None);
    }
}
