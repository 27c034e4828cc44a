//! The effect ledger. Every call that somebody could notice has its row before it is made, and
//! `sending` commits before the call. How an effect moves is decided by `domain::effect`; here is
//! where it stands.

use domain::effect::{Effect, EffectState, Input, Moved, Refused};
use schemas::{EffectId, MessageId, Text, Timestamp};
use tokio_postgres::{Row, types::ToSql};

use crate::{StoreError, TenantTx, fence::Fence, row};

/// What an effect does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum What {
    /// Posts "Thinking…".
    Placeholder,
    /// Puts the first part in the placeholder's place.
    Update,
    /// Posts a part.
    Post,
    /// Takes the placeholder, or a stray, away.
    Delete,
}

impl What {
    /// Every one.
    const ALL: [Self; 4] = [Self::Placeholder, Self::Update, Self::Post, Self::Delete];

    /// As it stands in the table, and in the effect's id.
    pub const fn as_str(self) -> &'static str {
        match self {
            What::Placeholder => "placeholder",
            What::Update => "update",
            What::Post => "post",
            What::Delete => "delete",
        }
    }
}

/// An effect with what is needed to do it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ledgered {
    /// Derived from its cause: planned twice, it is one effect.
    pub id: EffectId,
    /// What it replies to.
    pub message: MessageId,
    /// What it does.
    pub what: What,
    /// Its place among the parts of one answer, from 0.
    pub part: u32,
    /// Where it stands.
    pub effect: Effect,
    /// In which channel of the chat system.
    pub channel: String,
    /// The timestamp of what is updated or deleted.
    pub target_ts: Option<String>,
    /// The words, sealed for the message.
    pub payload: Option<Text>,
    /// The epoch of the worker that claimed it last. At `sending` under an older one than ours,
    /// its sender is gone.
    pub fence: i64,
    /// When it was planned.
    pub planned_at: Timestamp,
}

/// What became of an input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stepped {
    /// The effect moved, or stayed as something that was known before.
    Moved(Moved),
    /// It does not move.
    Refused(Refused),
    /// There is no such effect.
    Unknown,
}

pub(crate) const OF_MESSAGE: &str = "
    select effect_id, message_id, what, part, state, detail, attempt, repeatable, channel,
           target_ts, payload, fence, planned_at_ms
      from effect where tenant_id = $1 and message_id = $2
     order by planned_at_ms, part, effect_id";
const FIND: &str = "
    select effect_id, message_id, what, part, state, detail, attempt, repeatable, channel,
           target_ts, payload, fence, planned_at_ms
      from effect where tenant_id = $1 and effect_id = $2";
const LOCK: &str = "
    select effect_id, message_id, what, part, state, detail, attempt, repeatable, channel,
           target_ts, payload, fence, planned_at_ms
      from effect where tenant_id = $1 and effect_id = $2 for update";
const IN_STATE: &str = "
    select effect_id, message_id, what, part, state, detail, attempt, repeatable, channel,
           target_ts, payload, fence, planned_at_ms
      from effect where tenant_id = $1 and state = $2 order by updated_at_ms limit $3";
const PLAN: &str = "
    insert into effect (tenant_id, effect_id, message_id, what, part, state, detail, attempt,
                        repeatable, channel, target_ts, payload, fence, planned_at_ms, updated_at_ms)
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $14)
    on conflict do nothing";
const MOVE: &str = "
    update effect set state = $3, detail = $4, attempt = $5, fence = greatest(fence, $6),
           updated_at_ms = $7
     where tenant_id = $1 and effect_id = $2";

/// The effects of a reply, in the order they were planned.
pub async fn of_message(
    tx: &mut TenantTx,
    message: &MessageId,
) -> Result<Vec<Ledgered>, StoreError> {
    let tenant = tx.tenant().clone();
    let rows = tx.query(OF_MESSAGE, &[&tenant.as_str(), &message.as_str()]).await?;
    rows.iter().map(read).collect()
}

