//! Recorded turns that are asked again: which there are, what came of asking them, what it cost, and
//! those that are kept as tests.
//!
//! What a run is made of stands in its rows before anything is asked, and each outcome is written as it
//! comes. So a run goes on where it stopped, and what has an outcome is not asked again.

mod answered;
mod beginning;
mod cases;
mod held;
mod money;
mod saved;

use schemas::{AgentConfig, AgentId, OperatorId, Timestamp};
use tokio_postgres::{Row, types::ToSql};

pub use self::{
    answered::{Answered, Remembered, Span, answered, one, remembered},
    beginning::{is_tested, may_begin},
    cases::{CaseRow, CaseTest, NewCase, Part, cases, give_up, keep},
    held::{HeldCase, HeldTest, erase_case, held_cases, held_tests},
    money::{Calling, NoRoom, Over, ended, starting},
    saved::{GarbledTest, LastAsked, SavedTest, forget, last_asked, save, saved},
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
const FIND: &str = "
    select run_id, agent_id, candidate, config, baseline, judge, budget_micros, spent_micros, state, why,
           made_at_ms, ended_at_ms, c.cases, c.unplayable, c.asked, made_by, held_until_ms, of_tests
      from replay_run r cross join lateral (
           select count(*) as cases, count(unplayable) as unplayable,
                  count(candidate) filter (where unplayable is null) as asked
             from replay_case where tenant_id = $1 and run_id = r.run_id) c
     where tenant_id = $1 and ($2::text is null or run_id = $2)
     order by made_at_ms desc, run_id limit $3";
/// What comes after a place in the same order, but for runs of tests.
const OF_AGENT: &str = "
    select run_id, agent_id, candidate, config, baseline, judge, budget_micros, spent_micros, state, why,
           made_at_ms, ended_at_ms, c.cases, c.unplayable, c.asked, made_by, held_until_ms, of_tests
      from replay_run r cross join lateral (
           select count(*) as cases, count(unplayable) as unplayable,
                  count(candidate) filter (where unplayable is null) as asked
             from replay_case where tenant_id = $1 and run_id = r.run_id) c
     where tenant_id = $1 and agent_id = $2 and not of_tests
       and ($3::bigint is null or made_at_ms < $3 or made_at_ms = $3 and run_id > $4)
     order by made_at_ms desc, run_id limit $5";
const NEWEST_OF_TESTS: &str = "
    select run_id, agent_id, candidate, config, baseline, judge, budget_micros, spent_micros, state, why,
           made_at_ms, ended_at_ms, c.cases, c.unplayable, c.asked, made_by, held_until_ms, of_tests
      from replay_run r cross join lateral (
           select count(*) as cases, count(unplayable) as unplayable,
                  count(candidate) filter (where unplayable is null) as asked
             from replay_case where tenant_id = $1 and run_id = r.run_id) c
     where tenant_id = $1 and agent_id = $2 and of_tests
     order by made_at_ms desc, run_id limit 1";

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
    /// `open`, `done` or `stopped`. One that is open is being asked while it is held; else whoever asked
    /// was killed.
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
    /// Who had it made; nobody where the command line did.
    pub made_by: Option<OperatorId>,
    /// Until when somebody is at it, unless they say so again.
    pub held_until: Timestamp,
    /// Whether they are tests.
    pub of_tests: bool,
}

impl RunRow {
    /// Whether somebody is asking it.
    pub fn is_held(&self, now: Timestamp) -> bool {
        now < self.held_until
    }
}

/// A place in the list of an agent's runs: the last one that was shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct After<'a> {
    /// When it was made.
    pub made_at: Timestamp,
    /// Its name.
    pub run: &'a str,
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

/// A run, if there is one of that name.
pub async fn find(tx: &mut TenantTx, run: &str) -> Result<Option<RunRow>, StoreError> {
    Ok(list(tx, Some(run), 1).await?.pop())
}

/// A tenant's runs, the newest first.
pub async fn runs(tx: &mut TenantTx, limit: u32) -> Result<Vec<RunRow>, StoreError> {
    list(tx, None, limit).await
}

/// The newest run of an agent's tests, whoever had it made.
pub async fn newest_of_tests(
    tx: &mut TenantTx,
    agent: &AgentId,
) -> Result<Option<RunRow>, StoreError> {
    let tenant = tx.tenant().clone();
    let found = tx.query_opt(NEWEST_OF_TESTS, &[&tenant.as_str(), &agent.as_str()]).await?;
    found.as_ref().map(read).transpose()
}

/// An agent's runs after a place, the newest first, but for those of tests.
pub async fn of_agent(
    tx: &mut TenantTx,
    agent: &AgentId,
    after: Option<After<'_>>,
    limit: u32,
) -> Result<Vec<RunRow>, StoreError> {
    let (tenant, limit) = (tx.tenant().clone(), i64::from(limit.min(ROWS_MAX)));
    let (made_at, run) = (after.map(|it| it.made_at.as_millis()), after.map(|it| it.run));
    let params: [&(dyn ToSql + Sync); 5] =
        [&tenant.as_str(), &agent.as_str(), &made_at, &run, &limit];
    let rows = tx.query(OF_AGENT, &params).await?;
    rows.iter().map(read).collect()
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
        made_by: row::id_opt(row, 15)?,
        held_until: row::at(row, 16)?,
        of_tests: row.try_get(17)?,
    })
}
