//! Tools are declared and taken away by programs.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::{Office, changes::shown};

const ORDERS: &str = "/tenants/acme/tools/orders";

fn orders(url: &str) -> Value {
    json!({
        "description": "Looks up an order.",
        "http": {
            "url": url,
            "arguments": {
                "type": "object",
                "properties": { "order": { "type": "string" } },
                "required": ["order"],
            },
        },
        "headers": { "authorization": { "secret": "Bearer k3y-of-acme" }, "Accept-Language": "en" },
    })
}

#[tokio::test]
async fn a_tool_is_declared_read_sent_back_and_removed_and_its_secret_is_never_given_back() {
    let office = Office::open().await;
    let op = &office.operator;
    let done = office.put(op, ORDERS, orders("https://api.acme.example/orders/{order}")).await;
    assert_eq!(done.status, StatusCode::OK, "{done:?}");
    let read = shown(&office, ORDERS, |it| it["id"] == "orders").await;
    let config = &read.body["config"];
    assert_eq!(config["headers"], json!({ "accept-language": "en", "authorization": {} }));
    assert_eq!(
        (&config["http"]["method"], &config["timeout_seconds"]),
        (&json!("GET"), &json!(10))
    );
    assert_eq!(read.body["used_by"], json!([]));

    let again = office.put(op, ORDERS, config.clone()).await;
    assert_eq!((again.status, &again.body["sequence"]), (StatusCode::OK, &json!(0)), "{again:?}");
    let mut moved = config.clone();
    moved["http"]["url"] = json!("https://elsewhere.example/{order}");
    let refused = office.put(op, ORDERS, moved.clone()).await;
    assert_eq!(refused.fields(), ["headers"], "its secret would go along: {refused:?}");
    moved["headers"] = json!({});
    assert_eq!(office.put(op, ORDERS, moved).await.status, StatusCode::OK);

    let crm = json!({ "description": "Customers.", "mcp": { "url": "https://crm.example/mcp" } });
    let done = office.put(op, "/tenants/acme/tools/crm", crm).await;
    assert_eq!(done.status, StatusCode::OK, "{done:?}");
    let all = office.get(&office.viewer, "/tenants/acme/tools").await;
    let ids: Vec<_> = all.body["items"].as_array().unwrap().iter().map(|it| &it["id"]).collect();
    assert_eq!(ids, ["crm", "orders"], "{all:?}");

    let removed = office.send(op, (Method::DELETE, ORDERS), None, &[]).await;
    assert_eq!(removed.status, StatusCode::OK, "{removed:?}");
    assert_eq!(office.get(op, ORDERS).await.status, StatusCode::NOT_FOUND);
    let said = office.it.said("portal");
    assert!(!said.contains("k3y-of-acme"), "{said}");
}

#[tokio::test]
async fn a_tool_that_an_agent_answers_with_stays() {
    let office = Office::open().await;
    let op = &office.operator;
    office.put(op, ORDERS, orders("https://api.acme.example/orders/{order}")).await;
    shown(&office, ORDERS, |it| it["id"] == "orders").await;
    let mara = "/tenants/acme/agents/mara";
    let draft = json!({ "name": "Mara", "tools": ["orders", "current_time"] });
    let saved = office.put(op, &format!("{mara}/draft"), draft).await;
    let seen = [("if-match", saved.header("etag"))];
    let publish = format!("{mara}/publish");
    let done = office.send(op, (Method::POST, &publish), Some(json!({})), &seen).await;
    assert_eq!(done.status, StatusCode::OK, "{done:?}");
    shown(&office, ORDERS, |it| it["used_by"] == json!(["mara"])).await;
    let refused = office.send(op, (Method::DELETE, ORDERS), None, &[]).await;
    assert_eq!(refused.status, StatusCode::CONFLICT, "{refused:?}");
    let told = refused.body["detail"].as_str().unwrap();
    assert!(told.contains("used by `mara`"), "{told}");
}

#[tokio::test]
async fn what_no_tool_can_be_is_named_by_its_field() {
    let office = Office::open().await;
    let url = "https://api.acme.example/orders/{order}";
    let with = |name: &str, value: Value| {
        let mut tool = orders(url);
        tool[name] = value;
        tool
    };
    let secret = |text: &str| json!({ "authorization": { "secret": text } });
    for (tool, body, fields) in [
        ("orders", json!({ "description": "Nothing." }), vec!["http"]),
        ("orders", with("mcp", json!({ "url": "https://crm.example/" })), vec!["mcp"]),
        ("orders", with("description", json!(" ")), vec!["description"]),
        ("orders", with("timeout_seconds", json!(61)), vec!["timeout_seconds"]),
        ("orders", with("http", json!({ "url": url, "arguments": [] })), vec!["arguments"]),
        ("orders", with("http", json!({ "url": url, "method": "get" })), vec!["http.method"]),
        ("orders", with("headers", secret("s3cr")), vec!["headers"]),
        ("orders", with("headers", json!({ "host": "s3cret.example" })), vec!["headers"]),
        ("orders", with("headers", json!({ "x": { "secrets": "s3cret" } })), vec!["headers.x"]),
        ("orders", with("allow_private", json!(true)), vec!["allow_private"]),
        ("new", orders(url), vec!["tool"]),
    ] {
        let path = format!("/tenants/acme/tools/{tool}");
        let refused = office.put(&office.operator, &path, body.clone()).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{body}: {refused:?}");
        assert_eq!(refused.fields(), fields, "{body}: {refused:?}");
        assert!(!refused.body.to_string().contains("s3cr"), "{refused:?}");
    }
    let private = with("allow_private", json!(true));
    let done = office.put(&office.administrator, ORDERS, private).await;
    assert_eq!(done.status, StatusCode::OK, "{done:?}");
}

#[tokio::test]
async fn a_tool_that_is_another_by_now_is_not_changed() {
    let office = Office::open().await;
    let op = &office.operator;
    assert_eq!(
        office.put(op, ORDERS, orders("https://api.acme.example/orders/{order}")).await.status,
        StatusCode::OK
    );
    let read = shown(&office, ORDERS, |it| it["id"] == "orders").await;
    let seen = read.header("etag").to_owned();
    let save = async |value: &str, tag: &str| {
        let mut config = read.body["config"].clone();
        config["description"] = json!(value);
        office.send(op, (Method::PUT, ORDERS), Some(config), &[("if-match", tag)]).await
    };
    let done = save("Finds an order.", &seen).await;
    assert_eq!(done.status, StatusCode::OK, "{done:?}");
    for tag in [seen.as_str(), "*", "\"\""] {
        let late = save("Late.", tag).await;
        assert_eq!(late.status, StatusCode::PRECONDITION_FAILED, "{tag}: {late:?}");
    }
    let now = shown(&office, ORDERS, |it| it["config"]["description"] == "Finds an order.").await;
    let done = save("Late.", now.header("etag")).await;
    assert_eq!(done.status, StatusCode::OK, "it was looked at again: {done:?}");
}
