//! One row a message that is answered. Whoever works on the answer holds its lock, so there is
//! never a placeholder after the answer, and never two answers.
//!
//! A change is a pure function over what is known of one reply. Changes that are asked for at the same
//! moment share a transaction: all rows are locked and read, every change is made, and what differs is
//! written and committed. Only then is anybody told, so a call that a change claims is on record before
//! it is made.

mod batch;
mod columns;

use domain::{
    effect::EffectState,
    reply_state::{ReplyState, Verdict},
};
use schemas::{EffectId, EventId, MessageRef, TenantId, Timestamp};
use tokio_postgres::Row;

use crate::{
    Database, StoreError, TenantTx,
    effects::{self, Ledgered, What},
    fence::Fence,
    gather::{Gather, Work, rows_of_each},
    row,
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
    /// The event whose handling ended it, and which says so again when it is handled again.
    pub outcome_event: Option<EventId>,
    /// Counts from 0: how often it was begun anew. Only what was done for it since then counts.
    pub round: u32,
    /// The last word of an operator on it, and its place on the stream.
    pub ordered: Option<(EventId, u64)>,
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
    /// Whether this worker leads. One that was replaced may still say what its calls came to, which is
    /// true whoever says it; anything else it writes is refused.
    pub leads: bool,
}

impl Locked {
    /// A reply nothing is known of yet.
    pub fn new(message: MessageRef) -> Self {
        let reply = Reply {
            message,
            verdict: None,
            verdict_event: None,
            waited_out: false,
            outcome: None,
            outcome_event: None,
            round: 0,
            ordered: None,
        };
        Self { reply, effects: Vec::new(), leads: true }
    }

    /// The effects of the reply since it was begun last, in the order they were planned.
    pub fn current(&self) -> impl DoubleEndedIterator<Item = &Ledgered> {
        let round = self.reply.round;
        self.effects.iter().filter(move |it| it.round == round)
    }

    /// What `domain::reply_state::next` is asked with. Where an effect was planned anew, the last
    /// one counts.
    pub fn state(&self) -> ReplyState {
        let mut state = ReplyState {
            verdict: self.reply.verdict,
            waited_out: self.reply.waited_out,
            ..ReplyState::new()
        };
        for ledgered in self.current() {
            let effect = Some(ledgered.effect.state.clone());
            match ledgered.what {
                What::Placeholder => state.placeholder = effect,
                What::Update => state.update = effect,
                What::Delete => state.delete = effect,
                What::Note => state.note = effect,
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

/// The replies of all tenants, for one worker that leads.
pub struct Replies<T: Send + 'static> {
    changes: Gather<Changes<T>>,
    owners: Gather<Owners>,
    held: Gather<Held>,
}

impl<T: Send + 'static> Replies<T> {
    /// Opens them for `fence`.
    pub fn open(db: Database, fence: Fence) -> Self {
        let owners = Gather::start(Owners { db: db.clone() });
        let held = Gather::start(Held { db: db.clone() });
        let changes = Gather::start(Changes { db, fence, answer: std::marker::PhantomData });
        Self { changes, owners, held }
    }

    /// Changes one reply, which is made if it is new, and returns what the change returned, once that
    /// is committed. `change` may be called more than once; the last call counts.
    ///
    /// Refused where a worker that was replaced changes more than the effects it has claimed.
    pub async fn change(
        &self,
        tenant: &TenantId,
        message: &MessageRef,
        now: Timestamp,
        change: impl Fn(&mut Locked) -> T + Send + Sync + 'static,
    ) -> Result<T, StoreError> {
        let (tenant, message) = (tenant.clone(), message.clone());
        self.changes.ask(Change { tenant, message, now, make: Box::new(change) }).await
    }

    /// What an effect belongs to, by the id that our own echo carries.
    pub async fn of_effect(
        &self,
        tenant: &TenantId,
        effect: &EffectId,
    ) -> Result<Option<Owner>, StoreError> {
        self.owners.ask((tenant.clone(), effect.clone())).await
    }

    /// Whether a person has the thread that a message is in.
    pub async fn is_held(
        &self,
        tenant: &TenantId,
        message: &MessageRef,
    ) -> Result<bool, StoreError> {
        let MessageRef { connection, conversation, .. } = message;
        self.held.ask((tenant.clone(), format!("{connection} {conversation}"))).await
    }
}

/// A change of one reply.
struct Change<T> {
    tenant: TenantId,
    message: MessageRef,
    now: Timestamp,
    make: Box<dyn Fn(&mut Locked) -> T + Send + Sync>,
}

struct Changes<T> {
    db: Database,
    fence: Fence,
    answer: std::marker::PhantomData<fn() -> T>,
}

impl<T: Send + 'static> Work for Changes<T> {
    type Ask = Change<T>;
    type Answer = T;

    async fn run(&self, asks: &[Change<T>]) -> Result<Vec<T>, StoreError> {
        batch::change(&self.db, &self.fence, asks).await
    }
}

const OF_EFFECTS: &str = "
    select effect_id, message, state, effect.detail, verdict is not null, outcome_event_id
      from effect join reply using (tenant_id, message_id)
     where tenant_id = $1 and effect_id = any($2)";

/// What an effect belongs to, and where both stand; nothing is locked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owner {
    /// What is replied to.
    pub message: MessageRef,
    /// Where the effect stands.
    pub effect: EffectState,
    /// Whether it is decided what the person gets.
    pub is_decided: bool,
    /// The event whose handling ended the reply, if it has ended.
    pub outcome_event: Option<EventId>,
}

