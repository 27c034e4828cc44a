//! Turns that are kept as tests.

use schemas::{AgentId, MessageId, Text, Timestamp};
use tokio_postgres::{Row, types::ToSql};

use super::{ROWS_MAX, beginning::queue};
use crate::{StoreError, TenantTx, row};

const SAVE: &str = "
    insert into saved_test (tenant_id, test_id, agent_id, message_id, frozen, checks, made_at_ms)
    values ($1, $2, $3, $4, $5, $6, $7)";
const COUNT: &str = "select count(*) from saved_test where tenant_id = $1 and agent_id = $2";
const OF_MESSAGE: &str = "
    select test_id, checks from saved_test
     where tenant_id = $1 and agent_id = $2 and message_id = $3
     order by made_at_ms, test_id limit $4";
const SAVED: &str = "
    select test_id, message_id, frozen, checks, made_at_ms from saved_test
     where tenant_id = $1 and agent_id = $2 and ($4::text is null or test_id = $4)
     order by made_at_ms, test_id limit $3 offset $5";
/// Of the newest run that has a word on it: what came of it, or that the run ended without it.
const LAST: &str = "
    select distinct on (c.test_id) c.test_id, r.candidate, r.why, c.candidate, c.verdict, r.made_at_ms
      from replay_case c join replay_run r using (tenant_id, run_id)
     where c.tenant_id = $1 and r.agent_id = $2 and c.test_id is not null and c.unplayable is null
       and (c.verdict is not null or r.state <> 'open')
     order by c.test_id, r.made_at_ms desc, r.run_id limit $3";
const FORGET: &str = "
    delete from saved_test
     where tenant_id = $1 and test_id = $2 and ($3::text is null or agent_id = $3)";

/// A turn with what is expected of an answer to it. Its texts belong to the message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SavedTest {
    /// Its name, which no other has.
    pub id: String,
    /// The message.
    pub message: MessageId,
    /// What asking it again takes.
    pub frozen: Text,
    /// What is expected.
    pub checks: Text,
    /// Since when it is kept.
    pub made_at: Timestamp,
}

/// Which tests of an agent, in their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which<'a> {
    /// All of them.
    All,
    /// So many, after so many others.
    Some {
        /// How many others.
        after: u32,
        /// How many.
        most: u32,
    },
    /// The one of that name.
    One(&'a str),
}

/// A test whose row does not hold what was kept in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GarbledTest {
    /// Its name.
    pub id: String,
    /// The message.
    pub message: MessageId,
    /// Since when it is kept.
    pub made_at: Timestamp,
}

/// A test in the last run of them that says anything of it. Its texts belong to the message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LastAsked {
    /// The test.
    pub test: String,
    /// What was asked, for people.
    pub candidate: String,
    /// Why the run stopped, if it did.
    pub why: Option<String>,
    /// What the candidate said.
    pub outcome: Option<Text>,
    /// Which checks hold; nothing where it was not asked to the end.
    pub checked: Option<Text>,
    /// When the run was made.
    pub asked_at: Timestamp,
}

/// Keeps a test; it lasts when the transaction does.
pub async fn save(tx: &mut TenantTx, agent: &AgentId, test: &SavedTest) -> Result<(), StoreError> {
    let SavedTest { id, message, frozen, checks, made_at } = test;
    let (frozen, checks) = (row::to_json(frozen)?, row::to_json(checks)?);
    let (tenant, agent, message) = (tx.tenant().clone(), agent.as_str(), message.as_str());
    let at = made_at.as_millis();
    tx.execute(SAVE, &[&tenant.as_str(), id, &agent, &message, &frozen, &checks, &at]).await?;
    Ok(())
}

/// How many tests an agent has.
pub async fn count_saved(tx: &mut TenantTx, agent: &AgentId) -> Result<u64, StoreError> {
    let tenant = tx.tenant().clone();
    let found = tx.query_opt(COUNT, &[&tenant.as_str(), &agent.as_str()]).await?;
    found.map_or(Ok(0), |row| row::count(row.try_get(0)?))
}

/// How many tests an agent has before another is saved, and what is expected in those of that message, but
/// for what is garbled. Whoever else saves one of that agent waits until the transaction ends.
pub async fn before_saving(
    tx: &mut TenantTx,
    agent: &AgentId,
    message: &MessageId,
) -> Result<(u64, Vec<(String, Text)>), StoreError> {
    queue(tx, agent).await?;
    let count = count_saved(tx, agent).await?;
    let (tenant, limit) = (tx.tenant().clone(), i64::from(ROWS_MAX));
    let (agent, message) = (agent.as_str(), message.as_str());
    let rows = tx.query(OF_MESSAGE, &[&tenant.as_str(), &agent, &message, &limit]).await?;
    let known = |row: &Row| Some((row.try_get(0).ok()?, row::json(row, 1).ok()?));
    Ok((count, rows.iter().filter_map(known).collect()))
}

/// Tests of an agent, the oldest first. One that is garbled hides no other.
pub async fn saved(
    tx: &mut TenantTx,
    agent: &AgentId,
    which: Which<'_>,
) -> Result<Vec<Result<SavedTest, GarbledTest>>, StoreError> {
    let (test, after, most) = match which {
        Which::All => (None, 0, ROWS_MAX),
        Which::Some { after, most } => (None, after, most.min(ROWS_MAX)),
        Which::One(test) => (Some(test), 0, 1),
    };
    let (tenant, limit, offset) = (tx.tenant().clone(), i64::from(most), i64::from(after));
    let params: [&(dyn ToSql + Sync); 5] =
        [&tenant.as_str(), &agent.as_str(), &limit, &test, &offset];
    let rows = tx.query(SAVED, &params).await?;
    rows.iter().map(read).collect()
}

/// What came of an agent's tests when they were asked last, as long as runs are kept.
pub async fn last_asked(tx: &mut TenantTx, agent: &AgentId) -> Result<Vec<LastAsked>, StoreError> {
    let (tenant, limit) = (tx.tenant().clone(), i64::from(ROWS_MAX));
    let rows = tx.query(LAST, &[&tenant.as_str(), &agent.as_str(), &limit]).await?;
    rows.iter().map(read_last).collect()
}

/// Removes a test, of that agent where one is named. Whether there was one.
pub async fn forget(
    tx: &mut TenantTx,
    agent: Option<&AgentId>,
    test: &str,
) -> Result<bool, StoreError> {
    let (tenant, agent) = (tx.tenant().clone(), agent.map(AgentId::as_str));
    Ok(0 < tx.execute(FORGET, &[&tenant.as_str(), &test, &agent]).await?)
}

fn read(found: &Row) -> Result<Result<SavedTest, GarbledTest>, StoreError> {
    let (id, message, made_at) = (found.try_get(0)?, row::id(found, 1)?, row::at(found, 4)?);
    let texts = row::json(found, 2).and_then(|frozen| Ok((frozen, row::json(found, 3)?)));
    Ok(match texts {
        Ok((frozen, checks)) => Ok(SavedTest { id, message, frozen, checks, made_at }),
        Err(_) => Err(GarbledTest { id, message, made_at }),
    })
}

/// What is garbled of it counts as not said.
fn read_last(found: &Row) -> Result<LastAsked, StoreError> {
    Ok(LastAsked {
        test: found.try_get(0)?,
        candidate: found.try_get(1)?,
        why: found.try_get(2)?,
        outcome: row::json_opt(found, 3).unwrap_or_default(),
        checked: row::json_opt(found, 4).unwrap_or_default(),
        asked_at: row::at(found, 5)?,
    })
}
