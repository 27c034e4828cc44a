//! What operators did to accounts and sessions. Append-only.

use schemas::{OperatorId, TenantId, Timestamp};
use serde_json::Value;
use tokio_postgres::types::ToSql;

use crate::{Platform, PlatformTx, StoreError, row};

/// One line.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// Its place; later is larger.
    pub id: i64,
    /// When.
    pub at: Timestamp,
    /// Who, if it is known.
    pub operator: Option<OperatorId>,
    /// In which tenant, if it was about one.
    pub tenant: Option<TenantId>,
    /// What, e.g. `sign-in.done`.
    pub action: String,
    /// More of it. Never a password, a token or a code.
    pub detail: Value,
    /// Where from.
    pub ip: String,
}

/// A line to write.
pub struct NewEntry<'a> {
    /// When.
    pub at: Timestamp,
    /// Who, if it is known.
    pub operator: Option<&'a OperatorId>,
    /// In which tenant, if it was about one.
    pub tenant: Option<&'a TenantId>,
    /// What.
    pub action: &'a str,
    /// More of it.
    pub detail: &'a Value,
    /// Where from.
    pub ip: &'a str,
}

/// Which lines.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Of one tenant only.
    pub tenant: Option<TenantId>,
    /// Of one operator only.
    pub operator: Option<OperatorId>,
    /// Of one kind only.
    pub action: Option<String>,
    /// Before this one: the last of the page before.
    pub before: Option<i64>,
    /// How many at the most.
    pub limit: u32,
}

const APPEND: &str = "
    insert into operator_log (at_ms, operator, tenant, action, detail, ip)
    values ($1, $2, $3, $4, $5, $6)";
const PAGE: &str = "
    select id, at_ms, operator, tenant, action, detail, ip from operator_log
     where ($1::text is null or tenant = $1) and ($2::text is null or operator = $2)
       and ($3::text is null or action = $3) and ($4::bigint is null or id < $4)
     order by id desc limit $5";

/// Writes a line.
pub async fn append(tx: &mut PlatformTx, new: &NewEntry<'_>) -> Result<(), StoreError> {
    let (operator, tenant) =
        (new.operator.map(OperatorId::as_str), new.tenant.map(TenantId::as_str));
    let (at, detail) = (new.at.as_millis(), row::to_json(new.detail)?);
    tx.execute(APPEND, &[&at, &operator, &tenant, &new.action, &detail, &new.ip]).await.map(drop)
}

/// A page, the newest first.
pub async fn page(platform: &Platform, filter: &Filter) -> Result<Vec<Entry>, StoreError> {
    let tenant = filter.tenant.as_ref().map(TenantId::as_str);
    let operator = filter.operator.as_ref().map(OperatorId::as_str);
    let limit = i64::from(filter.limit);
    let asked: [&(dyn ToSql + Sync); 5] =
        [&tenant, &operator, &filter.action, &filter.before, &limit];
    let answer = platform.account(PAGE, &asked).await?;
    let read = |row| {
        Ok(Entry {
            id: tokio_postgres::Row::try_get(row, 0)?,
            at: row::at(row, 1)?,
            operator: row::id_opt(row, 2)?,
            tenant: row::id_opt(row, 3)?,
            action: row.try_get(4)?,
            detail: row::json(row, 5)?,
            ip: row.try_get(6)?,
        })
    };
    answer.rows.iter().map(read).collect()
}
