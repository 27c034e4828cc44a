//! Reading what the projector wrote.

use schemas::{CorrelationId, MessageId};

use super::{EventRow, MessageRow, TenantRow};
use crate::{PlatformTx, StoreError, TenantTx, row};

/// The most rows of any list.
const ROWS_MAX: u32 = 500;

const STORY: &str = "
    select to_jsonb(e) - 'tenant_id' from p_event e
     where tenant_id = $1 and correlation_id = $2 order by time_ms, stream, seq limit $3";
const MESSAGE: &str = "
    select to_jsonb(m) - 'tenant_id' from p_message m where tenant_id = $1 and message_id = $2";
const FIND: &str = "
    select correlation_id from p_event
     where tenant_id = $1 and stream = 'EVENTS'
       and (starts_with(correlation_id, $2) or starts_with(event_id, $2))
     order by seq limit 1";
const MESSAGES: &str = "
    select to_jsonb(m) - 'tenant_id' from p_message m
     where tenant_id = $1 and received_at_ms < $2
     order by received_at_ms desc, message_id limit $3";
const TENANTS: &str = "
    select state, coalesce(messages, 0), last_ms from p_tenant t
      left join (select tenant_id, count(*) as messages, max(received_at_ms) as last_ms
                   from p_message group by tenant_id) m using (tenant_id)
     where tenant_id > $1 order by tenant_id limit $2";

/// The message whose id, or one of whose events' ids, begins so; the oldest where there are several.
pub async fn find(tx: &mut TenantTx, start: &str) -> Result<Option<MessageId>, StoreError> {
    let tenant = tx.tenant().clone();
    let row = tx.query_opt(FIND, &[&tenant.as_str(), &start]).await?;
    row.map(|row| row::id(&row, 0)).transpose()
}

/// The life of a message: every event of its story, in order.
pub async fn story(
    tx: &mut TenantTx,
    correlation: &CorrelationId,
) -> Result<Vec<EventRow>, StoreError> {
    let tenant = tx.tenant().clone();
    let limit = i64::from(ROWS_MAX);
    let rows = tx.query(STORY, &[&tenant.as_str(), &correlation.as_str(), &limit]).await?;
    rows.iter().map(|row| row::json(row, 0)).collect()
}

/// Where a message stands.
pub async fn message(
    tx: &mut TenantTx,
    message: &MessageId,
) -> Result<Option<MessageRow>, StoreError> {
    let tenant = tx.tenant().clone();
    let row = tx.query_opt(MESSAGE, &[&tenant.as_str(), &message.as_str()]).await?;
    row.map(|row| row::json(&row, 0)).transpose()
}

/// A tenant's messages received before an instant in milliseconds, the newest first.
pub async fn messages(
    tx: &mut TenantTx,
    before_ms: i64,
    limit: u32,
) -> Result<Vec<MessageRow>, StoreError> {
    let tenant = tx.tenant().clone();
    let limit = i64::from(limit.min(ROWS_MAX));
    let rows = tx.query(MESSAGES, &[&tenant.as_str(), &before_ms, &limit]).await?;
    rows.iter().map(|row| row::json(row, 0)).collect()
}

/// The tenants after `after` in the order of their slugs; `""` for the first.
pub async fn tenants(
    tx: &mut PlatformTx,
    after: &str,
    limit: u32,
) -> Result<Vec<TenantRow>, StoreError> {
    let limit = i64::from(limit.min(ROWS_MAX));
    let read = |row: &tokio_postgres::Row| {
        Ok(TenantRow {
            tenant: row::json(row, 0)?,
            messages: row::count(row.try_get(1)?)?,
            last_message_at: row::at_opt(row, 2)?,
        })
    };
    tx.query(TENANTS, &[&after, &limit]).await?.iter().map(read).collect()
}
