//! Shows the person that somebody is at it, then the answer, always in the thread.
//!
//! Every call to a chat system is an effect with a row of its own, and the row says `sending` before
//! the call is made. So a crash is found, not guessed, and nothing is sent twice blindly.
//!
//! A file for each step of a message: what to say ([`words`]), what is next ([`decide`]), one call
//! ([`call`]), the loop between them ([`drive`]), what the chat system shows ([`observed`]), what operators
//! say ([`ordered`]), and a hand-off that is set aside ([`given_up`]). What may have been sent before a
//! backup was put back is in doubt from the start (`decide/doubted.rs`).
//!
//! **Invariant:** no call is made before its row says `sending`, and what may have been carried out is
//! not made again.

mod call;
mod decide;
mod drive;
mod given_up;
mod observed;
mod ordered;
mod tokens;
mod words;

use std::sync::Arc;

use anyhow::anyhow;
use channels::Outbound;
use domain::{doubt::Doubt, reply::held_notice, reply_state::Verdict, secret::Secret};
use runtime::{Context, Delivery as Delivered, DirectoryWatch, Failure, Handler, Why, consume};
use schemas::{
    Connection, ConnectionId, Event, MessageRef, Place, PlaceKind, TenantId, Timestamp,
    event::{FailureReason, MessageAdmitted, ReplyKind},
    subject::Aggregate,
};
use store::{
    Database, Sealer, StoreError,
    deferred::{Deferrals, Wait},
    fence::Fence,
    replies::Replies,
};

pub use self::tokens::Tokens;
use self::{
    decide::{SET_ASIDE, Spot, failed},
    words::Words,
};

/// The stage.
pub struct Delivery {
    /// The loop's context.
    pub context: Context,
    /// What waits for its time.
    pub deferrals: Deferrals,
    /// What came of messages: the words of a reply that is sent again.
    pub db: Database,
    /// The ledger.
    pub replies: Ledger,
    /// Opens answers.
    pub sealer: Sealer,
    /// The connections' tokens.
    pub tokens: Arc<Tokens>,
    /// Who speaks where.
    pub directory: DirectoryWatch,
    /// The chat system.
    pub outbound: Arc<dyn Outbound>,
    /// What a restore left in doubt.
    pub doubt: Option<Doubt>,
}

/// The ledger of this stage. Opened for one turn at leading it.
pub struct Ledger(Replies<decide::Next>);

impl Ledger {
    /// Opens it for `fence`.
    pub fn open(db: Database, fence: Fence) -> Self {
        Self(Replies::open(db, fence))
    }
}

/// Runs the stage until the context says stop.
pub async fn run(delivery: Delivery) -> anyhow::Result<()> {
    let context = delivery.context.clone();
    consume(&context, Arc::new(delivery)).await
}

/// A reply under way: where it goes and who speaks.
pub(crate) struct Thread<'a> {
    pub(crate) cause: &'a Delivered,
    pub(crate) message: &'a MessageRef,
    pub(crate) connection: Arc<Connection>,
    pub(crate) token: Secret,
}

impl Thread<'_> {
    pub(crate) fn tenant(&self) -> &TenantId {
        &self.cause.cause.tenant
    }

    /// Whether what is handled comes in the thread that is replied in: only then nobody else is at it.
    pub(crate) fn owns_lane(&self) -> bool {
        let MessageRef { connection, conversation, .. } = self.message;
        self.cause.cause.event.aggregate() == Aggregate::Conversation(connection, conversation)
    }

    /// The thread, or the channel of its own that an effect goes to.
    pub(crate) fn place_of(&self, spot: &Spot) -> Place {
        let thread = self.message.place.clone();
        match &spot.channel {
            None => thread,
            Some(channel) => Place {
                channel: channel.clone(),
                kind: PlaceKind::Public,
                thread: String::new(),
                ..thread
            },
        }
    }
}

impl Handler for Delivery {
    const CONSUMER: &'static nats::Consumer = &nats::DELIVERY;

