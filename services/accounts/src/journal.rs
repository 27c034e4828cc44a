//! The log of operators.

use std::collections::BTreeMap;

use domain::access::{Permission, Principal};
use schemas::{OperatorId, TenantId};
use serde_json::Value;
use store::{
    PlatformTx, StoreError,
    accounts::{
        api_keys,
        log::{self, Entry, Filter, NewEntry},
        operators,
    },
};

use crate::{Accounts, AccountsError, Visit};

/// The most lines of a page of the log.
pub const PAGE_MAX: u32 = 200;

/// Every kind of line there is.
pub const ACTIONS: [&str; 35] = [
    "sign-in.done",
    "sign-in.refused",
    "sign-out",
    "session.ended",
    "session.others-ended",
    "password.changed",
    "password.reset-asked",
    "password.reset",
    "second-factor.set-up",
    "second-factor.new-codes",
    "identity.linked",
    "identity.unlinked",
    "operator.set-up",
    "operator.renamed",
    "operator.disabled",
    "operator.enabled",
    "operator.role-given",
    "operator.reset-link-made",
    "operator.second-factor-removed",
    "invite.made",
    "invite.revoked",
    "invite.accepted",
    "member.role-given",
    "member.removed",
    "api-key.made",
    "api-key.revoked",
    "conversations.read",
    "replay.started",
    "replay.stopped",
    "replay.resumed",
    "test.kept",
    "test.removed",
    "test.run",
    "tenant.imported",
    "person.erased",
];

/// What is done with turns of an agent that are asked again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Replaying {
    /// A run was made.
    Started,
    /// It was stopped.
    Stopped,
    /// It was taken up again.
    Resumed,
    /// A turn was kept as a test.
    Kept,
    /// A test was removed.
    Removed,
    /// All tests were run.
    Tested,
}

impl Replaying {
    const fn action(self) -> &'static str {
        match self {
            Self::Started => "replay.started",
            Self::Stopped => "replay.stopped",
            Self::Resumed => "replay.resumed",
            Self::Kept => "test.kept",
            Self::Removed => "test.removed",
            Self::Tested => "test.run",
        }
    }
}

/// What somebody did.
pub(crate) struct Deed<'a> {
    pub(crate) who: Option<&'a OperatorId>,
    pub(crate) tenant: Option<&'a TenantId>,
    pub(crate) action: &'static str,
    pub(crate) detail: Value,
}

/// Writes it down in the transaction that does it.
pub(crate) async fn note(
    tx: &mut PlatformTx,
    visit: &Visit,
    deed: Deed<'_>,
) -> Result<(), StoreError> {
    debug_assert!(ACTIONS.contains(&deed.action), "{} is not in the list", deed.action);
    let entry = NewEntry {
        at: visit.now,
        operator: deed.who,
        tenant: deed.tenant,
        action: deed.action,
        detail: &deed.detail,
        ip: visit.ip(),
    };
    log::append(tx, &entry).await
}

impl Accounts {
    /// Writes down that a role of the installation reads what is said in a tenant. Whoever belongs to
    /// the tenant by a role of its own reads what is theirs, and leaves no line. Ask before the words
    /// are shown: what cannot be written down is not read.
    pub async fn note_read(
        &self,
        by: &Principal,
        tenant: &TenantId,
        what: Value,
        visit: &Visit,
    ) -> Result<(), AccountsError> {
        by.require(Permission::ConversationsRead, tenant)?;
        if by.tenants.contains_key(tenant) {
            return Ok(());
        }
        self.note_alone(by, tenant, ("conversations.read", what), visit).await
    }

    /// Writes down what somebody did with turns of an agent that are asked again.
    pub async fn note_replay(
        &self,
        by: &Principal,
        tenant: &TenantId,
        (did, detail): (Replaying, Value),
        visit: &Visit,
    ) -> Result<(), AccountsError> {
        by.require(Permission::AgentsWrite, tenant)?;
        self.note_alone(by, tenant, (did.action(), detail), visit).await
    }

    /// Writes down that a tenant is made of an export. Ask before it is made.
    pub async fn note_imported(
        &self,
        by: &Principal,
        tenant: &TenantId,
        what: Value,
        visit: &Visit,
    ) -> Result<(), AccountsError> {
        by.require_platform(Permission::OperatorsManage)?;
        self.note_alone(by, tenant, ("tenant.imported", what), visit).await
    }

    /// Writes down that what a person wrote to a tenant's agents is erased. Who that was is not written:
    /// the line stays.
    pub async fn note_erased(
        &self,
        by: &Principal,
        tenant: &TenantId,
        what: Value,
        visit: &Visit,
    ) -> Result<(), AccountsError> {
        by.require_platform(Permission::TenantsManage)?;
        self.note_alone(by, tenant, ("person.erased", what), visit).await
    }

    /// What the authors of a tenant's changes call themselves; whoever is not known is left out.
    pub async fn authors(
        &self,
        by: &Principal,
        tenant: &TenantId,
        ids: impl IntoIterator<Item = OperatorId>,
    ) -> Result<BTreeMap<OperatorId, String>, AccountsError> {
        by.require(Permission::AuditRead, tenant)?;
        let mut names = BTreeMap::new();
        for id in ids {
            if names.contains_key(&id) {
                continue;
            }
            if let Some(found) = operators::by_id(&self.platform, &id).await? {
                names.insert(id, found.name);
            }
        }
        Ok(names)
    }

    /// What all keys of the API are called, those that open nothing any more too: for whoever reads in
    /// the log of the installation what was done with them.
    pub async fn key_names(
        &self,
        by: &Principal,
    ) -> Result<BTreeMap<OperatorId, String>, AccountsError> {
        by.require_platform(Permission::OperatorsManage)?;
        Ok(api_keys::names(&self.platform).await?)
    }

    /// A page of the log, the newest first. Without a tenant it is that of the installation, which is
    /// for its administrators; the page after it is the one before its last `id`.
    pub async fn log(&self, by: &Principal, filter: &Filter) -> Result<Vec<Entry>, AccountsError> {
        match &filter.tenant {
            Some(tenant) => by.require(Permission::AuditRead, tenant)?,
            None => by.require_platform(Permission::OperatorsManage)?,
        }
        let limit = filter.limit.clamp(1, PAGE_MAX);
        Ok(log::page(&self.platform, &Filter { limit, ..filter.clone() }).await?)
    }

    /// Writes down, in a transaction of its own, what was or will be done in a tenant by others.
    async fn note_alone(
        &self,
        by: &Principal,
        tenant: &TenantId,
        (action, detail): (&'static str, Value),
        visit: &Visit,
    ) -> Result<(), AccountsError> {
        let mut tx = self.platform.accounts().await?;
        let deed = Deed { who: Some(&by.operator), tenant: Some(tenant), action, detail };
        note(&mut tx, visit, deed).await?;
        Ok(tx.commit().await?)
    }
}
