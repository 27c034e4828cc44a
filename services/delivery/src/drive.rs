//! The loop of one reply: lock what is known, ask the pure core what is next, do it, write down what
//! came of it, ask again.

use channels::{Call, Found};
use domain::{
    effect::{Effect, EffectState, Input},
    reply_state::{self, Step, Verdict},
};
use runtime::Failure;
use schemas::{
    EffectId, Event, EventId,
    event::{ReplyDelivered, ReplyKind, ReplyUncertain, SentPart},
};
use store::{
    TenantTx,
    effects::{self, Ledgered, Stepped, What},
    replies::{self, Locked, Outcome},
};

use crate::{
    Delivery, Thread,
    call::{Came, Claimed},
    failed, from_store,
    words::Words,
};

/// Steps of one reply; the parts of the longest answer and what goes with them are fewer.
const STEPS_MAX: usize = 64;

/// What one look at the ledger found.
enum Next {
    /// Make this call.
    Call(Claimed, Option<ReplyKind>),
    /// Look for effects in doubt in the chat system, once.
    Reconcile(Vec<EffectId>),
    /// Nothing more; this is what to say.
    Done(Vec<Event>),
}

/// What is known when the ledger is looked at.
#[derive(Clone, Copy)]
struct Look {
    verdict: Option<Verdict>,
    /// Whether the words of the verdict are at hand.
    has_words: bool,
    /// Whether the chat system was asked about what is in doubt.
    looked: bool,
}

/// What a step asks for.
enum Wanted {
    Call(Wish),
    End(Outcome, Vec<Event>),
}

/// A call that is not in the ledger yet.
struct Wish {
    what: What,
    part: usize,
    /// What is updated or deleted.
    target_ts: Option<String>,
}

impl Delivery {
    /// Does what can be done for a reply now, and says what follows.
    pub(crate) async fn drive(
        &self,
        thread: &Thread<'_>,
        verdict: Option<(Verdict, Words)>,
    ) -> Result<Vec<Event>, Failure> {
        let (verdict, words) = match verdict {
            Some((verdict, words)) => (Some(verdict), words),
            None => (None, Words::none()),
        };
        let mut look = Look { verdict, has_words: !words.parts.is_empty(), looked: false };
        for _ in 0..STEPS_MAX {
            match self.next(thread, look).await? {
                Next::Done(events) => return Ok(events),
                Next::Reconcile(in_doubt) => {
                    self.reconcile(thread, &in_doubt).await?;
                    look.looked = true;
                }
                Next::Call(claimed, kind) => {
                    let text = words.of(claimed.what, claimed.part);
                    let came = self.call(thread, &claimed, kind, text).await?;
                    if let Came::NotYet(wait) = came {
                        return self.not_yet(claimed.what, wait);
                    }
                }
            }
        }
        Err(Failure::retry(anyhow::anyhow!("a reply that never ends")))
    }

    /// Nothing depends on the placeholder; the rest waits and comes again.
    fn not_yet(&self, what: What, wait: std::time::Duration) -> Result<Vec<Event>, Failure> {
        if what == What::Placeholder {
            return Ok(Vec::new());
        }
        let until = self.context.clock.now().plus(wait);
        let asked = format!("not sent; the next try is in {} ms", wait.as_millis());
        Err(Failure::retry_at(until, anyhow::anyhow!(asked)))
    }

