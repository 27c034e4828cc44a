//! Tools of one request.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use domain::secret::Secret;
use konstruct_tests::{fake_tools::FakeTools, wait::until};
use schemas::{
    Timestamp,
    directory::{HttpMethod, ToolHeader, ToolKind},
};
use serde_json::{Value, json};
use tokio::time::Instant;
use tools::{AtOnce, BODY_BYTES_MAX, Failed, Settings, Wanted};

use crate::{KEY, Shop, acme, call, get, http, soon, with};

fn asked(fake: &FakeTools) -> Vec<String> {
    let line = |it: konstruct_tests::fake_tools::Asked| {
        format!("{} {} {}", it.method, it.target, it.body).trim_end().to_owned()
    };
    fake.asked().into_iter().map(line).collect()
}

#[tokio::test]
async fn arguments_go_where_the_declaration_says() {
    let shop = Shop::open().await;
    let url = shop.at("/echo/{order}/lines?full={full}&q={q}&v=1");
    let arguments = json!({ "order": "A 1/2".replace('/', "-"), "full": true, "note": "x" });
    let outcome = shop.call(&http(HttpMethod::Post, &url), arguments).await;
    assert_eq!(outcome.failed, None, "{}", outcome.text);
    let arguments = json!({ "order": "../x".replace('/', ":"), "q": "a&b=c#d" });
    assert_eq!(shop.call(&http(HttpMethod::Delete, &url), arguments).await.failed, None);
    expect_test::expect![[r#"
        POST /echo/A%201-2/lines?full=true&v=1 {"note":"x"}
        DELETE /echo/..%3Ax/lines?q=a%26b%3Dc%23d&v=1"#]]
    .assert_eq(&asked(&shop.fake).join("\n"));
    let first = &shop.fake.asked()[0];
    assert_eq!(first.header("content-type"), Some("application/json"));
    assert_eq!(first.header("user-agent"), Some("konstruct"));
}

/// Nothing is called until the arguments fit, and the model reads why they do not.
#[tokio::test]
async fn arguments_that_do_not_fit_call_nothing() {
    let shop = Shop::open().await;
    let mut tool = get(&shop.at("/echo/{order}"));
    let ToolKind::Http(http) = &mut tool.kind else { panic!() };
    http.arguments = json!({
        "type": "object",
        "properties": { "order": { "type": "string", "maxLength": 9 } },
        "required": ["order"],
    });
    let toolbox = shop.toolbox(&[tool]).await;
    let mut lines = Vec::new();
    for arguments in [
        "{}",
        r#"{"order":7}"#,
        r#"{"order":"0123456789"}"#,
        r#"{"order":"a/b"}"#,
        r#"{"order":".."}"#,
        r#"{"order":"a","other":1}"#,
        "[]",
        "{",
        "",
        &format!(r#"{{"order":"{}"}}"#, "x".repeat(70_000)),
    ] {
        let outcome = toolbox.call("orders", arguments, soon(), Timestamp::from_millis(0)).await;
        assert_eq!(outcome.failed, Some(Failed::Arguments), "{arguments}");
        lines.push(outcome.text);
    }
    expect_test::expect![[r#"
        Not called, since the arguments do not fit: "order" is a required property
        Not called, since the arguments do not fit: `/order`: 7 is not of type "string"
        Not called, since the arguments do not fit: `/order`: "0123456789" is longer than 9 characters
        the argument `order` has a slash or a line break in it
        the arguments make a path with `.` or `..`
        There is no argument `other`.
        Not called, since the arguments do not fit: they are no JSON object
        Not called, since the arguments do not fit: they are no JSON: EOF while parsing an object at line 1 column 1
        Not called, since the arguments do not fit: "order" is a required property
        Not called, since the arguments do not fit: they are more than 65536 bytes"#]]
    .assert_eq(&lines.join("\n"));
    let unknown = call(&toolbox, "refunds", &json!({})).await;
    assert_eq!(
        (unknown.failed, &*unknown.text),
        (Some(Failed::Unknown), "There is no tool `refunds`.")
    );
    assert!(shop.fake.asked().is_empty());
}

/// What the model reads of each answer: the text, and whether it worked.
#[tokio::test]
async fn every_answer_is_text_for_the_model() {
    let shop = Shop::open().await;
    let mut lines = Vec::new();
    for path in [
        "/empty",
        "/status/200",
        "/status/404",
        "/status/500",
        "/status/401",
        "/as/html",
        "/as/octet",
        "/as/gzip",
        "/as/none",
        "/cut",
        "/nowhere",
    ] {
        let outcome = shop.call(&get(&shop.at(path)), json!({})).await;
        let failed = outcome.failed.map_or("well", Failed::as_str);
        lines.push(format!("{path}: {failed}: {}", outcome.text));
    }
    let away = with(get("http://api.acme.example:1/"), |it| it.timeout_seconds = 5);
    lines.push(shop.call(&away, json!({})).await.text);
    expect_test::expect![[r#"
        /empty: well: Done (HTTP 204), and nothing was answered.
        /status/200: well: not with [secret]
        /status/404: status: The tool answered HTTP 404. not with [secret]
        /status/500: status: The tool answered HTTP 500. not with [secret]
        /status/401: status: The tool answered HTTP 401. not with [secret]
        /as/html: well: <p>Hi</p>
        /as/octet: content_type: The tool answered (HTTP 200) with something that is not text.
        /as/gzip: content_type: The tool answered (HTTP 200) with something that is not text.
        /as/none: content_type: The tool answered (HTTP 200) with something that is not text.
        /cut: network: The tool broke off its answer.
        /nowhere: status: The tool answered HTTP 404. 
        The tool cannot be reached."#]]
    .assert_eq(&lines.join("\n"));
}

#[tokio::test]
async fn an_answer_without_end_is_read_up_to_a_bound() {
    let shop = Shop::open().await;
    let outcome = shop.call(&get(&shop.at("/huge")), json!({})).await;
    assert_eq!((outcome.failed, outcome.bytes), (None, BODY_BYTES_MAX));
    assert!(outcome.text.ends_with("bytes]") && outcome.text.len() < BODY_BYTES_MAX);
}

/// Time is the declaration's or the caller's, whichever ends first; a slow word does not stretch it.
#[tokio::test]
async fn a_tool_that_does_not_end_is_left() {
    let shop = Shop::open().await;
    for path in ["/stall", "/drip"] {
        let tool = with(get(&shop.at(path)), |it| it.timeout_seconds = 1);
        let outcome = shop.call(&tool, json!({})).await;
        let want = "The tool did not answer within 1 s.";
        assert_eq!((outcome.failed, &*outcome.text), (Some(Failed::Timeout), want), "{path}");
        assert!(Duration::from_secs(1) <= outcome.took, "{:?}", outcome.took);
    }
    let toolbox = shop.toolbox(&[get(&shop.at("/stall"))]).await;
    let deadline = Instant::now() + Duration::from_millis(50);
    let outcome = toolbox.call("orders", "{}", deadline, Timestamp::from_millis(0)).await;
    assert_eq!(outcome.failed, Some(Failed::Timeout));
    assert!(outcome.took < Duration::from_secs(20), "{:?}", outcome.took);
}

/// A tenant whose calls hang waits for itself, and nobody else does.
#[tokio::test]
async fn a_tenant_that_has_all_its_calls_under_way_is_told_to_wait() {
    let open = vec!["127.0.0.0/8".parse().unwrap()];
    let at_once = AtOnce { all: 2, of_tenant: 1 };
    let here = vec!["127.0.0.1".parse().unwrap()];
    let names = BTreeMap::from([("api.acme.example", vec![here])]);
    let shop = Shop::with(Settings { open, at_once, ..Settings::default() }, names).await;
    let stall = shop.toolbox(&[get(&shop.at("/stall"))]).await;
    let now = Timestamp::from_millis(0);
    let hanging = tokio::spawn(async move { stall.call("orders", "{}", soon(), now).await });
    let is_asked = || async { Ok(shop.fake.asked().len() == 1) };
    until(Duration::from_mins(1), "it hangs", is_asked).await.unwrap();

    let echo = with(get(&shop.at("/echo")), |it| it.timeout_seconds = 1);
    let busy = shop.call(&echo, json!({})).await;
    let want = "Not called: too many calls of tools are under way just now. It may work later.";
    assert_eq!((busy.failed, &*busy.text), (Some(Failed::Busy), want));
    assert!(Duration::from_secs(1) <= busy.took, "it waits as long as it may take");
    assert_eq!(shop.fake.asked().len(), 1, "it is not called");

    let names = ["orders".to_owned()];
    let kept_as = echo.secrets().map(str::to_owned);
    let wanted = Wanted {
        tenant: &"globex".parse().unwrap(),
        names: &names,
        declared: &[Arc::new(echo.clone())],
        secrets: kept_as.map(|name| (name, Secret::from(format!("Bearer {KEY}")))).collect(),
        deadline: soon(),
    };
    let theirs = shop.tools.toolbox(wanted).await;
    assert_eq!(call(&theirs, "orders", &json!({})).await.failed, None, "another tenant's goes on");

    hanging.abort();
    assert!(hanging.await.unwrap_err().is_cancelled());
    assert_eq!(shop.call(&echo, json!({})).await.failed, None, "its place is free again");
}

/// In every form in which a server says it again, and where the reader stops in its middle.
#[tokio::test]
async fn the_model_never_reads_a_secret() {
    let shop = Shop::open().await;
    let echo = shop.call(&get(&shop.at("/echo")), json!({})).await;
    assert!(echo.text.contains("authorization: \\\"[secret]\\\""), "{}", echo.text);
    let key = format!("Bearer {KEY}");
    assert_eq!(shop.fake.asked()[0].header("authorization"), Some(&*key));
    let late = shop.call(&get(&shop.at("/late")), json!({})).await;
    assert_eq!(late.bytes, BODY_BYTES_MAX);
    assert_eq!(late.text, "\n[the rest is left out: more than 65536 bytes]");
}

#[tokio::test]
async fn a_tool_without_its_secret_calls_nothing() {
    let shop = Shop::open().await;
    let tool = Arc::new(get(&shop.at("/echo")));
    let names = ["orders".to_owned()];
    let wanted = Wanted {
        tenant: &acme(),
        names: &names,
        declared: &[tool],
        secrets: BTreeMap::new(),
        deadline: soon(),
    };
    let toolbox = shop.tools.toolbox(wanted).await;
    let outcome = call(&toolbox, "orders", &json!({})).await;
    assert_eq!(outcome.failed, Some(Failed::Secret));
    assert!(shop.fake.asked().is_empty());
}

#[tokio::test]
async fn headers_say_what_is_declared() {
    let shop = Shop::open().await;
    let tool = with(get(&shop.at("/echo")), |it| {
        it.headers.insert("accept-language".to_owned(), ToolHeader::Text("de".to_owned()));
    });
    shop.call(&tool, json!({})).await;
    let asked = &shop.fake.asked()[0];
    assert_eq!(asked.header("accept-language"), Some("de"));
    assert_eq!(asked.header("accept"), Some("application/json, text/*"));
}

#[tokio::test]
async fn what_is_built_in_needs_no_declaration() {
    let shop = Shop::open().await;
    let names = ["current_time", "gone", "current_time"].map(str::to_owned);
    let toolbox = shop.toolbox_of(&names, &[]).await;
    let offered: Vec<_> = toolbox.offered().iter().map(|tool| &*tool.name).collect();
    assert_eq!(offered, ["current_time"]);
    assert_eq!(toolbox.missing()[0].name, "gone");
    let now = Timestamp::from_millis(1_795_280_529_730);
    let say = async |arguments: Value| {
        toolbox.call("current_time", &arguments.to_string(), soon(), now).await
    };
    let time = say(json!({ "time_zone": "Europe/Berlin" })).await;
    assert_eq!(time.text, "Saturday, 2026-11-21 18:02:09 +01:00 (Europe/Berlin)");
    let wrong = say(json!({ "zone": "Europe/Berlin" })).await;
    assert_eq!(wrong.failed, Some(Failed::Arguments));
}
