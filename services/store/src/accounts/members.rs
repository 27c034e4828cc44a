//! Roles in tenants.

use std::collections::BTreeMap;

use domain::access::TenantRole;
use schemas::{OperatorId, TenantId, Timestamp};

use super::{tenant_role, tenant_word};
use crate::{Platform, PlatformTx, StoreError, row};

/// Someone with a role in a tenant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Who.
    pub operator: OperatorId,
    /// In lower case.
    pub email: String,
    /// As they call themselves.
    pub name: String,
    /// Their role.
    pub role: TenantRole,
    /// Since when.
    pub since: Timestamp,
    /// Whether they cannot sign in.
    pub is_disabled: bool,
}

const OF: &str = "
    select o.id, o.email, o.name, m.role, m.since_ms, o.disabled_at_ms is not null
      from membership m join operator o on o.id = m.operator_id
     where m.tenant_id = $1 order by o.email";
const ROLES: &str = "select tenant_id, role from membership where operator_id = $1";
const PUT: &str = "
    insert into membership (tenant_id, operator_id, role, since_ms) values ($1, $2, $3, $4)
    on conflict (tenant_id, operator_id) do update set role = excluded.role";
const REMOVE: &str = "delete from membership where tenant_id = $1 and operator_id = $2";

/// Everybody with a role there, by e-mail.
pub async fn of(platform: &Platform, tenant: &TenantId) -> Result<Vec<Member>, StoreError> {
    let answer = platform.account(OF, &[&tenant.as_str()]).await?;
    let read = |row| {
        Ok(Member {
            operator: row::id(row, 0)?,
            email: tokio_postgres::Row::try_get(row, 1)?,
            name: row.try_get(2)?,
            role: tenant_role(row.try_get(3)?)?,
            since: row::at(row, 4)?,
            is_disabled: row.try_get(5)?,
        })
    };
    answer.rows.iter().map(read).collect()
}

/// The roles of an operator, as the transaction sees them.
pub async fn roles(
    tx: &mut PlatformTx,
    operator: &OperatorId,
) -> Result<BTreeMap<TenantId, TenantRole>, StoreError> {
    let rows = tx.query(ROLES, &[&operator.as_str()]).await?;
    rows.iter().map(|row| Ok((row::id(row, 0)?, tenant_role(row.try_get(1)?)?))).collect()
}

/// Gives a role, or another one. For a transaction of `Purpose::Members`.
pub async fn put(
    tx: &mut PlatformTx,
    tenant: &TenantId,
    operator: &OperatorId,
    role: TenantRole,
    now: Timestamp,
) -> Result<(), StoreError> {
    let (tenant, operator) = (tenant.as_str(), operator.as_str());
    tx.execute(PUT, &[&tenant, &operator, &tenant_word(role), &now.as_millis()]).await.map(drop)
}

/// Takes the role; false if there was none. For a transaction of `Purpose::Members`.
pub async fn remove(
    tx: &mut PlatformTx,
    tenant: &TenantId,
    operator: &OperatorId,
) -> Result<bool, StoreError> {
    Ok(tx.execute(REMOVE, &[&tenant.as_str(), &operator.as_str()]).await? == 1)
}
