//! A request that is sent again is carried out once.

use reqwest::{Method, StatusCode};
use serde_json::json;

use crate::Office;

#[tokio::test]
async fn the_same_request_again_has_the_same_answer_and_another_one_needs_another_name() {
    let office = Office::open().await;
    let admin = &office.administrator;
    let named = [("idempotency-key", "order-7")];
    let gamma = || Some(json!({ "slug": "gamma", "name": "Gamma" }));
    let send = |body| office.send(admin, (Method::POST, "/tenants"), body, &named);
    let first = send(gamma()).await;
    assert_eq!(first.status, StatusCode::CREATED, "{first:?}");
    let again = send(gamma()).await;
    assert_eq!((again.status, &again.body), (first.status, &first.body));
    assert_eq!(again.header("idempotency-replayed"), "true");
    assert_eq!(again.header("location"), first.header("location"));
    assert_eq!(again.header("content-type"), "application/json");
    let other = send(Some(json!({ "slug": "delta", "name": "Delta" }))).await;
    assert_eq!(
        (other.status, other.fields()),
        (StatusCode::UNPROCESSABLE_ENTITY, vec!["Idempotency-Key"])
    );
    // Without a name the slug is taken; another key's names are its own.
    let bare = office.post(admin, "/tenants", gamma().unwrap()).await;
    assert_eq!(bare.fields(), ["slug"], "{bare:?}");
    let agent = Some(json!({ "slug": "ada", "name": "Ada" }));
    let path = "/tenants/acme/agents";
    let made = office.send(&office.operator, (Method::POST, path), agent, &named).await;
    assert_eq!(made.status, StatusCode::CREATED, "{made:?}");
}

#[tokio::test]
async fn a_request_that_changed_nothing_leaves_its_name_free() {
    let office = Office::open().await;
    let named = [("idempotency-key", "order-8")];
    let send =
        |body| office.send(&office.administrator, (Method::POST, "/tenants"), Some(body), &named);
    let refused = send(json!({ "slug": "gamma", "name": "" })).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{refused:?}");
    let made = send(json!({ "slug": "gamma", "name": "Gamma" })).await;
    assert_eq!(made.status, StatusCode::CREATED, "{made:?}");
}
