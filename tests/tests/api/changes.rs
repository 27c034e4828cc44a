//! From nothing to an agent that answers, and what is refused on the way.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::Office;

#[tokio::test]
async fn a_tenant_is_made_worked_on_and_deleted() {
    let office = Office::open().await;
    let admin = &office.administrator;
    let new = json!({ "slug": "gamma", "name": "Gamma", "limits": { "messages_per_minute": 9 } });
    let made = office.post(admin, "/tenants", new).await;
    assert_eq!(made.status, StatusCode::CREATED, "{made:?}");
    assert_eq!(made.header("location"), "/api/v1/tenants/gamma");
    assert_eq!(made.body["id"], "gamma");
    let agent = json!({ "slug": "ada", "name": "Ada" });
    let made = office.post(admin, "/tenants/gamma/agents", agent).await;
    assert_eq!(made.header("location"), "/api/v1/tenants/gamma/agents/ada", "{made:?}");

    let read = shown(&office, "/tenants/gamma/agents/ada", |it| it["state"] == "draft").await;
    assert_eq!(read.header("etag"), "\"v0.r0\"");
    let config = json!({ "name": "Ada", "job_description": "Answers.", "escalation": [
        { "when": { "keywords": ["refund"] }, "to_channel": "C1" },
        { "when": "asked_for_human", "to_channel": "C1" },
    ] });
    let path = "/tenants/gamma/agents/ada/draft";
    let saved = office.put(admin, path, config.clone()).await;
    assert_eq!((saved.status, saved.header("etag")), (StatusCode::OK, "\"v0.r1\""), "{saved:?}");
    assert_eq!(saved.body["config"]["escalation"], config["escalation"]);

    let publish = "/tenants/gamma/agents/ada/publish";
    let note = || Some(json!({ "note": "first" }));
    let blind = office.send(admin, (Method::POST, publish), note(), &[]).await;
    assert_eq!(blind.status, StatusCode::PRECONDITION_REQUIRED);
    for stale in ["\"v0.r0\"", "\"v1.r1\"", "*"] {
        let headers = [("if-match", stale)];
        let refused = office_send(&office, publish, note(), &headers).await;
        assert_eq!(refused.status, StatusCode::PRECONDITION_FAILED, "{stale}: {refused:?}");
    }
    let done = office_send(&office, publish, note(), &[("if-match", "\"v0.r1\"")]).await;
    assert_eq!(done.status, StatusCode::OK, "{done:?}");
    let read = shown(&office, "/tenants/gamma/agents/ada", |it| it["version"] == 1).await;
    assert_eq!(read.body["published"]["job_description"], "Answers.");
    let versions = office.get(admin, "/tenants/gamma/agents/ada/versions").await;
    assert_eq!(versions.body["items"][0]["note"], "first", "{versions:?}");
    assert_eq!(versions.body["items"][0]["via"], "api");

    let budget = "/tenants/gamma/agents/ada/budget";
    let set = json!({ "daily_micros": 5_000_000, "monthly_micros": null });
    assert_eq!(office.put(admin, budget, set.clone()).await.status, StatusCode::OK);
    let read = shown(&office, budget, |it| it["budget"] == set).await;
    assert_eq!(
        (&read.body["spent_today_micros"], &read.body["spent_month_micros"]),
        (&json!(0), &json!(0))
    );

    let new = json!({ "team_id": "T0NEW", "bot_token": "xoxb-T0NEW", "agent": "ada" });
    let made = office.post(admin, "/tenants/gamma/connections", new).await;
    assert_eq!(
        made.header("location"),
        "/api/v1/tenants/gamma/connections/slack-T0NEW",
        "{made:?}"
    );
    let path = "/tenants/gamma/connections/slack-T0NEW";
    let read = shown(&office, path, |it| it["active"] == true).await;
    assert!(!read.body.to_string().contains("xoxb-"), "{read:?}");
    assert!(!office.it.said("portal").contains("xoxb-T0NEW"));

    let wrong =
        office.send(admin, (Method::DELETE, "/tenants/gamma?confirm=Gamma"), None, &[]).await;
    assert_eq!((wrong.status, wrong.fields()), (StatusCode::UNPROCESSABLE_ENTITY, vec!["confirm"]));
    let gone =
        office.send(admin, (Method::DELETE, "/tenants/gamma?confirm=gamma"), None, &[]).await;
    assert_eq!(gone.status, StatusCode::OK, "{gone:?}");
    shown(&office, "/tenants/gamma", |it| it["status"] == "deleted").await;
}

