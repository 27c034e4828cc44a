//! The turns that an agent answered, and what is remembered up to each.

use schemas::{AgentId, Envelope, MessageId, MessageRef, Text, Timestamp};
use tokio_postgres::Row;

use super::ROWS_MAX;
use crate::{
    StoreError, TenantTx,
    memory::{Role, TURNS_MAX},
    row,
};

/// A message with a model was answered. What came of it may be gone, or not opened any more.
const ANSWERED: &str = "
    select m.message_id, c.envelope, c.stream_seq
      from p_message m left join completion c using (tenant_id, message_id)
     where m.tenant_id = $1 and m.agent_id = $2 and m.model is not null
       and m.received_at_ms between $3 and $4
     order by m.received_at_ms desc, m.message_id desc limit $5";
const ONE: &str = "
    select m.message_id, c.envelope, c.stream_seq
      from p_message m left join completion c using (tenant_id, message_id)
     where m.tenant_id = $1 and m.agent_id = $2 and m.message_id = $3 and m.model is not null";
/// Deleted turns too: whoever asks must know them.
const REMEMBERED: &str = "
    select message_id, role, revision, deleted, sender, sender_name, text from turn
     where tenant_id = $1 and connection_id = $2 and conversation_id = $3 and position <= $4
     order by position desc, message_id desc, role limit $5";

/// Which turns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// Received then or later.
    pub from: Timestamp,
    /// Received then or before.
    pub to: Timestamp,
    /// No more than so many, the newest.
    pub most: u32,
}

/// A turn that was answered.
#[derive(Clone, Debug, PartialEq)]
pub struct Answered {
    /// The message.
    pub message: MessageId,
    /// What came of it, with the place of its `message.admitted` or `message.reopened` on the log; nothing if
    /// that is gone.
    pub record: Option<(Envelope, u64)>,
}

/// A turn that a thread remembers now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remembered {
    /// The message it belongs to.
    pub message: MessageId,
    /// Who said it.
    pub role: Role,
    /// How often it was edited.
    pub revision: u32,
    /// The person's id in the chat system; the agent's for an answer.
    pub sender: String,
    /// What others call them.
    pub sender_name: Option<String>,
    /// What was said; nothing if it was taken back.
    pub text: Option<Text>,
}

/// What an agent answered in that time, the newest first.
pub async fn answered(
    tx: &mut TenantTx,
    agent: &AgentId,
    span: Span,
) -> Result<Vec<Answered>, StoreError> {
    let (tenant, most) = (tx.tenant().clone(), i64::from(span.most.min(ROWS_MAX)));
    let (from, to) = (span.from.as_millis(), span.to.as_millis());
    let rows = tx.query(ANSWERED, &[&tenant.as_str(), &agent.as_str(), &from, &to, &most]).await?;
    rows.iter().map(read).collect()
}

/// One message that an agent answered, if it did.
pub async fn one(
    tx: &mut TenantTx,
    agent: &AgentId,
    message: &MessageId,
) -> Result<Option<Answered>, StoreError> {
    let tenant = tx.tenant().clone();
    let row = tx.query_opt(ONE, &[&tenant.as_str(), &agent.as_str(), &message.as_str()]).await?;
    row.as_ref().map(read).transpose()
}

/// What a thread remembers up to a position, the oldest first; of a long one, the newest.
pub async fn remembered(
    tx: &mut TenantTx,
    message: &MessageRef,
    position: i64,
) -> Result<Vec<Remembered>, StoreError> {
    let (tenant, most) = (tx.tenant().clone(), i64::from(TURNS_MAX));
    let (connection, thread) = (message.connection.as_str(), message.conversation.as_str());
    let rows =
        tx.query(REMEMBERED, &[&tenant.as_str(), &connection, &thread, &position, &most]).await?;
    rows.iter().rev().map(turn).collect()
}

fn read(found: &Row) -> Result<Answered, StoreError> {
    let seq: Option<i64> = found.try_get(2)?;
    let record = match seq {
        Some(seq) => Some((row::envelope(found, 1)?, row::count(seq)?)),
        None => None,
    };
    Ok(Answered { message: row::id(found, 0)?, record })
}

fn turn(found: &Row) -> Result<Remembered, StoreError> {
    let is_agent = found.try_get::<_, &str>(1)? == "agent";
    Ok(Remembered {
        message: row::id(found, 0)?,
        role: if is_agent { Role::Agent } else { Role::Person },
        revision: row::count(found.try_get::<_, i32>(2)?.into())?,
        sender: found.try_get(4)?,
        sender_name: found.try_get(5)?,
        text: if found.try_get(3)? { None } else { row::json_opt(found, 6)? },
    })
}
