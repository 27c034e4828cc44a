//! Every operation, asked by every role.

use konstruct_tests::postgres::raw;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::Office;

/// What it takes, as the table of roles says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Need {
    /// To look on.
    Read,
    /// To design agents and connect channels.
    Write,
    /// To run the installation.
    Manage,
    /// To see the installation.
    Platform,
}

/// An operation that changes nothing even where it is allowed: what it names is not there, or what it
/// sends cannot be had.
type Line = (Method, &'static str, Need, Option<Value>);

fn walk() -> Vec<Line> {
    use Need::{Manage, Platform, Read, Write};
    let (get, put, post, delete) =
        (|| Method::GET, || Method::PUT, || Method::POST, || Method::DELETE);
    let nobody = || Some(json!({ "agent": "nobody" }));
    let unnamed = || Some(json!({ "name": "" }));
    vec![
        (post(), "/tenants", Manage, Some(json!({ "slug": "-", "name": "" }))),
        (get(), "/usage", Platform, None),
        (get(), "/tenants/acme", Read, None),
        (delete(), "/tenants/acme?confirm=beta", Manage, None),
        (put(), "/tenants/acme/name", Manage, unnamed()),
        (put(), "/tenants/acme/limits", Manage, Some(json!({ "messages_per_minute": 6000 }))),
        (put(), "/tenants/acme/budget", Manage, Some(json!({ "monthly_micros": null }))),
        (post(), "/tenants/acme/suspend", Manage, None),
        (post(), "/tenants/acme/resume", Manage, None),
        (get(), "/tenants/acme/agents", Read, None),
        (post(), "/tenants/acme/agents", Write, Some(json!({ "slug": "mara", "name": "Mara" }))),
        (get(), "/tenants/acme/agents/mara", Read, None),
        (get(), "/tenants/acme/agents/mara/budget", Read, None),
        (put(), "/tenants/acme/agents/mara/budget", Manage, Some(json!({ "daily_micros": 5 }))),
        (put(), "/tenants/acme/agents/nobody/draft", Write, unnamed()),
        (post(), "/tenants/acme/agents/mara/publish", Write, Some(json!({}))),
        (get(), "/tenants/acme/agents/mara/versions", Read, None),
        (get(), "/tenants/acme/agents/mara/versions/1", Read, None),
        (post(), "/tenants/acme/agents/mara/versions/9/restore", Write, Some(json!({}))),
        (get(), "/tenants/acme/agents/mara/replays", Read, None),
        (post(), "/tenants/acme/agents/mara/replays", Write, Some(json!({ "candidate": "99" }))),
        (get(), "/tenants/acme/agents/mara/replays/none", Read, None),
        (post(), "/tenants/acme/agents/mara/replays/none/stop", Write, None),
        (post(), "/tenants/acme/agents/mara/replays/none/resume", Write, Some(json!({}))),
        (get(), "/tenants/acme/agents/mara/tests", Read, None),
        (post(), "/tenants/acme/agents/mara/tests/run", Write, Some(json!({ "candidate": "9" }))),
        (post(), "/tenants/acme/agents/mara/tests/resume", Write, None),
        (post(), "/tenants/acme/agents/nobody/retire", Write, None),
        (get(), "/tenants/acme/tools", Read, None),
        (get(), "/tenants/acme/tools/none", Read, None),
        (put(), "/tenants/acme/tools/orders", Write, Some(json!({ "description": "Nothing." }))),
        (delete(), "/tenants/acme/tools/none", Write, None),
        (get(), "/tenants/acme/model-groups", Read, None),
        (get(), "/tenants/acme/model-groups/none", Read, None),
        (put(), "/tenants/acme/model-groups/own", Write, Some(json!({ "deployments": [] }))),
        (delete(), "/tenants/acme/model-groups/none", Write, None),
        (get(), "/tenants/acme/connections", Read, None),
        (
            post(),
            "/tenants/acme/connections",
            Write,
            Some(json!({ "team_id": "T1", "bot_token": "", "agent": "mara" })),
        ),
        (get(), "/tenants/acme/connections/slack-T0ACME", Read, None),
        (put(), "/tenants/acme/connections/slack-T0ACME/agent", Write, nobody()),
        (delete(), "/tenants/acme/connections/slack-T0NONE", Write, None),
        (get(), "/tenants/acme/conversations", Read, None),
        (get(), "/tenants/acme/conversations/slack-T0ACME/none", Read, None),
        (post(), "/tenants/acme/conversations/slack-T0ACME/none/hand-back", Write, None),
        (get(), "/tenants/acme/messages/none/trace", Read, None),
        (get(), "/tenants/acme/usage", Read, None),
    ]
}

#[tokio::test]
async fn every_role_may_what_the_table_says_and_a_stranger_finds_nothing() {
    let office = Office::open().await;
    let roles = [
        ("administrator", &office.administrator),
        ("engineer", &office.engineer),
        ("operator", &office.operator),
        ("viewer", &office.viewer),
        ("stranger", &office.stranger),
    ];
    for (method, path, need, body) in walk() {
        for (role, key) in roles {
            let answer = office.send(key, (method.clone(), path), body.clone(), &[]).await;
            let want = match (need, role) {
                (_, "administrator")
                | (Need::Platform, "engineer")
                | (Need::Read, "engineer" | "operator" | "viewer")
                | (Need::Write, "operator") => None,
                (Need::Platform, _) | (_, "stranger") => Some(StatusCode::NOT_FOUND),
                (Need::Manage, "operator" | "viewer") if path == "/tenants" => {
                    Some(StatusCode::NOT_FOUND)
                }
                _ => Some(StatusCode::FORBIDDEN),
            };
            let told = format!("{role}: {method} {path}: {answer:?}");
            match want {
                Some(want) => assert_eq!(answer.status, want, "{told}"),
                None => {
                    let refused = [StatusCode::UNAUTHORIZED, StatusCode::FORBIDDEN];
                    assert!(!refused.contains(&answer.status), "{told}");
                    assert!(!answer.status.is_server_error(), "{told}");
                    let is_there = need != Need::Write && !path.contains("none");
                    assert!(!is_there || answer.status != StatusCode::NOT_FOUND, "{told}");
                }
            }
        }
    }
}

#[tokio::test]
async fn a_key_of_the_installation_reads_on_the_record() {
    let office = Office::open().await;
    let log = raw(&office.it.database.superuser_url()).await.unwrap();
    let noted = async || -> i64 {
        let sql = "select count(*) from operator_log where action = 'conversations.read' \
                   and tenant = 'acme' and ip = 'api'";
        log.query_one(sql, &[]).await.unwrap().get(0)
    };
    let reads = |path: &str| {
        ["/conversations", "/messages/", "/replays/", "/tests"].iter().any(|it| path.contains(it))
    };
    let mut walked = 0;
    let reading =
        walk().into_iter().filter(|(method, path, ..)| *method == Method::GET && reads(path));
    for (method, path, ..) in reading {
        let before = noted().await;
        office.send(&office.engineer, (method.clone(), path), None, &[]).await;
        assert_eq!(noted().await, before + 1, "{path} leaves no line");
        for key in [&office.viewer, &office.stranger] {
            office.send(key, (method.clone(), path), None, &[]).await;
        }
        assert_eq!(noted().await, before + 1, "{path}: who belongs there leaves none");
        walked += 1;
    }
    assert_eq!(walked, 5, "operations");
}

#[tokio::test]
async fn no_operation_is_left_out_of_the_walk() {
    let described = api::document();
    let mut left = Vec::new();
    for (path, item) in &described.paths.paths {
        let all = [
            (Method::GET, &item.get),
            (Method::PUT, &item.put),
            (Method::POST, &item.post),
            (Method::DELETE, &item.delete),
        ];
        for (method, _) in all.into_iter().filter(|(_, operation)| operation.is_some()) {
            let fits = |line: &Line| line.0 == method && is_of(line.1, path);
            if !walk().iter().any(fits) {
                left.push(format!("{method} {path}"));
            }
        }
    }
    // It shows each key its own; `changes.rs` asks it.
    assert_eq!(left, ["GET /tenants"]);
}

/// Whether that path is one of the template's.
fn is_of(path: &str, template: &str) -> bool {
    let path = path.split('?').next().unwrap_or_default();
    let (path, template): (Vec<_>, Vec<_>) =
        (path.split('/').collect(), template.split('/').collect());
    let fits = |(part, named): (&&str, &&str)| named.starts_with('{') || part == named;
    path.len() == template.len() && path.iter().zip(&template).all(fits)
}

/// A place in the list of threads as the API writes it, with U+0000 in the name of a thread.
const FORGED: &str = "WzEsImMiLCJ0XHUwMDAwIiwxLCJjIiwidCJd";

#[tokio::test]
async fn no_operation_takes_a_nul() {
    let office = Office::open().await;
    let admin = &office.administrator;
    let mut bodies = 0;
    for (method, path, _, body) in walk() {
        let joint = if path.contains('?') { '&' } else { '?' };
        let at = format!("{path}{joint}search=%00");
        let answer = office.send(admin, (method.clone(), &at), body.clone(), &[]).await;
        assert!(!answer.status.is_server_error(), "{method} {at}: {answer:?}");
        let Some(mut body) = body else { continue };
        body["na\0me"] = json!("a\0b");
        let answer = office.send(admin, (method.clone(), path), Some(body), &[]).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{method} {path}: {answer:?}");
        assert_eq!(answer.fields(), ["body"], "{method} {path}: {answer:?}");
        bodies += 1;
    }
    assert!(10 < bodies, "{bodies} bodies");
    let (threads, forged) = ("/tenants/acme/conversations", format!("cursor={FORGED}"));
    for (path, query, field) in [
        ("/tenants", "search=%00", "search"),
        (threads, "person=U%00", "person"),
        (threads, "text=%00", "text"),
        (threads, &*forged, "cursor"),
        ("/tenants/acme/agents/mara/replays", "after=%00", "after"),
    ] {
        let answer = office.get(admin, &format!("{path}?{query}")).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{path}?{query}: {answer:?}");
        assert_eq!(answer.fields(), [field], "{path}?{query}: {answer:?}");
    }
    for path in [
        "/tenants/%00",
        "/tenants/acme/agents/mara/replays/%00",
        "/tenants/acme/conversations/slack-T0ACME/%00",
        "/tenants/acme/messages/%00/trace",
    ] {
        let answer = office.get(admin, path).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path}: {answer:?}");
    }
    let said = office.it.said("portal");
    assert!(!said.contains("the database did not do"), "{said}");
}
