//! All operators of the installation, for whoever administers it.

use std::collections::BTreeMap;

use domain::access::{Permission, PlatformRole, Principal};
use schemas::OperatorId;
use serde_json::{Value, json};
use store::{
    PlatformTx, StoreError,
    accounts::{operators, platform_word, sessions, tokens},
};

use crate::{
    Accounts, AccountsError, Delivery, Denied, Email, Operator, Visit,
    journal::{Deed, note},
    passwords, standing,
};

/// Whoever types commands on the server, in the place of an operator's id: those are drawn, and no
/// one of them is this.
pub(crate) const CONSOLE: &str = "console";

impl Accounts {
    /// Whoever types commands on the server: they have its database and its keys anyway.
    pub fn console() -> Result<Principal, AccountsError> {
        let operator = CONSOLE.parse().map_err(|_| StoreError::Row("not an id".to_owned()))?;
        let platform = Some(PlatformRole::Administrator);
        Ok(Principal { operator, via: "cli", platform, tenants: BTreeMap::new() })
    }

    /// Everybody, by e-mail.
    pub async fn operators(&self, by: &Principal) -> Result<Vec<Operator>, AccountsError> {
        by.require_platform(Permission::OperatorsManage)?;
        Ok(operators::list(&self.platform).await?)
    }

    /// What these are called, where they are still known: for pages that say who did something.
    pub async fn names(
        &self,
        of: Vec<OperatorId>,
    ) -> Result<BTreeMap<OperatorId, String>, AccountsError> {
        let mut names = BTreeMap::new();
        for id in of {
            if names.contains_key(&id) {
                continue;
            }
            if let Some(found) = operators::by_id(&self.platform, &id).await? {
                names.insert(id, found.name);
            }
        }
        Ok(names)
    }

    /// Lets somebody sign in no more: sessions, their links, and the links and keys that they made end
    /// at once.
    pub async fn disable(
        &self,
        by: &Principal,
        who: &OperatorId,
        visit: &Visit,
    ) -> Result<(), AccountsError> {
        by.require_platform(Permission::OperatorsManage)?;
        let found = operators::by_id(&self.platform, who).await?.ok_or(Denied::NotFound)?;
        let mut tx = self.platform.accounts().await?;
        keep_one(&mut tx, who).await?;
        operators::set_disabled(&mut tx, who, Some(visit.now)).await?;
        sessions::close_all(&mut tx, who, None, visit.now).await?;
        tokens::void_all(&mut tx, who, Some(&found.email), visit.now).await?;
        let keys = standing::end_unbacked(&mut tx, who, visit.now).await?;
        let detail = json!({ "operator": who, "keys_ended": keys });
        record(&mut tx, by, "operator.disabled", detail, visit).await?;
        Ok(tx.commit().await?)
    }

    /// Lets somebody sign in again. What ended stays ended.
    pub async fn enable(
        &self,
        by: &Principal,
        who: &OperatorId,
        visit: &Visit,
    ) -> Result<(), AccountsError> {
        by.require_platform(Permission::OperatorsManage)?;
        let mut tx = self.platform.accounts().await?;
        if !operators::set_disabled(&mut tx, who, None).await? {
            return Err(Denied::NotFound.into());
        }
        record(&mut tx, by, "operator.enabled", json!({ "operator": who }), visit).await?;
        Ok(tx.commit().await?)
    }

    /// Another role over the installation, or none. Their sessions end, and what they made and could
    /// not make any more.
    pub async fn set_platform_role(
        &self,
        by: &Principal,
        who: &OperatorId,
        role: Option<PlatformRole>,
        visit: &Visit,
    ) -> Result<(), AccountsError> {
        by.require_platform(Permission::OperatorsManage)?;
        let mut tx = self.platform.accounts().await?;
        if role != Some(PlatformRole::Administrator) {
            keep_one(&mut tx, who).await?;
        }
        if !operators::set_role(&mut tx, who, role).await? {
            return Err(Denied::NotFound.into());
        }
        sessions::close_all(&mut tx, who, None, visit.now).await?;
        let keys = standing::end_unbacked(&mut tx, who, visit.now).await?;
        let role = role.map(platform_word);
        let detail = json!({ "operator": who, "role": role, "keys_ended": keys });
        record(&mut tx, by, "operator.role-given", detail, visit).await?;
        Ok(tx.commit().await?)
    }

    /// A link to choose another password, for somebody who asked for one.
    pub async fn reset_link(
        &self,
        by: &Principal,
        who: &OperatorId,
        visit: &Visit,
    ) -> Result<Delivery, AccountsError> {
        self.reset_of(by, who, visit, false).await
    }

    /// The same for somebody who has lost their second factor: it goes, and so does the password, which
    /// may be as short as one with a second factor.
    pub async fn reset_second_factor(
        &self,
        by: &Principal,
        who: &OperatorId,
        visit: &Visit,
    ) -> Result<Delivery, AccountsError> {
        self.reset_of(by, who, visit, true).await
    }

    async fn reset_of(
        &self,
        by: &Principal,
        who: &OperatorId,
        visit: &Visit,
        is_both: bool,
    ) -> Result<Delivery, AccountsError> {
        by.require_platform(Permission::OperatorsManage)?;
        let found = operators::by_id(&self.platform, who).await?;
        let found = found.filter(|it| !it.is_disabled).ok_or(Denied::NotFound)?;
        let email = Email::parse(&found.email)?;
        let mut tx = self.platform.accounts().await?;
        let mut action = "operator.reset-link-made";
        if is_both {
            action = "operator.second-factor-removed";
            operators::set_totp(&mut tx, who, None, 0).await?;
            operators::set_password(&mut tx, who, None).await?;
            sessions::close_all(&mut tx, who, None, visit.now).await?;
            tokens::void_all(&mut tx, who, None, visit.now).await?;
        }
        let link = self.make_reset(&mut tx, who, Some(&by.operator), visit.now).await?;
        record(&mut tx, by, action, json!({ "operator": who }), visit).await?;
        tx.commit().await?;
        self.deliver(passwords::letter(&email, &link), link).await
    }
}

/// Refuses, if nobody else administers the installation.
async fn keep_one(tx: &mut PlatformTx, but: &OperatorId) -> Result<(), AccountsError> {
    match operators::administrators(tx).await?.as_slice() {
        [last] if last == but => Err(AccountsError::LastAdministrator),
        _ => Ok(()),
    }
}

async fn record(
    tx: &mut PlatformTx,
    by: &Principal,
    action: &'static str,
    detail: Value,
    visit: &Visit,
) -> Result<(), StoreError> {
    note(tx, visit, Deed { who: Some(&by.operator), tenant: None, action, detail }).await
}
