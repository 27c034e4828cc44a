//! Invitations that nobody has taken yet, for whoever administers the installation.

use domain::access::{Denied, Permission, Principal};
use schemas::Timestamp;
use serde_json::json;
use store::accounts::{
    Grant,
    tokens::{self, OpenInvitation},
};

use crate::{
    Accounts, AccountsError, Visit,
    journal::{Deed, note},
};

impl Accounts {
    /// All of them, to the installation and to tenants, the youngest first.
    pub async fn open_invitations(
        &self,
        by: &Principal,
        now: Timestamp,
    ) -> Result<Vec<OpenInvitation>, AccountsError> {
        by.require_platform(Permission::OperatorsManage)?;
        Ok(tokens::open_invitations(&self.platform, now).await?)
    }

    /// Takes one back, by its name in the list: its link works no more.
    pub async fn revoke_invitation(
        &self,
        by: &Principal,
        id: &str,
        visit: &Visit,
    ) -> Result<(), AccountsError> {
        by.require_platform(Permission::OperatorsManage)?;
        let mut tx = self.platform.accounts().await?;
        let found = tokens::revoke_invitation(&mut tx, id, visit.now).await?;
        let found = found.ok_or(Denied::NotFound)?;
        let (grant, who) = (found.grant.as_ref(), Some(&by.operator));
        let detail = json!({ "email": found.email, "role": grant.map(Grant::word) });
        let tenant = grant.and_then(Grant::tenant);
        note(&mut tx, visit, Deed { who, tenant, action: "invite.revoked", detail }).await?;
        Ok(tx.commit().await?)
    }
}