#[tokio::test]
async fn each_mistake_is_named_by_its_field() {
    let office = Office::open().await;
    let admin = &office.administrator;
    let draft = "/tenants/acme/agents/mara/draft";
    for (method, path, body, fields) in [
        (Method::POST, "/tenants", json!({ "slug": "Acme!", "name": " " }), vec!["slug", "name"]),
        (Method::POST, "/tenants", json!({ "slug": "acme", "name": "A" }), vec!["slug"]),
        (Method::POST, "/tenants", json!({ "name": "A" }), vec!["slug"]),
        (Method::POST, "/tenants", json!({ "slug": "a", "name": "A", "plan": 1 }), vec!["plan"]),
        (
            Method::PUT,
            "/tenants/acme/limits",
            json!({ "messages_per_minute": -1 }),
            vec!["messages_per_minute"],
        ),
        (
            Method::PUT,
            "/tenants/acme/limits",
            json!({ "messages_per_minute": 9, "keep_days": 31 }),
            vec!["keep_days"],
        ),
        (
            Method::PUT,
            draft,
            json!({ "name": "M", "follow_minutes": 9999 }),
            vec!["follow_minutes"],
        ),
        (Method::PUT, draft, json!({ "name": "M", "tools": [7] }), vec!["tools[0]"]),
        (
            Method::PUT,
            draft,
            json!({ "name": "M", "escalation": [
                { "when": "budget", "to_channel": "C1" },
                { "when": "budget", "to_channel": "C".repeat(201) },
            ] }),
            vec!["escalation[1].to_channel"],
        ),
        (
            Method::POST,
            "/tenants/acme/agents",
            json!({ "slug": "new", "name": "New" }),
            vec!["slug"],
        ),
        (
            Method::POST,
            "/tenants/acme/connections",
            json!({ "team_id": "T1", "bot_token": "xoxb-secret", "agent": "mara" }),
            vec!["bot_token"],
        ),
    ] {
        let refused = office.send(admin, (method, path), Some(body.clone()), &[]).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{path} {body}: {refused:?}");
        assert_eq!(refused.fields(), fields, "{path} {body}: {refused:?}");
        assert!(!refused.body.to_string().contains("secret"), "{refused:?}");
    }
    for query in ["limit=many", "limt=1", "after=A!", "status=gone"] {
        let refused = office.get(admin, &format!("/tenants?{query}")).await;
        let field = query.split('=').next().unwrap();
        assert_eq!(refused.fields(), [field], "{query}: {refused:?}");
    }
    let usage = office.get(admin, "/usage?from=2026-02-30").await;
    assert_eq!(usage.fields(), ["from"], "{usage:?}");
}

#[tokio::test]
async fn a_page_of_tenants_leads_to_the_next_and_each_key_sees_its_own() {
    let office = Office::open().await;
    let first = office.get(&office.administrator, "/tenants?limit=1").await;
    assert_eq!(slugs(&first.body), ["acme"]);
    let next = first.body["next"].as_str().unwrap();
    let second = office.get(&office.administrator, &format!("/tenants?limit=1&after={next}")).await;
    assert_eq!((slugs(&second.body), &second.body["next"]), (vec!["beta"], &Value::Null));
    let own = office.get(&office.stranger, "/tenants").await;
    assert_eq!(slugs(&own.body), ["beta"]);
}

fn slugs(page: &Value) -> Vec<&str> {
    page["items"].as_array().unwrap().iter().filter_map(|it| it["id"].as_str()).collect()
}

async fn office_send(
    office: &Office,
    path: &str,
    body: Option<Value>,
    headers: &[(&str, &str)],
) -> crate::Answer {
    office.send(&office.administrator, (Method::POST, path), body, headers).await
}

/// What is at that path once the read models have it.
pub(crate) async fn shown(
    office: &Office,
    path: &str,
    is_it: impl Fn(&Value) -> bool,
) -> crate::Answer {
    let look = || async { Ok(is_it(&office.get(&office.administrator, path).await.body)) };
    konstruct_tests::wait::until(std::time::Duration::from_mins(1), path, look).await.unwrap();
    office.get(&office.administrator, path).await
}

#[tokio::test]
async fn a_tenant_that_changes_without_end_is_told_when_to_come_back() {
    // Some 1.2 MiB a day.
    let office = Office::open_with(&[("KONSTRUCT_TENANT_SHARE_PERCENT", "1")]).await;
    let put = async |key: &str, path: &str, n: usize| {
        let body = json!({ "name": "Mara", "persona": format!("{n}{}", "x".repeat(60_000)) });
        office.put(key, path, body).await
    };
    let mut saved = 0;
    let refused = loop {
        let answer = put(&office.operator, "/tenants/acme/agents/mara/draft", saved).await;
        if answer.status != StatusCode::OK {
            break answer;
        }
        saved += 1;
        assert!(saved < 100, "there is an end");
    };
    assert_eq!(refused.status, StatusCode::TOO_MANY_REQUESTS, "{refused:?}");
    let wait: u64 = refused.header("retry-after").parse().unwrap();
    assert!(0 < wait && wait <= 24 * 60 * 60 + 1, "{wait}");
    let told = refused.body["detail"].as_str().unwrap();
    assert!(told.contains("changed too much today"), "{told}");
    let other = put(&office.stranger, "/tenants/beta/agents/otto/draft", 0).await;
    assert_eq!(other.status, StatusCode::OK, "{other:?}");
    let suspended = office.post(&office.administrator, "/tenants/acme/suspend", json!({})).await;
    assert_eq!(suspended.status, StatusCode::OK, "{suspended:?}");
}