    async fn handle(&self, batch: &[Delivered]) -> Vec<Result<Vec<Event>, Failure>> {
        let mut results = Vec::with_capacity(batch.len());
        for delivery in batch {
            results.push(self.one(delivery).await);
        }
        results
    }

    async fn defer(&self, delivery: &Delivered, until: Timestamp, why: Why) -> Result<(), Failure> {
        let reason = match why {
            Why::Asked => "the chat system asked to be left alone until then",
            Why::Behind => "an earlier message of its thread waits",
        };
        let wait = Wait {
            cause: &delivery.cause,
            seq: delivery.first_sequence,
            until,
            reason,
            attempts: delivery.attempt,
        };
        self.deferrals.defer(&wait).await.map_err(from_store)
    }

    async fn behind(&self, delivery: &Delivered) -> Result<Option<Timestamp>, Failure> {
        let behind = self.deferrals.behind(&delivery.cause, delivery.first_sequence);
        behind.await.map_err(from_store)
    }

    async fn settled(&self, delivery: &Delivered) -> Result<(), Failure> {
        let now = self.context.clock.now();
        self.deferrals.settle(&delivery.cause, now).await.map_err(from_store)
    }

    /// It is in the dead letters; an operator must see as well that the person has no answer, and a thread
    /// that nobody takes over is the agent's again.
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "a placeholder or an echo owes nobody a word"
    )]
    async fn give_up(&self, delivery: &Delivered, _reason: &str) -> Result<Vec<Event>, Failure> {
        let (message, reply) = match &delivery.cause.event {
            Event::CompletionFinished(data) => (&data.message, ReplyKind::Answer),
            Event::CompletionFailed(data) => (&data.message, ReplyKind::Apology),
            Event::CompletionHandedOff(data) => {
                let failed = failed(&data.message, ReplyKind::HandOff, SET_ASIDE);
                let back = self.nobody_takes_over(delivery, data).await?;
                return Ok(std::iter::once(failed).chain(back).collect());
            }
            Event::MessageThrottled(data) => (&data.message, ReplyKind::Notice),
            _placeholder_or_echo => return Ok(Vec::new()),
        };
        Ok(vec![failed(message, reply, SET_ASIDE)])
    }
}

impl Delivery {
    #[expect(clippy::wildcard_enum_match_arm, reason = "the consumer's filter names what comes")]
    async fn one(&self, delivery: &Delivered) -> Result<Vec<Event>, Failure> {
        match &delivery.cause.event {
            Event::MessageAdmitted(data) => self.placeholder(delivery, data).await,
            Event::CompletionFinished(data) => {
                let words = self.answer(delivery, data).await?;
                self.reply(delivery, &data.message, ReplyKind::Answer, words).await
            }
            Event::CompletionFailed(data) => match data.reason {
                FailureReason::TenantSuspended => {
                    self.nothing(delivery, &data.message, "tenant_suspended").await
                }
                FailureReason::ConnectionRemoved => {
                    Ok(vec![failed(&data.message, ReplyKind::Apology, "connection_removed")])
                }
                FailureReason::ModelsFailed
                | FailureReason::NoAgent
                | FailureReason::SetAside
                | FailureReason::OverBudget => {
                    let words = self.apology(data);
                    self.reply(delivery, &data.message, ReplyKind::Apology, words).await
                }
            },
            Event::CompletionHandedOff(data) => {
                let words = self.hand_off(delivery, data).await?;
                self.reply(delivery, &data.message, ReplyKind::HandOff, words).await
            }
            Event::MessageHeld(data) if data.tell => {
                let words = Words::of_text(held_notice());
                self.reply(delivery, &data.message, ReplyKind::Held, words).await
            }
            Event::MessageHeld(data) => {
                if let Some(thread) = self.thread(delivery, &data.message).await? {
                    let nothing = Some((Verdict::Nothing, Words::none()));
                    return self.drive(&thread, nothing, Vec::new()).await;
                }
                Ok(Vec::new())
            }
            Event::MessageThrottled(data) if !data.tell => Ok(Vec::new()),
            Event::MessageThrottled(data) => {
                let words = self.notice(data);
                self.reply(delivery, &data.message, ReplyKind::Notice, words).await
            }
            Event::MessageReopened(data) => self.reopened(delivery, data).await,
            Event::ReplyDecided(data) => self.decided(delivery, data).await,
            Event::EffectObserved(data) => self.observed(delivery, data).await,
            other => {
                let topic = other.kind().topic();
                Err(Failure::reject(anyhow!("`{topic}` is not an event this consumer reads")))
            }
        }
    }

