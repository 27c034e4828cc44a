//! Reading what the projector wrote.

use schemas::{CorrelationId, MessageId, TenantId};

use super::{EventRow, MessageRow, TenantRow};
use crate::{PlatformTx, StoreError, TenantTx, row};

/// The most rows of any list.
const ROWS_MAX: u32 = 500;

const STORY: &str = "
    select event from (
        select to_jsonb(e) - 'tenant_id' as event, time_ms, stream, seq from p_event e
         where tenant_id = $1 and correlation_id = $2
        union
        select to_jsonb(e) - 'tenant_id', time_ms, stream, seq
          from effect join p_event e using (tenant_id, effect_id)
         where tenant_id = $1 and message_id = $2) story
     order by time_ms, stream, seq limit $3";
const MESSAGE: &str = "
    select to_jsonb(m) - 'tenant_id' from p_message m where tenant_id = $1 and message_id = $2";
/// No id has a `~`, which is after all that ids have.
const FIND: &str = "
    (select correlation_id from p_event
      where tenant_id = $1 and stream = 'EVENTS'
        and $2 <= correlation_id and correlation_id < $2 || '~'
      order by correlation_id, seq limit 1)
    union all
    (select correlation_id from p_event
      where tenant_id = $1 and stream = 'EVENTS' and $2 <= event_id and event_id < $2 || '~'
      order by event_id limit 1)
    limit 1";
/// A look into two indexes for each tenant.
const FIND_ANYWHERE: &str = "
    select tenant_id, found.correlation_id from p_tenant t cross join lateral (
        (select correlation_id from p_event e
          where e.tenant_id = t.tenant_id and stream = 'EVENTS'
            and $1 <= correlation_id and correlation_id < $1 || '~'
          order by correlation_id, seq limit 1)
        union all
        (select correlation_id from p_event e
          where e.tenant_id = t.tenant_id and stream = 'EVENTS'
            and $1 <= event_id and event_id < $1 || '~'
          order by event_id limit 1)) found
     order by tenant_id limit 1";
const MESSAGES: &str = "
    select to_jsonb(m) - 'tenant_id' from p_message m
     where tenant_id = $1 and received_at_ms < $2
     order by received_at_ms desc, message_id limit $3";
const TENANTS: &str = "
    select state, coalesce(messages, 0), last_ms from p_tenant t
      left join (select tenant_id, count(*) as messages, max(received_at_ms) as last_ms
                   from p_message group by tenant_id) m using (tenant_id)
     where tenant_id > $1 order by tenant_id limit $2";

/// The message whose id, or one of whose events' ids, begins so; the first where there are several.
pub async fn find(tx: &mut TenantTx, start: &str) -> Result<Option<MessageId>, StoreError> {
    let tenant = tx.tenant().clone();
    let row = tx.query_opt(FIND, &[&tenant.as_str(), &start]).await?;
    row.map(|row| row::id(&row, 0)).transpose()
}

/// The same among the messages of all tenants.
pub async fn find_anywhere(
    tx: &mut PlatformTx,
    start: &str,
) -> Result<Option<(TenantId, MessageId)>, StoreError> {
    let rows = tx.query(FIND_ANYWHERE, &[&start]).await?;
    rows.first().map(|row| Ok((row::id(row, 0)?, row::id(row, 1)?))).transpose()
}

/// The life of a message: every event of its story, and every sight of what was sent for it, in
/// order.
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
