//! Asking: the model, the tools that it asks for, and the model again, until there is an answer.

use domain::{
    hand_off::{by_budget, by_tools, tools_of},
    prompt::BUILDER_VERSION,
    seal::Owner,
};
use providers::{Cause, Completed, Exhausted, total_cost};
use runtime::{Delivery, Failure};
use schemas::{
    Event, Message,
    event::{CompletionFailed, CompletionFinished, FailureReason, PromptRecord},
    usage::Attempt,
};
use tokio::time::Instant;
use tools::Toolbox;

use crate::{
    Completion,
    answer::{Asking, asked_at},
    attempts::Attempts,
    from_store,
    hand_off::{HandOver, decided},
    outcome::{Outcome, failed, more, renumbered, used},
    rounds::{Bench, Rounds},
    talk::{Sent, Talk},
};

/// What is being answered.
pub(crate) struct On<'a> {
    pub(crate) delivery: &'a Delivery,
    pub(crate) message: &'a Message,
    pub(crate) asking: &'a Asking,
}

/// The place of an operator's word, where that is why the message is answered.
fn ordered_at(delivery: &Delivery) -> Option<u64> {
    let is_ordered = matches!(delivery.cause.event, Event::MessageReopened(_));
    is_ordered.then_some(delivery.first_sequence)
}

impl Completion {
    /// Asks until there is an outcome.
    pub(crate) async fn ask(&self, on: &On<'_>) -> Result<Vec<Event>, Failure> {
        let On { delivery, message, asking } = on;
        let (tenant, begun) = (&delivery.cause.tenant, Instant::now());
        let deadline = begun + self.bounds.answer_time_max;
        let router = self.models.of(tenant).await.map_err(from_store)?;
        let toolbox = self.toolbox(tenant, &tools_of(&asking.config), deadline).await?;
        let bench = toolbox.as_ref().map(|toolbox| self.bench(on, toolbox, deadline));
        let bench = bench.as_ref();
        let rounds = match bench {
            Some(bench) if 0 < asking.before => Rounds::resumed(bench).await?,
            Some(_) | None => Rounds::default(),
        };
        let rules = &asking.config.escalation;
        let offered = toolbox.iter().flat_map(Toolbox::offered).map(|it| it.name.clone()).collect();
        let mut talk = Talk::new(begun, asking.tried.clone(), offered, rounds);
        let mut made = asking.before;
        loop {
            let last = talk.is_over() || !self.has_calls(asking, made.saturating_add(1));
            if last && let Some(due) = by_tools(rules, &talk.rounds.told) {
                return self.hand_over(on, talk.over(due)).await;
            }
            let request = self.request(asking, &mut talk, (&*router, bench), last);
            let recorder = Attempts {
                completions: &self.completions,
                clock: &self.context.clock,
                tenant,
                message: &message.key.id,
                budgets: &asking.budgets,
                before: made,
            };
            let asked = router.complete(&asking.config.model, &request, deadline, &recorder);
            let completed = match asked.await {
                Ok(completed) => completed,
                Err(exhausted) => {
                    let attempts = renumbered(&exhausted.attempts, made);
                    made = more(made, &attempts);
                    let sent = Sent { bench, tokens: request.tokens(), exhausted: &exhausted };
                    let thread_max = self.bounds.thread_tokens_max;
                    let has_calls = self.has_calls(asking, made);
                    if has_calls && talk.adapt(asking, &sent, thread_max) {
                        self.note(on, &mut talk, attempts).await?;
                        continue;
                    }
                    talk.attempts.extend(attempts);
                    return self.exhausted(on, talk, exhausted).await;
                }
            };
            let attempts = renumbered(&completed.attempts, made);
            made = more(made, &attempts);
            let calls = !last && !completed.answer.calls.is_empty();
            let Some(bench) = bench.filter(|_| calls) else {
                talk.attempts.extend(attempts);
                return self.finished(on, talk, completed).await;
            };
            if let Some((due, hand_off)) = decided(&asking.config, &completed.answer) {
                talk.attempts.extend(attempts);
                let (summary, said) = (Some(hand_off.summary), Some(completed.answer.text));
                return self.hand_over(on, HandOver { summary, said, ..talk.over(due) }).await;
            }
            self.note(on, &mut talk, attempts).await?;
            talk.rounds.go_on(bench, &completed.answer).await?;
        }
    }

