//! Asking: the model, the tools that it asks for, and the model again, until there is an answer.

use std::sync::Arc;

use domain::{
    hand_off::{by_budget, by_tools},
    prompt::{BUILDER_VERSION, Prompt},
    seal::Owner,
    tool,
};
use futures::future::try_join_all;
use providers::{Cause, Completed, Exhausted, Request, ToolChoice, total_cost};
use runtime::{Delivery, Failure};
use schemas::{
    Event, Message, TenantId,
    event::{CompletionFailed, CompletionFinished, FailureReason, PromptRecord},
    usage::{Attempt, AttemptOutcome, Usage},
};
use tokio::time::Instant;
use tools::{Toolbox, Wanted};

use crate::{
    Completion,
    answer::Asking,
    attempts::Attempts,
    from_store,
    hand_off::{HandOver, decided, tools_of},
    outcome::{Outcome, failed, renumbered},
    rounds::{Bench, Rounds},
};

/// What is being answered.
pub(crate) struct On<'a> {
    pub(crate) delivery: &'a Delivery,
    pub(crate) message: &'a Message,
    pub(crate) asking: &'a Asking,
}

/// What was tried for a message so far.
struct Talk {
    begun: Instant,
    /// Calls to models, those of earlier deliveries first.
    attempts: Vec<Attempt>,
    /// The tools that the model is offered, by name.
    offered: Vec<String>,
    /// Calls of them.
    rounds: Rounds,
    /// In place of the prompt, once that was too long.
    shorter: Option<Prompt>,
    /// What that left of the request's attempts.
    attempts_left: Option<u32>,
}

