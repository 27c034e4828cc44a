//! Servers of the Model Context Protocol, good and bad.

use std::time::Duration;

use konstruct_tests::wait::until;
use schemas::{Tool, directory::ToolKind};
use serde_json::json;
use tools::{Failed, SESSION_BYTES_MAX, TEXT_BYTES_MAX, Toolbox};

use crate::{Shop, call, mcp, with};

fn names(toolbox: &Toolbox) -> Vec<&str> {
    toolbox.offered().iter().map(|tool| tool.name.as_str()).collect()
}

/// Short clocks only where one has to run out: a busy machine must not make another.
fn server(shop: &Shop, mood: &str) -> Tool {
    let seconds = if mood == "call-stall" { 2 } else { 30 };
    with(mcp("crm", &shop.at(&format!("/mcp/{mood}"))), |it| it.timeout_seconds = seconds)
}

/// The methods that the server was asked, in order.
fn methods(shop: &Shop) -> Vec<String> {
    let method = |body: &str| {
        let message: serde_json::Value = serde_json::from_str(body).unwrap_or_default();
        message["method"].as_str().map_or_else(|| "an answer".to_owned(), str::to_owned)
    };
    let line = |it: &konstruct_tests::fake_tools::Asked| match it.method.as_str() {
        "DELETE" => "DELETE".to_owned(),
        _ => method(&it.body),
    };
    shop.fake.asked().iter().map(line).collect()
}

async fn ended(shop: &Shop, sessions: usize) {
    let done =
        || async { Ok(methods(shop).iter().filter(|it| *it == "DELETE").count() == sessions) };
    until(Duration::from_secs(30), "every session is ended", done).await.unwrap();
}

#[tokio::test]
async fn a_server_says_what_it_has_and_does_it() {
    for mood in ["well", "stream", "batch", "late-end"] {
        let shop = Shop::open().await;
        let toolbox = shop.toolbox(&[server(&shop, mood)]).await;
        assert_eq!(names(&toolbox), ["crm__find_customer", "crm__delete_all"], "{mood}");
        let outcome = call(&toolbox, "crm__find_customer", &json!({ "name": "Ana" })).await;
        assert_eq!(
            (outcome.failed, &*outcome.text),
            (None, "find_customer found \"Ana\""),
            "{mood}"
        );
        assert!(0 < outcome.bytes);
        ended(&shop, 2).await;
        for it in shop.fake.asked() {
            assert_eq!(it.header("x-api-key"), Some("Bearer s3cret-of-acme/1"), "{mood}");
            let begins = it.body.contains("\"initialize\"");
            assert_eq!(it.header("mcp-session-id").is_none(), begins, "{mood}");
            assert_eq!(it.header("mcp-protocol-version").is_none(), begins, "{mood}");
        }
    }
}

