use std::fmt::Write as _;

use expect_test::expect;

use super::*;

fn principal(platform: Option<PlatformRole>, tenant: Option<TenantRole>) -> Principal {
    let tenants = tenant.map(|role| ("acme".parse().unwrap(), role)).into_iter().collect();
    Principal { operator: "o1".parse().unwrap(), via: "portal", platform, tenants }
}

fn mark(answer: Result<(), Denied>) -> &'static str {
    match answer {
        Ok(()) => "yes",
        Err(Denied::Forbidden) => "no",
        Err(Denied::NotFound) => "404",
    }
}

#[test]
fn the_table_of_roles() {
    let roles = [
        principal(Some(PlatformRole::Administrator), None),
        principal(Some(PlatformRole::Engineer), None),
        principal(None, Some(TenantRole::Operator)),
        principal(None, Some(TenantRole::Viewer)),
        principal(None, None),
    ];
    let acme = "acme".parse().unwrap();
    let mut table = "permission admin engineer operator viewer nobody\n".to_owned();
    for permission in Permission::ALL {
        let ask = |role: &Principal| {
            mark(if permission.is_of_platform() {
                role.require_platform(permission)
            } else {
                role.require(permission, &acme)
            })
        };
        let row: Vec<_> = roles.iter().map(ask).collect();
        writeln!(table, "{permission:?} {}", row.join(" ")).unwrap();
    }
    expect![[r#"
        permission admin engineer operator viewer nobody
        TenantsManage yes no 404 404 404
        OperatorsManage yes no 404 404 404
        TenantRead yes yes yes yes 404
        AgentsRead yes yes yes yes 404
        AgentsWrite yes no yes no 404
        ChannelsRead yes yes yes yes 404
        ChannelsWrite yes no yes no 404
        ConversationsRead yes yes yes yes 404
        ConversationsWrite yes no yes no 404
        UsageRead yes yes yes yes 404
        AuditRead yes yes yes yes 404
        KeysManage yes no yes no 404
        StreamsRead yes yes 404 404 404
        LettersDecide yes yes 404 404 404
    "#]]
    .assert_eq(&table);
}

#[test]
fn another_tenant_does_not_exist() {
    let other: TenantId = "other".parse().unwrap();
    let operator = principal(None, Some(TenantRole::Operator));
    for permission in Permission::ALL {
        assert_eq!(operator.require(permission, &other), Err(Denied::NotFound), "{permission:?}");
    }
}

/// An engineer who is also a tenant's operator may write there, and nowhere else.
#[test]
fn roles_add_up() {
    let both = principal(Some(PlatformRole::Engineer), Some(TenantRole::Operator));
    let (acme, other) = ("acme".parse().unwrap(), "other".parse().unwrap());
    assert_eq!(both.require(Permission::AgentsWrite, &acme), Ok(()));
    assert_eq!(both.require(Permission::AgentsWrite, &other), Err(Denied::Forbidden));
}

#[test]
fn a_role_covers_itself_and_what_is_less() {
    use {PlatformRole as P, TenantRole as T};
    for (one, other, want) in [
        (P::Administrator, P::Engineer, true),
        (P::Engineer, P::Administrator, false),
        (P::Engineer, P::Engineer, true),
    ] {
        assert_eq!(one.covers(other), want, "{one:?} {other:?}");
    }
    for (one, other, want) in [
        (T::Operator, T::Viewer, true),
        (T::Viewer, T::Operator, false),
        (T::Viewer, T::Viewer, true),
    ] {
        assert_eq!(one.covers(other), want, "{one:?} {other:?}");
    }
}
