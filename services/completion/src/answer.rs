//! One message, one outcome.

use std::mem::take;

use domain::{
    budget::Budgets,
    config::OpenConfig,
    directory::Routed,
    hand_off::{by_words, gives_back},
    prompt::{self, Prompt, PromptInput, Turn},
    seal::Sealing,
};
use runtime::{Delivery, Failure, Handler as _};
use schemas::{
    Envelope, Event, Kind, Message, TenantId, Timestamp, event::FailureReason, usage::Attempt,
};
use store::{
    completions::{Before, Prior, Record},
    memory,
};

use crate::{
    Completion,
    ask::On,
    from_store,
    hand_off::{self, HandOver},
    outcome::{self, Outcome, failed},
    thread,
};

/// What a message is asked with.
pub(crate) struct Asking {
    pub(crate) routed: Routed,
    pub(crate) budgets: Budgets,
    pub(crate) sealing: Sealing,
    pub(crate) config: OpenConfig,
    pub(crate) prompt: Prompt,
    /// What the prompt was made of.
    pub(crate) thread: thread::Thread,
    pub(crate) newest: Turn,
    /// Calls made by earlier deliveries.
    pub(crate) before: u32,
    /// How many of those an outcome that an operator had replaced tells of: they count for it.
    pub(crate) told: u32,
    /// What is known to have come of the others.
    pub(crate) tried: Vec<Attempt>,
}

impl Asking {
    /// Whether calls of this message may have room in budgets.
    pub(crate) fn settles(&self) -> bool {
        0 < self.before || !self.budgets.is_unset()
    }
}

/// How many calls earlier deliveries made, as [`Asking`] has them.
#[derive(Clone, Copy)]
struct Earlier {
    before: u32,
    told: u32,
}

impl Earlier {
    /// Leaves in `prior` only those that no outcome tells of.
    fn of(cause: &Envelope, prior: &mut Prior) -> Self {
        let before = prior.attempts.len();
        let since = reopened_at(cause);
        prior.attempts.retain(|it| since.is_none_or(|since| since <= it.started_at));
        let told = before - prior.attempts.len();
        let [before, told] = [before, told].map(|it| u32::try_from(it).unwrap_or(u32::MAX));
        Self { before, told }
    }
}

impl Completion {
    /// The outcome of a message: the one on record, or one made now and put on record. With it comes
    /// which budgets it brought near their end, and word of a thread that it gave back to the agent.
    pub(crate) async fn answer(
        &self,
        delivery: &Delivery,
        message: &Message,
    ) -> Result<Vec<Event>, Failure> {
        let before = before(delivery, message, thread::TURNS_READ_MAX);
        let mut prior = self.completions.before(before).await.map_err(from_store)?;
        let mut events = match prior.completion.take() {
            Some(done) => outcome::said(done),
            None => self.decide(delivery, message, &mut prior).await?,
        };
        let back = |handed_off| hand_off::given_back(message, handed_off);
        events.extend(prior.gave_back.map(back));
        Ok(events)
    }

    /// Word of a thread that a message gave back to its agent, whatever came of the message.
    pub(crate) async fn word_given_back(
        &self,
        delivery: &Delivery,
        message: &Message,
    ) -> Result<Option<Event>, Failure> {
        let prior = self.completions.before(before(delivery, message, 0)).await;
        let gave_back = prior.map_err(from_store)?.gave_back;
        Ok(gave_back.map(|handed_off| hand_off::given_back(message, handed_off)))
    }

