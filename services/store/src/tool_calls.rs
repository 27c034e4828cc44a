//! The ledger of tools that are called for an answer. A call has its row, committed, before it is made:
//! whoever finds one without an outcome knows that it may have been carried out.

use schemas::{MessageId, TenantId, Text, Timestamp, event::ToolOutcome};
use serde::Serialize;
use tokio_postgres::Row;

use crate::{Database, StoreError, TenantTx, fence::Fence, row};

const ROUNDS: &str = "
    select r.round, r.asked, r.started_at_ms, c.tool, c.arguments, c.repeatable, c.outcome
      from tool_round r join tool_call c using (tenant_id, message_id, round)
     where r.tenant_id = $1 and r.message_id = $2 order by r.round, c.index";
/// Only the leader begins one, and nobody begins one twice.
const BEGIN: &str = "
    with begun as (
        insert into tool_round (tenant_id, message_id, round, asked, started_at_ms)
        select $1, $2, $3, $4, $5
         where exists (select from stage_fence where stage = $7 and epoch = $8)
        on conflict (tenant_id, message_id, round) do nothing
        returning round
    )
    insert into tool_call (tenant_id, message_id, round, index, tool, arguments, repeatable)
    select $1, $2, begun.round, call.index, call.tool, call.arguments, call.repeatable
      from begun, jsonb_populate_recordset(null::tool_call, $6) as call";
/// The first word on a call stands.
const END: &str = "
    update tool_call set outcome = $5, ended_at_ms = $6
     where tenant_id = $1 and message_id = $2 and round = $3 and index = $4 and outcome is null";
const STANDING: &str = "
    select outcome from tool_call
     where tenant_id = $1 and message_id = $2 and round = $3 and index = $4";

/// What a model asked of tools at one time.
#[derive(Clone, Debug, PartialEq)]
pub struct Round {
    /// What it said, with all that its vendor wants back.
    pub asked: Text,
    /// The calls, in its order; at least one.
    pub calls: Vec<Call>,
    /// When they were about to be made.
    pub at: Timestamp,
}

/// One call.
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    /// The tool, by the name that the model was offered.
    pub tool: String,
    /// What it is called with.
    pub arguments: Text,
    /// Whether making it twice is making it once.
    pub repeatable: bool,
    /// What came of it; nothing while it is made, and if we crashed meanwhile.
    pub outcome: Option<ToolOutcome>,
}

/// The ledger, for one worker that leads.
pub struct ToolCalls {
    db: Database,
    fence: Fence,
}

impl ToolCalls {
    /// Opens it for `fence`.
    pub const fn open(db: Database, fence: Fence) -> Self {
        Self { db, fence }
    }

    /// What was asked of tools for a message so far.
    pub async fn rounds(
        &self,
        tenant: &TenantId,
        message: &MessageId,
    ) -> Result<Vec<Round>, StoreError> {
        let params = [&tenant.as_str() as _, &message.as_str() as _];
        let found = self.db.tenant(tenant).await?.last(ROUNDS, &params).await?;
        rounds(&found.rows)
    }

    /// Says, and commits, that these calls are about to be made. One whose turn at leading is over is
    /// refused, and so is one that finds the round begun.
    pub async fn begin(
        &self,
        (tenant, message): (&TenantId, &MessageId),
        number: usize,
        round: &Round,
    ) -> Result<(), StoreError> {
        let calls: Vec<_> = round.calls.iter().enumerate().map(CallRow::of).collect();
        let calls = row::rows(&calls)?;
        let (number, asked) = (of(number), row::to_json(&round.asked)?);
        let (at, stage, epoch) = (round.at.as_millis(), self.fence.stage(), self.fence.epoch());
        let tx = self.db.tenant(tenant).await?;
        let (tenant, message) = (tenant.as_str(), message.as_str());
        let params: [&(dyn tokio_postgres::types::ToSql + Sync); 8] =
            [&tenant, &message, &number, &asked, &at, &calls, &stage, &epoch];
        let begun = tx.last(BEGIN, &params).await?.affected;
        if begun == 0 { Err(StoreError::Fenced(stage.to_owned())) } else { Ok(()) }
    }

    /// Says what came of a call. Returns what was said of it before, which stands then.
    pub async fn end(
        &self,
        (tenant, message): (&TenantId, &MessageId),
        (round, index): (usize, usize),
        outcome: &ToolOutcome,
        at: Timestamp,
    ) -> Result<Option<ToolOutcome>, StoreError> {
        let (round, index, at) = (of(round), of(index), at.as_millis());
        let outcome = row::to_json(outcome)?;
        let tx = self.db.tenant(tenant).await?;
        let (name, message) = (tenant.as_str(), message.as_str());
        let ended = tx.last(END, &[&name, &message, &round, &index, &outcome, &at]).await?;
        if 0 < ended.affected {
            return Ok(None);
        }
        let tx = self.db.tenant(tenant).await?;
        let found = tx.last(STANDING, &[&name, &message, &round, &index]).await?;
        found.rows.first().map_or(Ok(None), |row| row::json_opt(row, 0))
    }
}

#[derive(Serialize)]
struct CallRow<'a> {
    index: i32,
    tool: &'a str,
    arguments: &'a Text,
    repeatable: bool,
}

impl<'a> CallRow<'a> {
    fn of((index, call): (usize, &'a Call)) -> Self {
        let Call { tool, arguments, repeatable, .. } = call;
        Self { index: of(index), tool, arguments, repeatable: *repeatable }
    }
}

/// The calls of tools for a message that are on record, as a tenant's own see them.
pub async fn of_message(tx: &mut TenantTx, message: &MessageId) -> Result<Vec<Round>, StoreError> {
    let tenant = tx.tenant().clone();
    rounds(&tx.query(ROUNDS, &[&tenant.as_str(), &message.as_str()]).await?)
}

fn rounds(rows: &[Row]) -> Result<Vec<Round>, StoreError> {
    let mut rounds: Vec<Round> = Vec::new();
    for row in rows {
        if usize::try_from(row.try_get::<_, i32>(0)?).ok() == Some(rounds.len()) {
            let (asked, at) = (row::json(row, 1)?, row::at(row, 2)?);
            rounds.push(Round { asked, calls: Vec::new(), at });
        }
        let round = rounds.last_mut().ok_or_else(|| StoreError::row("a round is missing"))?;
        round.calls.push(call(row)?);
    }
    Ok(rounds)
}

fn of(number: usize) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}

fn call(row: &Row) -> Result<Call, StoreError> {
    Ok(Call {
        tool: row.try_get(3)?,
        arguments: row::json(row, 4)?,
        repeatable: row.try_get(5)?,
        outcome: row::json_opt(row, 6)?,
    })
}
