//! Roles in tenants.

use domain::access::{Permission, Principal, TenantRole};
use schemas::{OperatorId, TenantId};
use serde_json::json;
use store::{
    Purpose,
    accounts::{Grant, members, operators, sessions, tenant_word},
};

use crate::{
    Accounts, AccountsError, Denied, Member, Visit,
    invites::may_give,
    journal::{Deed, note},
    standing,
};

impl Accounts {
    /// Everybody with a role in the tenant.
    pub async fn members(
        &self,
        by: &Principal,
        tenant: &TenantId,
    ) -> Result<Vec<Member>, AccountsError> {
        by.require(Permission::TenantRead, tenant)?;
        Ok(members::of(&self.platform, tenant).await?)
    }

    /// Gives an operator a role in the tenant, or another one. Their sessions end, so that no page they
    /// have open shows what they may no longer do, and so do the keys that they could not make any
    /// more. Whether the tenant exists is for the caller to know.
    pub async fn set_member(
        &self,
        by: &Principal,
        tenant: &TenantId,
        (who, role): (&OperatorId, TenantRole),
        visit: &Visit,
    ) -> Result<(), AccountsError> {
        may_give(by, &Grant::Tenant(tenant.clone(), role))?;
        let found = operators::by_id(&self.platform, who).await?;
        found.ok_or(Denied::NotFound)?;
        let mut tx = self.platform.begin(Purpose::Members, by.operator.as_str()).await?;
        members::put(&mut tx, tenant, who, role, visit.now).await?;
        let keys = standing::end_unbacked(&mut tx, who, visit.now).await?;
        sessions::close_all(&mut tx, who, None, visit.now).await?;
        let deed = Deed {
            who: Some(&by.operator),
            tenant: Some(tenant),
            action: "member.role-given",
            detail: json!({ "operator": who, "role": tenant_word(role), "keys_ended": keys }),
        };
        note(&mut tx, visit, deed).await?;
        Ok(tx.commit().await?)
    }

    /// Takes an operator's role in the tenant. Their sessions end, and the keys that they could not
    /// make any more.
    pub async fn remove_member(
        &self,
        by: &Principal,
        tenant: &TenantId,
        who: &OperatorId,
        visit: &Visit,
    ) -> Result<(), AccountsError> {
        by.require(Permission::TenantsManage, tenant)?;
        let mut tx = self.platform.begin(Purpose::Members, by.operator.as_str()).await?;
        if !members::remove(&mut tx, tenant, who).await? {
            return Err(Denied::NotFound.into());
        }
        let keys = standing::end_unbacked(&mut tx, who, visit.now).await?;
        sessions::close_all(&mut tx, who, None, visit.now).await?;
        let deed = Deed {
            who: Some(&by.operator),
            tenant: Some(tenant),
            action: "member.removed",
            detail: json!({ "operator": who, "keys_ended": keys }),
        };
        note(&mut tx, visit, deed).await?;
        Ok(tx.commit().await?)
    }
}