    pub(crate) async fn decide(
        &self,
        delivery: &Delivery,
        message: &Message,
        prior: &mut Prior,
    ) -> Result<Vec<Event>, Failure> {
        let (tenant, cause) = (&delivery.cause.tenant, &delivery.cause.id);
        let earlier = Earlier::of(&delivery.cause, prior);
        let had_calls = 0 < earlier.before;
        let route =
            self.directory.read(|directory| directory.route(tenant, &message.key.connection));
        let routed = match route {
            Ok(routed) => routed,
            Err(reason) => {
                let failed = failed(cause, &message.key, None, reason, Vec::new());
                return self.record(delivery, message, Outcome::unasked(failed, had_calls)).await;
            }
        };
        if self.bounds.calls_max <= prior.attempts.len() {
            let agent = Some(routed.agent.id.clone());
            let failed =
                failed(cause, &message.key, agent, FailureReason::ModelsFailed, Vec::new());
            return self.record(delivery, message, Outcome::unasked(failed, true)).await;
        }
        let now = self.context.clock.now();
        let sealing = self.sealer.of(tenant, now).await.map_err(from_store)?;
        let newest = thread::newest(message, tenant, &sealing)?;
        if let Some(handed_off) = prior.handed_off.take() {
            if !gives_back(&thread::said(message, tenant, &sealing)?) {
                return self.hold(delivery, message, &routed.agent.id, had_calls).await;
            }
            let given = self.completions.give_back(tenant, &handed_off, cause, now);
            given.await.map_err(from_store)?;
            prior.gave_back = Some(handed_off);
        }
        let asking = self.asking(tenant, (routed, sealing, newest), prior, earlier)?;
        let on = On { delivery, message, asking: &asking };
        match by_words(&asking.config.escalation, &asking.newest.text) {
            Some(due) => {
                let over = HandOver::by_rule(due, asking.tried.clone(), Vec::new());
                self.hand_over(&on, over).await
            }
            None => self.ask(&on).await,
        }
    }

    /// What a message is asked with: what its thread remembers, and what was tried, are taken of `prior`.
    fn asking(
        &self,
        tenant: &TenantId,
        (routed, sealing, newest): (Routed, Sealing, Turn),
        prior: &mut Prior,
        Earlier { before, told }: Earlier,
    ) -> Result<Asking, Failure> {
        let config = OpenConfig::open(&routed.published.config, tenant, &routed.agent.id, &sealing);
        let config = config.map_err(Failure::retry)?;
        let thread = thread::open(take(&mut prior.thread), tenant, &sealing);
        let prompt = prompt::build(PromptInput {
            agent: &config,
            tenant_name: &routed.tenant.name,
            history: &thread.turns,
            newest: &newest,
            older_exist: thread.older_exist,
            budget_tokens: self.bounds.thread_tokens_max,
            may_hand_over: true,
        });
        let tried = take(&mut prior.attempts).into_iter().filter_map(|it| it.outcome).collect();
        let budgets = Budgets::of(&routed.tenant, Some(&routed.agent));
        Ok(Asking { routed, budgets, sealing, config, prompt, thread, newest, before, told, tried })
    }

    /// Puts an outcome on record with what the thread remembers of it. Returns what there is to say of
    /// the one that stands.
    pub(crate) async fn record(
        &self,
        delivery: &Delivery,
        message: &Message,
        outcome: Outcome,
    ) -> Result<Vec<Event>, Failure> {
        let Outcome { event, attempts, settles } = outcome;
        let now = self.context.clock.now();
        let turns = thread::remembered(message, &event);
        let is_handed_off = event.kind() == Kind::CompletionHandedOff;
        let completion = store::completions::Completion {
            envelope: delivery.cause.follow(Self::CONSUMER.name, 0, now, event),
            cause: delivery.cause.id.clone(),
            seq: delivery.first_sequence,
            near: Vec::new(),
        };
        let record = Record {
            tenant: delivery.cause.tenant.clone(),
            message: message.key.id.clone(),
            completion,
            turns,
            attempts,
            pause: is_handed_off.then(|| message.key.clone()),
            reopened: reopened_at(&delivery.cause).is_some(),
            settles,
            at: now,
        };
        Ok(outcome::said(self.completions.record(record).await.map_err(from_store)?))
    }
}

/// When an operator had the message answered again, if that is why.
fn reopened_at(cause: &Envelope) -> Option<Timestamp> {
    (cause.event.kind() == Kind::MessageReopened).then_some(cause.time)
}

/// Since when somebody waits for an answer.
pub(crate) fn asked_at(delivery: &Delivery, message: &Message) -> Timestamp {
    reopened_at(&delivery.cause).unwrap_or(message.sent_at)
}

pub(crate) fn before(delivery: &Delivery, message: &Message, turns_max: u32) -> Before {
    Before {
        tenant: delivery.cause.tenant.clone(),
        message: message.key.clone(),
        cause: delivery.cause.id.clone(),
        position: memory::position(&message.key.ts, message.sent_at),
        turns_max,
    }
}