    /// Word that somebody is at it. Nothing depends on it, so nothing is tried twice for it.
    async fn placeholder(
        &self,
        delivery: &Delivered,
        data: &MessageAdmitted,
    ) -> Result<Vec<Event>, Failure> {
        let message = &data.message.key;
        let tenant = &delivery.cause.tenant;
        let route = self.directory.read(|directory| directory.route(tenant, &message.connection));
        if route.is_err() {
            return Ok(Vec::new());
        }
        if self.replies.0.is_held(tenant, message).await.map_err(from_store)? {
            return Ok(Vec::new());
        }
        let Some(thread) = self.thread(delivery, message).await? else { return Ok(Vec::new()) };
        self.drive(&thread, None, Vec::new()).await
    }

    /// What the person gets in the end. Without a token there is no way to them.
    async fn reply(
        &self,
        delivery: &Delivered,
        message: &MessageRef,
        kind: ReplyKind,
        words: Words,
    ) -> Result<Vec<Event>, Failure> {
        let Some(thread) = self.thread(delivery, message).await? else {
            return Ok(vec![failed(message, kind, "connection_removed")]);
        };
        let verdict = Verdict::Reply { kind, parts: words.parts.len() };
        self.drive(&thread, Some((verdict, words)), Vec::new()).await
    }

    /// Nobody is told anything; a placeholder is not left behind.
    async fn nothing(
        &self,
        delivery: &Delivered,
        message: &MessageRef,
        code: &'static str,
    ) -> Result<Vec<Event>, Failure> {
        if let Some(thread) = self.thread(delivery, message).await? {
            let nothing = Some((Verdict::Nothing, Words::none()));
            self.drive(&thread, nothing, Vec::new()).await?;
        }
        Ok(vec![failed(message, ReplyKind::Apology, code)])
    }

    /// The connection and its token; nothing if it is gone.
    pub(crate) async fn thread<'a>(
        &self,
        cause: &'a Delivered,
        message: &'a MessageRef,
    ) -> Result<Option<Thread<'a>>, Failure> {
        let tenant = &cause.cause.tenant;
        let found = self.connection(tenant, &message.connection);
        let Some(connection) = found else { return Ok(None) };
        if !matches!(connection.status, schemas::ConnectionStatus::Active) {
            return Ok(None);
        }
        let now = self.context.clock.now();
        let token = self.tokens.get(tenant, &connection.token, now).await.map_err(from_store)?;
        let Some(token) = token else {
            // It was replaced this moment, and memory is behind.
            let gone = format!("the token of connection `{}` is not there", connection.id);
            return Err(Failure::retry(anyhow!(gone)));
        };
        Ok(Some(Thread { cause, message, connection, token }))
    }

    /// The connection as it is now.
    pub(crate) fn connection(
        &self,
        tenant: &TenantId,
        id: &ConnectionId,
    ) -> Option<Arc<Connection>> {
        self.directory.read(|directory| directory.connection(tenant, id).map(Arc::clone))
    }
}

/// An outage is waited for; another leader's word or a broken row is not ours to retry for ever.
pub(crate) fn from_store(error: StoreError) -> Failure {
    if error.is_transient() { Failure::wait(error) } else { Failure::retry(error) }
}
