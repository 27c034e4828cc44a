//! Asks a model, once for each message, and keeps the memory of threads.
//!
//! **Invariant:** what came of a message is decided once. The record and the thread's memory commit
//! in one transaction; whoever gets the message again finds the record and pays nobody.
//! **Invariant:** an attempt is on record before it is paid for, and a call of a tool before it is made.
//!
//! A message on its way: what it is asked with ([`answer`], [`equip`]), the model and the tools in turns
//! ([`ask`], [`rounds`]; [`talk`] and [`shorter`], where no model takes the request as it is) or a person
//! who takes over ([`hand_off`]), what is said of what came of it ([`outcome`]), and all of that once more
//! where an operator asks for it ([`reopened`]).

mod answer;
mod ask;
mod asked;
mod attempts;
mod equip;
mod hand_off;
mod outcome;
mod reopened;
mod rounds;
mod shorter;
mod talk;
mod thread;

use std::{sync::Arc, time::Duration};

use anyhow::anyhow;
pub use domain::tool::{CALLS_MAX, ROUNDS_MAX};
use domain::{
    doubt::Doubt,
    prompt::{ANSWER_TIME_MAX, ANSWER_TOKENS_MAX, THREAD_TOKENS_MAX},
};
use models::Models;
use runtime::{Context, Delivery, DirectoryWatch, Failure, Handler, Verdict, Why, consume};
use schemas::{Event, Timestamp, event::MessageDeleted, event::MessageEdited};
use store::{
    Database, Sealer, StoreError,
    completions::Completions,
    deferred::{Deferrals, Wait},
    memory,
    secrets::Secrets,
    tool_calls::ToolCalls,
};
use tools::Tools;

use self::outcome::Outcome;

/// Bounds of one answer.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Tokens of the thread that the model is shown, by `domain::prompt::estimate_tokens`.
    pub thread_tokens_max: u32,
    /// Tokens of the answer.
    pub answer_tokens_max: u32,
    /// All attempts together.
    pub answer_time_max: Duration,
    /// Calls to models for one message, deliveries and deferrals included.
    pub calls_max: usize,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            thread_tokens_max: THREAD_TOKENS_MAX,
            answer_tokens_max: ANSWER_TOKENS_MAX,
            answer_time_max: ANSWER_TIME_MAX,
            calls_max: 12,
        }
    }
}

/// The stage.
pub struct Completion {
    /// The loop's context.
    pub context: Context,
    /// What came of messages.
    pub completions: Completions,
    /// What waits for its time.
    pub deferrals: Deferrals,
    /// Edits and deletions of what threads remember.
    pub db: Database,
    /// Tenants' keys.
    pub sealer: Sealer,
    /// Who answers for whom.
    pub directory: DirectoryWatch,
    /// The models.
    pub models: Models,
    /// What agents may use.
    pub tools: Tools,
    /// What of it was called.
    pub tool_calls: ToolCalls,
    /// What tools prove themselves with.
    pub secrets: Secrets,
    /// See there.
    pub bounds: Bounds,
    /// What a restore left in doubt.
    pub doubt: Option<Doubt>,
}

/// Runs the stage until the context says stop.
pub async fn run(completion: Completion) -> anyhow::Result<()> {
    let context = completion.context.clone();
    consume(&context, Arc::new(completion)).await
}

impl Handler for Completion {
    const CONSUMER: &'static nats::Consumer = &nats::COMPLETION;

    async fn handle(&self, batch: &[Delivery]) -> Vec<Result<Vec<Event>, Failure>> {
        let mut results = Vec::with_capacity(batch.len());
        for delivery in batch {
            results.push(self.one(delivery).await);
        }
        results
    }

    async fn defer(&self, delivery: &Delivery, until: Timestamp, why: Why) -> Result<(), Failure> {
        let reason = match why {
            Why::Asked => "models asked to be left alone until then",
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

    async fn behind(&self, delivery: &Delivery) -> Result<Option<Timestamp>, Failure> {
        let behind = self.deferrals.behind(&delivery.cause, delivery.first_sequence);
        behind.await.map_err(from_store)
    }

    async fn settled(&self, delivery: &Delivery) -> Result<(), Failure> {
        let now = self.context.clock.now();
        self.deferrals.settle(&delivery.cause, now).await.map_err(from_store)
    }

    /// Whoever waits for an answer is told that there will be none.
    async fn give_up(&self, delivery: &Delivery, reason: &str) -> Result<Vec<Event>, Failure> {
        tracing::warn!(reason, "no answer after all attempts");
        let Some(message) = self.unanswered(delivery).await? else { return Ok(Vec::new()) };
        let failed = outcome::set_aside(&delivery.cause.id, &message.key);
        let outcome = Outcome::unasked(failed.clone(), true);
        let mut events = match self.record(delivery, message, outcome).await {
            Ok(recorded) => recorded,
            Err(failure) if failure.verdict == Verdict::Wait => return Err(failure),
            // What cannot be recorded is said all the same: it is given up for good.
            Err(failure) => {
                tracing::warn!(error = %failure, "the apology is not on record");
                vec![Event::CompletionFailed(failed)]
            }
        };
        match self.word_given_back(delivery, message).await {
            Ok(back) => events.extend(back),
            Err(failure) if failure.verdict == Verdict::Wait => return Err(failure),
            Err(failure) => {
                tracing::warn!(error = %failure, "it is not known whether a thread was given back");
            }
        }
        Ok(events)
    }
}

impl Completion {
    #[expect(clippy::wildcard_enum_match_arm, reason = "the consumer's filter names what comes")]
    async fn one(&self, delivery: &Delivery) -> Result<Vec<Event>, Failure> {
        match &delivery.cause.event {
            Event::MessageAdmitted(data) => self.answer(delivery, &data.message).await,
            Event::MessageReopened(data) => self.answer_again(delivery, data).await,
            Event::MessageEdited(data) => self.edited(delivery, data).await,
            Event::MessageDeleted(data) => self.deleted(delivery, data).await,
            Event::ConversationHandedBack(data) => self.handed_back(delivery, data).await,
            other => {
                let topic = other.kind().topic();
                Err(Failure::reject(anyhow!("`{topic}` is not an event this consumer reads")))
            }
        }
    }

    async fn edited(
        &self,
        delivery: &Delivery,
        data: &MessageEdited,
    ) -> Result<Vec<Event>, Failure> {
        let mut tx = self.db.tenant(&delivery.cause.tenant).await.map_err(from_store)?;
        let edit = memory::edit(&mut tx, &data.message, &data.text, data.edited_at);
        edit.await.map_err(from_store)?;
        tx.commit().await.map_err(from_store)?;
        Ok(Vec::new())
    }

    async fn deleted(
        &self,
        delivery: &Delivery,
        data: &MessageDeleted,
    ) -> Result<Vec<Event>, Failure> {
        let mut tx = self.db.tenant(&delivery.cause.tenant).await.map_err(from_store)?;
        memory::delete(&mut tx, &data.message).await.map_err(from_store)?;
        tx.commit().await.map_err(from_store)?;
        Ok(Vec::new())
    }
}

/// An outage is waited for; another leader's word or a broken row is not ours to retry for ever.
fn from_store(error: StoreError) -> Failure {
    if error.is_transient() { Failure::wait(error) } else { Failure::retry(error) }
}
