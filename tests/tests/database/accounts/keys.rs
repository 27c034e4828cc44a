use accounts::{AccountsError, ApiToken, Denied, Grant, PlatformRole, TenantRole};
use konstruct_tests::postgres::raw;
use schemas::TenantId;

use super::{House, MINUTE, OTHER, house, visit};
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

/// Which of these open anything.
async fn open<const N: usize>(house: &House, keys: &[ApiToken; N]) -> [bool; N] {
    let mut open = [false; N];
    for (key, open) in keys.iter().zip(&mut open) {
        *open = house.accounts.principal_of_key(key, at(9)).await.unwrap().is_some();
    }
    open
}

#[tokio::test]
async fn a_key_ends_when_whoever_made_it_may_no_longer_make_it() {
    let house = house().await;
    let mara = house.mara().await.principal;
    let (acme, other) = (tenant("acme"), tenant("other"));
    let all = Grant::Platform(PlatformRole::Administrator);
    let bo = house.hire("bo@example.com", &all).await.principal;
    let member = |role| (&bo.operator, role);
    let place = async |role| {
        house.accounts.set_member(&mara, &acme, member(role), &visit(1)).await.unwrap();
    };
    let role = async |role| {
        let who = &bo.operator;
        house.accounts.set_platform_role(&mara, who, role, &visit(2)).await.unwrap();
    };
    let make = async |by, grant: &Grant| {
        house.accounts.make_api_key(by, "ci", grant, &visit(1)).await.unwrap().key
    };
    place(TenantRole::Operator).await;
    let of = |tenant: &TenantId| Grant::Tenant(tenant.clone(), TenantRole::Operator);
    let keys = [
        make(&bo, &all).await,
        make(&bo, &of(&other)).await,
        make(&bo, &of(&acme)).await,
        make(&mara, &all).await,
    ];
    role(Some(PlatformRole::Administrator)).await;
    assert_eq!(open(&house, &keys).await, [true; 4], "the same role");
    role(Some(PlatformRole::Engineer)).await;
    assert_eq!(open(&house, &keys).await, [false, false, true, true], "Bo is at home in acme");
    place(TenantRole::Viewer).await;
    assert_eq!(open(&house, &keys).await, [false, false, false, true], "a viewer makes none");
}

#[tokio::test]
async fn a_key_of_a_tenant_ends_with_its_makers_place_there() {
    let house = house().await;
    let mara = house.mara().await.principal;
    let (acme, other) = (tenant("acme"), tenant("other"));
    let of = |tenant: &TenantId| Grant::Tenant(tenant.clone(), TenantRole::Operator);
    let who = house.hire("ada@example.com", &of(&acme)).await.principal.operator;
    let given = (&who, TenantRole::Operator);
    house.accounts.set_member(&mara, &other, given, &visit(1)).await.unwrap();
    let session = house.enter("ada@example.com", OTHER, 2).await;
    let ada = house.who(&session, 2).await.unwrap().principal;
    let make = async |tenant| {
        house.accounts.make_api_key(&ada, "ci", &of(tenant), &visit(2)).await.unwrap().key
    };
    let keys = [make(&acme).await, make(&other).await];
    let listed = house.accounts.api_keys(&mara, Some(&acme)).await.unwrap();
    assert_eq!(listed[0].maker.as_deref(), Some("Some One"));
    house.accounts.remove_member(&mara, &acme, &who, &visit(3)).await.unwrap();
    assert_eq!(open(&house, &keys).await, [false, true]);
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
