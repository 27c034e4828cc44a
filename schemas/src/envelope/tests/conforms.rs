//! As much of JSON Schema as our own schemas use. A keyword it does not know is a problem too, so
//! that a schema never asks for more than is checked.

use serde_json::{Map, Value};

use crate::Timestamp;

/// What in `value` is not as `schema` says, each with its place.
pub(super) fn problems(schema: &Value, value: &Value) -> Vec<String> {
    let mut check = Check { root: schema, problems: Vec::new() };
    check.value(schema, value, "");
    check.problems
}

struct Check<'a> {
    root: &'a Value,
    problems: Vec<String>,
}

impl<'a> Check<'a> {
    fn value(&mut self, schema: &'a Value, value: &Value, at: &str) {
        let Some(keywords) = schema.as_object() else {
            if *schema != Value::Bool(true) {
                self.problem(at, "is not allowed");
            }
            return;
        };
        for (keyword, asked) in keywords {
            self.keyword(keywords, keyword, asked, (value, at));
        }
    }

    fn keyword(
        &mut self,
        keywords: &'a Map<String, Value>,
        keyword: &str,
        asked: &'a Value,
        (value, at): (&Value, &str),
    ) {
        match keyword {
            "$ref" => {
                let place = asked.as_str().unwrap().trim_start_matches('#');
                let root = self.root;
                self.value(root.pointer(place).unwrap(), value, at);
            }
            "type" => {
                let types = asked.as_array().map_or(std::slice::from_ref(asked), Vec::as_slice);
                if !types.iter().any(|name| is(value, name.as_str().unwrap())) {
                    self.problem(at, &format!("is not of type {asked}"));
                }
            }
            "const" if asked != value => self.problem(at, &format!("is not {asked}")),
            "minimum" if value.as_f64().is_some_and(|it| it < asked.as_f64().unwrap()) => {
                self.problem(at, &format!("is less than {asked}"));
            }
            "$schema" | "title" | "description" | "default" | "$defs" | "const" | "minimum" => {}
            "oneOf" | "anyOf" => self.alternatives(keyword, asked, value, at),
            "required" => {
                for name in asked.as_array().unwrap() {
                    if value.is_object() && value.get(name.as_str().unwrap()).is_none() {
                        self.problem(at, &format!("lacks {name}"));
                    }
                }
            }
            "properties" => {
                for (name, schema) in asked.as_object().unwrap() {
                    if let Some(value) = value.get(name) {
                        self.value(schema, value, &format!("{at}/{name}"));
                    }
                }
            }
            "additionalProperties" => self.additional(keywords.get("properties"), asked, value, at),
            "items" => {
                for (index, value) in value.as_array().into_iter().flatten().enumerate() {
                    self.value(asked, value, &format!("{at}/{index}"));
                }
            }
            "pattern" => {
                if !value.as_str().is_none_or(|text| matches(asked.as_str().unwrap(), text)) {
                    self.problem(at, &format!("is not {asked}"));
                }
            }
            "format" => {
                if !value.is_null() && !formatted(asked.as_str().unwrap(), value) {
                    self.problem(at, &format!("is no {asked}"));
                }
            }
            unknown => self.problem(at, &format!("is asked for an unknown keyword `{unknown}`")),
        }
    }

    fn alternatives(&mut self, keyword: &str, asked: &'a Value, value: &Value, at: &str) {
        let fits = |schema: &&'a Value| {
            let mut check = Check { root: self.root, problems: Vec::new() };
            check.value(schema, value, at);
            check.problems.is_empty()
        };
        let fitting = asked.as_array().unwrap().iter().filter(fits).count();
        if fitting == 0 || keyword == "oneOf" && fitting != 1 {
            self.problem(at, &format!("fits {fitting} of its alternatives"));
        }
    }

    fn additional(&mut self, known: Option<&Value>, asked: &'a Value, value: &Value, at: &str) {
        for (name, value) in value.as_object().into_iter().flatten() {
            if known.is_none_or(|known| known.get(name).is_none()) {
                self.value(asked, value, &format!("{at}/{name}"));
            }
        }
    }

    fn problem(&mut self, at: &str, what: &str) {
        self.problems.push(format!("`{at}` {what}"));
    }
}

fn is(value: &Value, name: &str) -> bool {
    match name {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "string" => value.is_string(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        _ => false,
    }
}

/// The two patterns that ids have.
fn matches(pattern: &str, text: &str) -> bool {
    match pattern {
        "^[A-Za-z0-9_-]{1,64}$" => text.parse::<crate::EventId>().is_ok(),
        "^[a-z0-9][a-z0-9-]{0,39}$" => text.parse::<crate::TenantId>().is_ok(),
        _ => false,
    }
}

fn formatted(format: &str, value: &Value) -> bool {
    match format {
        "date-time" => value.as_str().is_some_and(|text| text.parse::<Timestamp>().is_ok()),
        "uint32" => value.as_u64().is_some_and(|number| u32::try_from(number).is_ok()),
        "uint64" => value.as_u64().is_some(),
        _ => false,
    }
}

#[test]
fn it_finds_what_is_wrong() {
    let schema = serde_json::json!({
        "type": "object",
        "properties": {
            "id": { "$ref": "#/$defs/Id" },
            "n": { "type": ["integer", "null"], "minimum": 0, "format": "uint32" },
            "word": { "oneOf": [{ "const": "a" }, { "type": "array", "items": { "const": "b" } }] },
        },
        "required": ["id"],
        "additionalProperties": false,
        "$defs": { "Id": { "type": "string", "pattern": "^[A-Za-z0-9_-]{1,64}$" } },
    });
    let check = |value: Value| problems(&schema, &value).join("; ");
    assert_eq!(check(serde_json::json!({ "id": "x", "n": null, "word": ["b"] })), "");
    let want = "`/n` is less than 0; `/n` is no \"uint32\"; `/word` fits 0 of its alternatives; `` \
                lacks \"id\"; `/more` is not allowed";
    assert_eq!(check(serde_json::json!({ "n": -1, "word": ["c"], "more": 1 })), want);
    assert_eq!(check(serde_json::json!({ "id": "a b" })), "`/id` is not \"^[A-Za-z0-9_-]{1,64}$\"");
    let unknown = problems(&serde_json::json!({ "maxLength": 1 }), &Value::Null);
    assert_eq!(unknown, ["`` is asked for an unknown keyword `maxLength`"]);
}
