//! Recorded turns that are asked again: which there are, what came of asking them, what it cost, and
//! those that are kept as tests.
//!
//! What a run is made of stands in its rows before anything is asked, and each outcome is written as it
//! comes. So a run goes on where it stopped, and what has an outcome is not asked again.

mod answered;
mod beginning;
mod cases;
mod held;
mod listed;
mod money;
mod saved;

use schemas::{AgentConfig, AgentId, OperatorId, Timestamp};
use tokio_postgres::types::ToSql;

pub use self::{
    answered::{Answered, Remembered, Span, answered, one, remembered},
    beginning::{is_tested, may_begin, stop_tests},
    cases::{CaseRow, CaseTest, NewCase, Part, cases, give_up, keep},
    held::{HeldCase, HeldTest, erase_case, held_cases, held_tests},
    listed::{After, RunRow, find, newest_of_tests, of_agent, runs},
    money::{Calling, NoRoom, Over, ended, starting},
    saved::{
        GarbledTest, LastAsked, SavedTest, Which, before_saving, count_saved, forget, last_asked,
        save, saved,
    },
};
use crate::{StoreError, TenantTx, row};

/// The most rows of any list.
const ROWS_MAX: u32 = 1_000;

const MAKE: &str = "
    insert into replay_run (tenant_id, run_id, agent_id, candidate, config, baseline, judge,
                            budget_micros, state, made_at_ms, made_by, of_tests)
    values ($1, $2, $3, $4, $5, $6, $7, $8, 'open', $9, $10, $11)";
/// Nothing where somebody else is at it.
const TAKE: &str = "
    update replay_run set state = 'open', why = null, ended_at_ms = null,
           budget_micros = coalesce($3, budget_micros), held_until_ms = $5, held_by = $6
     where tenant_id = $1 and run_id = $2 and held_until_ms <= $4";
/// Nothing where another has taken it up meanwhile.
const HOLD: &str = "
    update replay_run set held_until_ms = $4
     where tenant_id = $1 and run_id = $2 and held_by = $3 returning state = 'open'";
const STOP: &str = "
    update replay_run set state = 'stopped', why = $3, ended_at_ms = $4
     where tenant_id = $1 and run_id = $2 and state = 'open'";
const END: &str = "
    update replay_run set state = $4, why = $5, ended_at_ms = $6, held_until_ms = 0, held_by = null
     where tenant_id = $1 and run_id = $2 and held_by = $3";

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
    /// Who has it made; nobody where the command line does.
    pub made_by: Option<&'a OperatorId>,
    /// Whether its turns are tests.
    pub of_tests: bool,
    /// When.
    pub at: Timestamp,
}

/// A run, and by which name it is held: each time that it is taken up has another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct At<'a> {
    /// The run.
    pub run: &'a str,
    /// Who is at it.
    pub holder: &'a str,
}

/// How a run stands with whoever is at it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hold {
    /// It is to be asked.
    Open,
    /// Somebody stopped it.
    Stopped,
    /// Another has taken it up.
    Lost,
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
    let made_by = run.made_by.map(OperatorId::as_str);
    let params: [&(dyn ToSql + Sync); 11] = [
        &tenant.as_str(),
        &run.id,
        &run.agent.as_str(),
        &run.candidate,
        &config,
        &run.baseline,
        &run.judge,
        &budget,
        &at,
        &made_by,
        &run.of_tests,
    ];
    tx.execute(MAKE, &params).await?;
    cases::add(tx, run.id, cases).await
}

/// Takes a run up until then, with another budget where one is said. False where somebody else is at it.
pub async fn take(
    tx: &mut TenantTx,
    At { run, holder }: At<'_>,
    budget_micros: Option<u64>,
    (now, until): (Timestamp, Timestamp),
) -> Result<bool, StoreError> {
    let (tenant, budget) = (tx.tenant().clone(), budget_micros.map(row::big));
    let (now, until) = (now.as_millis(), until.as_millis());
    let params: [&(dyn ToSql + Sync); 6] = [&tenant.as_str(), &run, &budget, &now, &until, &holder];
    Ok(0 < tx.execute(TAKE, &params).await?)
}

/// Whoever is at a run goes on being at it until then.
pub async fn hold(
    tx: &mut TenantTx,
    At { run, holder }: At<'_>,
    until: Timestamp,
) -> Result<Hold, StoreError> {
    let (tenant, until) = (tx.tenant().clone(), until.as_millis());
    let held = tx.query_opt(HOLD, &[&tenant.as_str(), &run, &holder, &until]).await?;
    let is_open: Option<bool> = held.map(|row| row.try_get(0)).transpose()?;
    Ok(match is_open {
        Some(true) => Hold::Open,
        Some(false) => Hold::Stopped,
        None => Hold::Lost,
    })
}

/// Has a run stopped that is open; whoever is at it begins no other turn. Whether it was open.
pub async fn stop(
    tx: &mut TenantTx,
    run: &str,
    why: &str,
    at: Timestamp,
) -> Result<bool, StoreError> {
    let (tenant, at) = (tx.tenant().clone(), at.as_millis());
    Ok(0 < tx.execute(STOP, &[&tenant.as_str(), &run, &why, &at]).await?)
}

/// Ends a run, for good or for that reason, and lets go of it. False where another has taken it up.
pub async fn end(
    tx: &mut TenantTx,
    At { run, holder }: At<'_>,
    why: Option<&str>,
    at: Timestamp,
) -> Result<bool, StoreError> {
    let (tenant, at) = (tx.tenant().clone(), at.as_millis());
    let state = if why.is_some() { "stopped" } else { "done" };
    let params: [&(dyn ToSql + Sync); 6] = [&tenant.as_str(), &run, &holder, &state, &why, &at];
    Ok(0 < tx.execute(END, &params).await?)
}