#[tokio::test]
async fn a_server_that_asks_us_is_answered() {
    let shop = Shop::open().await;
    shop.toolbox(&[server(&shop, "stream")]).await;
    let asked = shop.fake.asked();
    let answers: Vec<_> = asked.iter().filter(|it| !it.body.contains("method")).collect();
    assert_eq!(answers[0].body, r#"{"jsonrpc":"2.0","id":"p1","result":{}}"#);
    assert!(answers[1].body.contains(r#""id":7,"error":{"code":-32601"#), "{}", answers[1].body);
}

/// Arguments are checked before the server is asked.
#[tokio::test]
async fn arguments_that_do_not_fit_do_not_reach_the_server() {
    let shop = Shop::open().await;
    let toolbox = shop.toolbox(&[server(&shop, "well")]).await;
    ended(&shop, 1).await;
    let before = shop.fake.asked().len();
    let outcome = call(&toolbox, "crm__find_customer", &json!({ "name": 7 })).await;
    assert_eq!(outcome.failed, Some(Failed::Arguments));
    assert_eq!(shop.fake.asked().len(), before);
}

/// Why a server has nothing to offer, for an operator; an agent answers without it.
#[tokio::test]
async fn a_server_that_does_not_list_is_left_out() {
    let shop = Shop::open().await;
    let mut lines = Vec::new();
    for mood in [
        "locked",
        "moved",
        "garbage",
        "html",
        "huge",
        "flood",
        "line",
        "cut",
        "other",
        "ancient",
        "angry",
        "nowhere/x",
    ] {
        let toolbox = shop.toolbox(&[server(&shop, mood)]).await;
        assert!(toolbox.offered().is_empty(), "{mood}");
        let logged = format!("{:?}", toolbox.missing());
        assert!(!logged.contains("luck"), "a server's words: {logged}");
        lines.push(format!("{mood}: {}", toolbox.missing()[0].text));
    }
    expect_test::expect![[r#"
        locked: The server does not let us in (HTTP 401).
        moved: The server points elsewhere, where we do not go (HTTP 307).
        garbage: The server says what is not JSON.
        html: The server answered with something that is neither JSON nor a stream.
        huge: The server said more than 1048576 bytes.
        flood: The server says much and does not answer.
        line: The server said more than 1048576 bytes.
        cut: The server says what is not JSON.
        other: The server did not answer what it was asked.
        ancient: The server speaks a version that is not known here.
        angry: The server refused: no luck with [secret]
        nowhere/x: The server refused (HTTP 404)."#]]
    .assert_eq(&lines.join("\n"));
    for (mood, what) in [("silent", "begins"), ("stall", "lists")] {
        let toolbox = shop.toolbox(&[server(&shop, mood)]).await;
        let why = &toolbox.missing()[0].text;
        assert_eq!(why, "The server did not say in time what it has.", "{mood} {what}");
    }
}

/// The same on the way of a call, after a list that was fine.
#[tokio::test]
async fn a_call_that_goes_wrong_is_a_result() {
    let shop = Shop::open().await;
    let mut lines = Vec::new();
    for mood in ["failing", "echo", "garbage", "huge", "stall", "angry", "locked", "cut", "other"] {
        let toolbox = shop.toolbox(&[server(&shop, &format!("call-{mood}"))]).await;
        let outcome = call(&toolbox, "crm__find_customer", &json!({ "name": "Ana" })).await;
        let failed = outcome.failed.map_or("well", Failed::as_str);
        lines.push(format!("{mood}: {failed}: {}", outcome.text));
    }
    expect_test::expect![[r#"
        failing: tool: out of order
        echo: well: your key is [secret]
        garbage: protocol: The server says what is not JSON.
        huge: too_long: The server said more than 1048576 bytes.
        stall: timeout: The tool did not answer within 2 s.
        angry: tool: The server refused: no luck with [secret]
        locked: status: The server does not let us in (HTTP 401).
        cut: protocol: The server says what is not JSON.
        other: protocol: The server did not answer what it was asked."#]]
    .assert_eq(&lines.join("\n"));
}

#[tokio::test]
async fn what_a_server_says_is_bounded() {
    let shop = Shop::open().await;
    let toolbox = shop.toolbox(&[server(&shop, "long")]).await;
    let outcome = call(&toolbox, "crm__find_customer", &json!({ "name": "Ana" })).await;
    assert_eq!(outcome.failed, None);
    assert!(outcome.text.len() < TEXT_BYTES_MAX + 100 && outcome.bytes <= SESSION_BYTES_MAX);
    let pages = shop.toolbox(&[server(&shop, "pages")]).await;
    assert_eq!(names(&pages), ["crm__first", "crm__second"]);
    let many = shop.toolbox(&[server(&shop, "many")]).await;
    assert_eq!(many.offered().len(), tools::SERVER_TOOLS_MAX);
    let circle = shop.toolbox(&[server(&shop, "circle")]).await;
    assert_eq!(names(&circle), ["crm__again"]);
}

#[tokio::test]
async fn odd_tools_are_left_out_and_named_so_that_vendors_take_them() {
    let shop = Shop::open().await;
    let toolbox = shop.toolbox(&[server(&shop, "odd")]).await;
    assert_eq!(names(&toolbox).len(), 1);
    assert!(names(&toolbox)[0].starts_with("crm__a_b__"), "{:?}", names(&toolbox));
    let missing: Vec<_> =
        toolbox.missing().iter().map(|it| format!("{}: {}", it.name, it.text)).collect();
    expect_test::expect![[r#"
        crm: its `self`: the schema of arguments refers to itself by `#`
        crm: its `list`: no object of arguments of at most 16384 bytes"#]]
    .assert_eq(&missing.join("\n"));
    let outcome = call(&toolbox, names(&toolbox)[0], &json!({})).await;
    assert_eq!(outcome.text, "a b/ü found null");
}

/// A description is masked; a tool whose name or schema has a secret in it is left out.
#[tokio::test]
async fn a_list_that_repeats_the_secret_does_not_reach_the_model() {
    let shop = Shop::open().await;
    let toolbox = shop.toolbox(&[server(&shop, "gossip")]).await;
    let offered: Vec<_> =
        toolbox.offered().iter().map(|it| (&*it.name, &*it.description)).collect();
    assert_eq!(offered, [("crm__find_customer", "Ask it with [secret].")]);
    let shown = format!("{:?} {:?}", toolbox.offered(), toolbox.missing());
    assert!(!shown.contains("s3cret"), "{shown}");
}

#[tokio::test]
async fn only_the_tools_that_are_named_are_offered() {
    let shop = Shop::open().await;
    let mut tool = server(&shop, "well");
    let ToolKind::Mcp(declared) = &mut tool.kind else { panic!() };
    declared.tools = vec!["find_customer".to_owned(), "never_had".to_owned()];
    let toolbox = shop.toolbox(&[tool]).await;
    assert_eq!(names(&toolbox), ["crm__find_customer"]);
    let outcome = call(&toolbox, "crm__delete_all", &json!({})).await;
    assert_eq!(outcome.failed, Some(Failed::Unknown));
}

/// A list is kept for a while, until its declaration changes or one of its tools is gone.
#[tokio::test]
async fn a_list_is_not_asked_for_with_every_message() {
    let shop = Shop::open().await;
    let lists = || methods(&shop).iter().filter(|it| *it == "tools/list").count();
    let tool = server(&shop, "changing");
    for _ in 0..3 {
        shop.toolbox(std::slice::from_ref(&tool)).await;
    }
    assert_eq!(lists(), 1);
    let changed = with(tool.clone(), |it| it.timeout_seconds = 3);
    assert_eq!(names(&shop.toolbox(&[changed]).await), ["crm__renamed"]);
    assert_eq!(lists(), 2);
    let toolbox = shop.toolbox(std::slice::from_ref(&tool)).await;
    assert_eq!(lists(), 3);
    assert_eq!(call(&toolbox, "crm__renamed", &json!({})).await.failed, Some(Failed::Tool));
    shop.toolbox(std::slice::from_ref(&tool)).await;
    assert_eq!(lists(), 4, "what failed is looked at again");
    let begun = || methods(&shop).iter().filter(|it| *it == "initialize").count();
    let before = begun();
    for _ in 0..3 {
        shop.toolbox(&[server(&shop, "locked")]).await;
    }
    assert_eq!(begun(), before + 1, "nobody waits for a server that was away a moment ago");
}
