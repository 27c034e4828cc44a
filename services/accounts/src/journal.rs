//! The log of operators.

use domain::access::{Permission, Principal};
use schemas::{OperatorId, TenantId};
use serde_json::Value;
use store::{
    PlatformTx, StoreError,
    accounts::log::{self, Entry, Filter, NewEntry},
};

use crate::{Accounts, AccountsError, Visit};

/// The most lines of a page.
const PAGE_MAX: u32 = 200;

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
    /// A page of the log, the newest first. Without a tenant it is that of the installation; the page
    /// after it is the one before its last `id`.
    pub async fn log(&self, by: &Principal, filter: &Filter) -> Result<Vec<Entry>, AccountsError> {
        match &filter.tenant {
            Some(tenant) => by.require(Permission::AuditRead, tenant)?,
            None => by.require_platform(Permission::AuditRead)?,
        }
        let limit = filter.limit.clamp(1, PAGE_MAX);
        Ok(log::page(&self.platform, &Filter { limit, ..filter.clone() }).await?)
    }
}
