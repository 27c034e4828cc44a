//! Agents and connections, with how they are doing.

use domain::day::Day;
use schemas::{Agent, Connection, MessageId, Timestamp};
use serde::{Deserialize, Serialize};
use tokio_postgres::Row;

use super::{ROWS_MAX, limit};
use crate::{StoreError, TenantTx, row};

/// The newest message that failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastError {
    /// Which message.
    pub message: MessageId,
    /// Why, e.g. `models_failed` or the chat system's code.
    pub detail: Option<String>,
    /// When the message came.
    pub at: Timestamp,
}

/// An agent. Its texts are sealed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AgentLine {
    /// As it is in the directory.
    pub agent: Agent,
    /// Messages since the day asked for.
    pub messages: u64,
    /// What they cost, in millionths of a dollar.
    pub cost_micros: u64,
    /// Since then, if there is one among the tenant's newest failures.
    pub last_error: Option<LastError>,
}

/// A connection.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConnectionLine {
    /// As it is in the directory.
    pub connection: Connection,
    /// When a message came last.
    pub last_in_at: Option<Timestamp>,
    /// When a reply was last delivered in one of the newest threads.
    pub last_out_at: Option<Timestamp>,
    /// Since the instant asked for, if there is one among the tenant's newest failures.
    pub last_error: Option<LastError>,
}

/// The newest failure since $2 of each agent or connection, among the newest 200 of each kind: read by
/// the index, however many there are.
macro_rules! newest_failures {
    ($by:literal) => {
        concat!(
            "select distinct on (", $by, ") ", $by, ",
                    message_id, coalesce(detail, doubt) as detail, received_at_ms
               from ((select * from p_message where tenant_id = $1 and state = 'failed'
                         and received_at_ms >= $2 order by received_at_ms desc limit 200)
                     union all
                     (select * from p_message where tenant_id = $1 and state = 'no answer'
                         and received_at_ms >= $2 order by received_at_ms desc limit 200)) newest
              order by ", $by, ", received_at_ms desc"
        )
    };
}

const AGENTS: &str = concat!(
    "
    select a.state, coalesce(u.messages, 0)::bigint, coalesce(u.cost_micros, 0)::bigint,
           e.message_id, e.detail, e.received_at_ms
      from p_agent a
      left join (select agent_id, sum(messages) as messages, sum(cost_micros) as cost_micros
                   from p_usage where tenant_id = $1 and day >= $3 group by agent_id) u
           using (agent_id)
      left join (",
    newest_failures!("agent_id"),
    ") e using (agent_id)
     where a.tenant_id = $1 order by a.retired, a.agent_id limit $4"
);
const CONNECTIONS: &str = concat!(
    "
    select c.state, i.last_at_ms, o.answered_at_ms, e.message_id, e.detail, e.received_at_ms
      from p_connection c
      left join lateral (
           select last_at_ms from p_conversation t
            where t.tenant_id = $1 and t.connection_id = c.connection_id
            order by last_at_ms desc limit 1) i on true
      left join lateral (
           select max(answered_at_ms) as answered_at_ms from (
               select answered_at_ms from p_conversation t
                where t.tenant_id = $1 and t.connection_id = c.connection_id
                order by last_at_ms desc limit 50) newest) o on true
      left join (",
    newest_failures!("connection_id"),
    ") e using (connection_id)
     where c.tenant_id = $1 order by c.active desc, c.connection_id limit $3"
);

/// The bound tenant's agents, those that have left last.
pub async fn agents(tx: &mut TenantTx, since: Day) -> Result<Vec<AgentLine>, StoreError> {
    let tenant = tx.tenant().clone();
    let (day, at) = (row::small(since.number()), since.start().as_millis());
    let rows = tx.query(AGENTS, &[&tenant.as_str(), &at, &day, &limit(ROWS_MAX)]).await?;
    let line = |row: &Row| {
        Ok(AgentLine {
            agent: row::json(row, 0)?,
            messages: row::count(row.try_get(1)?)?,
            cost_micros: row::count(row.try_get(2)?)?,
            last_error: last_error(row, 3)?,
        })
    };
    rows.iter().map(line).collect()
}

/// The bound tenant's connections, those that were removed last.
pub async fn connections(
    tx: &mut TenantTx,
    since: Timestamp,
) -> Result<Vec<ConnectionLine>, StoreError> {
    let tenant = tx.tenant().clone();
    let params: crate::session::Params<'_> =
        &[&tenant.as_str(), &since.as_millis(), &limit(ROWS_MAX)];
    let line = |row: &Row| {
        Ok(ConnectionLine {
            connection: row::json(row, 0)?,
            last_in_at: row::at_opt(row, 1)?,
            last_out_at: row::at_opt(row, 2)?,
            last_error: last_error(row, 3)?,
        })
    };
    tx.query(CONNECTIONS, params).await?.iter().map(line).collect()
}

fn last_error(row: &Row, first: usize) -> Result<Option<LastError>, StoreError> {
    let Some(message) = row::id_opt(row, first)? else { return Ok(None) };
    let (detail, at) = (row.try_get(first + 1)?, row::at(row, first + 2)?);
    Ok(Some(LastError { message, detail, at }))
}
