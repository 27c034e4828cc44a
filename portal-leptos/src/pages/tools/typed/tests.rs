use std::collections::BTreeMap;

use domain::secret::Secret;
use schemas::{
    ToolStatus,
    directory::{Endpoint, HttpTool, McpServer},
};
use serde_json::json;

use super::*;
use crate::pages::form::fingerprint;

fn tool(kind: impl FnOnce(Endpoint) -> ToolKind) -> Tool {
    let secret = ToolHeader::Secret("tool:orders/authorization/u1".to_owned());
    let text = ToolHeader::Text("en".to_owned());
    let headers = [("authorization".to_owned(), secret), ("accept-language".to_owned(), text)];
    let endpoint =
        Endpoint { headers: BTreeMap::from(headers), allow_private: true, timeout_seconds: 20 };
    Tool {
        id: "orders".parse().unwrap(),
        description: "Looks up an order.\n\nOnce.".to_owned(),
        kind: kind(endpoint),
        status: ToolStatus::Active,
    }
}

fn http() -> Tool {
    let arguments =
        json!({ "type": "object", "properties": { "order": {} }, "required": ["order"] });
    let url = "https://api.acme.example/{order}".to_owned();
    tool(|endpoint| {
        ToolKind::Http(HttpTool { method: HttpMethod::Delete, url, arguments, endpoint })
    })
}

fn mcp() -> Tool {
    let tools = vec!["find_customer".to_owned(), "add note".to_owned()];
    tool(|endpoint| {
        ToolKind::Mcp(McpServer { url: "https://crm.example/mcp".to_owned(), tools, endpoint })
    })
}

fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

/// As a browser sends what [`Typed`] shows.
fn sent(typed: &Typed) -> Vec<(String, String)> {
    let lines = |text: &str| text.replace('\n', "\r\n");
    let mut sent = pairs(&[
        ("kind", typed.kind.word()),
        ("seen", &typed.seen),
        ("description", &lines(&typed.description)),
        ("http_method", &typed.method),
        ("url", &typed.url),
        ("arguments", &lines(&typed.arguments)),
        ("tools", &lines(&typed.tools)),
        ("timeout_seconds", &typed.timeout_seconds),
    ]);
    if typed.allow_private {
        sent.push(("allow_private".to_owned(), "on".to_owned()));
    }
    for (row, header) in typed.headers.iter().enumerate() {
        let kind = if header.is_secret { "secret" } else { "text" };
        sent.push((format!("header-kind-{row}"), kind.to_owned()));
        sent.push((format!("header-name-{row}"), header.name.clone()));
        if header.is_secret {
            sent.push((format!("header-secret-{row}"), String::new()));
            if header.secret.is_lost() {
                sent.push((format!("header-again-{row}"), "1".to_owned()));
            }
        } else {
            sent.push((format!("header-text-{row}"), header.text.clone()));
        }
    }
    sent
}

#[test]
fn a_form_that_is_sent_as_it_was_shown_says_what_it_said() {
    for tool in [http(), mcp()] {
        let typed = Typed::read(sent(&Typed::of(&tool, fingerprint(&tool))));
        assert_eq!(typed.seen, fingerprint(&tool));
        let wish = typed.wish().unwrap();
        assert_eq!((&wish.description, wish.timeout_seconds), (&tool.description, 20));
        assert!(wish.allow_private);
        match (&tool.kind, &wish.kind) {
            (ToolKind::Http(is), WishedKind::Http { method, url, arguments }) => {
                assert_eq!((&is.method, &is.url, &is.arguments), (method, url, arguments));
            }
            (ToolKind::Mcp(is), WishedKind::Mcp { url, tools }) => {
                assert_eq!((&is.url, &is.tools), (url, tools));
            }
            (_, other) => panic!("{other:?}"),
        }
        let headers = wish.headers.unwrap();
        assert_eq!(headers["authorization"], WishedHeader::Kept);
        assert_eq!(headers["accept-language"], WishedHeader::Text("en".to_owned()));
    }
}