    /// Where an agent works with its tools.
    fn bench<'a>(&'a self, on: &On<'a>, toolbox: &'a Toolbox, deadline: Instant) -> Bench<'a> {
        Bench {
            ledger: &self.tool_calls,
            clock: &self.context.clock,
            tenant: &on.delivery.cause.tenant,
            message: &on.message.key.id,
            sealing: &on.asking.sealing,
            toolbox,
            deadline,
            in_doubt: self
                .doubt
                .is_some_and(|it| it.is_of(&on.message.key, ordered_at(on.delivery))),
        }
    }

    /// There is an answer; but where a tool failed to the end, a rule may want a person to give it.
    async fn finished(
        &self,
        on: &On<'_>,
        talk: Talk,
        completed: Completed,
    ) -> Result<Vec<Event>, Failure> {
        let On { delivery, message, asking } = on;
        if let Some(due) = by_tools(&asking.config.escalation, &talk.rounds.told) {
            return self.hand_over(on, talk.over(due)).await;
        }
        let Asking { routed, sealing, config, .. } = asking;
        let prompt = talk.prompt(asking);
        let (turns, truncated) = (prompt.record.clone(), prompt.truncated);
        let Talk { begun, attempts, offered, rounds, .. } = talk;
        let owner = Owner { tenant: &routed.tenant.id, of: message.key.id.as_str() };
        let usage = completed.answer.usage.unwrap_or_default();
        let event = Event::CompletionFinished(CompletionFinished {
            message: message.key.clone(),
            agent: routed.agent.id.clone(),
            version: routed.published.version,
            answer: sealing.seal(owner, &completed.answer.text),
            model: completed.answer.model,
            deployment: completed.deployment,
            usage: if rounds.told.is_empty() { usage } else { used(&attempts) },
            cost: total_cost(&attempts),
            attempts: attempts.clone(),
            latency_ms: u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX),
            prompt: PromptRecord {
                builder: BUILDER_VERSION,
                turns,
                truncated,
                group: config.model.clone(),
                tools: offered,
                max_output_tokens: self.bounds.answer_tokens_max,
            },
            tools: rounds.told,
            near: Vec::new(),
        });
        let outcome = Outcome { event, attempts, settles: asking.settles() };
        self.record(delivery, message, outcome).await
    }

    /// No model answered. If one said when to come back, and that is soon enough, we do; what a budget
    /// has no room for is not asked again.
    async fn exhausted(
        &self,
        on: &On<'_>,
        talk: Talk,
        exhausted: Exhausted,
    ) -> Result<Vec<Event>, Failure> {
        let On { delivery, message, asking } = on;
        let Talk { attempts, rounds, .. } = talk;
        if let Cause::NotRecorded(_) = exhausted.cause {
            return Err(Failure::wait(exhausted));
        }
        let now = self.context.clock.now();
        let wait = exhausted.retry_at.map(|at| at.saturating_duration_since(Instant::now()));
        let patience = self.bounds.answer_time_max;
        let asked_at = asked_at(delivery, message);
        if let Some(wait) = wait
            .filter(|wait| exhausted.is_temporary() && now.plus(*wait).since(asked_at) <= patience)
        {
            self.keep(on, &attempts).await?;
            return Err(Failure::retry_at(now.plus(wait), exhausted));
        }
        tracing::warn!(error = %exhausted, "no model answered");
        let by_budget = by_budget(&asking.config.escalation);
        if let (Cause::OverBudget(met), Some(due)) = (&exhausted.cause, by_budget) {
            let over = HandOver::by_rule(due, attempts, rounds.told);
            return self.hand_over(on, HandOver { over: Some(met.clone()), ..over }).await;
        }
        let agent = Some(asking.routed.agent.id.clone());
        let (reason, over) = match exhausted.cause {
            Cause::OverBudget(met) => (FailureReason::OverBudget, Some(met)),
            Cause::Failed(_)
            | Cause::NotRecorded(_)
            | Cause::UnknownGroup
            | Cause::OutOfTime
            | Cause::AllRest
            | Cause::NoneFits => (FailureReason::ModelsFailed, None),
        };
        let failed = failed(&delivery.cause.id, &message.key, agent, reason, attempts.clone());
        let event =
            Event::CompletionFailed(CompletionFailed { over, tools: rounds.told, ..failed });
        let outcome = Outcome { event, attempts, settles: asking.settles() };
        self.record(delivery, message, outcome).await
    }

    /// Whether a model may be called once more after so many calls.
    fn has_calls(&self, asking: &Asking, made: u32) -> bool {
        let made = made.saturating_sub(asking.told);
        usize::try_from(made).unwrap_or(usize::MAX) < self.bounds.calls_max
    }

    /// Takes in what was tried, and puts it on record.
    async fn note(
        &self,
        on: &On<'_>,
        talk: &mut Talk,
        attempts: Vec<Attempt>,
    ) -> Result<(), Failure> {
        self.keep(on, &attempts).await?;
        talk.attempts.extend(attempts);
        Ok(())
    }

    /// Puts the outcome of attempts on record, though the message has none yet.
    async fn keep(&self, on: &On<'_>, attempts: &[Attempt]) -> Result<(), Failure> {
        let (tenant, message) = (&on.delivery.cause.tenant, &on.message.key.id);
        let now = self.context.clock.now();
        self.completions.finish(tenant, message, attempts, now).await.map_err(from_store)
    }
}
