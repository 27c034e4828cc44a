//! Roles in words.

use accounts::{PlatformRole, TenantRole};

/// As it stands in a sentence.
pub(crate) const fn platform_words(role: PlatformRole) -> &'static str {
    match role {
        PlatformRole::Administrator => "administrator",
        PlatformRole::Engineer => "engineer",
    }
}

/// As it stands in a sentence.
pub(crate) const fn tenant_words(role: TenantRole) -> &'static str {
    match role {
        TenantRole::Operator => "operator",
        TenantRole::Viewer => "viewer",
    }
}