    /// One transaction: lock, decide, claim.
    async fn next(&self, thread: &Thread<'_>, look: Look) -> Result<Next, Failure> {
        let now = self.context.clock.now();
        let cause = &thread.cause.cause.id;
        let mut tx = self.db.tenant(thread.tenant()).await.map_err(from_store)?;
        let locked = replies::lock(&mut tx, thread.message, &self.fence, now).await;
        let mut locked = locked.map_err(from_store)?;
        self.find_lost(&mut tx, &mut locked).await?;
        if !decide(&mut locked, look.verdict, cause) {
            return Ok(Next::Done(Vec::new()));
        }
        locked.reply.waited_out |= look.looked;
        let step = reply_state::next(&locked.state()).into_iter().next();
        let next = match step {
            None => Next::Done(Vec::new()),
            // The event that decided says it, and has the words: it is on its way, or comes again.
            Some(Step::Update { .. } | Step::Post { .. }) if !look.has_words => {
                Next::Done(Vec::new())
            }
            Some(Step::Delivered) if is_told(&locked, cause) => Next::Done(Vec::new()),
            Some(Step::Wait) => Next::Reconcile(in_doubt(&locked)),
            Some(Step::Uncertain { .. }) if !look.looked => Next::Reconcile(in_doubt(&locked)),
            Some(step) => match wanted(step, &locked, thread) {
                Wanted::End(outcome, events) => {
                    locked.reply.outcome = Some(outcome);
                    Next::Done(events)
                }
                Wanted::Call(wish) => {
                    let planned = plan(thread, &locked, wish, cause);
                    let claimed = self.claim(&mut tx, &planned).await?;
                    Next::Call(claimed, kind(&locked))
                }
            },
        };
        replies::save(&mut tx, &locked.reply, &self.fence, now).await.map_err(from_store)?;
        tx.commit().await.map_err(from_store)?;
        Ok(next)
    }

    /// A worker that died left effects that say `sending`. Lanes are worked one at a time, so
    /// nobody else is at them.
    async fn find_lost(&self, tx: &mut TenantTx, locked: &mut Locked) -> Result<(), Failure> {
        let now = self.context.clock.now();
        for effect in &mut locked.effects {
            if effect.effect.state != EffectState::Sending {
                continue;
            }
            let input = Input::FoundSendingAfterCrash;
            let stepped = effects::step(tx, &effect.id, input, &self.fence, now).await;
            if let Stepped::Moved(moved) = stepped.map_err(from_store)? {
                effect.effect = moved.effect;
            }
        }
        Ok(())
    }

    async fn claim(&self, tx: &mut TenantTx, planned: &Ledgered) -> Result<Claimed, Failure> {
        let now = self.context.clock.now();
        effects::plan(tx, planned).await.map_err(from_store)?;
        let stepped = effects::step(tx, &planned.id, Input::Claim, &self.fence, now).await;
        match stepped.map_err(from_store)? {
            Stepped::Moved(moved) => Ok(Claimed {
                effect: planned.id.clone(),
                attempt: moved.effect.attempt,
                what: planned.what,
                part: usize::try_from(planned.part).unwrap_or(usize::MAX),
                target_ts: planned.target_ts.clone(),
            }),
            Stepped::Refused(refused) => Err(Failure::retry(refused)),
            Stepped::Unknown => Err(Failure::retry(anyhow::anyhow!("an effect vanished"))),
        }
    }

    /// Looks for effects in doubt among what the chat system shows, and settles those that are
    /// there. One that is not found stays in doubt: it may still land, and its echo would say so.
    async fn reconcile(&self, thread: &Thread<'_>, in_doubt: &[EffectId]) -> Result<(), Failure> {
        for effect in in_doubt {
            let place = &thread.message.place;
            let call = Call { token: &thread.token, place, effect };
            let found = self.outbound.find(call, &thread.connection.bot_user).await;
            let Found::At { ts } = found else { continue };
            let now = self.context.clock.now();
            let mut tx = self.db.tenant(thread.tenant()).await.map_err(from_store)?;
            let observed = Input::Observed(ts);
            let stepped = effects::step(&mut tx, effect, observed, &self.fence, now).await;
            stepped.map_err(from_store)?;
            tx.commit().await.map_err(from_store)?;
        }
        Ok(())
    }
}

/// The first verdict stands. Says whether this event may go on.
fn decide(locked: &mut Locked, verdict: Option<Verdict>, cause: &EventId) -> bool {
    let Some(verdict) = verdict else { return true };
    if let Some(standing) = &locked.reply.verdict_event {
        return standing == cause;
    }
    locked.reply.verdict = Some(verdict);
    locked.reply.verdict_event = Some(cause.clone());
    true
}

