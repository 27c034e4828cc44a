//! Turns that are kept as tests.

use schemas::{AgentId, MessageId, Text, Timestamp};
use tokio_postgres::Row;

use super::ROWS_MAX;
use crate::{StoreError, TenantTx, row};

const SAVE: &str = "
    insert into saved_test (tenant_id, test_id, agent_id, message_id, frozen, checks, made_at_ms)
    values ($1, $2, $3, $4, $5, $6, $7)";
const SAVED: &str = "
    select test_id, message_id, frozen, checks, made_at_ms from saved_test
     where tenant_id = $1 and agent_id = $2 order by made_at_ms, test_id limit $3";
const FORGET: &str = "delete from saved_test where tenant_id = $1 and test_id = $2";

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

/// Keeps a test; it lasts when the transaction does.
pub async fn save(tx: &mut TenantTx, agent: &AgentId, test: &SavedTest) -> Result<(), StoreError> {
    let SavedTest { id, message, frozen, checks, made_at } = test;
    let (frozen, checks) = (row::to_json(frozen)?, row::to_json(checks)?);
    let (tenant, agent, message) = (tx.tenant().clone(), agent.as_str(), message.as_str());
    let at = made_at.as_millis();
    tx.execute(SAVE, &[&tenant.as_str(), id, &agent, &message, &frozen, &checks, &at]).await?;
    Ok(())
}

/// The tests of an agent, the oldest first. One that is garbled hides no other.
pub async fn saved(
    tx: &mut TenantTx,
    agent: &AgentId,
) -> Result<Vec<Result<SavedTest, GarbledTest>>, StoreError> {
    let (tenant, limit) = (tx.tenant().clone(), i64::from(ROWS_MAX));
    let rows = tx.query(SAVED, &[&tenant.as_str(), &agent.as_str(), &limit]).await?;
    rows.iter().map(read).collect()
}

/// Removes a test. Whether there was one.
pub async fn forget(tx: &mut TenantTx, test: &str) -> Result<bool, StoreError> {
    let tenant = tx.tenant().clone();
    Ok(0 < tx.execute(FORGET, &[&tenant.as_str(), &test]).await?)
}

fn read(found: &Row) -> Result<Result<SavedTest, GarbledTest>, StoreError> {
    let (id, message, made_at) = (found.try_get(0)?, row::id(found, 1)?, row::at(found, 4)?);
    let texts = row::json(found, 2).and_then(|frozen| Ok((frozen, row::json(found, 3)?)));
    Ok(match texts {
        Ok((frozen, checks)) => Ok(SavedTest { id, message, frozen, checks, made_at }),
        Err(_) => Err(GarbledTest { id, message, made_at }),
    })
}
