//! What turns of replays and tests hold of threads: the words of everybody who is in their history.

use schemas::{MessageId, Text};

use crate::{StoreError, TenantTx, row};

/// Rows that are read at one time: each may hold a whole thread.
const READ_MAX: i64 = 100;

const CASES: &str = "
    select run_id, place, message_id, frozen from replay_case
     where tenant_id = $1 and frozen is not null and (run_id, place) > ($2, $3)
     order by run_id, place limit $4";
const TESTS: &str = "
    select test_id, message_id, frozen from saved_test
     where tenant_id = $1 and test_id > $2 order by test_id limit $3";
/// The run knows it as a turn that cannot be asked again.
const ERASE_CASE: &str = "
    update replay_case
       set unplayable = 'erased', frozen = null, baseline = null, candidate = null,
           baseline_verdict = null, verdict = null, checks = null, differs = null
     where tenant_id = $1 and run_id = $2 and place = $3";

/// A turn of a run with what asking it takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeldCase {
    /// The run.
    pub run: String,
    /// Its place there.
    pub place: i32,
    /// The message.
    pub message: MessageId,
    /// What asking it again takes; it belongs to the message.
    pub frozen: Text,
}

/// A test with what asking it takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeldTest {
    /// Its name.
    pub id: String,
    /// The message.
    pub message: MessageId,
    /// What asking it again takes; it belongs to the message.
    pub frozen: Text,
}

/// Turns of all runs after this one, in order, some at a time; none where there are no more.
pub async fn held_cases(
    tx: &mut TenantTx,
    (run, place): (&str, i32),
) -> Result<Vec<HeldCase>, StoreError> {
    let tenant = tx.tenant().clone();
    let rows = tx.query(CASES, &[&tenant.as_str(), &run, &place, &READ_MAX]).await?;
    let read = |it: &tokio_postgres::Row| {
        Ok(HeldCase {
            run: it.try_get(0)?,
            place: it.try_get(1)?,
            message: row::id(it, 2)?,
            frozen: row::json(it, 3)?,
        })
    };
    rows.iter().map(read).collect()
}

/// Tests of all agents after this one, in the order of their names, some at a time.
pub async fn held_tests(tx: &mut TenantTx, after: &str) -> Result<Vec<HeldTest>, StoreError> {
    let tenant = tx.tenant().clone();
    let rows = tx.query(TESTS, &[&tenant.as_str(), &after, &READ_MAX]).await?;
    let read = |it: &tokio_postgres::Row| {
        Ok(HeldTest { id: it.try_get(0)?, message: row::id(it, 1)?, frozen: row::json(it, 2)? })
    };
    rows.iter().map(read).collect()
}

/// Nothing of a turn is kept but that there was one.
pub async fn erase_case(tx: &mut TenantTx, (run, place): (&str, i32)) -> Result<(), StoreError> {
    let tenant = tx.tenant().clone();
    tx.execute(ERASE_CASE, &[&tenant.as_str(), &run, &place]).await?;
    Ok(())
}
