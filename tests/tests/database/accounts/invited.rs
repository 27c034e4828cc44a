//! Invitations and the links of administrators who are no longer what they were.

use accounts::{Accounts, AccountsError, Denied, Grant, LinkToken, PlatformRole, TenantRole};
use konstruct_tests::postgres::raw;

use super::{House, OTHER, house, secret, shown, visit};
use crate::{at, tenant};

const BO: &str = "bo@example.com";

/// What an administrator gave to others: an invitation and a link to another password.
struct Given {
    invite: LinkToken,
    reset: LinkToken,
}

/// By Bo, who is an administrator beside Mara.
async fn given(house: &House) -> (accounts::Principal, Given) {
    let bo = house.hire(BO, &Grant::Platform(PlatformRole::Administrator)).await.principal;
    let mara = house.mara().await.principal.operator;
    let accounts = &house.accounts;
    let role = Grant::Tenant(tenant("acme"), TenantRole::Operator);
    let invite = accounts.invite(&bo, "new@example.com", &role, &visit(1)).await.unwrap();
    let reset = accounts.reset_link(&bo, &mara, &visit(1)).await.unwrap();
    (bo, Given { invite: shown(&invite), reset: shown(&reset) })
}

impl House {
    async fn work(&self, given: &Given) -> (bool, bool) {
        let invited = self.accounts.invitation(&given.invite, at(3)).await.unwrap().is_some();
        (invited, self.accounts.is_reset_link(&given.reset, at(3)).await.unwrap())
    }

    async fn accept(&self, link: &LinkToken) -> Result<(), AccountsError> {
        self.accounts.accept_invite(link, "New", &secret(OTHER), &visit(4)).await.map(drop)
    }
}

#[tokio::test]
async fn what_an_administrator_handed_out_ends_with_their_access() {
    let house = house().await;
    let mara = house.mara().await.principal;
    let (bo, given) = given(&house).await;
    assert_eq!(house.work(&given).await, (true, true));
    house.accounts.disable(&mara, &bo.operator, &visit(2)).await.unwrap();
    assert_eq!(house.work(&given).await, (false, false));
    house.accounts.enable(&mara, &bo.operator, &visit(3)).await.unwrap();
    assert_eq!(house.work(&given).await, (false, false), "what ended stays ended");
    assert!(matches!(house.accept(&given.invite).await, Err(AccountsError::Link)));
}

#[tokio::test]
async fn what_an_administrator_handed_out_ends_with_their_role() {
    let house = house().await;
    let mara = house.mara().await.principal;
    let (bo, given) = given(&house).await;
    let role = async |role| {
        house.accounts.set_platform_role(&mara, &bo.operator, role, &visit(2)).await.unwrap();
    };
    role(Some(PlatformRole::Administrator)).await;
    assert_eq!(house.work(&given).await, (true, true), "the same role");
    role(Some(PlatformRole::Engineer)).await;
    assert_eq!(house.work(&given).await, (false, false));
}

#[tokio::test]
async fn an_invitation_is_as_good_as_whoever_made_it_is_when_it_is_taken() {
    for (change, takes) in [
        ("update operator set name = 'Bob' where email = $1", true),
        ("update operator set platform_role = 'engineer' where email = $1", false),
        ("update operator set platform_role = null where email = $1", false),
        ("update operator set disabled_at_ms = 1 where email = $1", false),
    ] {
        let house = house().await;
        let (_, given) = given(&house).await;
        // As if the link had been made while the change was.
        let database = raw(&house.world.test.superuser_url()).await.unwrap();
        assert_eq!(database.execute(change, &[&BO]).await.unwrap(), 1);
        match house.accept(&given.invite).await {
            Ok(()) => assert!(takes, "{change}"),
            Err(AccountsError::Link) => assert!(!takes, "{change}"),
            other => panic!("{change}: {other:?}"),
        }
    }
}

#[tokio::test]
async fn whoever_runs_the_server_invites_without_an_account() {
    let house = house().await;
    let console = Accounts::console().unwrap();
    let role = Grant::Platform(PlatformRole::Engineer);
    let made = house.accounts.invite(&console, BO, &role, &visit(0)).await.unwrap();
    house.accept(&shown(&made)).await.unwrap();
}

#[tokio::test]
async fn an_invitation_raises_a_role_and_never_lowers_one() {
    let house = house().await;
    let (mara, acme) = (house.mara().await, tenant("acme"));
    let join = async |grant: Grant| {
        let email = &mara.email;
        let made = house.accounts.invite(&mara.principal, email, &grant, &visit(1)).await.unwrap();
        house.accounts.join(&shown(&made), &mara, &visit(2)).await.unwrap();
        house.mara().await.principal
    };
    let engineer = join(Grant::Platform(PlatformRole::Engineer)).await;
    assert_eq!(engineer.platform, Some(PlatformRole::Administrator), "nobody administers any more");
    for (role, want) in [
        (TenantRole::Viewer, TenantRole::Viewer),
        (TenantRole::Operator, TenantRole::Operator),
        (TenantRole::Viewer, TenantRole::Operator),
    ] {
        let member = join(Grant::Tenant(acme.clone(), role)).await;
        assert_eq!(member.tenants, [(acme.clone(), want)].into());
    }
}

#[tokio::test]
async fn open_invitations_are_listed_and_taken_back_by_administrators() {
    let house = house().await;
    let (accounts, mara) = (&house.accounts, house.mara().await.principal);
    let grants = [
        Grant::Platform(PlatformRole::Engineer),
        Grant::Tenant(tenant("acme"), TenantRole::Viewer),
    ];
    let console = Accounts::console().unwrap();
    let first = accounts.invite(&mara, BO, &grants[0], &visit(1)).await.unwrap();
    accounts.invite(&console, "ada@example.com", &grants[1], &visit(2)).await.unwrap();
    let open = accounts.open_invitations(&mara, at(3)).await.unwrap();
    let of = |n: usize| (open[n].email.as_str(), open[n].maker.as_deref(), &open[n].grant);
    assert_eq!(of(0), ("ada@example.com", None, &grants[1]));
    assert_eq!(of(1), (BO, Some("Mara"), &grants[0]));
    let later = open[1].expires_at;
    assert_eq!(accounts.open_invitations(&mara, later).await.unwrap().len(), 1);

    let mut engineer = mara.clone();
    engineer.platform = Some(PlatformRole::Engineer);
    let denied = accounts.revoke_invitation(&engineer, &open[1].id, &visit(3)).await;
    assert!(matches!(denied, Err(AccountsError::Denied(Denied::Forbidden))));
    let denied = accounts.open_invitations(&engineer, at(3)).await;
    assert!(matches!(denied, Err(AccountsError::Denied(Denied::Forbidden))));
    accounts.revoke_invitation(&mara, &open[1].id, &visit(3)).await.unwrap();
    assert!(matches!(house.accept(&shown(&first)).await, Err(AccountsError::Link)));
    for id in [open[1].id.as_str(), "", "not in hex"] {
        let again = accounts.revoke_invitation(&mara, id, &visit(4)).await;
        assert!(matches!(again, Err(AccountsError::Denied(Denied::NotFound))), "{id}");
    }
    assert_eq!(accounts.open_invitations(&mara, at(4)).await.unwrap().len(), 1);
}
