//! What a thread remembers: the last turns, as they are now, edits and deletions included.

use schemas::{ConnectionId, ConversationId, MessageId, MessageRef, TenantId, Text, Timestamp};
use serde::Serialize;
use tokio_postgres::{Row, types::ToSql};

use crate::{StoreError, TenantTx, row};

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

/// For each of several threads, the newest turns before a position, the newest first.
pub(crate) const BEFORE: &str = "
    select place, said.* from unnest($2::text[], $3::text[], $4::bigint[]) with ordinality
           as thread (connection_id, conversation_id, before, place)
     cross join lateral (
        select message_id, role, position, sender, sender_name, text, revision from turn
         where tenant_id = $1 and connection_id = thread.connection_id
           and conversation_id = thread.conversation_id
           and position < thread.before and not deleted
         order by position desc, message_id desc, role limit $5) as said
     order by place, position desc, message_id desc, role";

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

/// A row of [`BEFORE`], of the thread that `of` is said in.
pub(crate) fn read(row: &Row, of: &MessageRef) -> Result<Turn, StoreError> {
    Ok(Turn {
        connection: of.connection.clone(),
        conversation: of.conversation.clone(),
        message: row::id(row, 1)?,
        role: if row.try_get::<_, &str>(2)? == "agent" { Role::Agent } else { Role::Person },
        position: row.try_get(3)?,
        sender: row.try_get(4)?,
        sender_name: row.try_get(5)?,
        text: row::json(row, 6)?,
        revision: row::count(row.try_get::<_, i32>(7)?.into())?,
    })
}

/// A turn, as its columns.
#[derive(Serialize)]
pub(crate) struct TurnRow<'a> {
    connection_id: &'a str,
    conversation_id: &'a str,
    message_id: &'a str,
    role: &'static str,
    position: i64,
    sender: &'a str,
    sender_name: Option<&'a str>,
    text: &'a Text,
    revision: i32,
}

impl<'a> TurnRow<'a> {
    pub(crate) fn of(turn: &'a Turn) -> Self {
        Self {
            connection_id: turn.connection.as_str(),
            conversation_id: turn.conversation.as_str(),
            message_id: turn.message.as_str(),
            role: turn.role.as_str(),
            position: turn.position,
            sender: &turn.sender,
            sender_name: turn.sender_name.as_deref(),
            text: &turn.text,
            revision: row::small(turn.revision),
        }
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
