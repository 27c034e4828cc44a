//! The turns of a run, and what came of each.

use schemas::{MessageId, Text};
use serde::Serialize;
use tokio_postgres::Row;

use super::ROWS_MAX;
use crate::{StoreError, TenantTx, row};

const ADD: &str = "
    insert into replay_case (tenant_id, run_id, place, message_id, unplayable, frozen)
    select $1, $2, place, message_id, unplayable, frozen
      from jsonb_populate_recordset(null::replay_case, $3)";
const CASES: &str = "
    select place, message_id, unplayable, frozen, baseline, candidate, baseline_verdict, verdict
      from replay_case where tenant_id = $1 and run_id = $2 order by place limit $3";
/// The first word on each stands, and on one whose words were erased meanwhile there is none.
const KEEP_BASELINE: &str = "
    update replay_case set baseline = $4
     where tenant_id = $1 and run_id = $2 and place = $3 and baseline is null
       and unplayable is null";
const KEEP_CANDIDATE: &str = "
    update replay_case set candidate = $4
     where tenant_id = $1 and run_id = $2 and place = $3 and candidate is null
       and unplayable is null";
const KEEP_BASELINE_VERDICT: &str = "
    update replay_case set baseline_verdict = $4
     where tenant_id = $1 and run_id = $2 and place = $3 and baseline_verdict is null
       and unplayable is null";
const KEEP_VERDICT: &str = "
    update replay_case set verdict = $4
     where tenant_id = $1 and run_id = $2 and place = $3 and verdict is null
       and unplayable is null";

/// A turn of a run about to be made.
#[derive(Clone, Debug)]
pub struct NewCase {
    /// The message.
    pub message: MessageId,
    /// What asking it again takes, or why it cannot be, in one word.
    pub frozen: Result<Text, &'static str>,
}

/// A turn of a run. Its texts belong to the message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaseRow {
    /// Counts from 0, the newest.
    pub place: u32,
    /// The message.
    pub message: MessageId,
    /// Why it cannot be asked again.
    pub unplayable: Option<String>,
    /// What asking it again takes.
    pub frozen: Option<Text>,
    /// What the version that answered said now.
    pub baseline: Option<Text>,
    /// What the candidate said.
    pub candidate: Option<Text>,
    /// What the judge says of the former.
    pub baseline_verdict: Option<Text>,
    /// And of the latter.
    pub verdict: Option<Text>,
}

/// A part of what came of a turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// What the version that answered said now.
    Baseline,
    /// What the candidate said.
    Candidate,
    /// What the judge says of the former.
    BaselineVerdict,
    /// And of the latter.
    Verdict,
}

#[derive(Serialize)]
struct Added<'a> {
    place: usize,
    message_id: &'a str,
    unplayable: Option<&'static str>,
    frozen: Option<&'a Text>,
}

impl<'a> Added<'a> {
    fn of((place, case): (usize, &'a NewCase)) -> Self {
        Self {
            place,
            message_id: case.message.as_str(),
            unplayable: case.frozen.as_ref().err().copied(),
            frozen: case.frozen.as_ref().ok(),
        }
    }
}

pub(super) async fn add(tx: &mut TenantTx, run: &str, cases: &[NewCase]) -> Result<(), StoreError> {
    let rows: Vec<_> = cases.iter().enumerate().map(Added::of).collect();
    let Some(rows) = row::rows(&rows)? else { return Ok(()) };
    let tenant = tx.tenant().clone();
    tx.execute(ADD, &[&tenant.as_str(), &run, &rows]).await?;
    Ok(())
}

/// The turns of a run, the newest first.
pub async fn cases(tx: &mut TenantTx, run: &str) -> Result<Vec<CaseRow>, StoreError> {
    let (tenant, limit) = (tx.tenant().clone(), i64::from(ROWS_MAX));
    let rows = tx.query(CASES, &[&tenant.as_str(), &run, &limit]).await?;
    rows.iter().map(read).collect()
}

/// Writes down what came of a turn; what was written before stands.
pub async fn keep(
    mut tx: TenantTx,
    (run, place): (&str, u32),
    part: Part,
    text: &Text,
) -> Result<(), StoreError> {
    let sql = match part {
        Part::Baseline => KEEP_BASELINE,
        Part::Candidate => KEEP_CANDIDATE,
        Part::BaselineVerdict => KEEP_BASELINE_VERDICT,
        Part::Verdict => KEEP_VERDICT,
    };
    let (tenant, place, text) = (tx.tenant().clone(), row::small(place), row::to_json(text)?);
    tx.execute(sql, &[&tenant.as_str(), &run, &place, &text]).await?;
    tx.commit().await
}

fn read(found: &Row) -> Result<CaseRow, StoreError> {
    Ok(CaseRow {
        place: row::count(found.try_get::<_, i32>(0)?.into())?,
        message: row::id(found, 1)?,
        unplayable: found.try_get(2)?,
        frozen: row::json_opt(found, 3)?,
        baseline: row::json_opt(found, 4)?,
        candidate: row::json_opt(found, 5)?,
        baseline_verdict: row::json_opt(found, 6)?,
        verdict: row::json_opt(found, 7)?,
    })
}
