//! Who may do what in the portal and through the API. One table, asked in the first line of whatever
//! an operator can reach.
//!
//! A tenant that is not one's own does not exist: the answer is [`Denied::NotFound`], so that nobody
//! learns which slugs are taken.

use std::collections::BTreeMap;

use schemas::{Author, OperatorId, TenantId};
use serde::{Deserialize, Serialize};

/// A role over the whole installation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PlatformRole {
    /// Runs the installation: tenants, operators and all that a tenant's operator may do.
    Administrator,
    /// Keeps it running: sees every tenant, changes none, and decides of dead letters.
    Engineer,
}

/// A role within one tenant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TenantRole {
    /// Designs agents and connects channels.
    Operator,
    /// Looks on.
    Viewer,
}

/// What can be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Permission {
    /// Make, rename, limit, suspend and delete tenants; give and take roles in them.
    TenantsManage,
    /// Invite and disable operators, give platform roles.
    OperatorsManage,
    /// See a tenant: its name, limits and state.
    TenantRead,
    /// See agents, their drafts and their versions.
    AgentsRead,
    /// Design, try, publish and retire agents.
    AgentsWrite,
    /// See connections and their health.
    ChannelsRead,
    /// Connect and disconnect workspaces.
    ChannelsWrite,
    /// Read what people and agents said, and follow it live.
    ConversationsRead,
    /// Give conversations that a person has back to their agents.
    ConversationsWrite,
    /// See usage and cost.
    UsageRead,
    /// See who changed what.
    AuditRead,
    /// Make and revoke keys of the API.
    KeysManage,
    /// See streams, consumers, dead letters and projections.
    StreamsRead,
    /// Have dead letters handled again, or discard them.
    LettersDecide,
}

impl Permission {
    /// Every permission.
    pub const ALL: [Permission; 14] = [
        Permission::TenantsManage,
        Permission::OperatorsManage,
        Permission::TenantRead,
        Permission::AgentsRead,
        Permission::AgentsWrite,
        Permission::ChannelsRead,
        Permission::ChannelsWrite,
        Permission::ConversationsRead,
        Permission::ConversationsWrite,
        Permission::UsageRead,
        Permission::AuditRead,
        Permission::KeysManage,
        Permission::StreamsRead,
        Permission::LettersDecide,
    ];

    /// Whether it is about the installation; every other one is about one tenant.
    pub const fn is_of_platform(self) -> bool {
        use Permission as P;
        matches!(self, P::TenantsManage | P::OperatorsManage | P::StreamsRead | P::LettersDecide)
    }
}

impl PlatformRole {
    /// Whether whoever has this role may do all that the other one may.
    pub fn covers(self, other: Self) -> bool {
        Permission::ALL.iter().all(|it| self.may(*it) || !other.may(*it))
    }

    /// Whether the role has it, in whichever tenant.
    pub const fn may(self, permission: Permission) -> bool {
        use Permission as P;
        match self {
            PlatformRole::Administrator => true,
            PlatformRole::Engineer => match permission {
                P::TenantRead
                | P::AgentsRead
                | P::ChannelsRead
                | P::ConversationsRead
                | P::UsageRead
                | P::AuditRead
                | P::StreamsRead
                | P::LettersDecide => true,
                P::TenantsManage
                | P::OperatorsManage
                | P::AgentsWrite
                | P::ChannelsWrite
                | P::ConversationsWrite
                | P::KeysManage => false,
            },
        }
    }
}

impl TenantRole {
    /// Whether whoever has this role may do all that the other one may.
    pub fn covers(self, other: Self) -> bool {
        Permission::ALL.iter().all(|it| self.may(*it) || !other.may(*it))
    }

    /// Whether the role has it, in its tenant.
    pub const fn may(self, permission: Permission) -> bool {
        use Permission as P;
        let reads = match permission {
            P::TenantRead
            | P::AgentsRead
            | P::ChannelsRead
            | P::ConversationsRead
            | P::UsageRead
            | P::AuditRead => true,
            P::AgentsWrite
            | P::ChannelsWrite
            | P::ConversationsWrite
            | P::KeysManage
            | P::TenantsManage
            | P::OperatorsManage
            | P::StreamsRead
            | P::LettersDecide => false,
        };
        let writes = matches!(
            permission,
            P::AgentsWrite | P::ChannelsWrite | P::ConversationsWrite | P::KeysManage
        );
        match self {
            TenantRole::Operator => reads || writes,
            TenantRole::Viewer => reads,
        }
    }
}

/// Whoever asks: an operator who is signed in, or a key of the API.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Principal {
    /// Who.
    pub operator: OperatorId,
    /// Through which door, e.g. `portal`, `api`.
    pub via: &'static str,
    /// The role over all tenants, where there is one.
    pub platform: Option<PlatformRole>,
    /// The roles within tenants.
    pub tenants: BTreeMap<TenantId, TenantRole>,
}

/// Why not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    /// As far as the one who asks can know, it does not exist.
    #[error("there is no such thing here")]
    NotFound,
    /// It exists, and the role is not enough.
    #[error("your role does not allow this")]
    Forbidden,
}

impl Principal {
    /// Whether it may do that in that tenant. Whether the tenant exists is another question.
    pub fn require(&self, permission: Permission, tenant: &TenantId) -> Result<(), Denied> {
        let platform = self.platform.is_some_and(|role| role.may(permission));
        let role = self.tenants.get(tenant);
        if platform || role.is_some_and(|role| role.may(permission)) {
            return Ok(());
        }
        match (self.platform, role) {
            (None, None) => Err(Denied::NotFound),
            (Some(_), _) | (_, Some(_)) => Err(Denied::Forbidden),
        }
    }

    /// Whether it may do that to the installation. To those without a role there, it has no such page.
    pub fn require_platform(&self, permission: Permission) -> Result<(), Denied> {
        match self.platform {
            Some(role) if role.may(permission) => Ok(()),
            Some(_) => Err(Denied::Forbidden),
            None => Err(Denied::NotFound),
        }
    }

    /// As it stands in events.
    pub fn author(&self) -> Author {
        Author { via: self.via.to_owned(), operator: Some(self.operator.to_string()) }
    }
}

#[cfg(test)]
mod tests;
