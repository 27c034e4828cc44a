//! Threads, the newest first, and back.

use schemas::{AgentId, ConnectionId, ConversationId, MessageId, Place, Text, Timestamp};
use tokio_postgres::{Row, types::ToSql};

use super::limit;
use crate::{StoreError, TenantTx, row};

/// Which threads are asked for.
#[derive(Clone, Debug, Default)]
pub struct ThreadFilter {
    /// Answered last by this agent.
    pub agent: Option<AgentId>,
    /// Whose newest message stands at one of these; empty for any.
    pub states: Vec<String>,
    /// In which this person wrote.
    pub person: Option<String>,
    /// Of this connection.
    pub connection: Option<ConnectionId>,
    /// Whether a person has it.
    pub with_person: Option<bool>,
    /// Whose newest message came then or later.
    pub from: Option<Timestamp>,
    /// Whose newest message came before.
    pub to: Option<Timestamp>,
}

/// A place in the order of threads.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mark {
    /// When the newest message came, in milliseconds.
    pub last_at_ms: i64,
    /// The connection.
    pub connection: String,
    /// The thread.
    pub conversation: String,
}

impl Mark {
    /// Before all threads, as the newest come first.
    pub fn start() -> Self {
        Self { last_at_ms: i64::MAX, connection: String::new(), conversation: String::new() }
    }
}

/// Where to go from a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// To what is older.
    Older,
    /// To what is newer.
    Newer,
}

/// A thread in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Thread {
    /// Its connection.
    pub connection: ConnectionId,
    /// Which thread of it.
    pub conversation: ConversationId,
    /// Where that is.
    pub place: Place,
    /// Who wrote in it, in the order of their first words; the first 16.
    pub people: Vec<String>,
    /// Who answered last.
    pub agent: Option<AgentId>,
    /// Where its newest message stands; see [`crate::projections::MessageRow::state`].
    pub state: String,
    /// How many messages people wrote.
    pub messages: u32,
    /// When the first came.
    pub first_at: Timestamp,
    /// When the newest came.
    pub last_at: Timestamp,
    /// When a reply was last delivered.
    pub answered_at: Option<Timestamp>,
    /// Since when a person has it, and the message it was handed over with.
    pub handed_off: Option<(Timestamp, MessageId)>,
}

/// The first words of a thread, sealed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opening {
    /// The message they are.
    pub message: MessageId,
    /// What others call whoever said them.
    pub name: Option<String>,
    /// What was said.
    pub text: Text,
}

impl Thread {
    /// What it is asked for by.
    pub fn key(&self) -> (&ConnectionId, &ConversationId) {
        (&self.connection, &self.conversation)
    }

    /// Its place in the order.
    pub fn mark(&self) -> Mark {
        Mark {
            last_at_ms: self.last_at.as_millis(),
            connection: self.connection.to_string(),
            conversation: self.conversation.to_string(),
        }
    }
}

macro_rules! fitting {
    ($way:literal) => {
        concat!(
            "p_conversation
              where tenant_id = $1
                and ($2::text is null or agent_id = $2)
                and (cardinality($3::text[]) = 0 or state = any($3))
                and ($12::bool is null or (handed_off_at_ms is not null) = $12)
                and ($4::text is null or connection_id = $4)
                and ($5::text is null or $5 = any(people))
                and last_at_ms >= $6 and last_at_ms < $7
                and (last_at_ms, connection_id, conversation_id) ",
            $way,
            " ($8, $9, $10)"
        )
    };
}
macro_rules! page {
    ($way:literal, $order:literal) => {
        concat!(
            "select connection_id, conversation_id, place, people, agent_id, state, messages,
                    first_at_ms, last_at_ms, answered_at_ms, handed_off_at_ms, handed_off_message_id
               from ",
            fitting!($way),
            " order by last_at_ms ",
            $order,
            ", connection_id ",
            $order,
            ", conversation_id ",
            $order,
            " limit $11"
        )
    };
}

const OLDER: &str = page!("<", "desc");
const NEWER: &str = page!(">", "asc");
const COUNT_NEWER: &str =
    concat!("select count(*) from (select from ", fitting!(">"), " limit $11) newer");
const ONE: &str = "
    select connection_id, conversation_id, place, people, agent_id, state, messages, first_at_ms,
           last_at_ms, answered_at_ms, handed_off_at_ms, handed_off_message_id
      from p_conversation where tenant_id = $1 and connection_id = $2 and conversation_id = $3";
const OPENINGS: &str = "
    select place, said.* from unnest($2::text[], $3::text[]) with ordinality
           as thread (connection_id, conversation_id, place)
     cross join lateral (
        select message_id, sender_name, text from turn
         where tenant_id = $1 and connection_id = thread.connection_id
           and conversation_id = thread.conversation_id and role = 'person'
         order by position limit 1) as said";

