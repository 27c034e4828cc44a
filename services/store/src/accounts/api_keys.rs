//! Keys of the API.

use std::collections::BTreeMap;

use schemas::{OperatorId, TenantId, Timestamp};
use tokio_postgres::Row;

use super::{Grant, Hash};
use crate::{Platform, PlatformTx, StoreError, row};

/// A key, as lists show it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiKey {
    /// Who it acts as.
    pub id: OperatorId,
    /// How it begins.
    pub prefix: String,
    /// What somebody called it.
    pub name: String,
    /// What it may.
    pub grant: Grant,
    /// Who made it.
    pub created_by: OperatorId,
    /// As they call themselves, where they have an account.
    pub maker: Option<String>,
    /// When.
    pub created_at: Timestamp,
    /// When it was last used, to the minute.
    pub last_used_at: Option<Timestamp>,
    /// Since when it opens nothing.
    pub revoked_at: Option<Timestamp>,
}

/// One that is made.
pub struct NewKey<'a> {
    /// Drawn.
    pub id: &'a OperatorId,
    /// Of the key.
    pub hash: &'a Hash,
    /// How it begins.
    pub prefix: &'a str,
    /// What somebody called it.
    pub name: &'a str,
    /// What it may.
    pub grant: &'a Grant,
    /// Who makes it.
    pub by: &'a OperatorId,
    /// When.
    pub now: Timestamp,
}

const MAKE: &str = "
    insert into api_key (id, sha256, prefix, name, tenant, role, created_by, created_at_ms)
    values ($1, $2, $3, $4, $5, $6, $7, $8)";
const LIST: &str = "
    select k.id, k.prefix, k.name, k.tenant, k.role, k.created_by, k.created_at_ms,
        k.last_used_at_ms, k.revoked_at_ms, o.name
      from api_key k left join operator o on o.id = k.created_by
     where k.tenant is not distinct from $1 order by k.created_at_ms desc, k.id";
const NAMES: &str = "select id, name from api_key";
const REVOKE: &str = "
    update api_key set revoked_at_ms = $3
     where id = $1 and tenant is not distinct from $2 and revoked_at_ms is null";
const OWNERS: &str = "
    select distinct tenant from api_key where created_by = $1 and revoked_at_ms is null
     order by tenant";
const REVOKE_OF: &str = "
    update api_key set revoked_at_ms = $3
     where created_by = $1 and tenant is not distinct from $2 and revoked_at_ms is null";
const FIND: &str = "
    with touched as (
        update api_key set last_used_at_ms = $2
         where sha256 = $1 and revoked_at_ms is null and coalesce(last_used_at_ms, 0) < $3)
    select id, tenant, role from api_key where sha256 = $1 and revoked_at_ms is null";

/// Makes one.
pub async fn insert(tx: &mut PlatformTx, new: &NewKey<'_>) -> Result<(), StoreError> {
    let tenant = new.grant.tenant().map(TenantId::as_str);
    let (id, hash, by) = (new.id.as_str(), new.hash.as_slice(), new.by.as_str());
    let (role, at) = (new.grant.word(), new.now.as_millis());
    tx.execute(MAKE, &[&id, &hash, &new.prefix, &new.name, &tenant, &role, &by, &at])
        .await
        .map(drop)
}

/// Those of a tenant, or of the installation; the newest first.
pub async fn list(
    platform: &Platform,
    tenant: Option<&TenantId>,
) -> Result<Vec<ApiKey>, StoreError> {
    let answer = platform.account(LIST, &[&tenant.map(TenantId::as_str)]).await?;
    answer.rows.iter().map(read).collect()
}

/// What every key there ever was is called, whichever tenant it is of.
pub async fn names(platform: &Platform) -> Result<BTreeMap<OperatorId, String>, StoreError> {
    let answer = platform.account(NAMES, &[]).await?;
    answer.rows.iter().map(|row| Ok((row::id(row, 0)?, row.try_get(1)?))).collect()
}

fn read(row: &Row) -> Result<ApiKey, StoreError> {
    Ok(ApiKey {
        id: row::id(row, 0)?,
        prefix: row.try_get(1)?,
        name: row.try_get(2)?,
        grant: Grant::read(row.try_get(3)?, row.try_get(4)?)?,
        created_by: row::id(row, 5)?,
        maker: row.try_get(9)?,
        created_at: row::at(row, 6)?,
        last_used_at: row::at_opt(row, 7)?,
        revoked_at: row::at_opt(row, 8)?,
    })
}

/// Makes a key of that tenant open nothing; false if there is none.
pub async fn revoke(
    tx: &mut PlatformTx,
    id: &OperatorId,
    tenant: Option<&TenantId>,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let tenant = tenant.map(TenantId::as_str);
    Ok(tx.execute(REVOKE, &[&id.as_str(), &tenant, &now.as_millis()]).await? == 1)
}

/// Whose keys an operator made that still work: tenants, and none for the installation.
pub async fn owners_of(
    tx: &mut PlatformTx,
    by: &OperatorId,
) -> Result<Vec<Option<TenantId>>, StoreError> {
    let rows = tx.query(OWNERS, &[&by.as_str()]).await?;
    rows.iter().map(|row| row::id_opt(row, 0)).collect()
}

/// Makes the keys open nothing that an operator made for that tenant, or for the installation, and
/// says how many there were.
pub async fn revoke_of(
    tx: &mut PlatformTx,
    by: &OperatorId,
    tenant: Option<&TenantId>,
    now: Timestamp,
) -> Result<u64, StoreError> {
    let tenant = tenant.map(TenantId::as_str);
    tx.execute(REVOKE_OF, &[&by.as_str(), &tenant, &now.as_millis()]).await
}

/// Who a key acts as and what it may, in one round trip; notes that it was used, unless it was since
/// `touch_before`.
pub async fn find(
    platform: &Platform,
    hash: &Hash,
    now: Timestamp,
    touch_before: Timestamp,
) -> Result<Option<(OperatorId, Grant)>, StoreError> {
    let (now, touch) = (now.as_millis(), touch_before.as_millis());
    let answer = platform.account(FIND, &[&hash.as_slice(), &now, &touch]).await?;
    let read = |row| Ok((row::id(row, 0)?, Grant::read(row.try_get(1)?, row.try_get(2)?)?));
    answer.rows.first().map(read).transpose()
}
