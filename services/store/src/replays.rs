//! Recorded turns that are asked again: which there are, what came of asking them, what it cost, and
//! those that are kept as tests.
//!
//! What a run is made of stands in its rows before anything is asked, and each outcome is written as it
//! comes. So a run goes on where it stopped, and what has an outcome is not asked again.

mod answered;
mod cases;
mod held;
mod money;
mod saved;

use schemas::{AgentConfig, AgentId, Timestamp};
use tokio_postgres::{Row, types::ToSql};

pub use self::{
    answered::{Answered, Remembered, Span, answered, one, remembered},
    cases::{CaseRow, CaseTest, NewCase, Part, cases, give_up, keep},
    held::{HeldCase, HeldTest, erase_case, held_cases, held_tests},
    money::{Calling, NoRoom, Over, ended, starting},
    saved::{GarbledTest, SavedTest, forget, save, saved},
};
use crate::{StoreError, TenantTx, row};

/// The most rows of any list.
const ROWS_MAX: u32 = 1_000;

const MAKE: &str = "
    insert into replay_run (tenant_id, run_id, agent_id, candidate, config, baseline, judge,
                            budget_micros, state, made_at_ms, of_tests)
    values ($1, $2, $3, $4, $5, $6, $7, $8, 'open', $9, $10)";
const OPEN: &str = "
    update replay_run set state = 'open', why = null, ended_at_ms = null,
           budget_micros = coalesce($3, budget_micros)
     where tenant_id = $1 and run_id = $2";
const END: &str = "
    update replay_run set state = $3, why = $4, ended_at_ms = $5
     where tenant_id = $1 and run_id = $2";
const FIND: &str = "
    select run_id, agent_id, candidate, config, baseline, judge, budget_micros, spent_micros, state, why,
           made_at_ms, ended_at_ms, c.cases, c.unplayable, c.asked, of_tests
      from replay_run r cross join lateral (
           select count(*) as cases, count(unplayable) as unplayable,
                  count(candidate) filter (where unplayable is null) as asked
             from replay_case where tenant_id = $1 and run_id = r.run_id) c
     where tenant_id = $1 and ($2::text is null or run_id = $2)
     order by made_at_ms desc, run_id limit $3";

/// A run about to be made.
#[derive(Clone, Debug)]
pub struct NewRun<'a> {
    /// Its name, which no other has.
    pub id: &'a str,
    /// Whose turns.
    pub agent: &'a AgentId,
    /// What is asked in its place, for people.
    pub candidate: &'a str,
    /// The same, whole.
    pub config: &'a AgentConfig,
    /// Whether the version that answered is asked too.
    pub baseline: bool,
    /// The model group that compares.
    pub judge: Option<&'a str>,
    /// How much it may cost, in millionths of a dollar.
    pub budget_micros: Option<u64>,
    /// Whether its turns are tests.
    pub of_tests: bool,
    /// When.
    pub at: Timestamp,
}

/// A run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunRow {
    /// Its name.
    pub id: String,
    /// Whose turns.
    pub agent: AgentId,
    /// What is asked in its place, for people.
    pub candidate: String,
    /// The same, whole.
    pub config: AgentConfig,
    /// Whether the version that answered is asked too.
    pub baseline: bool,
    /// The model group that compares.
    pub judge: Option<String>,
    /// How much it may cost.
    pub budget_micros: Option<u64>,
    /// How much it has cost; calls whose cost is not known, at their worst.
    pub spent_micros: u64,
    /// `open`, `done` or `stopped`. One that is open is being asked, or was killed.
    pub state: String,
    /// Why it stopped.
    pub why: Option<String>,
    /// When it was made.
    pub made_at: Timestamp,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// Its turns.
    pub cases: u64,
    /// Those that cannot be asked again.
    pub unplayable: u64,
    /// Those that the candidate was asked.
    pub asked: u64,
    /// Whether they are tests.
    pub of_tests: bool,
}

/// Makes a run with its turns; it lasts when the transaction does.
pub async fn make(
    tx: &mut TenantTx,
    run: &NewRun<'_>,
    cases: &[NewCase],
) -> Result<(), StoreError> {
    let tenant = tx.tenant().clone();
    let (config, at) = (row::to_json(run.config)?, run.at.as_millis());
    let budget = run.budget_micros.map(row::big);
    let params: [&(dyn ToSql + Sync); 10] = [
        &tenant.as_str(),
        &run.id,
        &run.agent.as_str(),
        &run.candidate,
        &config,
        &run.baseline,
        &run.judge,
        &budget,
        &at,
        &run.of_tests,
    ];
    tx.execute(MAKE, &params).await?;
    cases::add(tx, run.id, cases).await
}

/// Takes a run up again, with another budget where one is said.
pub async fn open(
    tx: &mut TenantTx,
    run: &str,
    budget_micros: Option<u64>,
) -> Result<(), StoreError> {
    let (tenant, budget) = (tx.tenant().clone(), budget_micros.map(row::big));
    tx.execute(OPEN, &[&tenant.as_str(), &run, &budget]).await?;
    Ok(())
}

/// Ends a run: for good, or for that reason.
pub async fn end(
    tx: &mut TenantTx,
    run: &str,
    why: Option<&str>,
    at: Timestamp,
) -> Result<(), StoreError> {
    let (tenant, at) = (tx.tenant().clone(), at.as_millis());
    let state = if why.is_some() { "stopped" } else { "done" };
    tx.execute(END, &[&tenant.as_str(), &run, &state, &why, &at]).await?;
    Ok(())
}

/// A run, if there is one of that name.
pub async fn find(tx: &mut TenantTx, run: &str) -> Result<Option<RunRow>, StoreError> {
    Ok(list(tx, Some(run), 1).await?.pop())
}

/// A tenant's runs, the newest first.
pub async fn runs(tx: &mut TenantTx, limit: u32) -> Result<Vec<RunRow>, StoreError> {
    list(tx, None, limit).await
}

async fn list(tx: &mut TenantTx, run: Option<&str>, limit: u32) -> Result<Vec<RunRow>, StoreError> {
    let (tenant, limit) = (tx.tenant().clone(), i64::from(limit.min(ROWS_MAX)));
    let rows = tx.query(FIND, &[&tenant.as_str(), &run, &limit]).await?;
    rows.iter().map(read).collect()
}

fn read(row: &Row) -> Result<RunRow, StoreError> {
    let budget: Option<i64> = row.try_get(6)?;
    Ok(RunRow {
        id: row.try_get(0)?,
        agent: row::id(row, 1)?,
        candidate: row.try_get(2)?,
        config: row::json(row, 3)?,
        baseline: row.try_get(4)?,
        judge: row.try_get(5)?,
        budget_micros: budget.map(row::count).transpose()?,
        spent_micros: row::count(row.try_get(7)?)?,
        state: row.try_get(8)?,
        why: row.try_get(9)?,
        made_at: row::at(row, 10)?,
        ended_at: row::at_opt(row, 11)?,
        cases: row::count(row.try_get(12)?)?,
        unplayable: row::count(row.try_get(13)?)?,
        asked: row::count(row.try_get(14)?)?,
        of_tests: row.try_get(15)?,
    })
}