/// Whether another event has said already that the person has it.
fn is_told(locked: &Locked, cause: &EventId) -> bool {
    locked.reply.outcome == Some(Outcome::Delivered)
        && locked.reply.verdict_event.as_ref() != Some(cause)
}

fn in_doubt(locked: &Locked) -> Vec<EffectId> {
    let doubtful = |it: &&Ledgered| matches!(it.effect.state, EffectState::Uncertain { .. });
    locked.effects.iter().filter(doubtful).map(|it| it.id.clone()).collect()
}

fn kind(locked: &Locked) -> Option<ReplyKind> {
    match locked.reply.verdict? {
        Verdict::Reply { kind, .. } => Some(kind),
        Verdict::Nothing => None,
    }
}

/// The effect that is planned for this already, or a new one.
fn plan(thread: &Thread<'_>, locked: &Locked, wish: Wish, cause: &EventId) -> Ledgered {
    let Wish { what, part, target_ts } = wish;
    let part = u32::try_from(part).unwrap_or(u32::MAX);
    let known = locked.effects.iter().rev().find(|it| it.what == what && it.part == part);
    if let Some(known) = known {
        return Ledgered { target_ts, ..known.clone() };
    }
    let index = usize::try_from(part).unwrap_or(usize::MAX);
    let effect = match what {
        What::Update | What::Delete => Effect::repeatable(),
        What::Placeholder | What::Post => Effect::once(),
    };
    Ledgered {
        id: EffectId::derive(cause, what.as_str(), index),
        message: thread.message.id.clone(),
        what,
        part,
        effect,
        channel: thread.message.place.channel.clone(),
        target_ts,
        payload: None,
        fence: 0,
        planned_at: locked.reply.updated_at,
    }
}

fn wanted(step: Step, locked: &Locked, thread: &Thread<'_>) -> Wanted {
    let kind = kind(locked).unwrap_or(ReplyKind::Apology);
    let call = |what, part, target_ts| Wanted::Call(Wish { what, part, target_ts });
    match step {
        Step::PostPlaceholder => call(What::Placeholder, 0, None),
        Step::Update { ts } => call(What::Update, 0, Some(ts)),
        Step::Post { part } => call(What::Post, part, None),
        Step::Delete { ts } => call(What::Delete, 0, Some(ts)),
        Step::Delivered => Wanted::End(Outcome::Delivered, vec![delivered(locked, thread, kind)]),
        Step::Failed { code } => {
            Wanted::End(Outcome::Failed, vec![failed(thread.message, kind, &code)])
        }
        Step::Uncertain { part, detail } => {
            let event = of_part(locked, part).map(|effect| {
                let (message, effect) = (thread.message.clone(), effect.id.clone());
                Event::ReplyUncertain(ReplyUncertain { message, reply: kind, effect, detail })
            });
            Wanted::End(Outcome::Uncertain, event.into_iter().collect())
        }
        Step::Wait | Step::Closed => Wanted::End(Outcome::Closed, Vec::new()),
    }
}

/// The effect that brought a part: a message of its own, or the placeholder's place.
fn of_part(locked: &Locked, part: usize) -> Option<&Ledgered> {
    let of = |what, part: usize| {
        let part = u32::try_from(part).unwrap_or(u32::MAX);
        locked.effects.iter().rev().find(|it| it.what == what && it.part == part)
    };
    of(What::Post, part).or_else(|| of(What::Update, 0).filter(|_| part == 0))
}

fn delivered(locked: &Locked, thread: &Thread<'_>, kind: ReplyKind) -> Event {
    let count = match locked.reply.verdict {
        Some(Verdict::Reply { parts, .. }) => parts,
        Some(Verdict::Nothing) | None => 0,
    };
    let part = |index| {
        let it = of_part(locked, index)?;
        let EffectState::Sent { ts } = &it.effect.state else { return None };
        Some(SentPart { effect: it.id.clone(), ts: ts.clone() })
    };
    Event::ReplyDelivered(ReplyDelivered {
        message: thread.message.clone(),
        reply: kind,
        parts: (0..count).filter_map(part).collect(),
    })
}
