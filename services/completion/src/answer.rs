//! One message, one outcome.

use domain::{
    config::OpenConfig,
    directory::Routed,
    prompt::{self, BUILDER_VERSION, Prompt, PromptInput},
    reply::reference_of,
    seal::{Owner, Sealing},
};
use providers::{Completed, Exhausted, Request, total_cost};
use runtime::{Delivery, Failure, Handler as _};
use schemas::{
    AgentId, Event, EventId, Message, MessageRef,
    event::{CompletionFailed, CompletionFinished, FailureReason, PromptRecord},
    usage::Attempt,
};
use store::{
    completions::{Before, Record},
    memory,
};
use tokio::time::Instant;

use crate::{Completion, attempts::Attempts, from_store, thread};

/// What a message is asked with.
struct Asking {
    routed: Routed,
    sealing: Sealing,
    config: OpenConfig,
    prompt: Prompt,
    /// Calls made by earlier deliveries.
    before: u32,
}

impl Completion {
    /// The outcome of a message: the one on record, or one made now and put on record.
    pub(crate) async fn answer(
        &self,
        delivery: &Delivery,
        message: &Message,
    ) -> Result<Event, Failure> {
        let (tenant, cause) = (&delivery.cause.tenant, &delivery.cause.id);
        let before = Before {
            tenant: tenant.clone(),
            message: message.key.clone(),
            position: memory::position(&message.key.ts, message.sent_at),
            turns_max: thread::TURNS_READ_MAX,
        };
        let prior = self.completions.before(before).await.map_err(from_store)?;
        if let Some(done) = prior.completion {
            return Ok(done.envelope.event);
        }
        let route =
            self.directory.read(|directory| directory.route(tenant, &message.key.connection));
        let routed = match route {
            Ok(routed) => routed,
            Err(reason) => {
                let failed = failed(cause, &message.key, None, reason, Vec::new());
                return self.record(delivery, message, failed, &[]).await;
            }
        };
        let before = prior.attempts.len();
        if self.bounds.calls_max <= before {
            let agent = Some(routed.agent.id.clone());
            let failed =
                failed(cause, &message.key, agent, FailureReason::ModelsFailed, Vec::new());
            return self.record(delivery, message, failed, &[]).await;
        }
        let sealing = self.sealer.of(tenant, self.context.clock.now()).await.map_err(from_store)?;
        let thread = thread::open(prior.thread, tenant, &sealing);
        let config = OpenConfig::open(&routed.published.config, tenant, &routed.agent.id, &sealing);
        let config = config.map_err(Failure::retry)?;
        let newest = thread::newest(message, tenant, &sealing)?;
        let prompt = prompt::build(PromptInput {
            agent: &config,
            tenant_name: &routed.tenant.name,
            history: &thread.turns,
            newest: &newest,
            older_exist: thread.older_exist,
            budget_tokens: self.bounds.thread_tokens_max,
        });
        let before = u32::try_from(before).unwrap_or(u32::MAX);
        self.ask(delivery, message, Asking { routed, sealing, config, prompt, before }).await
    }

    async fn ask(
        &self,
        delivery: &Delivery,
        message: &Message,
        asking: Asking,
    ) -> Result<Event, Failure> {
        let tenant = &delivery.cause.tenant;
        let begun = Instant::now();
        let recorder = Attempts {
            completions: &self.completions,
            clock: &self.context.clock,
            tenant,
            message: &message.key.id,
            before: asking.before,
        };
        let request = Request::of_prompt(&asking.prompt, self.bounds.answer_tokens_max);
        let deadline = begun + self.bounds.answer_time_max;
        let asked = self.router.complete(&asking.config.model, &request, deadline, &recorder);
        match asked.await {
            Ok(completed) => {
                let latency = begun.elapsed();
                let attempts = renumbered(&completed.attempts, asking.before);
                let event = self.finished(message, &asking, completed, latency);
                self.record(delivery, message, event, &attempts).await
            }
            Err(exhausted) => self.exhausted(delivery, message, &asking, exhausted).await,
        }
    }