#[test]
fn a_secret_that_was_typed_is_not_shown_again_and_is_asked_for_again() {
    let mut form = sent(&Typed::of(&http(), String::new()));
    for (name, value) in &mut form {
        if name.starts_with("header-secret-") {
            "Bearer s3cret".clone_into(value);
        }
    }
    let typed = Typed::read(form);
    let wished = typed.wish().unwrap().headers.unwrap();
    let said = WishedHeader::Secret(Secret::from("Bearer s3cret".to_owned()));
    assert_eq!(wished["authorization"], said);
    // Another field was wrong: the secret is not sent back, and the old one does not stay unnoticed.
    let again = typed.shown_again();
    assert!(!again.headers.iter().any(|header| header.secret.is_typed()));
    let problems = Typed::read(sent(&again)).wish().unwrap_err();
    let said: Vec<_> = problems.iter().map(|it| (&*it.field, &*it.message)).collect();
    let want = "Type the secret of authorization again: it is never sent back";
    assert_eq!(said, [("header-secret-1", want)]);
}

/// What was kept for somebody whose session ended comes without what was typed as a secret.
#[test]
fn a_form_that_lost_its_secrets_on_the_way_asks_for_them() {
    let mut form = sent(&Typed::of(&http(), String::new()));
    form.retain(|(name, _)| !name.starts_with("header-secret-"));
    let typed = Typed::read(form);
    assert_eq!(typed.wish().unwrap_err()[0].field, "header-secret-1");
    let again = Typed::read(sent(&typed.shown_again()));
    assert_eq!(again.wish().unwrap_err()[0].field, "header-secret-1", "not kept unnoticed");
}

#[test]
fn each_mistake_is_at_its_field_and_nothing_typed_is_lost() {
    let form = pairs(&[
        ("kind", "http"),
        ("description", "x"),
        ("http_method", "BREW"),
        ("url", "https://a.example/"),
        ("arguments", "{\r\n  \"type\": object\r\n}"),
        ("timeout_seconds", "soon"),
        ("header-kind-0", "text"),
        ("header-text-0", "nobody's"),
        ("header-kind-1", "text"),
        ("header-name-1", "x-a"),
        ("header-kind-2", "text"),
        ("header-name-2", "X-A"),
        ("header-kind-3", "text"),
    ]);
    let typed = Typed::read(form);
    let problems = typed.wish().unwrap_err();
    let said: Vec<_> = problems.iter().map(|it| (&*it.field, &*it.message)).collect();
    let want = [
        ("http_method", "Choose a method"),
        ("arguments", "The schema is no JSON from line 2, column 11 on: expected value"),
        ("timeout_seconds", "The longest call is not a number of seconds"),
        ("header-name-0", "Header 1 has no name"),
        ("header-name-2", "Two headers are called x-a"),
    ];
    assert_eq!(said, want);
    let shown = typed.shown_again();
    assert_eq!((&*shown.timeout_seconds, &*shown.headers[0].text), ("soon", "nobody's"));
    assert!(shown.arguments.contains("object"));
}

#[test]
fn a_row_is_added_and_taken_away_alone() {
    let press = |typed: Typed, pressed: &str| {
        Typed { pressed: pressed.to_owned(), ..typed }.pressed_row().unwrap()
    };
    let names = |typed: &Typed| -> Vec<String> {
        typed.headers.iter().map(|header| header.name.clone()).collect()
    };
    let typed = press(Typed::of(&http(), String::new()), "add-secret");
    assert_eq!(names(&typed), ["accept-language", "authorization", ""]);
    assert!(typed.headers[2].is_secret);
    let typed = press(press(typed, "remove-header-0"), "remove-header-9");
    assert_eq!(names(&typed), ["authorization", ""]);
    assert!(Typed { pressed: "save".to_owned(), ..typed }.pressed_row().is_none());
}

#[test]
fn nothing_typed_as_a_schema_is_nothing_to_fill_in() {
    let typed = Typed { arguments: " \n".to_owned(), ..Typed::new(Kind::Http) };
    let WishedKind::Http { arguments, .. } = typed.wish().unwrap().kind else {
        panic!("a request")
    };
    assert_eq!(arguments, json!({ "type": "object", "properties": {} }));
}

#[test]
fn a_form_has_no_more_rows_than_it_may() {
    let form = pairs(&[("header-name-99999999", "x"), ("header-name-x", "x")]);
    assert!(Typed::read(form).headers.is_empty());
}
