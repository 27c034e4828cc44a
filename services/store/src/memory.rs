//! What a thread remembers: the last turns, as they are now, edits and deletions included.

use schemas::{ConnectionId, ConversationId, MessageId, MessageRef, TenantId, Text, Timestamp};
use tokio_postgres::types::{Json, ToSql};

use crate::{StoreError, TenantTx, row, session::Step, tenant_tx::TenantStep};

/// The most turns that are ever read of one thread.
pub const TURNS_MAX: u32 = 200;

/// Who said it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// A person.
    Person,
    /// The agent, in answer to the message of the same id.
    Agent,
}

impl Role {
    /// As it stands in the table. `person` sorts after `agent`: newest first is the answer, then
    /// what it answers, so the order is by this word ascending.
    const fn as_str(self) -> &'static str {
        match self {
            Role::Person => "person",
            Role::Agent => "agent",
        }
    }
}

/// One thing that was said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Turn {
    /// Through which connection.
    pub connection: ConnectionId,
    /// In which thread.
    pub conversation: ConversationId,
    /// The message: what the person said, or what the agent answered to.
    pub message: MessageId,
    /// Who said it.
    pub role: Role,
    /// Where it stands in the thread; see [`position`].
    pub position: i64,
    /// The person's id in the chat system; the agent's for an answer.
    pub sender: String,
    /// What others call them.
    pub sender_name: Option<String>,
    /// What was said.
    pub text: Text,
    /// How often it was edited.
    pub revision: u32,
}

/// Where a message stands among those of its thread: microseconds of the chat system's clock. Its
/// `ts` where that is a decimal number of seconds, as Slack's is, else when it was sent.
pub fn position(ts: &str, sent_at: Timestamp) -> i64 {
    position_of_ts(ts).unwrap_or_else(|| sent_at.as_millis().saturating_mul(1000))
}

fn position_of_ts(ts: &str) -> Option<i64> {
    let (seconds, fraction) = ts.split_once('.')?;
    if fraction.is_empty()
        || 6 < fraction.len()
        || !ts.bytes().all(|b| b == b'.' || b.is_ascii_digit())
    {
        return None;
    }
    let micros: i64 = format!("{fraction:0<6}").parse().ok()?;
    seconds.parse::<i64>().ok()?.checked_mul(1_000_000)?.checked_add(micros)
}

const NEWEST: &str = "
    select message_id, role, position, sender, sender_name, text, revision from turn
     where tenant_id = $1 and connection_id = $2 and conversation_id = $3
       and position < $4 and not deleted
     order by position desc, message_id desc, role limit $5";

/// An edit or a deletion may have come before: they stand.
const PUT: &str = "
    insert into turn (tenant_id, connection_id, conversation_id, message_id, role, position,
                      sender, sender_name, text, revision)
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
    on conflict (tenant_id, connection_id, conversation_id, message_id, role) do update
       set position = excluded.position, sender_name = excluded.sender_name,
           text = case when turn.deleted or turn.edited_at_ms is not null
                       then turn.text else excluded.text end";

/// An older edit that comes late changes nothing; the same edit again counts once.
const EDIT: &str = "
    insert into turn (tenant_id, connection_id, conversation_id, message_id, role, position,
                      sender, text, revision, edited_at_ms)
    values ($1, $2, $3, $4, 'person', $5, $6, $7, 1, $8)
    on conflict (tenant_id, connection_id, conversation_id, message_id, role) do update
       set text = excluded.text, revision = turn.revision + 1, edited_at_ms = excluded.edited_at_ms
     where not turn.deleted and coalesce(turn.edited_at_ms, -1) < excluded.edited_at_ms";

const DELETE: &str = "
    insert into turn (tenant_id, connection_id, conversation_id, message_id, role, position,
                      sender, text, deleted)
    values ($1, $2, $3, $4, 'person', $5, $6, null, true)
    on conflict (tenant_id, connection_id, conversation_id, message_id, role) do update
       set text = null, deleted = true";

