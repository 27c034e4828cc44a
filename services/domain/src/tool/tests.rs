use expect_test::{Expect, expect};
use serde_json::json;

use super::*;

fn id() -> ToolId {
    "orders".parse().unwrap()
}

fn orders() -> WishedTool {
    WishedTool {
        description: "Looks up an order.".to_owned(),
        kind: WishedKind::Http {
            method: HttpMethod::Get,
            url: "https://api.acme.example/orders/{order}?full={full}".to_owned(),
            arguments: json!({
                "type": "object",
                "properties": { "order": { "type": "string" }, "full": { "type": "boolean" } },
                "required": ["order"],
            }),
        },
        headers: Some(headers([("Authorization", secret("Bearer s3cret-key"))])),
        allow_private: false,
        timeout_seconds: 10,
    }
}

fn secret(text: &str) -> WishedHeader {
    WishedHeader::Secret(Secret::from(text.to_owned()))
}

fn text(text: &str) -> WishedHeader {
    WishedHeader::Text(text.to_owned())
}

fn headers<const N: usize>(headers: [(&str, WishedHeader); N]) -> BTreeMap<String, WishedHeader> {
    headers.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

fn made(wish: WishedTool, known: Option<&Tool>) -> Result<Made, Vec<FieldProblem>> {
    let making = Making {
        unique: "u1",
        has_secret: &|_, secret| secret.expose() == "Bearer the-same",
        schema_problem: &|schema| schema.get("bad").map(|_| "is no schema".to_owned()),
    };
    make(&id(), wish, known, &making)
}

#[track_caller]
#[expect(clippy::needless_pass_by_value, reason = "so that tests read `check(…, expect![…])`")]
fn check(wish: WishedTool, known: Option<&Tool>, want: Expect) {
    let shown = match made(wish, known) {
        Ok(Made { tool, secrets }) => {
            let secrets: Vec<_> =
                secrets.iter().map(|(of, name, _)| format!("{of} {name}")).collect();
            format!("{:?}, new: {}", tool.endpoint().headers, secrets.join(", "))
        }
        Err(problems) => problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"),
    };
    want.assert_eq(&shown);
}

fn http(method: HttpMethod, url: &str, arguments: Value) -> WishedTool {
    let kind = WishedKind::Http { method, url: url.to_owned(), arguments };
    WishedTool { kind, headers: None, ..orders() }
}

#[test]
fn a_secret_is_kept_under_a_name_of_its_own() {
    check(
        orders(),
        None,
        expect![[
            r#"{"authorization": Secret("tool:orders/authorization/u1")}, new: authorization tool:orders/authorization/u1"#
        ]],
    );
}

#[test]
fn what_is_there_stays_unless_it_is_said() {
    let known = Tool {
        description: "before".to_owned(),
        ..made(
            WishedTool {
                headers: Some(headers([
                    ("authorization", secret("Bearer first")),
                    ("x-region", text("eu")),
                ])),
                ..orders()
            },
            None,
        )
        .unwrap()
        .tool
    };
    let wish = |headers: Option<_>| WishedTool { headers, ..orders() };
    let kept = r#"{"authorization": Secret("tool:orders/authorization/u1"), "x-region": Text("eu")}, new: "#;
    let want = expect![[
        r#"{"authorization": Secret("tool:orders/authorization/u1"), "x-region": Text("eu")}, new: "#
    ]];
    assert_eq!(want.data(), kept);
    check(wish(None), Some(&known), want);
    let of = |header| wish(Some(headers([("authorization", header)])));
    let want = expect![[r#"{"authorization": Secret("tool:orders/authorization/u1")}, new: "#]];
    check(of(WishedHeader::Kept), Some(&known), want);
    let want = expect![[r#"{"authorization": Secret("tool:orders/authorization/u1")}, new: "#]];
    check(of(secret("Bearer the-same")), Some(&known), want);
    check(
        of(WishedHeader::Kept),
        None,
        expect!["`headers` has `authorization` without its secret"],
    );
    let removed = ToolStatus::Removed { at: schemas::Timestamp::from_millis(0) };
    let gone = Tool { status: removed, ..known };
    check(
        of(WishedHeader::Kept),
        Some(&gone),
        expect!["`headers` has `authorization` without its secret"],
    );
}

/// Else whoever may change a tool could have its secret sent to themselves.
#[test]
fn a_secret_does_not_go_along_to_another_place() {
    let known = made(orders(), None).unwrap().tool;
    let arguments = json!({ "type": "object" });
    for url in [
        "https://evil.example/",
        "https://api.acme.example:444/",
        "http://api.acme.example:443/",
        "https://api.acme.example.evil.example/",
    ] {
        let moved =
            WishedTool { allow_private: true, ..http(HttpMethod::Get, url, arguments.clone()) };
        check(
            moved,
            Some(&known),
            expect![
                "`headers` has `authorization`: its secret must be said again, since `url` is elsewhere"
            ],
        );
    }
    let near = http(HttpMethod::Post, "https://API.acme.example:443/elsewhere", arguments);
    assert!(made(near, Some(&known)).is_ok());
}

#[test]
fn every_problem_is_named_with_its_field() {
    let wrong = WishedTool {
        description: " ".to_owned(),
        headers: Some(headers([
            ("Host", text("evil.example")),
            ("x\r\ny", text("a")),
            ("x-a", text("a\r\nx-b: c")),
            ("x-long", text(&"x".repeat(HEADER_BYTES_MAX + 1))),
            ("x-short", secret("12345")),
            ("x-dup", text("1")),
            ("X-Dup", text("2")),
            ("Mcp-Method", text("x")),
        ])),
        timeout_seconds: 61,
        ..http(HttpMethod::Get, "http://api.acme.example/{order}", json!({ "type": "array" }))
    };
    check(
        wrong,
        None,
        expect![[r#"
            `description` is empty: the model reads there when to use it
            `timeout_seconds` is not between 1 and 60
            `url` is without TLS (`http://`), which is for private networks only: say `allow_private` if it stands in one
            `arguments` is not a JSON schema of an object (`type: object`)
            `headers` has `host`, which is not for tools to say
            `headers` has `mcp-method`, which is not for tools to say
            `headers` has one whose name is none: letters, digits and `-`
            `headers` has `x-a` with a line break or another character than ASCII
            `headers` has `x-dup` twice
            `headers` has `x-long`, which is longer than 4096 bytes
            `headers` has `x-short` with a secret of less than 6 bytes"#]],
    );
}

#[test]
fn the_address_and_the_schema_must_agree() {
    let url = "https://a.example/{order}/{page}?q={q}&f={filter}";
    let properties =
        json!({ "order": {}, "page": {}, "filter": { "type": "object" }, "extra": {} });
    let arguments = json!({ "type": "object", "properties": properties, "required": ["order"] });
    check(
        http(HttpMethod::Delete, url, arguments.clone()),
        None,
        expect![[r#"
            `url` names `page`, which stands in the path and is not required
            `url` names `q`, which is not among the properties of `arguments`
            `url` names `filter`, which is an object or an array
            `arguments` has `extra`, which is not in `url`, and DELETE has no body"#]],
    );
    let url = "https://a.example/";
    check(http(HttpMethod::Post, url, arguments), None, expect!["{}, new: "]);
    let mut deep = json!({ "type": "object" });
    for _ in 0..=ARGUMENTS_DEPTH_MAX {
        deep = json!({ "type": "object", "allOf": deep });
    }
    let cases = [
        (deep, "is deeper than 16 levels"),
        (
            json!({ "type": "object", "d": "x".repeat(ARGUMENTS_BYTES_MAX) }),
            "is longer than 16384 bytes",
        ),
        (
            json!({ "type": "object", "properties": { "a": { "$ref": "https://evil.example/" } } }),
            "refers to another document: only `#…` may stand in `$ref`",
        ),
        (json!({ "type": "object", "properties": [] }), "has `properties` that are no object"),
        (json!({ "type": "object", "bad": 1 }), "is no schema"),
    ];
    for (arguments, want) in cases {
        let problems = made(http(HttpMethod::Post, url, arguments), None).unwrap_err();
        assert_eq!(problems, [FieldProblem::new("arguments", want)]);
    }
}

#[test]
fn a_server_has_one_address_and_names_for_tools() {
    let mcp = |url: &str, tools: &[&str]| {
        let tools = tools.iter().map(|&name| name.to_owned()).collect();
        let kind = WishedKind::Mcp { url: url.to_owned(), tools };
        WishedTool { kind, headers: None, ..orders() }
    };
    check(mcp("https://crm.example/mcp", &["find.customer/x"]), None, expect!["{}, new: "]);
    check(
        mcp("https://crm.example/{a}", &["a b", ""]),
        None,
        expect![[r#"
            `url` has an argument, and a server has one address
            `tools` has one that is no name: 1 to 128 letters, digits and marks"#]],
    );
}

#[test]
fn what_an_agent_names_is_built_in_or_there() {
    let there = made(orders(), None).unwrap().tool;
    let removed = ToolStatus::Removed { at: schemas::Timestamp::from_millis(0) };
    let gone = Tool { status: removed, ..there.clone() };
    let find = |id: &ToolId| match id.as_str() {
        "orders" => Some(&there),
        "gone" => Some(&gone),
        _ => None,
    };
    let names = ["current_time", "orders", "gone", "never", "Not a slug"];
    let names = names.map(str::to_owned);
    let problems: Vec<_> = unknown_tools(&names, find).iter().map(ToString::to_string).collect();
    expect![[r#"
        `tools` names `gone`, and there is no such tool
        `tools` names `never`, and there is no such tool
        `tools` names `Not a slug`, and there is no such tool"#]]
    .assert_eq(&problems.join("\n"));
}

#[test]
fn no_secret_is_printed() {
    let shown = format!("{:?} {:?}", orders(), made(orders(), None));
    assert!(!shown.contains("s3cret"), "{shown}");
}
