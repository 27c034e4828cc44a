//! Model groups of a tenant's own are set up and taken away by programs.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::{Office, changes::shown};

const OWN: &str = "/tenants/acme/model-groups/own";

fn own() -> Value {
    json!({
        "choose": "latency",
        "fallbacks": ["quality"],
        "deployments": [{
            "name": "claude",
            "vendor": "anthropic",
            "model": "claude-sonnet-5-5",
            "key": "sk-ant-of-acme",
            "price": { "input": 3_000_000, "output": 15_000_000 },
        }],
    })
}

#[tokio::test]
async fn a_group_is_set_up_read_sent_back_and_removed_and_its_key_is_never_given_back() {
    let office = Office::open().await;
    let op = &office.operator;
    let done = office.put(op, OWN, own()).await;
    assert_eq!(done.status, StatusCode::OK, "{done:?}");
    let read = shown(&office, OWN, |it| it["id"] == "own").await;
    let mut keyless = own();
    keyless["deployments"][0].as_object_mut().unwrap().remove("key");
    assert_eq!(read.body["config"], keyless);
    assert_eq!(read.body["with_key"], json!(["claude"]));

    let again = office.put(op, OWN, read.body["config"].clone()).await;
    assert_eq!((again.status, &again.body["sequence"]), (StatusCode::OK, &json!(0)), "{again:?}");
    let mut moved = keyless.clone();
    moved["deployments"][0]["vendor"] = json!("openai");
    let refused = office.put(op, OWN, moved).await;
    assert_eq!(refused.fields(), ["deployments"], "its key would go along: {refused:?}");

    let all = office.get(&office.viewer, "/tenants/acme/model-groups").await;
    assert_eq!(all.body["items"][0]["id"], "own", "{all:?}");
    assert_eq!(all.body["of_installation"], json!(["fast", "quality"]), "{all:?}");

    let removed = office.send(op, (Method::DELETE, OWN), None, &[]).await;
    assert_eq!(removed.status, StatusCode::OK, "{removed:?}");
    assert_eq!(office.get(op, OWN).await.status, StatusCode::NOT_FOUND);
    let said = office.it.said("portal");
    assert!(!said.contains("of-acme\""), "{said}");
}

#[tokio::test]
async fn what_no_group_can_be_is_named_by_its_field() {
    let office = Office::open().await;
    let with = |change: &dyn Fn(&mut Value)| {
        let mut group = own();
        change(&mut group);
        group
    };
    let deployment = |name: &'static str, value: Value| {
        with(&|group| group["deployments"][0][name] = value.clone())
    };
    for (group, body, fields) in [
        ("own", json!({ "deployments": [] }), vec!["deployments"]),
        ("own", json!({}), vec!["deployments"]),
        ("own", with(&|it| it["fallbacks"] = json!(["never"])), vec!["fallbacks"]),
        ("own", with(&|it| it["choose"] = json!("best")), vec!["choose"]),
        ("own", deployment("vendor", json!("acme")), vec!["deployments[0].vendor"]),
        ("own", deployment("weight", json!(0)), vec!["deployments"]),
        ("own", deployment("key", json!("a\nb")), vec!["deployments"]),
        ("own", deployment("base_url", json!("http://10.0.0.1/v1")), vec!["deployments"]),
        ("new", own(), vec!["group"]),
    ] {
        let path = format!("/tenants/acme/model-groups/{group}");
        let refused = office.put(&office.operator, &path, body.clone()).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{body}: {refused:?}");
        assert_eq!(refused.fields(), fields, "{body}: {refused:?}");
        assert!(!refused.body.to_string().contains("of-acme"), "{refused:?}");
    }
}

#[tokio::test]
async fn an_agent_is_not_published_with_a_group_that_there_is_not() {
    let office = Office::open().await;
    let op = &office.operator;
    let publish = "/tenants/acme/agents/mara/publish";
    let seen = drafted(&office, "zzz").await;
    let headers = [("if-match", seen.as_str())];
    let refused = office.send(op, (Method::POST, publish), Some(json!({})), &headers).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{refused:?}");
    assert_eq!(refused.fields(), ["model"], "{refused:?}");
    let told = refused.body.to_string();
    assert!(told.contains("names `zzz`, and there is no such model group"), "{told}");

    assert_eq!(office.put(op, OWN, own()).await.status, StatusCode::OK);
    shown(&office, OWN, |it| it["id"] == "own").await;
    let seen = drafted(&office, "own").await;
    let headers = [("if-match", seen.as_str())];
    let done = office.send(op, (Method::POST, publish), Some(json!({})), &headers).await;
    assert_eq!(done.status, StatusCode::OK, "{done:?}");
}

/// Mara's draft has this model group; what tells the draft.
async fn drafted(office: &Office, model: &str) -> String {
    let draft = json!({ "name": "Mara", "model": model });
    let saved = office.put(&office.operator, "/tenants/acme/agents/mara/draft", draft).await;
    assert_eq!(saved.status, StatusCode::OK, "it may be unfinished: {saved:?}");
    saved.header("etag").to_owned()
}

#[tokio::test]
async fn a_group_that_is_another_by_now_is_not_changed() {
    let office = Office::open().await;
    let op = &office.operator;
    assert_eq!(office.put(op, OWN, own()).await.status, StatusCode::OK);
    let read = shown(&office, OWN, |it| it["id"] == "own").await;
    let seen = read.header("etag").to_owned();
    let save = async |value: &str, tag: &str| {
        let mut config = read.body["config"].clone();
        config["choose"] = json!(value);
        office.send(op, (Method::PUT, OWN), Some(config), &[("if-match", tag)]).await
    };
    let done = save("weight", &seen).await;
    assert_eq!(done.status, StatusCode::OK, "{done:?}");
    for tag in [seen.as_str(), "*", "\"\""] {
        let late = save("order", tag).await;
        assert_eq!(late.status, StatusCode::PRECONDITION_FAILED, "{tag}: {late:?}");
    }
    let now = shown(&office, OWN, |it| it["config"]["choose"] == "weight").await;
    let done = save("order", now.header("etag")).await;
    assert_eq!(done.status, StatusCode::OK, "it was looked at again: {done:?}");
}
