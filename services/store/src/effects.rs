//! The effect ledger. Every call that somebody could notice has its row before it is made, and
//! `sending` commits before the call. How an effect moves is decided by `domain::effect`; here is
//! where it stands. It moves under the lock of its reply; see [`crate::replies`].

use domain::effect::{Effect, EffectState};
use schemas::{EffectId, MessageId, Timestamp};
use serde::Serialize;
use tokio_postgres::Row;

use crate::{StoreError, row};

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
    /// Tells whoever takes over, in a channel of theirs.
    Note,
}

impl What {
    /// Every one.
    const ALL: [Self; 5] = [Self::Placeholder, Self::Update, Self::Post, Self::Delete, Self::Note];

    /// As it stands in the table, and in the effect's id.
    pub const fn as_str(self) -> &'static str {
        match self {
            What::Placeholder => "placeholder",
            What::Update => "update",
            What::Post => "post",
            What::Delete => "delete",
            What::Note => "note",
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
    /// When it was planned.
    pub planned_at: Timestamp,
    /// The round of its reply that it belongs to.
    pub round: u32,
}

pub(crate) const OF_MESSAGES: &str = "
    select effect_id, message_id, what, part, state, detail, attempt, repeatable, channel,
           target_ts, planned_at_ms, round
      from effect where tenant_id = $1 and message_id = any($2)
     order by planned_at_ms, part, effect_id";
pub(crate) const INSERT: &str = "
    insert into effect (tenant_id, effect_id, message_id, what, part, state, detail, attempt,
                        repeatable, channel, target_ts, planned_at_ms, round, updated_at_ms)
    select $1, effect_id, message_id, what, part, state, detail, attempt,
           repeatable, channel, target_ts, planned_at_ms, round, updated_at_ms
      from jsonb_populate_recordset(null::effect, $2)";
/// Of rows that are there; see `replies/columns.rs`.
pub(crate) const UPDATE: &str = "
    insert into effect (tenant_id, effect_id, message_id, what, part, state, detail, attempt,
                        repeatable, channel, target_ts, planned_at_ms, round, updated_at_ms)
    select $1, effect_id, message_id, what, part, state, detail, attempt,
           repeatable, channel, target_ts, planned_at_ms, round, updated_at_ms
      from jsonb_populate_recordset(null::effect, $2)
    on conflict (tenant_id, effect_id) do update
       set state = excluded.state, detail = excluded.detail, attempt = excluded.attempt,
           target_ts = excluded.target_ts, updated_at_ms = excluded.updated_at_ms";

/// The columns of [`INSERT`] and [`UPDATE`].
#[derive(Serialize)]
pub(crate) struct EffectRow<'a> {
    effect_id: &'a str,
    message_id: &'a str,
    what: &'static str,
    part: i32,
    state: &'static str,
    detail: Option<&'a str>,
    attempt: i32,
    repeatable: bool,
    channel: &'a str,
    target_ts: Option<&'a str>,
    planned_at_ms: i64,
    round: i32,
    updated_at_ms: i64,
}

impl<'a> EffectRow<'a> {
    pub(crate) fn of(it: &'a Ledgered, at_ms: i64) -> Self {
        Self {
            effect_id: it.id.as_str(),
            message_id: it.message.as_str(),
            what: it.what.as_str(),
            part: row::small(it.part),
            state: it.effect.state.name(),
            detail: it.effect.state.detail(),
            attempt: row::small(it.effect.attempt),
            repeatable: it.effect.repeatable,
            channel: &it.channel,
            target_ts: it.target_ts.as_deref(),
            planned_at_ms: it.planned_at.as_millis(),
            round: row::small(it.round),
            updated_at_ms: at_ms,
        }
    }
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
        planned_at: row::at(row, 10)?,
        round: row::count(row.try_get::<_, i32>(11)?.into())?,
    })
}
