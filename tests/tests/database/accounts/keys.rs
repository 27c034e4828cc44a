use accounts::{AccountsError, ApiToken, Denied, Grant, PlatformRole, TenantRole};
use konstruct_tests::postgres::raw;

use super::{MINUTE, house, visit};
use crate::{at, tenant};

#[tokio::test]
async fn a_key_of_the_api_is_shown_once_and_opens_its_tenant_until_it_is_revoked() {
    let house = house().await;
    let mara = house.mara().await.principal;
    let acme = tenant("acme");
    let grant = Grant::Tenant(acme.clone(), TenantRole::Viewer);
    let made = house.accounts.make_api_key(&mara, "ci", &grant, &visit(0)).await.unwrap();
    let found = house.accounts.principal_of_key(&made.key, at(MINUTE)).await.unwrap().unwrap();
    assert_eq!((&found.operator, found.via, found.platform), (&made.id, "api", None));
    assert_eq!(found.tenants, [(acme.clone(), TenantRole::Viewer)].into());
    let listed = house.accounts.api_keys(&mara, Some(&acme)).await.unwrap();
    assert!(made.key.expose().starts_with(&listed[0].prefix) && listed[0].prefix.len() == 16);
    assert_eq!(listed[0].last_used_at, Some(at(MINUTE)));
    assert!(house.accounts.api_keys(&mara, None).await.unwrap().is_empty());

    let wrong = ApiToken::from(format!("{}x", made.key.expose()));
    assert!(house.accounts.principal_of_key(&wrong, at(1)).await.unwrap().is_none());
    let other = tenant("other");
    let revoked = house.accounts.revoke_api_key(&mara, Some(&other), &made.id, &visit(2)).await;
    assert!(matches!(revoked, Err(AccountsError::Denied(Denied::NotFound))), "not of that tenant");
    house.accounts.revoke_api_key(&mara, Some(&acme), &made.id, &visit(2)).await.unwrap();
    assert!(house.accounts.principal_of_key(&made.key, at(3)).await.unwrap().is_none());

    // Whoever holds a key gives no more than it may: a viewer makes none.
    let made = house.accounts.make_api_key(&found, "more", &grant, &visit(4)).await;
    assert!(matches!(made, Err(AccountsError::Denied(Denied::Forbidden))));
    let all = Grant::Platform(PlatformRole::Engineer);
    let made = house.accounts.make_api_key(&found, "more", &all, &visit(4)).await;
    assert!(matches!(made, Err(AccountsError::Denied(Denied::NotFound))));
}

#[tokio::test]
async fn no_table_holds_a_token_a_code_or_a_password_in_the_clear() {
    let mut house = house().await;
    let (app, code) = house.app(0).await;
    let mara = house.mara().await.principal;
    let grant = Grant::Platform(PlatformRole::Engineer);
    let key = house.accounts.make_api_key(&mara, "ci", &grant, &visit(0)).await.unwrap().key;
    let admin = raw(&house.world.test.superuser_url()).await.unwrap();
    let mut dump = String::new();
    for table in [
        "operator",
        "operator_session",
        "recovery_code",
        "one_use_token",
        "api_key",
        "operator_log",
        "sign_in_throttle",
    ] {
        let sql = format!("select coalesce(string_agg(t::text, ' '), '') from {table} t");
        dump.push_str(&admin.query_one(&sql, &[]).await.unwrap().get::<_, String>(0));
    }
    assert!(dump.contains("mara@example.com"), "{dump}");
    let shown =
        [house.session.expose(), app.expose(), code.expose(), key.expose(), super::PASSWORD];
    for text in shown {
        // A column of bytes is shown in hex.
        let hex = hex::encode(text);
        assert!(!dump.contains(text) && !dump.contains(&hex), "{text}: {dump}");
    }
}
