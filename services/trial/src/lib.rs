//! Talks to an agent that is not published: a draft, through the prompt builder and the router that
//! answer people, and nothing else.
//!
//! **Invariant:** a trial leaves nothing behind that delivery could send: no event, no thread's memory,
//! no word of anybody. What it used is added to the tenant's sums, before each call and after.
//! **Invariant:** an operator has one trial at a time and so many a minute, and a tenant so many calls a
//! day: each costs money.

mod input;
mod pace;
mod record;

use std::{fmt, num::NonZeroU32, time::Duration};

use domain::{
    access::{Denied, Permission, Principal},
    budget::in_words,
    prompt::{
        self, ANSWER_TIME_MAX, ANSWER_TOKENS_MAX, BUILDER_VERSION, Prompt, PromptInput,
        THREAD_TOKENS_MAX,
    },
};
use models::Models;
pub use providers::Delta;
use providers::{Cause, Exhausted, Request};
use schemas::{
    BudgetMet, TenantId, TenantStatus, Timestamp,
    usage::{Attempt, Cost, Usage},
};
use store::{Database, StoreError};
use tokio::time::Instant;

pub use self::input::{HISTORY_MAX, TEXT_BYTES_MAX, TrialInput};
use self::{pace::Paces, record::Record};

/// Bounds of trials. What a model is shown and may say is as for people, unless it is set otherwise.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Trials a minute of one operator.
    pub per_minute: NonZeroU32,
    /// Calls to models of one tenant's trials in a day (UTC). Those of one answer go on together.
    pub calls_per_day: u64,
    /// Tokens of the talk that the model is shown, by `domain::prompt::estimate_tokens`.
    pub thread_tokens_max: u32,
    /// Tokens of the answer.
    pub answer_tokens_max: u32,
    /// All attempts together.
    pub answer_time_max: Duration,
}

/// Trials a minute of one operator, when nobody chose otherwise.
const PER_MINUTE: NonZeroU32 = NonZeroU32::new(10).unwrap();

/// Calls in a day, when nobody chose otherwise.
const CALLS_PER_DAY: u64 = 500;

impl Default for Bounds {
    fn default() -> Self {
        Self {
            per_minute: PER_MINUTE,
            calls_per_day: CALLS_PER_DAY,
            thread_tokens_max: THREAD_TOKENS_MAX,
            answer_tokens_max: ANSWER_TOKENS_MAX,
            answer_time_max: ANSWER_TIME_MAX,
        }
    }
}

/// Where drafts are tried. One for the process: it counts what operators ask.
pub struct Trial {
    models: Models,
    db: Database,
    bounds: Bounds,
    paces: Paces,
}

/// What the draft answered, and what it took.
pub struct TrialAnswer {
    /// The answer, in Markdown.
    pub text: String,
    /// The model, as its vendor reports it.
    pub model: String,
    /// `group/name` of the deployment that gave it.
    pub deployment: String,
    /// The vendor's count of tokens, where it gave one.
    pub usage: Option<Usage>,
    /// What all attempts cost together; unknown if one of them is.
    pub cost: Cost,
    /// From the question to the whole answer.
    pub latency_ms: u64,
    /// From the question to the first token of the attempt that answered.
    pub first_token_ms: Option<u64>,
    /// Every attempt, the last one the winner.
    pub attempts: Vec<Attempt>,
    /// What the model was shown.
    pub prompt: Prompt,
    /// The version of the builder that made the prompt.
    pub builder: u32,
}