/// The next threads from `mark` on, the nearest to it first.
pub async fn page(
    tx: &mut TenantTx,
    filter: &ThreadFilter,
    mark: &Mark,
    way: Way,
    rows: u32,
) -> Result<Vec<Thread>, StoreError> {
    let sql = match way {
        Way::Older => OLDER,
        Way::Newer => NEWER,
    };
    let values = Values::of(tx, filter, limit(rows));
    tx.query(sql, &values.params(mark)).await?.iter().map(thread).collect()
}

/// How many threads are newer than `mark`, `rows` at most.
pub async fn count_newer(
    tx: &mut TenantTx,
    filter: &ThreadFilter,
    mark: &Mark,
    rows: u32,
) -> Result<u64, StoreError> {
    let values = Values::of(tx, filter, limit(rows));
    let row = tx.query_opt(COUNT_NEWER, &values.params(mark)).await?;
    row.map_or(Ok(0), |row| row::count(row.try_get(0)?))
}

/// One thread.
pub async fn one(
    tx: &mut TenantTx,
    connection: &ConnectionId,
    conversation: &ConversationId,
) -> Result<Option<Thread>, StoreError> {
    let tenant = tx.tenant().clone();
    let params: [&(dyn ToSql + Sync); 3] =
        [&tenant.as_str(), &connection.as_str(), &conversation.as_str()];
    tx.query_opt(ONE, &params).await?.as_ref().map(thread).transpose()
}

/// The first words of each of these threads that are kept, in their order.
pub async fn openings(
    tx: &mut TenantTx,
    threads: &[(&ConnectionId, &ConversationId)],
) -> Result<Vec<Option<Opening>>, StoreError> {
    let mut openings = vec![None; threads.len()];
    if threads.is_empty() {
        return Ok(openings);
    }
    let (connections, conversations) = names(threads);
    let tenant = tx.tenant().clone();
    let rows = tx.query(OPENINGS, &[&tenant.as_str(), &connections, &conversations]).await?;
    for row in &rows {
        let place = row::count::<usize>(row.try_get::<_, i64>(0)? - 1)?;
        let Some(slot) = openings.get_mut(place) else { continue };
        let (message, name) = (row::id(row, 1)?, row.try_get(2)?);
        *slot = row::json_opt(row, 3)?.map(|text| Opening { message, name, text });
    }
    Ok(openings)
}

/// Connections and threads, as the database takes them.
pub(super) fn names<'a>(
    threads: &[(&'a ConnectionId, &'a ConversationId)],
) -> (Vec<&'a str>, Vec<&'a str>) {
    threads.iter().map(|(connection, thread)| (connection.as_str(), thread.as_str())).unzip()
}

/// What stands for the parameters.
struct Values {
    tenant: String,
    agent: Option<String>,
    states: Vec<String>,
    connection: Option<String>,
    person: Option<String>,
    from: i64,
    to: i64,
    limit: i64,
    with_person: Option<bool>,
}

impl Values {
    fn of(tx: &TenantTx, filter: &ThreadFilter, limit: i64) -> Self {
        Self {
            tenant: tx.tenant().to_string(),
            agent: filter.agent.as_ref().map(ToString::to_string),
            states: filter.states.clone(),
            connection: filter.connection.as_ref().map(ToString::to_string),
            person: filter.person.clone(),
            from: filter.from.map_or(i64::MIN, Timestamp::as_millis),
            to: filter.to.map_or(i64::MAX, Timestamp::as_millis),
            limit,
            with_person: filter.with_person,
        }
    }

    fn params<'a>(&'a self, mark: &'a Mark) -> [&'a (dyn ToSql + Sync); 12] {
        [
            &self.tenant,
            &self.agent,
            &self.states,
            &self.connection,
            &self.person,
            &self.from,
            &self.to,
            &mark.last_at_ms,
            &mark.connection,
            &mark.conversation,
            &self.limit,
            &self.with_person,
        ]
    }
}

fn thread(row: &Row) -> Result<Thread, StoreError> {
    Ok(Thread {
        connection: row::id(row, 0)?,
        conversation: row::id(row, 1)?,
        place: row::json(row, 2)?,
        people: row.try_get(3)?,
        agent: row::id_opt(row, 4)?,
        state: row.try_get(5)?,
        messages: row::count(row.try_get::<_, i32>(6)?.into())?,
        first_at: row::at(row, 7)?,
        last_at: row::at(row, 8)?,
        answered_at: row::at_opt(row, 9)?,
        handed_off: row::at_opt(row, 10)?.zip(row::id_opt(row, 11)?),
    })
}
