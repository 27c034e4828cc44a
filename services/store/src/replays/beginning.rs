//! Whether an agent's turns are being asked, and the word that ends it for its tests. Of two who begin at the
//! same moment, one does.

use schemas::{AgentId, Timestamp};

use crate::{StoreError, TenantTx};

/// In numbers of 32 bits, of which there are no other locks.
const QUEUE: &str = "select pg_advisory_xact_lock(hashtext($1), hashtext($2))";
const IS_ASKED: &str = "
    select exists (select from replay_run
                    where tenant_id = $1 and agent_id = $2 and of_tests = $3 and state = 'open'
                      and held_until_ms > $4)";
const STOP_TESTS: &str = "
    update replay_run set state = 'stopped', why = $3, ended_at_ms = $4
     where tenant_id = $1 and agent_id = $2 and of_tests and state = 'open' and held_until_ms > $4
    returning run_id";

/// Whether somebody is asking the tests of an agent.
pub async fn is_tested(
    tx: &mut TenantTx,
    agent: &AgentId,
    now: Timestamp,
) -> Result<bool, StoreError> {
    is_asked(tx, (agent, true), now).await
}

/// Whether nobody is asking what an agent answered, or its tests. Whoever else wants to begin with that agent
/// waits until the transaction ends.
pub async fn may_begin(
    tx: &mut TenantTx,
    (agent, of_tests): (&AgentId, bool),
    now: Timestamp,
) -> Result<bool, StoreError> {
    queue(tx, agent).await?;
    Ok(!is_asked(tx, (agent, of_tests), now).await?)
}

/// Has whoever asks an agent's tests begin no other. The runs that were open.
pub async fn stop_tests(
    tx: &mut TenantTx,
    agent: &AgentId,
    (why, at): (&str, Timestamp),
) -> Result<Vec<String>, StoreError> {
    let (tenant, at) = (tx.tenant().clone(), at.as_millis());
    let rows = tx.query(STOP_TESTS, &[&tenant.as_str(), &agent.as_str(), &why, &at]).await?;
    rows.iter().map(|row| Ok(row.try_get(0)?)).collect()
}

/// One at a time goes on with an agent, until their transaction ends.
pub(super) async fn queue(tx: &mut TenantTx, agent: &AgentId) -> Result<(), StoreError> {
    let tenant = tx.tenant().clone();
    tx.execute(QUEUE, &[&tenant.as_str(), &agent.as_str()]).await?;
    Ok(())
}

async fn is_asked(
    tx: &mut TenantTx,
    (agent, of_tests): (&AgentId, bool),
    now: Timestamp,
) -> Result<bool, StoreError> {
    let (tenant, now) = (tx.tenant().clone(), now.as_millis());
    let found =
        tx.query_opt(IS_ASKED, &[&tenant.as_str(), &agent.as_str(), &of_tests, &now]).await?;
    found.map_or(Ok(false), |row| Ok(row.try_get(0)?))
}
