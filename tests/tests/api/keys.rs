//! Who is let in, and how often.

use accounts::{Grant, PlatformRole};
use reqwest::{Method, StatusCode};
use serde_json::json;

use crate::{Office, key, root, visit};

#[tokio::test]
async fn a_key_that_was_revoked_opens_nothing_and_is_in_no_log() {
    let office = Office::open().await;
    let grant = Grant::Platform(PlatformRole::Engineer);
    let (id, token) = key(&office.accounts, &grant).await;
    let secret = token.expose();
    assert_eq!(office.get(secret, "/tenants").await.status, StatusCode::OK);
    office.accounts.revoke_api_key(&root(), None, &id, &visit()).await.unwrap();
    let refused = office.get(secret, "/tenants").await;
    assert_eq!(refused.status, StatusCode::UNAUTHORIZED);
    assert_eq!(refused.header("www-authenticate"), "Bearer");
    assert_eq!(refused.header("content-type"), "application/problem+json");
    assert_eq!(refused.body["type"], "/api/v1#key");
    let reference = refused.body["reference"].as_str().unwrap();
    let log = office.it.said("portal");
    assert!(log.contains(reference), "{log}");
    for secret in [secret, &office.administrator, &office.viewer] {
        assert!(!log.contains(secret) && !refused.body.to_string().contains(secret));
    }
}

#[tokio::test]
async fn no_cookie_and_no_other_site_opens_anything() {
    let office = Office::open().await;
    let url = format!("{}/api/v1/tenants", office.it.portal());
    let bare = office.http.get(&url).header("cookie", format!("__Host-ks={}", office.operator));
    assert_eq!(bare.send().await.unwrap().status(), StatusCode::UNAUTHORIZED);
    // A program sends neither `Origin` nor `Sec-Fetch-Site`, and is let in with its key all the same.
    let body = json!({ "slug": "gamma", "name": "Gamma" });
    let made = office.post(&office.administrator, "/tenants", body).await;
    assert_eq!(made.status, StatusCode::CREATED, "{made:?}");
    // Its description needs no key, and neither does the page.
    for path in ["", "/openapi.json"] {
        let url = format!("{}/api/v1{path}", office.it.portal());
        assert_eq!(office.http.get(&url).send().await.unwrap().status(), StatusCode::OK, "{path}");
    }
    let missing = office.get(&office.administrator, "/nothing").await;
    assert_eq!(
        (missing.status, &missing.body["type"]),
        (StatusCode::NOT_FOUND, &json!("/api/v1#not-found"))
    );
    let method = office.send(&office.administrator, (Method::DELETE, "/tenants"), None, &[]).await;
    assert_eq!(method.status, StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(method.body["type"], "/api/v1#method");
}

#[tokio::test]
async fn a_key_that_asks_too_often_waits_and_others_do_not() {
    let office = Office::open_with(&[("KONSTRUCT_API_PER_MINUTE", "20")]).await;
    // More often than one each three seconds, even on a machine that does other things too.
    let mut refused = office.get(&office.operator, "/tenants").await;
    for _ in 0..1000 {
        if refused.status != StatusCode::OK {
            break;
        }
        refused = office.get(&office.operator, "/tenants").await;
    }
    assert_eq!(refused.status, StatusCode::TOO_MANY_REQUESTS);
    let wait: u64 = refused.header("retry-after").parse().unwrap();
    assert!((1..=3).contains(&wait), "{wait}");
    assert_eq!(office.get(&office.engineer, "/tenants").await.status, StatusCode::OK);
}