    fn finished(
        &self,
        message: &Message,
        asking: &Asking,
        completed: Completed,
        latency: std::time::Duration,
    ) -> Event {
        let Asking { routed, sealing, config, prompt, before } = asking;
        let owner = Owner { tenant: &routed.tenant.id, of: message.key.id.as_str() };
        Event::CompletionFinished(CompletionFinished {
            message: message.key.clone(),
            agent: routed.agent.id.clone(),
            version: routed.published.version,
            answer: sealing.seal(owner, &completed.answer.text),
            model: completed.answer.model,
            deployment: completed.deployment,
            usage: completed.answer.usage.unwrap_or_default(),
            cost: completed.cost,
            attempts: renumbered(&completed.attempts, *before),
            latency_ms: u64::try_from(latency.as_millis()).unwrap_or(u64::MAX),
            prompt: PromptRecord {
                builder: BUILDER_VERSION,
                turns: prompt.record.clone(),
                truncated: prompt.truncated,
                group: config.model.clone(),
                max_output_tokens: self.bounds.answer_tokens_max,
            },
        })
    }

    /// No model answered. If one said when to come back, and that is soon enough, we do.
    async fn exhausted(
        &self,
        delivery: &Delivery,
        message: &Message,
        asking: &Asking,
        exhausted: Exhausted,
    ) -> Result<Event, Failure> {
        let attempts = renumbered(&exhausted.attempts, asking.before);
        if let providers::Cause::NotRecorded(_) = exhausted.cause {
            return Err(Failure::wait(exhausted));
        }
        let now = self.context.clock.now();
        let wait = exhausted.retry_at.map(|at| at.saturating_duration_since(Instant::now()));
        let patience = self.bounds.answer_time_max;
        if let Some(wait) = wait.filter(|wait| {
            exhausted.is_temporary() && now.plus(*wait).since(message.sent_at) <= patience
        }) {
            self.keep(delivery, message, &attempts).await?;
            return Err(Failure::retry_at(now.plus(wait), exhausted));
        }
        tracing::warn!(error = %exhausted, "no model answered");
        let agent = Some(asking.routed.agent.id.clone());
        let failed = failed(
            &delivery.cause.id,
            &message.key,
            agent,
            FailureReason::ModelsFailed,
            attempts.clone(),
        );
        self.record(delivery, message, failed, &attempts).await
    }

    /// Puts the outcome of attempts on record, though the message has none yet.
    async fn keep(
        &self,
        delivery: &Delivery,
        message: &Message,
        attempts: &[Attempt],
    ) -> Result<(), Failure> {
        let (tenant, message) = (&delivery.cause.tenant, &message.key.id);
        let now = self.context.clock.now();
        self.completions.finish(tenant, message, attempts, now).await.map_err(from_store)
    }

    /// Puts an outcome on record with what the thread remembers of it. Returns the one that stands.
    pub(crate) async fn record(
        &self,
        delivery: &Delivery,
        message: &Message,
        event: Event,
        attempts: &[Attempt],
    ) -> Result<Event, Failure> {
        let now = self.context.clock.now();
        let turns = thread::remembered(message, &event);
        let completion = store::completions::Completion {
            envelope: delivery.cause.follow(Self::CONSUMER.name, 0, now, event),
            cause: delivery.cause.id.clone(),
            seq: delivery.sequence,
        };
        let record = Record {
            tenant: delivery.cause.tenant.clone(),
            message: message.key.id.clone(),
            completion,
            turns,
            attempts: attempts.to_vec(),
            at: now,
        };
        Ok(self.completions.record(record).await.map_err(from_store)?.envelope.event)
    }
}

/// Calls of one message are numbered through, however many deliveries it took.
fn renumbered(attempts: &[Attempt], before: u32) -> Vec<Attempt> {
    let number = |attempt: &Attempt| Attempt {
        index: before.saturating_add(attempt.index),
        ..attempt.clone()
    };
    attempts.iter().map(number).collect()
}

/// The outcome of a message that was set aside.
pub(crate) fn set_aside(cause: &EventId, message: &MessageRef) -> Event {
    failed(cause, message, None, FailureReason::SetAside, Vec::new())
}

fn failed(
    cause: &EventId,
    message: &MessageRef,
    agent: Option<AgentId>,
    reason: FailureReason,
    attempts: Vec<Attempt>,
) -> Event {
    let cost = (!attempts.is_empty()).then(|| total_cost(&attempts));
    Event::CompletionFailed(CompletionFailed {
        reference: reference_of(cause),
        message: message.clone(),
        agent,
        reason,
        attempts,
        cost,
    })
}
