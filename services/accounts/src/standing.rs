//! What an operator may do as the tables have it within a transaction. What they made lives no longer
//! than they may make it.

use domain::access::{Permission, Principal};
use schemas::{OperatorId, Timestamp};
use store::{
    PlatformTx, StoreError,
    accounts::{api_keys, members, operators, tokens},
};

use crate::api_keys::may_manage;

/// Who they are now; nobody, if they are disabled or have no account.
pub(crate) async fn of(
    tx: &mut PlatformTx,
    who: &OperatorId,
) -> Result<Option<Principal>, StoreError> {
    let found = operators::lock(tx, who).await?.filter(|it| !it.is_disabled);
    let Some(found) = found else { return Ok(None) };
    let tenants = members::roles(tx, who).await?;
    Ok(Some(Principal { operator: found.id, via: "portal", platform: found.platform, tenants }))
}

/// Ends the keys and links that somebody made and could not make any more, after their roles have
/// changed. Says how many keys there were.
pub(crate) async fn end_unbacked(
    tx: &mut PlatformTx,
    who: &OperatorId,
    now: Timestamp,
) -> Result<u64, StoreError> {
    let standing = of(tx, who).await?;
    // Links for others are made by administrators alone.
    let administers = |it: &Principal| it.require_platform(Permission::OperatorsManage).is_ok();
    if !standing.as_ref().is_some_and(administers) {
        tokens::void_made_by(tx, who, now).await?;
    }
    let mut ended = 0;
    for owner in api_keys::owners_of(tx, who).await? {
        let may = standing.as_ref().is_some_and(|it| may_manage(it, owner.as_ref()).is_ok());
        if !may {
            ended += api_keys::revoke_of(tx, who, owner.as_ref(), now).await?;
        }
    }
    Ok(ended)
}