/// Why there is no answer. None of it quotes what was written.
#[derive(Debug, thiserror::Error)]
pub enum TrialError {
    /// Not for this operator.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// A text is over [`TEXT_BYTES_MAX`].
    #[error("a message is longer than {TEXT_BYTES_MAX} bytes")]
    TooLong,
    /// There is nothing to answer.
    #[error("there is nothing to answer")]
    Empty,
    /// This operator's last trial is not over.
    #[error("your last question is still being answered")]
    Busy,
    /// This operator tried as often as they may.
    #[error("you have tried as often as you may in a minute")]
    TooOften {
        /// When the next one passes.
        retry_at: Timestamp,
    },
    /// The tenant is not served.
    #[error("the tenant is suspended, so nobody answers for it")]
    Suspended,
    /// The tenant's trials have cost as much as they may today.
    #[error("drafts of this tenant were tried as often as they may be in a day")]
    DayIsOver,
    /// A budget has no room for it.
    #[error("{}: there is no room for another call", in_words(.0))]
    OverBudget(BudgetMet),
    /// What it uses cannot be written down, so nobody is asked.
    #[error("what a trial uses cannot be written down right now")]
    Unrecorded(#[source] StoreError),
    /// The tenant's own models cannot be looked up, so nobody is asked.
    #[error("the tenant's keys of models cannot be read right now")]
    NoModels(#[source] StoreError),
    /// No model answered. What was shown of an answer is void.
    #[error(transparent)]
    NoAnswer(Box<Exhausted>),
}

impl Trial {
    /// Trials with those models.
    pub fn new(models: Models, db: Database, bounds: Bounds) -> Self {
        Self { models, db, bounds, paces: Paces::new(bounds.per_minute) }
    }

    /// Asks the draft, and shows the answer as it comes. `on` is called in turn with what is new; a
    /// future that is dropped ends the call, and the operator may ask again.
    pub async fn answer(
        &self,
        who: &Principal,
        tenant: &TenantId,
        input: TrialInput,
        on: impl FnMut(Delta) + Send,
    ) -> Result<TrialAnswer, TrialError> {
        who.require(Permission::AgentsWrite, tenant)?;
        if input.status != TenantStatus::Active {
            return Err(TrialError::Suspended);
        }
        let talk = input.talk()?;
        let _turn = self.paces.admit(&who.operator, input.at)?;
        let record = Record::new(&self.db, tenant, &input);
        if self.bounds.calls_per_day <= record.calls().await.map_err(TrialError::Unrecorded)? {
            return Err(TrialError::DayIsOver);
        }
        let router = self.models.of(tenant).await.map_err(TrialError::NoModels)?;
        let prompt = prompt::build(PromptInput {
            agent: &input.config,
            tenant_name: &input.tenant_name,
            history: &talk.history,
            newest: &talk.newest,
            older_exist: talk.older_exist,
            budget_tokens: self.bounds.thread_tokens_max,
            // A draft has no tools here, and nobody to hand over to.
            may_hand_over: false,
        });
        let request = Request::of_prompt(&prompt, self.bounds.answer_tokens_max);
        let begun = Instant::now();
        let deadline = begun + self.bounds.answer_time_max;
        let group = &input.config.model;
        let asked = router.stream(group, &request, deadline, &record, on).await;
        record.ended(asked.as_ref().map_or_else(|it| &it.attempts, |it| &it.attempts)).await;
        let done = asked.map_err(TrialError::of)?;
        let latency_ms = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        Ok(TrialAnswer {
            text: done.answer.text,
            model: done.answer.model,
            deployment: done.deployment,
            usage: done.answer.usage,
            cost: done.cost,
            latency_ms,
            first_token_ms: first_token_ms(&done.attempts, latency_ms),
            attempts: done.attempts,
            prompt,
            builder: BUILDER_VERSION,
        })
    }
}

impl TrialError {
    fn of(exhausted: Exhausted) -> Self {
        if let Cause::OverBudget(met) = exhausted.cause {
            return Self::OverBudget(met);
        }
        Self::NoAnswer(Box::new(exhausted))
    }
}

/// The winner began when all others and the pauses between them were over.
fn first_token_ms(attempts: &[Attempt], latency_ms: u64) -> Option<u64> {
    let winner = attempts.last()?;
    Some(latency_ms.saturating_sub(winner.latency_ms).saturating_add(winner.first_token_ms?))
}

impl fmt::Debug for Trial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Trial").field("bounds", &self.bounds).finish_non_exhaustive()
    }
}

/// What was asked and answered does not belong into logs.
impl fmt::Debug for TrialAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TrialAnswer")
            .field("deployment", &self.deployment)
            .field("latency_ms", &self.latency_ms)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
