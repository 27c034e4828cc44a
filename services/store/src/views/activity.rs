//! What happened to a tenant's messages, the newest first.

use schemas::{MessageId, Text, Timestamp};
use tokio_postgres::Row;

use super::limit;
use crate::{StoreError, TenantTx, projections::EventRow, row};

/// One event. Its text is sealed.
#[derive(Clone, Debug, PartialEq)]
pub struct ActivityRow {
    /// The event.
    pub event: EventRow,
    /// The message it is about, if it is about one that was accepted.
    pub message: Option<MessageId>,
    /// What others call who wrote it.
    pub sender: Option<String>,
    /// What they wrote, where the event is that it came, and it is remembered.
    pub text: Option<Text>,
}

/// The words are those of the thread's memory: the log itself is not read.
const NEWEST: &str = "
    select to_jsonb(e) - 'tenant_id', m.message_id, t.sender_name, t.text
      from (select * from p_event
             where tenant_id = $1 and stream = 'EVENTS' and (cardinality($2::text[]) = 0 or kind = any ($2))
             order by seq desc limit $3) e
      left join p_message m on m.tenant_id = $1 and m.message_id = e.correlation_id
      left join turn t on t.tenant_id = $1 and t.connection_id = m.connection_id
           and t.conversation_id = m.conversation_id and t.message_id = m.message_id
           and t.role = 'person' and e.kind = 'message.accepted'
     order by e.seq desc";

/// The newest events of these kinds; of all where none is named.
pub async fn newest(
    tx: &mut TenantTx,
    kinds: &[&str],
    rows: u32,
) -> Result<Vec<ActivityRow>, StoreError> {
    let tenant = tx.tenant().clone();
    let rows = tx.query(NEWEST, &[&tenant.as_str(), &kinds, &limit(rows)]).await?;
    let line = |row: &Row| {
        Ok(ActivityRow {
            event: row::json(row, 0)?,
            message: row::id_opt(row, 1)?,
            sender: row.try_get(2)?,
            text: row::json_opt(row, 3)?,
        })
    };
    rows.iter().map(line).collect()
}

impl ActivityRow {
    /// When it happened.
    pub fn at(&self) -> Timestamp {
        Timestamp::from_millis(self.event.time_ms)
    }
}
