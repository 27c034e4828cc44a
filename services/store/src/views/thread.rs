//! What was said in threads, and what became of each message.

use schemas::{ConnectionId, ConversationId, MessageId, Text, Timestamp, usage::Attempt};
use tokio_postgres::{Row, types::ToSql};

use super::{conversations, limit};
use crate::{StoreError, TenantTx, completions::Tried, memory::Role, projections::MessageRow, row};

/// The most turns that are read of one thread at a time.
pub const TURNS_MAX: u32 = 200;

/// One thing that was said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// The place of its thread among those asked for, from 0.
    pub thread: usize,
    /// The message: what the person said, or what the agent answered to.
    pub message: MessageId,
    /// Who said it.
    pub role: Role,
    /// Where it stands in the thread; see [`crate::memory::position`].
    pub position: i64,
    /// The person's id in the chat system; the agent's for an answer.
    pub sender: String,
    /// What others call them.
    pub sender_name: Option<String>,
    /// What was said; nothing once it was taken back.
    pub text: Option<Text>,
    /// How often it was edited.
    pub revision: u32,
    /// When it was edited last.
    pub edited_at: Option<Timestamp>,
}

/// The newest turns of each of several threads before a position, thread by thread, the newest first.
const TURNS: &str = "
    select place, said.* from unnest($2::text[], $3::text[]) with ordinality
           as thread (connection_id, conversation_id, place)
     cross join lateral (
        select message_id, role, position, sender, sender_name, text, revision, edited_at_ms
          from turn
         where tenant_id = $1 and connection_id = thread.connection_id
           and conversation_id = thread.conversation_id and position < $4
         order by position desc, message_id desc, role limit $5) as said
     order by place, position desc, message_id desc, role limit $6";
const MESSAGES: &str = "
    select to_jsonb(m) - 'tenant_id' from p_message m
     where tenant_id = $1 and connection_id = $2 and conversation_id = $3 and received_at_ms <= $4
     order by received_at_ms desc limit $5";
const IN_STATE: &str = "
    select to_jsonb(m) - 'tenant_id' from p_message m
     where tenant_id = $1 and state = 'uncertain' and received_at_ms < $2
     order by received_at_ms desc, message_id limit $3";
const ATTEMPTS: &str = "
    select index, deployment, started_at_ms, outcome from attempt
     where tenant_id = $1 and message_id = $2 order by index limit $3";

/// What was said in several threads before a position, thread by thread, the newest first, `rows` in all.
pub async fn turns(
    tx: &mut TenantTx,
    threads: &[(&ConnectionId, &ConversationId)],
    before: i64,
    rows: u32,
) -> Result<Vec<Said>, StoreError> {
    let tenant = tx.tenant().clone();
    let (connections, conversations) = conversations::names(threads);
    let params: [&(dyn ToSql + Sync); 6] = [
        &tenant.as_str(),
        &connections,
        &conversations,
        &before,
        &i64::from(TURNS_MAX),
        &i64::from(rows),
    ];
    tx.query(TURNS, &params).await?.iter().map(said).collect()
}

/// The newest messages of a thread that came by an instant, the newest first.
pub async fn messages(
    tx: &mut TenantTx,
    connection: &ConnectionId,
    conversation: &ConversationId,
    by: Timestamp,
    rows: u32,
) -> Result<Vec<MessageRow>, StoreError> {
    let tenant = tx.tenant().clone();
    let params: [&(dyn ToSql + Sync); 5] = [
        &tenant.as_str(),
        &connection.as_str(),
        &conversation.as_str(),
        &by.as_millis(),
        &limit(rows),
    ];
    tx.query(MESSAGES, &params).await?.iter().map(|row| row::json(row, 0)).collect()
}

/// Messages whose replies are in doubt, the newest first, of those that came before an instant.
pub async fn uncertain(
    tx: &mut TenantTx,
    before_ms: i64,
    rows: u32,
) -> Result<Vec<MessageRow>, StoreError> {
    let tenant = tx.tenant().clone();
    let rows = tx.query(IN_STATE, &[&tenant.as_str(), &before_ms, &limit(rows)]).await?;
    rows.iter().map(|row| row::json(row, 0)).collect()
}

/// The calls to models for a message.
pub async fn attempts(tx: &mut TenantTx, message: &MessageId) -> Result<Vec<Tried>, StoreError> {
    let tenant = tx.tenant().clone();
    let params: [&(dyn ToSql + Sync); 3] = [&tenant.as_str(), &message.as_str(), &limit(100)];
    let rows = tx.query(ATTEMPTS, &params).await?;
    let tried = |row: &Row| {
        Ok(Tried {
            index: row::count(row.try_get::<_, i32>(0)?.into())?,
            deployment: row.try_get(1)?,
            started_at: row::at(row, 2)?,
            outcome: row::json_opt::<Attempt>(row, 3)?,
        })
    };
    rows.iter().map(tried).collect()
}

fn said(row: &Row) -> Result<Said, StoreError> {
    Ok(Said {
        thread: row::count::<usize>(row.try_get::<_, i64>(0)? - 1)?,
        message: row::id(row, 1)?,
        role: if row.try_get::<_, &str>(2)? == "agent" { Role::Agent } else { Role::Person },
        position: row.try_get(3)?,
        sender: row.try_get(4)?,
        sender_name: row.try_get(5)?,
        text: row::json_opt(row, 6)?,
        revision: row::count(row.try_get::<_, i32>(7)?.into())?,
        edited_at: row::at_opt(row, 8)?,
    })
}
