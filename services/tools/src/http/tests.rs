use std::collections::BTreeMap;

use proptest::prelude::*;
use schemas::directory::Endpoint;
use serde_json::json;

use super::*;

fn tool(method: HttpMethod, url: &str) -> HttpTool {
    let endpoint =
        Endpoint { headers: BTreeMap::default(), allow_private: false, timeout_seconds: 10 };
    HttpTool { method, url: url.to_owned(), arguments: json!({ "type": "object" }), endpoint }
}

fn url_of(tool: &HttpTool, arguments: &Value) -> Result<Url, String> {
    let mask = Mask::default();
    Call { tool, headers: HeaderMap::new(), mask: &mask }.url(arguments.as_object().unwrap())
}

#[test]
fn what_the_address_does_not_name_is_the_body_or_a_mistake() {
    let arguments = json!({ "order": "A1", "note": "x" });
    let post = tool(HttpMethod::Post, "https://a.example/{order}");
    let mask = Mask::default();
    let call = Call { tool: &post, headers: HeaderMap::new(), mask: &mask };
    assert_eq!(call.body(arguments.as_object().unwrap()), json!({ "note": "x" }));
    let get = tool(HttpMethod::Get, "https://a.example/{order}");
    assert_eq!(url_of(&get, &arguments), Err("There is no argument `note`.".to_owned()));
}

#[test]
fn an_address_that_the_standard_writes_otherwise_is_called() {
    let cases = [
        ("https://api.acme.example:443/x", "https://api.acme.example/x"),
        ("http://10.0.0.1:80/?a=1", "http://10.0.0.1/?a=1"),
        ("http://10.0.0.1:443/", "http://10.0.0.1:443/"),
        (
            "https://a.example/'c'?$filter=n%20eq%20'{n}'",
            "https://a.example/'c'?$filter=n%20eq%20%27O%27Hara%27",
        ),
    ];
    for (template, want) in cases {
        let url = url_of(&tool(HttpMethod::Post, template), &json!({ "n": "O'Hara" }));
        assert_eq!(url.map(String::from), Ok(want.to_owned()), "{template}");
    }
}

#[test]
fn only_text_that_is_not_packed_is_read() {
    let of = |kind: &str, encoding: Option<&str>| {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, kind.parse().unwrap());
        encoding.map(|it| headers.insert(CONTENT_ENCODING, it.parse().unwrap()));
        is_text(&headers)
    };
    for kind in [
        "application/json",
        "Application/JSON; charset=utf-8",
        "text/html",
        "application/problem+json",
    ] {
        assert!(of(kind, None) && of(kind, Some("identity")) && !of(kind, Some("gzip")), "{kind}");
    }
    for kind in ["application/octet-stream", "image/png", "application/jsonx", "", "x/json"] {
        assert!(!of(kind, None), "{kind}");
    }
    assert!(!is_text(&HeaderMap::new()));
}

fn any_text() -> impl Strategy<Value = String> {
    let awkward = prop::sample::select(vec![
        "..",
        ".",
        "%2e",
        "%2f",
        "/",
        "\\",
        "@",
        "#",
        "?",
        "&",
        ":",
        "\t",
        "\r\n",
        "\u{ff0f}",
        "\u{3002}",
        "\u{2024}",
        "//evil.example",
        "user:pass@",
    ]);
    prop_oneof![
        "\\PC{0,16}",
        ".{0,8}",
        prop::collection::vec(awkward, 1..5).prop_map(|parts| parts.concat()),
    ]
}

proptest! {
    /// By the reading of the client that calls it.
    #[test]
    fn no_arguments_lead_out_of_the_template(a in any_text(), b in any_text(), c in any_text()) {
        for base in [
            "https://api.acme.example:443",
            "https://api.acme.example:444",
            "http://10.0.0.1",
            "http://[2001:db8::1]:80",
            "http://[2001:db8::1]:81",
        ] {
            let address = format!("{base}/x/{{a}}/y{{b}}?p=1&q={{c}}");
            let tool = tool(HttpMethod::Get, &address);
            let want = Url::parse(&format!("{base}/x/1/y2?p=1&q=3")).unwrap();
            let arguments = json!({ "a": a, "b": b, "c": c });
            let url = url_of(&tool, &arguments);
            let filled = UrlTemplate::parse(&address).unwrap().fill(arguments.as_object().unwrap());
            prop_assert_eq!(url.as_ref().map(Url::as_str), filled.as_ref().map(String::as_str));
            let Ok(url) = url else { continue };
            prop_assert_eq!(url.origin(), want.origin());
            prop_assert!(url.username().is_empty() && url.password().is_none());
            prop_assert_eq!(url.fragment(), None);
            let segments: Vec<_> = url.path_segments().unwrap().collect();
            prop_assert_eq!(segments.len(), 3, "{}", url);
            prop_assert_eq!(segments[0], "x");
            prop_assert!(segments[2].starts_with('y'), "{}", url);
            let pairs: Vec<_> = url.query_pairs().collect();
            prop_assert_eq!(pairs.len(), 2);
            prop_assert_eq!((&*pairs[0].0, &*pairs[0].1), ("p", "1"));
            prop_assert_eq!((&*pairs[1].0, &*pairs[1].1), ("q", &*c));
        }
    }

    /// Every template that is taken leads where it says, by the reading of the client.
    #[test]
    fn a_template_is_read_alike_by_both(
        text in "https?://[a-z0-9.:@\\[\\]x-]{1,20}(:(80|443))?(/[a-z.'{}%]{0,6}){0,2}(\\?[a-f0-9'&=$!*%{}]{0,9})?",
    ) {
        let Ok(template) = UrlTemplate::parse(&text) else { return Ok(()) };
        let url = Url::parse(&text.replace(['{', '}'], "")).unwrap();
        let host = url.host_str().unwrap().trim_start_matches('[').trim_end_matches(']');
        prop_assert_eq!(host, template.host());
        prop_assert_eq!(url.port_or_known_default(), Some(template.port()));
        let arguments = template.arguments().map(|(name, _)| (name.to_owned(), json!("it's 1")));
        if let Ok(filled) = template.fill(&arguments.collect()) {
            let read = Url::parse(&filled).unwrap();
            prop_assert_eq!(read.as_str(), filled);
        }
    }
}