fn read_owner(row: &Row) -> Result<Owner, StoreError> {
    let effect = EffectState::read(row.try_get(2)?, row.try_get(3)?);
    Ok(Owner {
        message: row::json(row, 1)?,
        effect: effect.ok_or_else(|| StoreError::row("an unknown state of an effect"))?,
        is_decided: row.try_get(4)?,
        outcome_event: row::id_opt(row, 5)?,
    })
}

/// Finds what effects belong to.
struct Owners {
    db: Database,
}

impl Work for Owners {
    type Ask = (TenantId, EffectId);
    type Answer = Option<Owner>;

    async fn run(&self, asks: &[Self::Ask]) -> Result<Vec<Self::Answer>, StoreError> {
        let found =
            rows_of_each(&self.db, asks, |(tenant, effect)| (tenant, effect.as_str()), OF_EFFECTS);
        let found = found.await?;
        found.iter().map(|rows| rows.first().map(|row| read_owner(row)).transpose()).collect()
    }
}

const LOOK: &str = "
    select message_id, verdict, parts, verdict_event_id, waited_out, outcome, outcome_event_id,
           round, order_event_id, order_seq
      from reply where tenant_id = $1 and message_id = $2";

/// The reply to a message as it stands; nothing is locked.
pub async fn look(tx: &mut TenantTx, message: &MessageRef) -> Result<Option<Locked>, StoreError> {
    let (tenant, messages) = (tx.tenant().clone(), vec![message.id.as_str()]);
    let found = tx.query_opt(LOOK, &[&tenant.as_str(), &message.id.as_str()]).await?;
    let Some(found) = found else { return Ok(None) };
    let mut locked = Locked::new(message.clone());
    columns::read(&found, &mut locked.reply)?;
    for row in tx.query(effects::OF_MESSAGES, &[&tenant.as_str(), &messages]).await? {
        locked.effects.push(effects::read(&row)?);
    }
    Ok(Some(locked))
}

const HELD: &str = "
    select connection_id || ' ' || conversation_id from pause
     where tenant_id = $1 and ended_by is null
       and (connection_id, conversation_id) in (
           select split_part(thread, ' ', 1), split_part(thread, ' ', 2)
             from unnest($2::text[]) as thread)";

/// Looks for threads that a person has.
struct Held {
    db: Database,
}

impl Work for Held {
    type Ask = (TenantId, String);
    type Answer = bool;

    async fn run(&self, asks: &[Self::Ask]) -> Result<Vec<bool>, StoreError> {
        let found = rows_of_each(&self.db, asks, |(tenant, thread)| (tenant, thread), HELD);
        Ok(found.await?.iter().map(|rows| !rows.is_empty()).collect())
    }
}
