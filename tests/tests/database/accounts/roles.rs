use accounts::{
    AccountsError, Denied, Filter, Grant, PlatformRole, Principal, SignIn, Signed, TenantRole,
};

use super::{House, MARA, OTHER, PASSWORD, house, secret, shown, visit};
use crate::{at, tenant};

const ADA: &str = "ada@example.com";

/// Ada, with a role in `acme`.
async fn ada(house: &House, role: TenantRole) -> Signed {
    house.hire(ADA, &Grant::Tenant(tenant("acme"), role)).await
}

#[tokio::test]
async fn whoever_is_disabled_is_out_at_once_and_somebody_remains() {
    let house = house().await;
    let mara = house.mara().await.principal;
    let ada = ada(&house, TenantRole::Operator).await;
    let who = &ada.principal.operator;
    let grant = Grant::Tenant(tenant("acme"), TenantRole::Viewer);
    let key = house.accounts.make_api_key(&ada.principal, "ci", &grant, &visit(0)).await.unwrap();
    let session = house.enter(ADA, OTHER, 1).await;

    house.accounts.disable(&mara, who, &visit(2)).await.unwrap();
    assert!(house.who(&session, 3).await.is_none());
    assert!(house.accounts.principal_of_key(&key.key, at(3)).await.unwrap().is_none());
    let tried = house.accounts.sign_in(ADA, &secret(OTHER), &visit(3)).await.unwrap();
    assert!(matches!(tried, SignIn::Refused), "{tried:?}");
    house.accounts.enable(&mara, who, &visit(4)).await.unwrap();
    assert!(house.who(&session, 5).await.is_none(), "what ended stays ended");
    house.enter(ADA, OTHER, 5).await;

    let last = house.accounts.disable(&mara, &mara.operator, &visit(6)).await;
    assert!(matches!(last, Err(AccountsError::LastAdministrator)));
    let role = Some(PlatformRole::Engineer);
    let last = house.accounts.set_platform_role(&mara, &mara.operator, role, &visit(6)).await;
    assert!(matches!(last, Err(AccountsError::LastAdministrator)));
}

#[tokio::test]
async fn another_role_counts_at_once_and_ends_sessions() {
    let house = house().await;
    let mara = house.mara().await.principal;
    let ada = ada(&house, TenantRole::Operator).await;
    let (acme, who) = (tenant("acme"), ada.principal.operator.clone());
    let before = house.enter(ADA, OTHER, 1).await;
    let given = (&who, TenantRole::Viewer);
    house.accounts.set_member(&mara, &acme, given, &visit(2)).await.unwrap();
    assert!(house.who(&before, 3).await.is_none());
    let after = house.enter(ADA, OTHER, 3).await;
    let viewer = house.who(&after, 3).await.unwrap().principal;
    assert_eq!(viewer.tenants, [(acme.clone(), TenantRole::Viewer)].into());
    let members = house.accounts.members(&viewer, &acme).await.unwrap();
    assert_eq!((members.len(), members[0].email.as_str()), (1, ADA));

    house.accounts.remove_member(&mara, &acme, &who, &visit(4)).await.unwrap();
    let gone = house.accounts.remove_member(&mara, &acme, &who, &visit(4)).await;
    assert!(matches!(gone, Err(AccountsError::Denied(Denied::NotFound))));
    let session = house.enter(ADA, OTHER, 5).await;
    assert!(house.who(&session, 5).await.unwrap().principal.tenants.is_empty());
}