/// The turns of a thread before `before`, the newest first, at most `limit` of them. What was
/// deleted is not among them.
pub async fn newest(
    tx: &mut TenantTx,
    connection: &ConnectionId,
    conversation: &ConversationId,
    before: i64,
    limit: u32,
) -> Result<Vec<Turn>, StoreError> {
    let tenant = tx.tenant().clone();
    let limit = i64::from(limit.min(TURNS_MAX));
    let (thread, wire) = (conversation.as_str(), connection.as_str());
    let rows = tx.query(NEWEST, &[&tenant.as_str(), &wire, &thread, &before, &limit]).await?;
    let read = |row: &tokio_postgres::Row| {
        Ok(Turn {
            connection: connection.clone(),
            conversation: conversation.clone(),
            message: row::id(row, 0)?,
            role: if row.try_get::<_, &str>(1)? == "agent" { Role::Agent } else { Role::Person },
            position: row.try_get(2)?,
            sender: row.try_get(3)?,
            sender_name: row.try_get(4)?,
            text: row::json(row, 5)?,
            revision: row::count(row.try_get::<_, i32>(6)?.into())?,
        })
    };
    rows.iter().map(read).collect()
}

/// Remembers a turn; what was edited or deleted meanwhile stays so.
pub async fn put(tx: &mut TenantTx, turn: &Turn) -> Result<(), StoreError> {
    let tenant = tx.tenant().clone();
    let columns = Columns::of(&tenant, turn)?;
    tx.run(vec![columns.put()]).await?;
    Ok(())
}

/// A turn, as the columns of [`PUT`].
pub(crate) struct Columns<'a> {
    tenant: &'a TenantId,
    keys: [&'a str; 5],
    turn: &'a Turn,
    text: Json<serde_json::Value>,
    revision: i32,
}

impl<'a> Columns<'a> {
    pub(crate) fn of(tenant: &'a TenantId, turn: &'a Turn) -> Result<Self, StoreError> {
        let (wire, thread) = (turn.connection.as_str(), turn.conversation.as_str());
        let keys = [tenant.as_str(), wire, thread, turn.message.as_str(), turn.role.as_str()];
        let (text, revision) = (row::to_json(&turn.text)?, row::small(turn.revision));
        Ok(Self { tenant, keys, turn, text, revision })
    }

    pub(crate) fn put(&self) -> TenantStep<'_> {
        let mut params: Vec<&(dyn ToSql + Sync)> = Vec::with_capacity(10);
        params.extend(self.keys.iter().map(|key| key as &(dyn ToSql + Sync)));
        params.push(&self.turn.position);
        params.push(&self.turn.sender);
        params.push(&self.turn.sender_name);
        params.push(&self.text);
        params.push(&self.revision);
        TenantStep { tenant: self.tenant, step: Step { sql: PUT, params } }
    }
}

/// Honours an edit, also of a message that is not known yet.
pub async fn edit(
    tx: &mut TenantTx,
    message: &MessageRef,
    text: &Text,
    edited_at: Timestamp,
) -> Result<(), StoreError> {
    let key = Key::of(tx, message);
    let (text, at) = (row::to_json(text)?, edited_at.as_millis());
    let [tenant, wire, thread, id] = key.columns();
    let params: &[&(dyn ToSql + Sync)] =
        &[&tenant, &wire, &thread, &id, &key.position, &message.sender, &text, &at];
    tx.execute(EDIT, params).await?;
    Ok(())
}

/// Honours a deletion: the text goes, and does not come back.
pub async fn delete(tx: &mut TenantTx, message: &MessageRef) -> Result<(), StoreError> {
    let key = Key::of(tx, message);
    let [tenant, wire, thread, id] = key.columns();
    let params: &[&(dyn ToSql + Sync)] =
        &[&tenant, &wire, &thread, &id, &key.position, &message.sender];
    tx.execute(DELETE, params).await?;
    Ok(())
}

/// Where a person's turn is.
struct Key<'a> {
    tenant: TenantId,
    message: &'a MessageRef,
    position: i64,
}

impl<'a> Key<'a> {
    fn of(tx: &TenantTx, message: &'a MessageRef) -> Self {
        let position = position(&message.ts, Timestamp::from_millis(0));
        Self { tenant: tx.tenant().clone(), message, position }
    }

    fn columns(&self) -> [&str; 4] {
        let message = self.message;
        let thread = message.conversation.as_str();
        [self.tenant.as_str(), message.connection.as_str(), thread, message.id.as_str()]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_keeps_the_order_of_the_chat_system() {
        let sent_at = Timestamp::from_millis(7);
        let cases = [
            ("1700000000.123456", 1_700_000_000_123_456),
            ("1700000000.1", 1_700_000_000_100_000),
            ("1700000000", 7_000),
            ("1700000000.1234567", 7_000),
            ("-1.5", 7_000),
            ("", 7_000),
        ];
        for (ts, want) in cases {
            assert_eq!(position(ts, sent_at), want, "{ts}");
        }
    }
}
