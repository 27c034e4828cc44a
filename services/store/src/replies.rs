//! One row a message that is answered. Whoever works on the answer holds its lock, so there is
//! never a placeholder after the answer, and never two answers.

use domain::reply_state::{ReplyState, Verdict};
use schemas::{EventId, MessageId, MessageRef, Timestamp, event::ReplyKind};
use tokio_postgres::{Row, types::ToSql};

use crate::{
    StoreError, TenantTx,
    effects::{self, Ledgered, What},
    fence::Fence,
    row,
    session::Step,
    tenant_tx::TenantStep,
};

/// How far the reply to a message is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// What is replied to, and where.
    pub message: MessageRef,
    /// What the person is to get, once that is decided.
    pub verdict: Option<Verdict>,
    /// The event that decided it.
    pub verdict_event: Option<EventId>,
    /// Whether the bounded wait for the placeholder is over.
    pub waited_out: bool,
    /// How it ended, if it has.
    pub outcome: Option<Outcome>,
    /// When it changed last.
    pub updated_at: Timestamp,
}

/// How a reply ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// The person has it.
    Delivered,
    /// Something is in doubt; an echo or an operator changes that.
    Uncertain,
    /// The person cannot be told.
    Failed,
    /// There was nothing to tell.
    Closed,
}

impl Outcome {
    /// Every one.
    const ALL: [Self; 4] = [Self::Delivered, Self::Uncertain, Self::Failed, Self::Closed];

    /// As it stands in the table.
    pub const fn as_str(self) -> &'static str {
        match self {
            Outcome::Delivered => "delivered",
            Outcome::Uncertain => "uncertain",
            Outcome::Failed => "failed",
            Outcome::Closed => "closed",
        }
    }
}

/// A reply with everything that was done for it; nobody else changes it meanwhile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Locked {
    /// The reply.
    pub reply: Reply,
    /// Its effects, in the order they were planned.
    pub effects: Vec<Ledgered>,
}

impl Locked {
    /// What `domain::reply_state::next` is asked with. Where an effect was planned anew, the last
    /// one counts.
    pub fn state(&self) -> ReplyState {
        let mut state = ReplyState {
            verdict: self.reply.verdict,
            waited_out: self.reply.waited_out,
            ..ReplyState::new()
        };
        for ledgered in &self.effects {
            let effect = Some(ledgered.effect.state.clone());
            match ledgered.what {
                What::Placeholder => state.placeholder = effect,
                What::Update => state.update = effect,
                What::Delete => state.delete = effect,
                What::Post => {
                    let part = usize::try_from(ledgered.part).unwrap_or(usize::MAX);
                    if state.posts.len() <= part {
                        state.posts.resize(part.saturating_add(1), None);
                    }
                    if let Some(slot) = state.posts.get_mut(part) {
                        *slot = effect;
                    }
                }
            }
        }
        state
    }
}

const ENSURE: &str = "
    insert into reply (tenant_id, message_id, message, fence, updated_at_ms)
    values ($1, $2, $3, $4, $5) on conflict do nothing";
const LOCK: &str = "
    select message, verdict, parts, verdict_event_id, waited_out, outcome, updated_at_ms,
           coalesce((select epoch from stage_fence where stage = $3), 0)
      from reply where tenant_id = $1 and message_id = $2 for update";
const FIND: &str = "
    select message, verdict, parts, verdict_event_id, waited_out, outcome, updated_at_ms
      from reply where tenant_id = $1 and message_id = $2";
const SAVE: &str = "
    update reply set verdict = $3, parts = $4, verdict_event_id = $5, waited_out = $6,
           outcome = $7, fence = $8, updated_at_ms = $9
     where tenant_id = $1 and message_id = $2 and fence <= $8";

