//! A role and where it is held, between columns and types.

use domain::access::{PlatformRole, TenantRole};
use schemas::TenantId;
use serde::{Deserialize, Serialize};

use crate::StoreError;

/// One role that is given: over the installation, or in one tenant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Grant {
    /// Over the installation.
    Platform(PlatformRole),
    /// In one tenant.
    Tenant(TenantId, TenantRole),
}

impl Grant {
    /// The tenant, where there is one.
    pub fn tenant(&self) -> Option<&TenantId> {
        match self {
            Grant::Platform(_) => None,
            Grant::Tenant(tenant, _) => Some(tenant),
        }
    }

    /// The role's word.
    pub fn word(&self) -> &'static str {
        match self {
            Grant::Platform(role) => platform_word(*role),
            Grant::Tenant(_, role) => tenant_word(*role),
        }
    }

    pub(crate) fn read(tenant: Option<&str>, role: &str) -> Result<Self, StoreError> {
        match tenant {
            None => platform_role(role).map(Grant::Platform),
            Some(tenant) => {
                let tenant = tenant.parse().map_err(StoreError::row)?;
                Ok(Grant::Tenant(tenant, tenant_role(role)?))
            }
        }
    }
}

/// As it stands in columns, forms and commands.
pub const fn platform_word(role: PlatformRole) -> &'static str {
    match role {
        PlatformRole::Administrator => "administrator",
        PlatformRole::Engineer => "engineer",
    }
}

/// The role of that word.
pub fn platform_role(word: &str) -> Result<PlatformRole, StoreError> {
    match word {
        "administrator" => Ok(PlatformRole::Administrator),
        "engineer" => Ok(PlatformRole::Engineer),
        _ => Err(StoreError::row("not a role of the platform")),
    }
}

/// As it stands in columns, forms and commands.
pub const fn tenant_word(role: TenantRole) -> &'static str {
    match role {
        TenantRole::Operator => "operator",
        TenantRole::Viewer => "viewer",
    }
}

/// The role of that word.
pub fn tenant_role(word: &str) -> Result<TenantRole, StoreError> {
    match word {
        "operator" => Ok(TenantRole::Operator),
        "viewer" => Ok(TenantRole::Viewer),
        _ => Err(StoreError::row("not a role in a tenant")),
    }
}
