//! Tools are declared, changed and taken away.

use std::collections::BTreeMap;

use desk::{DeskError, Seen, ToolUser, WishedHeader, WishedKind, WishedTool, Written, fingerprint};
use domain::{access::TenantRole, config::OpenConfig};
use konstruct_tests::postgres::raw;
use schemas::{ToolId, directory::HttpMethod};
use serde_json::json;

use crate::{Office, acme, admin, mara, principal};

pub(crate) fn id() -> ToolId {
    "orders".parse().unwrap()
}

/// A tool that can be had.
pub(crate) fn orders() -> WishedTool {
    WishedTool {
        description: "Looks up an order.".to_owned(),
        kind: WishedKind::Http {
            method: HttpMethod::Get,
            url: "https://api.acme.example/orders/{order}".to_owned(),
            arguments: json!({
                "type": "object",
                "properties": { "order": { "type": "string" } },
                "required": ["order"],
            }),
        },
        headers: None,
        allow_private: false,
        timeout_seconds: 10,
    }
}

fn with(header: WishedHeader) -> WishedTool {
    let headers = Some(BTreeMap::from([("authorization".to_owned(), header)]));
    WishedTool { headers, ..orders() }
}

async fn saved(office: &Office, wish: WishedTool) -> Result<Written, DeskError> {
    let written =
        office.desk.save_tool(&admin(), &acme(), ("orders", Seen::Whatever), wish).await?;
    office.shown(written).await;
    Ok(written)
}

#[tokio::test]
async fn a_secret_of_a_tool_is_in_no_event_table_error_or_log_and_goes_with_it() {
    let office = Office::of_acme().await;
    let keys = ["FIRST-OF-ALL", "SECOND-TO-NONE", "bad\r\nTHIRD-TIME"];
    let wish = |key: &str| with(WishedHeader::Secret(format!("Bearer {key}").into()));
    for key in &keys[..2] {
        saved(&office, wish(key)).await.unwrap();
    }
    let kept = office
        .desk
        .save_tool(&admin(), &acme(), ("orders", Seen::Whatever), with(WishedHeader::Kept))
        .await;
    assert_eq!(kept.unwrap().sequence, 0, "nothing is changed");
    let error = saved(&office, wish(keys[2])).await.unwrap_err();
    let mut all = format!("{error} {error:?} {:?}", wish(keys[2]));
    all += &office.log().await;
    all += &office.it.said("projector");
    let client = raw(&office.it.database.superuser_url()).await.unwrap();
    let secrets = "select count(*) from secret";
    assert_eq!(client.query_one(secrets, &[]).await.unwrap().get::<_, i64>(0), 1);
    for table in ["secret", "p_change", "p_event"] {
        let sql = format!("select coalesce(string_agg(t::text, ''), '') from {table} t");
        all += &client.query_one(&sql, &[]).await.unwrap().get::<_, String>(0);
    }
    assert!(all.contains("tool:orders/authorization/"), "events name it");
    for key in ["FIRST", "SECOND", "THIRD"] {
        assert!(!all.contains(key), "{key} is in {all}");
    }
    office.shown(office.desk.remove_tool(&admin(), &acme(), &id()).await.unwrap()).await;
    assert_eq!(client.query_one(secrets, &[]).await.unwrap().get::<_, i64>(0), 0);
    assert_eq!(office.desk.tools(&admin(), &acme()), Ok(Vec::new()));
    let again = office.desk.remove_tool(&admin(), &acme(), &id()).await.unwrap();
    assert_eq!(again.sequence, 0, "gone is gone");
}

/// Its secret would go with it, and whoever says where could read it there.
#[tokio::test]
async fn a_tool_that_moves_needs_its_secret_again() {
    let office = Office::of_acme().await;
    saved(&office, with(WishedHeader::Secret("Bearer of-acme-1".to_owned().into()))).await.unwrap();
    let kind = WishedKind::Http {
        method: HttpMethod::Get,
        url: "https://evil.example/".to_owned(),
        arguments: json!({ "type": "object" }),
    };
    for headers in [None, with(WishedHeader::Kept).headers] {
        let moved = WishedTool { kind: kind.clone(), headers, ..orders() };
        let error = saved(&office, moved).await.unwrap_err().to_string();
        assert!(error.contains("its secret must be said again"), "{error}");
    }
    let moved = WishedTool { kind, headers: Some(BTreeMap::new()), ..orders() };
    saved(&office, moved).await.unwrap();
}

