//! Runs as they stand.

use schemas::{AgentConfig, AgentId, OperatorId, Timestamp};
use tokio_postgres::{Row, types::ToSql};

use super::ROWS_MAX;
use crate::{StoreError, TenantTx, row};

/// Runs of a tenant, as [`read`] takes them.
macro_rules! runs_where {
    ($which:literal) => {
        concat!(
            "
    select run_id, agent_id, candidate, config, baseline, judge, budget_micros, spent_micros, state, why,
           made_at_ms, ended_at_ms, c.cases, c.unplayable, c.asked, made_by, held_until_ms, of_tests,
           case when c.asked = c.compared then c.differ end
      from replay_run r cross join lateral (
           select count(*) as cases, count(unplayable) as unplayable,
                  count(candidate) filter (where unplayable is null) as asked,
                  count(differs) filter (where unplayable is null) as compared,
                  count(*) filter (where differs and unplayable is null) as differ
             from replay_case where tenant_id = $1 and run_id = r.run_id) c
     where tenant_id = $1 and ",
            $which
        )
    };
}

const FIND: &str = runs_where!(
    "($2::text is null or run_id = $2)
     order by made_at_ms desc, run_id limit $3"
);
/// What comes after a place in the same order, but for runs of tests.
const OF_AGENT: &str = runs_where!(
    "agent_id = $2 and not of_tests
       and ($3::bigint is null or made_at_ms < $3 or made_at_ms = $3 and run_id > $4)
     order by made_at_ms desc, run_id limit $5"
);
const NEWEST_OF_TESTS: &str = runs_where!(
    "agent_id = $2 and of_tests
     order by made_at_ms desc, run_id limit 1"
);

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
    /// Those of them whose answers differ from what people got; nothing where that is not known of each.
    pub differ: Option<u64>,
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
        differ: row.try_get::<_, Option<i64>>(18)?.map(row::count).transpose()?,
    })
}