impl Completion {
    /// Asks until there is an outcome.
    pub(crate) async fn ask(&self, on: &On<'_>) -> Result<Vec<Event>, Failure> {
        let On { delivery, message, asking } = on;
        let (tenant, begun) = (&delivery.cause.tenant, Instant::now());
        let deadline = begun + self.bounds.answer_time_max;
        let toolbox = self.toolbox(tenant, &tools_of(&asking.config), deadline).await?;
        let bench = toolbox.as_ref().map(|toolbox| Bench {
            ledger: &self.tool_calls,
            clock: &self.context.clock,
            tenant,
            message: &message.key.id,
            sealing: &asking.sealing,
            toolbox,
            deadline,
        });
        let rounds = match &bench {
            Some(bench) if 0 < asking.before => Rounds::resumed(bench).await?,
            Some(_) | None => Rounds::default(),
        };
        let rules = &asking.config.escalation;
        let offered = toolbox.iter().flat_map(Toolbox::offered).map(|it| it.name.clone()).collect();
        let (attempts, shorter, attempts_left) = (asking.tried.clone(), None, None);
        let mut talk = Talk { begun, attempts, offered, rounds, shorter, attempts_left };
        let mut made = asking.before;
        loop {
            if let Some(due) = by_tools(rules, &talk.rounds.told) {
                let over = HandOver::by_rule(due, talk.attempts, talk.rounds.told);
                return self.hand_over(on, over).await;
            }
            let last = talk.rounds.is_over() || !self.has_calls(made.saturating_add(1));
            let mut request = self.request(asking, &talk, toolbox.as_ref(), last);
            request.attempts_max = talk.attempts_left.take();
            let recorder = Attempts {
                completions: &self.completions,
                clock: &self.context.clock,
                tenant,
                message: &message.key.id,
                budgets: &asking.budgets,
                before: made,
            };
            let asked = self.router.complete(&asking.config.model, &request, deadline, &recorder);
            let completed = match asked.await {
                Ok(completed) => completed,
                Err(exhausted) => {
                    let attempts = renumbered(&exhausted.attempts, made);
                    made = more(made, &attempts);
                    if talk.shorten(asking, &exhausted, self.has_calls(made)) {
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
            let Some(bench) = bench.as_ref().filter(|_| calls) else {
                talk.attempts.extend(attempts);
                return self.finished(on, talk, completed).await;
            };
            if let Some((due, hand_off)) = decided(&asking.config, &completed.answer) {
                talk.attempts.extend(attempts);
                let by_rule = HandOver::by_rule(due, talk.attempts, talk.rounds.told);
                let (summary, said) = (Some(hand_off.summary), Some(completed.answer.text));
                return self.hand_over(on, HandOver { summary, said, ..by_rule }).await;
            }
            self.note(on, &mut talk, attempts).await?;
            talk.rounds.go_on(bench, &completed.answer).await?;
        }
    }

    /// What the agent may use; nothing where it has no tools.
    async fn toolbox(
        &self,
        tenant: &TenantId,
        names: &[String],
        deadline: Instant,
    ) -> Result<Option<Toolbox>, Failure> {
        if names.is_empty() {
            return Ok(None);
        }
        let wanted = |it: &Arc<schemas::Tool>| {
            tool::is_active(it) && names.iter().any(|name| name == it.id.as_str())
        };
        let declared: Vec<_> = self.directory.read(|directory| {
            directory.tools(tenant).into_iter().filter(|it| wanted(it)).map(Arc::clone).collect()
        });
        // All at once: they share a transaction.
        let now = self.context.clock.now();
        let secret = async |name: &str| {
            let secret = self.secrets.get(tenant, name, now).await?;
            Ok(secret.map(|secret| (name.to_owned(), secret)))
        };
        let secrets = try_join_all(declared.iter().flat_map(|tool| tool.secrets()).map(secret));
        let secrets = secrets.await.map_err(from_store)?.into_iter().flatten().collect();
        let wanted = Wanted { tenant, names, declared: &declared, secrets, deadline };
        let toolbox = self.tools.toolbox(wanted).await;
        for missing in toolbox.missing() {
            tracing::warn!(tool = missing.name, why = missing.why.as_str(), "a tool cannot be had");
        }
        Ok(Some(toolbox))
    }

    /// What the model is asked next: the prompt, and the tools with what came of them.
    fn request(
        &self,
        asking: &Asking,
        talk: &Talk,
        toolbox: Option<&Toolbox>,
        last: bool,
    ) -> Request {
        let prompt = talk.prompt(asking);
        let mut request = Request::of_prompt(prompt, self.bounds.answer_tokens_max);
        request.turns.extend(talk.rounds.turns.iter().cloned());
        let Some(toolbox) = toolbox else { return request };
        request.tools = toolbox.offered().to_vec();
        if last {
            request.tool_choice = ToolChoice::None;
        }
        request
    }

    async fn finished(
        &self,
        on: &On<'_>,
        talk: Talk,
        completed: Completed,
    ) -> Result<Vec<Event>, Failure> {
        let On { delivery, message, asking } = on;
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
        if let Some(wait) = wait.filter(|wait| {
            exhausted.is_temporary() && now.plus(*wait).since(message.sent_at) <= patience
        }) {
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
    fn has_calls(&self, made: u32) -> bool {
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

impl Talk {
    /// Shows less of the thread from now on, once, where that may bring an answer.
    fn shorten(&mut self, asking: &Asking, exhausted: &Exhausted, has_calls: bool) -> bool {
        if self.shorter.is_some() || !has_calls {
            return false;
        }
        self.shorter = asking.shorter(exhausted);
        self.attempts_left = self.shorter.as_ref().map(|_| exhausted.attempts_left);
        self.shorter.is_some()
    }

    /// What the model is shown of the thread.
    fn prompt<'a>(&'a self, asking: &'a Asking) -> &'a Prompt {
        self.shorter.as_ref().unwrap_or(&asking.prompt)
    }
}

/// How many calls there are with those.
fn more(made: u32, attempts: &[Attempt]) -> u32 {
    made.saturating_add(u32::try_from(attempts.len()).unwrap_or(u32::MAX))
}

/// The tokens of all answers on the way to the last one.
fn used(attempts: &[Attempt]) -> Usage {
    let whole = attempts.iter().filter(|it| it.outcome == AttemptOutcome::Completed);
    let usages: Vec<&Usage> = whole.filter_map(|it| it.usage.as_ref()).collect();
    let sum = |of: fn(&Usage) -> Option<u64>| {
        usages.iter().filter_map(|it| of(it)).reduce(u64::saturating_add)
    };
    Usage {
        input_tokens: sum(|it| it.input_tokens),
        output_tokens: sum(|it| it.output_tokens),
        cache_read_tokens: sum(|it| it.cache_read_tokens),
        cache_write_tokens: sum(|it| it.cache_write_tokens),
        reasoning_tokens: sum(|it| it.reasoning_tokens),
        raw: serde_json::Value::Null,
    }
}