#[tokio::test]
async fn an_agent_is_published_with_tools_that_are_there_and_keeps_them() {
    let office = Office::of_acme().await;
    let (desk, admin, tenant, agent) = (&office.desk, admin(), acme(), mara());
    let config = |tools: &[&str]| OpenConfig {
        tools: tools.iter().map(|&it| it.to_owned()).collect(),
        ..OpenConfig::named("Mara")
    };
    let at = (&tenant, &agent);
    let tools = ["current_time", "orders"];
    let error = desk.publish_config(&admin, at, config(&tools), ("", 0)).await.unwrap_err();
    assert_eq!(error.to_string(), "`tools` names `orders`, and there is no such tool");
    saved(&office, orders()).await.unwrap();
    office.shown(desk.publish_config(&admin, at, config(&tools), ("", 0)).await.unwrap()).await;
    let mara = ToolUser { agent: agent.clone(), name: "Mara".to_owned(), answers: true };
    assert_eq!(desk.tool_users(&admin, &tenant, &id()), Ok(vec![mara]));
    let error = desk.remove_tool(&admin, &tenant, &id()).await.unwrap_err();
    assert_eq!(error.to_string(), "tool `orders` is used by `mara`: publish without it first");
    office.shown(desk.publish_config(&admin, at, config(&[]), ("", 1)).await.unwrap()).await;
    assert_eq!(desk.tool_users(&admin, &tenant, &id()), Ok(Vec::new()));
    office.shown(desk.remove_tool(&admin, &tenant, &id()).await.unwrap()).await;
    let back = desk.restore(&admin, at, 1, "").await.unwrap_err();
    assert_eq!(back.to_string(), "`tools` names `orders`, and there is no such tool");
}

/// What stands in a private network is the installation's.
#[tokio::test]
async fn only_who_runs_the_installation_lets_a_tool_into_its_networks() {
    let office = Office::of_acme().await;
    let operator = principal("o-acme", None, &[("acme", TenantRole::Operator)]);
    let private = || WishedTool { allow_private: true, ..orders() };
    let no = "`allow_private` is for those who run this installation to say";
    let error = office
        .desk
        .save_tool(&operator, &acme(), ("orders", Seen::Whatever), private())
        .await
        .unwrap_err();
    assert_eq!(error.to_string(), no);
    saved(&office, private()).await.unwrap();
    let error = office
        .desk
        .save_tool(&operator, &acme(), ("orders", Seen::Whatever), orders())
        .await
        .unwrap_err();
    assert_eq!(error.to_string(), no, "nor does another change what was allowed");
    let own = office
        .desk
        .save_tool(&operator, &acme(), ("refunds", Seen::Whatever), orders())
        .await
        .unwrap();
    office.shown(own).await;
    let author = office.log().await.lines().last().unwrap().to_owned();
    assert!(author.contains(r#""operator":"o-acme""#), "{author}");
}

#[tokio::test]
async fn each_mistake_of_a_declaration_is_named() {
    let office = Office::of_acme().await;
    let before = office.stored().await;
    let wish = WishedTool {
        kind: WishedKind::Http {
            method: HttpMethod::Post,
            url: "https://user:pass@api.acme.example/".to_owned(),
            arguments: json!({ "type": "object", "properties": { "a": { "type": "nonsense" } } }),
        },
        ..orders()
    };
    let error = saved(&office, wish).await.unwrap_err().to_string();
    assert!(error.contains("`url` has a user or a password in it"), "{error}");
    assert!(error.contains("`arguments` is not a JSON schema"), "{error}");
    let error = office
        .desk
        .save_tool(&admin(), &acme(), ("A b", Seen::Whatever), orders())
        .await
        .unwrap_err();
    assert!(error.to_string().starts_with("`slug` cannot be used"), "{error}");
    assert_eq!(office.stored().await, before, "nothing was written");
}

/// Each made from the same tool, at two desks, and then by somebody who still looks at it.
#[tokio::test]
async fn who_changes_a_tool_second_is_told_and_changes_nothing() {
    let office = Office::of_acme().await;
    saved(&office, orders()).await.unwrap();
    let (admin, tenant) = (admin(), acme());
    let tools = || office.desk.tools(&admin, &tenant).unwrap();
    let seen = fingerprint(&tools()[0]);
    let at = ("orders", Seen::As(&seen));
    let told = |description: &str| WishedTool { description: description.to_owned(), ..orders() };
    let (one, other) = tokio::join!(
        office.desk.save_tool(&admin, &tenant, at, told("One.")),
        office.other_desk.save_tool(&admin, &tenant, at, told("Other.")),
    );
    let (written, refused, description) = match (one, other) {
        (Ok(written), Err(refused)) => (written, refused, "One."),
        (Err(refused), Ok(written)) => (written, refused, "Other."),
        both => panic!("{both:?}"),
    };
    office.shown(written).await;
    let late = office.desk.save_tool(&admin, &tenant, at, told("Late.")).await.unwrap_err();
    let want = "somebody else changed this meanwhile: look at it again, then decide";
    assert_eq!((refused.to_string().as_str(), late.to_string().as_str()), (want, want));
    assert!(matches!(late, DeskError::Conflict { .. }), "{late:?}");
    assert_eq!(tools()[0].description, description);
}