#[tokio::test]
async fn only_administrators_manage_others_and_strangers_hear_that_there_is_nothing() {
    let house = house().await;
    let ada = ada(&house, TenantRole::Operator).await.principal;
    let mara = house.mara().await.principal;
    let accounts = &house.accounts;
    let (acme, other) = (tenant("acme"), tenant("other"));
    let denied = |done: Result<(), AccountsError>, want: Denied, what: &str| {
        assert!(matches!(done, Err(AccountsError::Denied(why)) if why == want), "{what}: {done:?}");
    };
    let (now, viewer) = (visit(1), TenantRole::Viewer);
    let invite = async |grant: Grant| accounts.invite(&ada, "x@y.z", &grant, &now).await.map(drop);
    denied(invite(Grant::Tenant(acme.clone(), viewer)).await, Denied::Forbidden, "own tenant");
    denied(invite(Grant::Tenant(other.clone(), viewer)).await, Denied::NotFound, "other tenant");
    denied(invite(Grant::Platform(PlatformRole::Engineer)).await, Denied::NotFound, "platform");
    denied(accounts.operators(&ada).await.map(drop), Denied::NotFound, "operators");
    denied(accounts.disable(&ada, &mara.operator, &now).await, Denied::NotFound, "disable");
    denied(accounts.enable(&ada, &mara.operator, &now).await, Denied::NotFound, "enable");
    let done = accounts.set_platform_role(&ada, &ada.operator, None, &now).await;
    denied(done, Denied::NotFound, "role");
    let done = accounts.reset_link(&ada, &mara.operator, &now).await.map(drop);
    denied(done, Denied::NotFound, "reset");
    denied(accounts.members(&ada, &other).await.map(drop), Denied::NotFound, "members");
    let given = (&ada.operator, TenantRole::Operator);
    denied(accounts.set_member(&ada, &other, given, &now).await, Denied::NotFound, "join");
    denied(
        accounts.remove_member(&ada, &acme, &ada.operator, &now).await,
        Denied::Forbidden,
        "leave",
    );
    denied(accounts.log(&ada, &Filter::default()).await.map(drop), Denied::NotFound, "log");
}

#[tokio::test]
async fn a_lost_second_factor_goes_with_its_password() {
    let mut house = house().await;
    house.app(0).await;
    let mara = house.mara().await.principal;
    let made = house.accounts.reset_second_factor(&mara, &mara.operator, &visit(1)).await.unwrap();
    let link = shown(&made);
    assert!(house.who(&house.session, 1).await.is_none());
    let tried = house.accounts.sign_in(MARA, &secret(PASSWORD), &visit(1)).await.unwrap();
    assert!(matches!(tried, SignIn::Refused));
    let short = secret("x7#Kq9!zPw");
    let refused = house.accounts.reset_password(&link, &short, &visit(1)).await;
    assert!(matches!(refused, Err(AccountsError::Password(_))), "15 without a second factor");
    house.accounts.reset_password(&link, &secret(OTHER), &visit(1)).await.unwrap();
    house.enter(MARA, OTHER, 2).await;
}

#[tokio::test]
async fn the_log_says_who_did_what_a_page_at_a_time() {
    let house = house().await;
    let mara = house.mara().await.principal;
    let ada = ada(&house, TenantRole::Operator).await.principal;
    let all = Filter { limit: 100, ..Filter::default() };
    let actions = |page: &[accounts::Entry]| -> Vec<String> {
        page.iter().map(|entry| entry.action.clone()).collect()
    };
    let page = house.accounts.log(&mara, &all).await.unwrap();
    assert_eq!(actions(&page), ["invite.accepted", "invite.made", "operator.set-up"]);
    assert_eq!(
        (page[1].operator.as_ref(), page[1].ip.as_str()),
        (Some(&mara.operator), "203.0.113.7")
    );
    let after = Filter { before: Some(page[0].id), limit: 1, ..Filter::default() };
    assert_eq!(actions(&house.accounts.log(&mara, &after).await.unwrap()), ["invite.made"]);
    let own = Filter { tenant: Some(tenant("acme")), ..all };
    let page = house.accounts.log(&ada, &own).await.unwrap();
    assert_eq!(actions(&page), ["invite.accepted", "invite.made"], "its tenant's, and no more");
    let made = Filter { action: Some("invite.made".to_owned()), limit: 100, ..Filter::default() };
    assert_eq!(actions(&house.accounts.log(&mara, &made).await.unwrap()), ["invite.made"]);
    let ed = Principal { platform: Some(PlatformRole::Engineer), ..mara };
    let refused = house.accounts.log(&ed, &made).await;
    assert!(matches!(refused, Err(AccountsError::Denied(Denied::Forbidden))), "{refused:?}");
}
