use expect_test::expect;
use proptest::prelude::*;
use serde_json::json;

use super::*;

fn filled(template: &str, arguments: Value) -> String {
    let Value::Object(arguments) = arguments else { panic!("{arguments}") };
    let template = match UrlTemplate::parse(template) {
        Ok(template) => template,
        Err(problem) => return format!("template {problem}"),
    };
    template.fill(&arguments).unwrap_or_else(|problem| format!("model reads: {problem}"))
}

#[test]
fn an_address_is_filled_in() {
    let orders = "https://api.acme.example/v1/orders/{order}?full={full}&q={q}&key=1";
    let cases = [
        (orders, json!({ "order": "A-1", "full": true, "q": "a b&c=d#e" })),
        (orders, json!({ "order": 17, "q": null })),
        (orders, json!({ "order": "Zoë 100%" })),
        ("https://api.acme.example", json!({})),
        ("https://api.acme.example/", json!({})),
        ("https://API.Acme.example:8443/a/{b}.json", json!({ "b": "x" })),
        ("http://[2001:DB8::1]:80/{b}", json!({ "b": "x" })),
        ("http://10.0.0.1/a//b?x", json!({})),
        ("https://api.acme.example:443/'a'", json!({})),
        ("https://api.acme.example:80/", json!({})),
        ("https://api.acme.example/c?$filter=name%20eq%20'{n}'", json!({ "n": "O'Hara" })),
    ];
    let lines = cases.map(|(template, arguments)| filled(template, arguments)).join("\n");
    expect![[r#"
        https://api.acme.example/v1/orders/A-1?full=true&q=a%20b%26c%3Dd%23e&key=1
        https://api.acme.example/v1/orders/17?key=1
        https://api.acme.example/v1/orders/Zo%C3%AB%20100%25?key=1
        https://api.acme.example/
        https://api.acme.example/
        https://api.acme.example:8443/a/x.json
        http://[2001:db8::1]/x
        http://10.0.0.1/a//b?x
        https://api.acme.example/'a'
        https://api.acme.example:80/
        https://api.acme.example/c?$filter=name%20eq%20%27O%27Hara%27"#]]
    .assert_eq(&lines);
}

#[test]
fn no_argument_leaves_its_place() {
    let template = "https://api.acme.example/orders/{order}/lines";
    let values = [
        "..",
        ".",
        "../admin",
        "a/b",
        "a\\b",
        "",
        "a\r\nb",
        "a\u{0}b",
        "%2e%2e",
        "%2f",
        "@evil.example",
        "#x",
        "?x=1",
        ":8080",
        "\u{ff0f}",
        "\u{2025}",
        "evil.example",
    ];
    let lines = values.map(|order| filled(template, json!({ "order": order }))).join("\n");
    expect![[r#"
        model reads: the arguments make a path with `.` or `..`
        model reads: the arguments make a path with `.` or `..`
        model reads: the argument `order` has a slash or a line break in it
        model reads: the argument `order` has a slash or a line break in it
        model reads: the argument `order` has a slash or a line break in it
        model reads: the argument `order` is empty
        model reads: the argument `order` has a slash or a line break in it
        model reads: the argument `order` has a slash or a line break in it
        https://api.acme.example/orders/%252e%252e/lines
        https://api.acme.example/orders/%252f/lines
        https://api.acme.example/orders/%40evil.example/lines
        https://api.acme.example/orders/%23x/lines
        https://api.acme.example/orders/%3Fx%3D1/lines
        https://api.acme.example/orders/%3A8080/lines
        https://api.acme.example/orders/%EF%BC%8F/lines
        https://api.acme.example/orders/%E2%80%A5/lines
        https://api.acme.example/orders/evil.example/lines"#]]
    .assert_eq(&lines);
    let lines = [
        filled("https://a.example/{a}{b}", json!({ "a": ".", "b": "." })),
        filled("https://a.example/.{a}", json!({ "a": "." })),
        filled("https://a.example/{a}", json!({ "a": { "b": 1 } })),
        filled("https://a.example/{a}", json!({})),
        filled("https://a.example/?a={a}", json!({ "a": ["x"] })),
        filled("https://a.example/?a={a}", json!({ "a": "x".repeat(URL_BYTES_MAX) })),
    ]
    .join("\n");
    expect![[r#"
        model reads: the arguments make a path with `.` or `..`
        model reads: the arguments make a path with `.` or `..`
        model reads: the argument `a` must be text, a number or true or false
        model reads: the argument `a` is missing
        model reads: the argument `a` must be text, a number or true or false
        model reads: the arguments make an address of more than 8192 bytes"#]]
    .assert_eq(&lines);
}

/// What two readers could take for two hosts, or what hides a secret, is no template.
#[test]
fn a_template_that_could_be_read_in_two_ways_is_refused() {
    let templates = [
        "ftp://a.example/",
        "HTTPS://a.example/",
        "//a.example/",
        "https:///x",
        "https://user:pass@a.example/",
        "https://{host}/x",
        "https://a.{zone}.example/",
        "https://a.example:{port}/",
        "https://a.example:/",
        "https://a.example:0/",
        "https://a.example:65536/",
        "https://a.example:80x/",
        "https://a..example/",
        "https://-a.example/",
        "https://a_b.example/",
        "https://bücher.example/",
        "https://a.example%2eevil.example/",
        "https://2130706433/",
        "https://0x7f000001/",
        "https://0x7f.1/",
        "https://127.1/",
        "https://0177.0.0.1/",
        "https://127.0.0.1./",
        "https://1.2.3.256/",
        "https://[::1/",
        "https://[::ffff:127.0.0.1]/",
        "https://[::ffff:7f00:1]/",
        "https://[::1]x/",
        "https://[fe80::1%25eth0]/",
        "https://a.example/#x",
        "https://a.example\\@evil.example/",
        "https://a.example/a b",
        "https://a.example/../x",
        "https://a.example/%2e%2E/x",
        "https://a.example/x%2fy",
        "https://a.example/%zz",
        "https://a.example/?%+5",
        "https://a.example/%0d",
        "https://a.example/{",
        "https://a.example/{}",
        "https://a.example/{a b}",
        "https://a.example/a}",
        "https://a.example/<x>",
    ];
    for template in templates {
        let read = UrlTemplate::parse(template);
        assert!(read.is_err(), "{template}: {read:?}");
    }
    assert_eq!(UrlTemplate::parse("https://a.example/{x}?{y}").unwrap().arguments().count(), 2);
}

#[test]
fn it_says_where_it_goes() {
    let of = |text: &str| {
        let template = UrlTemplate::parse(text).unwrap();
        (template.is_tls(), template.host().to_owned(), template.port())
    };
    assert_eq!(of("https://A.example/x"), (true, "a.example".to_owned(), 443));
    assert_eq!(of("http://10.1.2.3:81"), (false, "10.1.2.3".to_owned(), 81));
    assert_eq!(of("http://[::1]?x=1"), (false, "::1".to_owned(), 80));
    let template = UrlTemplate::parse("https://a.example/{a}/{b}?c={c}&d={a}").unwrap();
    let arguments: Vec<_> = template.arguments().collect();
    assert_eq!(arguments, [("a", true), ("b", true), ("c", false), ("a", false)]);
}

fn any_value() -> impl Strategy<Value = Value> {
    let awkward = prop::sample::select(vec![
        "..",
        ".",
        "%2e%2e",
        "..%2f",
        "/",
        "\\",
        "@",
        "#",
        "?",
        "&",
        "=",
        ":",
        "[::1]",
        "\r\n",
        "\u{0}",
        "\u{ff0f}",
        "\u{2024}\u{2024}",
        "//evil.example",
        "https://evil.example",
    ]);
    let text = prop_oneof![
        "\\PC{0,20}".prop_map(Value::from),
        ".{0,6}".prop_map(Value::from),
        prop::collection::vec(awkward, 1..4).prop_map(|parts| Value::from(parts.concat())),
    ];
    prop_oneof![
        6 => text,
        1 => any::<i64>().prop_map(Value::from),
        1 => any::<f32>().prop_map(|it| json!(it)),
        1 => any::<bool>().prop_map(Value::from),
        1 => Just(Value::Null),
        1 => Just(json!(["x"])),
    ]
}

proptest! {
    /// Scheme, host, port, the slashes and the names in the query are the template's.
    #[test]
    fn whatever_the_arguments_are_the_address_keeps_its_shape(a in any_value(), b in any_value(), c in any_value()) {
        let template = "https://api.acme.example:444/x/{a}/y-{b}?p=1&q={c}";
        let url = UrlTemplate::parse(template).unwrap();
        let arguments = json!({ "a": a, "b": b, "c": c });
        if let Ok(got) = url.fill(arguments.as_object().unwrap()) {
            let rest = got.strip_prefix("https://api.acme.example:444/x/").unwrap();
            prop_assert!(got.bytes().all(|byte| byte.is_ascii_graphic()), "{}", got);
            let (path, query) = rest.split_once('?').unwrap();
            let segments: Vec<_> = path.split('/').collect();
            prop_assert_eq!(segments.len(), 2, "{}", got);
            prop_assert!(!segments[0].is_empty() && !is_dots(segments[0]), "{}", got);
            prop_assert!(segments[1].starts_with("y-"), "{}", got);
            let pairs: Vec<_> = query.split('&').collect();
            prop_assert!(pairs[0] == "p=1" && pairs.len() <= 2, "{}", got);
            prop_assert!(pairs.get(1).is_none_or(|it| it.starts_with("q=") && it.matches('=').count() == 1));
            prop_assert!(!got.contains(['#', '@', '\\']), "{}", got);
        }
    }

    #[test]
    fn any_text_is_a_template_or_a_clean_problem(text in "(https?://)?[a-z0-9.:@/?#{}\\[\\]%\\\\ -]{0,40}") {
        if let Ok(template) = UrlTemplate::parse(&text) {
            prop_assert!(!template.host().is_empty());
            if let Ok(url) = template.fill(&Map::new()) {
                prop_assert!(UrlTemplate::parse(&url).is_ok(), "{} {}", text, url);
            }
        }
    }
}
