use serde_json::json;

use super::*;

#[test]
fn a_schema_is_taken_or_says_why_not() {
    let cases = [
        (json!({ "type": "object" }), ""),
        (json!({ "type": "objec" }), "is not a JSON schema: "),
        (
            json!({ "type": "object", "properties": { "a": { "pattern": "(?=x)y" } } }),
            "is not a JSON",
        ),
        (json!({ "allOf": [{ "$ref": "#" }] }), "refers to itself by `#`"),
        (
            json!({ "$ref": "#/$defs/a", "$defs": { "a": { "$ref": "#/$defs/b" }, "b": { "$ref": "#/$defs/a" } } }),
            "refers to itself by `#/$defs/a`",
        ),
        (
            json!({ "$ref": "https://example.com/s.json" }),
            "refers to `https://example.com/s.json`, which",
        ),
        (json!({ "$ref": "#/$defs/none" }), "refers to `#/$defs/none`, which is not in it"),
        (
            json!({ "$id": "https://example.com/", "type": "object" }),
            "has `$id`, which is not taken",
        ),
        (json!({ "$dynamicRef": "#x" }), "has `$dynamicRef`, which is not taken"),
        (json!({ "$ref": "#/$defs/a", "$defs": { "a": { "type": "object" } } }), ""),
    ];
    for (schema, want) in cases {
        let got = problem(&schema).unwrap_or_default();
        assert!(got.starts_with(want) && got.is_empty() == want.is_empty(), "{schema}: {got}");
    }
}

/// Each level refers to the next one twice: 2⁴⁰ parts in a page of text.
#[test]
fn a_schema_that_unfolds_without_end_is_refused() {
    let mut defs = Map::new();
    for level in 0..40 {
        let next = json!({ "$ref": format!("#/$defs/a{}", level + 1) });
        defs.insert(format!("a{level}"), json!({ "anyOf": [next, next] }));
    }
    defs.insert("a40".to_owned(), json!({ "type": "string" }));
    let problem = problem(&json!({ "$ref": "#/$defs/a0", "$defs": defs })).unwrap();
    assert!(problem.starts_with("has more than 5000 parts"), "{problem}");
}

#[test]
fn arguments_fit_or_the_model_reads_why_not() {
    let schema = json!({
        "type": "object",
        "properties": { "order": { "type": "string", "pattern": "^(a+)+$" }, "count": { "minimum": 1 } },
        "required": ["order"],
        "additionalProperties": false,
    });
    let schema = Schema::read(&schema).unwrap();
    let check = |arguments: Value| {
        let Value::Object(arguments) = arguments else { panic!() };
        schema.check(&arguments).err().unwrap_or_default()
    };
    let lines = [
        check(json!({ "order": "aa" })),
        check(json!({})),
        check(json!({ "order": 7 })),
        check(json!({ "order": "a", "count": 0, "sneaked": "in" })),
        check(json!({ "order": format!("{}!", "a".repeat(2_000)) })),
    ];
    expect_test::expect![[r#"

        "order" is a required property
        `/order`: 7 is not of type "string"
        `/count`: 0 is less than the minimum of 1; Additional properties are not allowed ('sneaked' was unexpected)
        `/order`: "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"#]]
    .assert_eq(&lines.map(|line| line.chars().take(120).collect::<String>()).join("\n"));
}
