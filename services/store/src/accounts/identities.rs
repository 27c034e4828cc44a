//! Who operators are at the provider of identities, and which sign-ins came back from it.

use schemas::{OperatorId, Timestamp};

use super::Hash;
use crate::{Platform, PlatformTx, StoreError, row};

/// Somebody, as the provider calls them.
#[derive(Clone, Copy, Debug)]
pub struct Named<'a> {
    /// The provider.
    pub issuer: &'a str,
    /// What it calls them.
    pub subject: &'a str,
}

const FIND: &str = "
    select operator_id from operator_identity where issuer = $1 and subject = $2";
const IS_LINKED: &str = "select exists (select from operator_identity where operator_id = $1)";
/// One name for an operator, and one operator for a name.
const LINK: &str = "
    insert into operator_identity (issuer, subject, operator_id, linked_at_ms)
    values ($1, $2, $3, $4) on conflict do nothing";
const UNLINK: &str = "delete from operator_identity where operator_id = $1";
const RETURNED: &str = "
    insert into oidc_returned (state_sha256, expires_at_ms) values ($1, $2)
    on conflict do nothing";

/// Who it is, if they were here before.
pub async fn find(platform: &Platform, who: Named<'_>) -> Result<Option<OperatorId>, StoreError> {
    let answer = platform.account(FIND, &[&who.issuer, &who.subject]).await?;
    answer.rows.first().map(|row| row::id(row, 0)).transpose()
}

/// Whether an operator has a name at the provider.
pub async fn is_linked(platform: &Platform, operator: &OperatorId) -> Result<bool, StoreError> {
    let answer = platform.account(IS_LINKED, &[&operator.as_str()]).await?;
    answer.rows.first().map_or(Ok(false), |row| Ok(row.try_get(0)?))
}

/// Links the two; false if the operator has a name or the name an operator.
pub async fn link(
    tx: &mut PlatformTx,
    who: Named<'_>,
    operator: &OperatorId,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let (operator, at) = (operator.as_str(), now.as_millis());
    Ok(tx.execute(LINK, &[&who.issuer, &who.subject, &operator, &at]).await? == 1)
}

/// Forgets the name of an operator; false if there was none.
pub async fn unlink(tx: &mut PlatformTx, operator: &OperatorId) -> Result<bool, StoreError> {
    Ok(tx.execute(UNLINK, &[&operator.as_str()]).await? == 1)
}

/// Notes that a sign-in came back; false if it did before. Kept until it would be too old anyway.
pub async fn returned(
    platform: &Platform,
    state: &Hash,
    expires_at: Timestamp,
) -> Result<bool, StoreError> {
    let answer = platform.account(RETURNED, &[&state.as_slice(), &expires_at.as_millis()]).await?;
    Ok(answer.affected == 1)
}
