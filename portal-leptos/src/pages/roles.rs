//! Roles: in words, and as forms send them.

use accounts::{PlatformRole, TenantRole};
use portal_ui::Choice;

/// As it stands in a sentence, and as forms send it.
pub(crate) const fn platform_words(role: PlatformRole) -> &'static str {
    match role {
        PlatformRole::Administrator => "administrator",
        PlatformRole::Engineer => "engineer",
    }
}

/// As it stands in a sentence, and as forms send it.
pub(crate) const fn tenant_words(role: TenantRole) -> &'static str {
    match role {
        TenantRole::Operator => "operator",
        TenantRole::Viewer => "viewer",
    }
}

/// What a form sent.
pub(crate) fn platform(word: &str) -> Option<PlatformRole> {
    let all = [PlatformRole::Administrator, PlatformRole::Engineer];
    all.into_iter().find(|it| platform_words(*it) == word)
}

/// What a form sent.
pub(crate) fn tenant(word: &str) -> Option<TenantRole> {
    let all = [TenantRole::Operator, TenantRole::Viewer];
    all.into_iter().find(|it| tenant_words(*it) == word)
}

/// To be chosen, with what it may do.
pub(crate) fn of_platform(role: PlatformRole) -> Choice {
    let may = match role {
        PlatformRole::Administrator => "Administrator: runs the installation and every tenant",
        PlatformRole::Engineer => "Engineer: sees everything, changes nothing",
    };
    Choice::new(platform_words(role), may)
}

/// To be chosen, with what it may do.
pub(crate) fn of_tenant(role: TenantRole) -> Choice {
    let may = match role {
        TenantRole::Operator => "Operator: designs agents and connects channels",
        TenantRole::Viewer => "Viewer: looks on",
    };
    Choice::new(tenant_words(role), may)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_form_offers_is_what_it_understands() {
        for role in [PlatformRole::Administrator, PlatformRole::Engineer] {
            assert_eq!(platform(&of_platform(role).value), Some(role));
        }
        for role in [TenantRole::Operator, TenantRole::Viewer] {
            assert_eq!(tenant(&of_tenant(role).value), Some(role));
        }
        assert_eq!((platform("operator"), tenant("administrator")), (None, None));
    }
}