/// An effect by the id that our own echo carries.
pub async fn find(tx: &mut TenantTx, effect: &EffectId) -> Result<Option<Ledgered>, StoreError> {
    let tenant = tx.tenant().clone();
    let row = tx.query_opt(FIND, &[&tenant.as_str(), &effect.as_str()]).await?;
    row.as_ref().map(read).transpose()
}

/// A tenant's effects in one state (see `EffectState::name`), the oldest change first.
pub async fn in_state(
    tx: &mut TenantTx,
    state: &str,
    limit: u32,
) -> Result<Vec<Ledgered>, StoreError> {
    let tenant = tx.tenant().clone();
    let rows = tx.query(IN_STATE, &[&tenant.as_str(), &state, &i64::from(limit)]).await?;
    rows.iter().map(read).collect()
}

/// Plans an effect, unless it was planned before. Says whether it is new.
pub async fn plan(tx: &mut TenantTx, planned: &Ledgered) -> Result<bool, StoreError> {
    let tenant = tx.tenant().clone();
    let payload = planned.payload.as_ref().map(row::to_json).transpose()?;
    let state = &planned.effect.state;
    let params: &[&(dyn ToSql + Sync)] = &[
        &tenant.as_str(),
        &planned.id.as_str(),
        &planned.message.as_str(),
        &planned.what.as_str(),
        &row::small(planned.part),
        &state.name(),
        &state.detail(),
        &row::small(planned.effect.attempt),
        &planned.effect.repeatable,
        &planned.channel,
        &planned.target_ts,
        &payload,
        &planned.fence,
        &planned.planned_at.as_millis(),
    ];
    Ok(tx.execute(PLAN, params).await? == 1)
}

/// Moves an effect by what happened to it, under its row's lock. After a claim: commit, then call.
/// A claim is refused to a worker that another one has replaced; what a call came to is not, since
/// it is true whoever says it.
pub async fn step(
    tx: &mut TenantTx,
    effect: &EffectId,
    input: Input,
    fence: &Fence,
    now: Timestamp,
) -> Result<Stepped, StoreError> {
    let tenant = tx.tenant().clone();
    let Some(row) = tx.query_opt(LOCK, &[&tenant.as_str(), &effect.as_str()]).await? else {
        return Ok(Stepped::Unknown);
    };
    let before = read(&row)?;
    if matches!(input, Input::Claim) && fence.epoch() < before.fence {
        return Err(StoreError::Fenced(fence.stage().to_owned()));
    }
    let claims = matches!(input, Input::Claim);
    let moved = match before.effect.step(input) {
        Ok(moved) => moved,
        Err(refused) => return Ok(Stepped::Refused(refused)),
    };
    if moved.effect != before.effect {
        let epoch = if claims { fence.epoch() } else { before.fence };
        let state = &moved.effect.state;
        let params: &[&(dyn ToSql + Sync)] = &[
            &tenant.as_str(),
            &effect.as_str(),
            &state.name(),
            &state.detail(),
            &row::small(moved.effect.attempt),
            &epoch,
            &now.as_millis(),
        ];
        tx.execute(MOVE, params).await?;
    }
    Ok(Stepped::Moved(moved))
}

pub(crate) fn read(row: &Row) -> Result<Ledgered, StoreError> {
    let what = row.try_get::<_, &str>(2)?;
    let what = What::ALL.into_iter().find(|known| known.as_str() == what);
    let state = EffectState::read(row.try_get(4)?, row.try_get(5)?);
    Ok(Ledgered {
        id: row::id(row, 0)?,
        message: row::id(row, 1)?,
        what: what.ok_or_else(|| StoreError::row("an unknown effect"))?,
        part: row::count(row.try_get::<_, i32>(3)?.into())?,
        effect: Effect {
            state: state.ok_or_else(|| StoreError::row("an unknown state of an effect"))?,
            attempt: row::count(row.try_get::<_, i32>(6)?.into())?,
            repeatable: row.try_get(7)?,
        },
        channel: row.try_get(8)?,
        target_ts: row.try_get(9)?,
        payload: row::json_opt(row, 10)?,
        fence: row.try_get(11)?,
        planned_at: row::at(row, 12)?,
    })
}