/// Locks the reply to a message until the transaction ends, and makes it if it is new. Refused to
/// a worker that another one has replaced.
pub async fn lock(
    tx: &mut TenantTx,
    message: &MessageRef,
    fence: &Fence,
    now: Timestamp,
) -> Result<Locked, StoreError> {
    let tenant = tx.tenant().clone();
    let (name, id) = (tenant.as_str(), message.id.as_str());
    let (json, epoch, at) = (row::to_json(message)?, fence.epoch(), now.as_millis());
    let stage = fence.stage();
    let step = |sql, params: Vec<_>| TenantStep { tenant: &tenant, step: Step { sql, params } };
    let answers = tx
        .run(vec![
            step(ENSURE, vec![&name as &(dyn ToSql + Sync), &id, &json, &epoch, &at]),
            step(LOCK, vec![&name, &id, &stage]),
            step(effects::OF_MESSAGE, vec![&name, &id]),
        ])
        .await?;
    let [_, locked, effects] = answers.as_slice() else {
        return Err(StoreError::row("answers are missing"));
    };
    let row = locked.rows.first().ok_or_else(|| StoreError::row("a reply vanished"))?;
    if row.try_get::<_, i64>(7)? != fence.epoch() {
        return Err(StoreError::Fenced(fence.stage().to_owned()));
    }
    let effects = effects.rows.iter().map(effects::read).collect::<Result<_, _>>()?;
    Ok(Locked { reply: read(row)?, effects })
}

/// The reply to a message, if there is one.
pub async fn find(tx: &mut TenantTx, message: &MessageId) -> Result<Option<Reply>, StoreError> {
    let tenant = tx.tenant().clone();
    let row = tx.query_opt(FIND, &[&tenant.as_str(), &message.as_str()]).await?;
    row.as_ref().map(read).transpose()
}

/// Writes how far a reply is now; `now` becomes its last change.
pub async fn save(
    tx: &mut TenantTx,
    reply: &Reply,
    fence: &Fence,
    now: Timestamp,
) -> Result<(), StoreError> {
    let tenant = tx.tenant().clone();
    let (verdict, parts) = verdict_columns(reply.verdict);
    let event = reply.verdict_event.as_ref().map(EventId::as_str);
    let outcome = reply.outcome.map(Outcome::as_str);
    let (id, epoch, at) = (reply.message.id.as_str(), fence.epoch(), now.as_millis());
    let params: &[&(dyn ToSql + Sync)] = &[
        &tenant.as_str(),
        &id,
        &verdict,
        &parts,
        &event,
        &reply.waited_out,
        &outcome,
        &epoch,
        &at,
    ];
    match tx.execute(SAVE, params).await? {
        1 => Ok(()),
        _ => Err(StoreError::Fenced(fence.stage().to_owned())),
    }
}

fn verdict_columns(verdict: Option<Verdict>) -> (Option<&'static str>, Option<i32>) {
    match verdict {
        None => (None, None),
        Some(Verdict::Nothing) => (Some("nothing"), None),
        Some(Verdict::Reply { kind, parts }) => {
            (Some(kind.as_str()), Some(i32::try_from(parts).unwrap_or(i32::MAX)))
        }
    }
}

fn read_verdict(row: &Row) -> Result<Option<Verdict>, StoreError> {
    let kind = match row.try_get::<_, Option<&str>>(1)? {
        None => return Ok(None),
        Some("nothing") => return Ok(Some(Verdict::Nothing)),
        Some("answer") => ReplyKind::Answer,
        Some("apology") => ReplyKind::Apology,
        Some("notice") => ReplyKind::Notice,
        Some(_) => return Err(StoreError::row("an unknown verdict")),
    };
    let parts = row.try_get::<_, Option<i32>>(2)?.unwrap_or(1);
    Ok(Some(Verdict::Reply { kind, parts: usize::try_from(parts).unwrap_or(1) }))
}

fn read_outcome(row: &Row) -> Result<Option<Outcome>, StoreError> {
    let Some(text) = row.try_get::<_, Option<&str>>(5)? else { return Ok(None) };
    let known = Outcome::ALL.into_iter().find(|outcome| outcome.as_str() == text);
    known.map(Some).ok_or_else(|| StoreError::row("an unknown outcome"))
}

fn read(row: &Row) -> Result<Reply, StoreError> {
    Ok(Reply {
        message: row::json(row, 0)?,
        verdict: read_verdict(row)?,
        verdict_event: row::id_opt(row, 3)?,
        waited_out: row.try_get(4)?,
        outcome: read_outcome(row)?,
        updated_at: row::at(row, 6)?,
    })
}
