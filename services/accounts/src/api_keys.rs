//! Keys of the API: who a program is. A key ends when whoever made it may no longer make it.

use std::collections::BTreeMap;

use domain::access::{Denied, Permission, Principal};
use schemas::{OperatorId, TenantId, Timestamp};
use serde_json::json;
use store::accounts::{
    Grant,
    api_keys::{self, ApiKey, NewKey},
};

use crate::{
    Accounts, AccountsError, ApiToken, Visit,
    journal::{Deed, note},
    session::TOUCH,
    set_up, token,
};

/// A key that was just made.
#[derive(Debug)]
pub struct NewApiKey {
    /// Who it acts as.
    pub id: OperatorId,
    /// The key itself. Shown once, kept nowhere.
    pub key: ApiToken,
}

impl Accounts {
    /// Makes a key with that role: in a tenant for whoever manages its keys, over the installation for
    /// administrators.
    pub async fn make_api_key(
        &self,
        by: &Principal,
        name: &str,
        grant: &Grant,
        visit: &Visit,
    ) -> Result<NewApiKey, AccountsError> {
        may_manage(by, grant.tenant())?;
        let (key, id) = (ApiToken::draw(), token::draw_operator('k')?);
        let new = NewKey {
            id: &id,
            hash: &key.hash(),
            prefix: &key.shown(),
            name: &set_up::name(name),
            grant,
            by: &by.operator,
            now: visit.now,
        };
        let mut tx = self.platform.accounts().await?;
        api_keys::insert(&mut tx, &new).await?;
        let detail = json!({ "key": id, "role": grant.word() });
        let (who, tenant) = (Some(&by.operator), grant.tenant());
        note(&mut tx, visit, Deed { who, tenant, action: "api-key.made", detail }).await?;
        tx.commit().await?;
        Ok(NewApiKey { id, key })
    }

    /// The keys of a tenant, or those of the installation; the newest first.
    pub async fn api_keys(
        &self,
        by: &Principal,
        tenant: Option<&TenantId>,
    ) -> Result<Vec<ApiKey>, AccountsError> {
        may_manage(by, tenant)?;
        Ok(api_keys::list(&self.platform, tenant).await?)
    }

    /// Makes a key of that tenant, or of the installation, open nothing any more.
    pub async fn revoke_api_key(
        &self,
        by: &Principal,
        tenant: Option<&TenantId>,
        id: &OperatorId,
        visit: &Visit,
    ) -> Result<(), AccountsError> {
        may_manage(by, tenant)?;
        let mut tx = self.platform.accounts().await?;
        if !api_keys::revoke(&mut tx, id, tenant, visit.now).await? {
            return Err(Denied::NotFound.into());
        }
        let (who, detail) = (Some(&by.operator), json!({ "key": id }));
        note(&mut tx, visit, Deed { who, tenant, action: "api-key.revoked", detail }).await?;
        Ok(tx.commit().await?)
    }

    /// Who a key acts as, in one round trip; nobody, if it opens nothing.
    pub async fn principal_of_key(
        &self,
        key: &ApiToken,
        now: Timestamp,
    ) -> Result<Option<Principal>, AccountsError> {
        let touch = now.minus(TOUCH);
        let found = api_keys::find(&self.platform, &key.hash(), now, touch).await?;
        Ok(found.map(|(operator, grant)| match grant {
            Grant::Platform(role) => {
                Principal { operator, via: "api", platform: Some(role), tenants: BTreeMap::new() }
            }
            Grant::Tenant(tenant, role) => Principal {
                operator,
                via: "api",
                platform: None,
                tenants: BTreeMap::from([(tenant, role)]),
            },
        }))
    }
}

/// Who may make and revoke such keys.
pub(crate) fn may_manage(by: &Principal, tenant: Option<&TenantId>) -> Result<(), Denied> {
    match tenant {
        Some(tenant) => by.require(Permission::KeysManage, tenant),
        None => by.require_platform(Permission::OperatorsManage),
    }
}
