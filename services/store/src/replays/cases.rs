//! The turns of a run, and what came of each.

use schemas::{MessageId, Text};
use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};
use tokio_postgres::{Row, types::ToSql};

use super::ROWS_MAX;
use crate::{StoreError, TenantTx, row};

/// What is added in one statement, in bytes; a turn that is larger goes by itself.
const ADD_BYTES_MAX: usize = 1 << 20;

const ADD: &str = "
    insert into replay_case (tenant_id, run_id, place, message_id, unplayable, frozen, test_id, checks)
    select $1, $2, place, message_id, unplayable, frozen, test_id, checks
      from jsonb_populate_recordset(null::replay_case, $3)";
const CASES: &str = "
    select place, message_id, unplayable, frozen, baseline, candidate, baseline_verdict, verdict, test_id,
           checks
      from replay_case where tenant_id = $1 and run_id = $2 order by place limit $3";
const GIVE_UP: &str = "
    update replay_case set unplayable = $4
     where tenant_id = $1 and run_id = $2 and place = any($3) and unplayable is null";
/// The first word on each stands, and on one whose words were erased meanwhile there is none.
const KEEP_BASELINE: &str = "
    update replay_case set baseline = $4
     where tenant_id = $1 and run_id = $2 and place = $3 and baseline is null
       and unplayable is null";
const KEEP_CANDIDATE: &str = "
    update replay_case set candidate = $4, differs = $5
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
    /// The test that it is, in a run of tests.
    pub test: Option<CaseTest>,
}

/// A turn that is a test.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaseTest {
    /// Its name.
    pub id: String,
    /// What was expected as the run was made; nothing where the words of the turn were erased.
    pub checks: Option<Text>,
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
    /// And of the latter; of a test, which of its checks hold.
    pub verdict: Option<Text>,
    /// The test that it is, in a run of tests.
    pub test: Option<CaseTest>,
}

/// A part of what came of a turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// What the version that answered said now.
    Baseline,
    /// What the candidate said.
    Candidate {
        /// Whether that is other than what the person got.
        differs: bool,
    },
    /// What the judge says of the former.
    BaselineVerdict,
    /// And of the latter; of a test, which of its checks hold.
    Verdict,
}

#[derive(Serialize)]
struct Added<'a> {
    place: usize,
    message_id: &'a str,
    unplayable: Option<&'static str>,
    frozen: Option<&'a Text>,
    test_id: Option<&'a str>,
    checks: Option<&'a Text>,
}

impl<'a> Added<'a> {
    fn of((place, case): (usize, &'a NewCase)) -> Self {
        Self {
            place,
            message_id: case.message.as_str(),
            unplayable: case.frozen.as_ref().err().copied(),
            frozen: case.frozen.as_ref().ok(),
            test_id: case.test.as_ref().map(|test| test.id.as_str()),
            checks: case.test.as_ref().and_then(|test| test.checks.as_ref()),
        }
    }
}

/// In pieces, however long the turns are.
pub(super) async fn add(tx: &mut TenantTx, run: &str, cases: &[NewCase]) -> Result<(), StoreError> {
    let tenant = tx.tenant().clone();
    let written = cases.iter().enumerate().map(|case| to_raw_value(&Added::of(case)));
    let written: Result<Vec<_>, _> = written.collect();
    let written = written.map_err(|_| StoreError::row("it is not JSON"))?;
    for piece in pieces(&written, ADD_BYTES_MAX) {
        let rows = row::rows(piece)?;
        tx.execute(ADD, &[&tenant.as_str(), &run, &rows]).await?;
    }
    Ok(())
}

/// All of them in their order, in pieces of no more than so many bytes, or of one that is longer.
fn pieces(written: &[Box<RawValue>], bytes_max: usize) -> Vec<&[Box<RawValue>]> {
    let (mut pieces, mut rest) = (Vec::new(), written);
    while !rest.is_empty() {
        let mut bytes = 0_usize;
        let fits = rest.iter().take_while(|one| {
            bytes = bytes.saturating_add(one.get().len());
            bytes <= bytes_max
        });
        let count = fits.count().max(1);
        let (piece, left) = rest.split_at(count);
        pieces.push(piece);
        rest = left;
    }
    pieces
}

/// These turns cannot be asked again, for that reason; they are not tried once more.
pub async fn give_up(
    tx: &mut TenantTx,
    run: &str,
    places: &[u32],
    why: &str,
) -> Result<(), StoreError> {
    let tenant = tx.tenant().clone();
    let places: Vec<_> = places.iter().copied().map(row::small).collect();
    tx.execute(GIVE_UP, &[&tenant.as_str(), &run, &places, &why]).await?;
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
    let (tenant, place, text) = (tx.tenant().clone(), row::small(place), row::to_json(text)?);
    let tenant = tenant.as_str();
    let mut params: Vec<&(dyn ToSql + Sync)> = vec![&tenant, &run, &place, &text];
    let sql = match &part {
        Part::Baseline => KEEP_BASELINE,
        Part::Candidate { differs } => {
            params.push(differs);
            KEEP_CANDIDATE
        }
        Part::BaselineVerdict => KEEP_BASELINE_VERDICT,
        Part::Verdict => KEEP_VERDICT,
    };
    tx.execute(sql, &params).await?;
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
        test: test(found)?,
    })
}

fn test(found: &Row) -> Result<Option<CaseTest>, StoreError> {
    let Some(id) = found.try_get(8)? else { return Ok(None) };
    Ok(Some(CaseTest { id, checks: row::json_opt(found, 9)? }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_is_added_in_bounded_pieces_and_in_order() {
        let of = |lengths: &[usize]| -> Vec<Box<RawValue>> {
            // Two of them are the quotes.
            lengths.iter().map(|length| to_raw_value(&"x".repeat(length - 2)).unwrap()).collect()
        };
        let cases: [(&[usize], &[usize]); 5] = [
            (&[], &[]),
            (&[10, 10, 10], &[3]),
            (&[10, 11, 10], &[2, 1]),
            (&[20, 10, 40, 10, 10, 10, 9], &[2, 1, 3, 1]),
            (&[40], &[1]),
        ];
        for (lengths, want) in cases {
            let written = of(lengths);
            let pieces = pieces(&written, 30);
            let counts: Vec<_> = pieces.iter().map(|piece| piece.len()).collect();
            assert_eq!(counts, want, "{lengths:?}");
            let all: Vec<_> = pieces.concat().iter().map(|one| one.get().len()).collect();
            assert_eq!(all, lengths);
        }
    }
}
