//! The loop of one reply: ask the pure core what is next, do it, and ask again with what came of it.
//!
//! Each look at the ledger writes down what is new and claims the call that follows, in one
//! transaction, so a call costs one look before it and one after, which is the look for the next.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use channels::{Call, Found};
use domain::{effect::SendOutcome, reply_state::Verdict};
use runtime::Failure;
use schemas::Event;
use store::effects::What;
use tracing::warn;

use crate::{
    Delivery, Thread,
    decide::{self, Look, News, Next, Order, Spot},
    from_store,
    words::Words,
};

/// The pause before the ledger is asked again.
const AGAIN_AFTER: Duration = Duration::from_millis(500);

/// Steps of one reply; the parts of the longest answer and what goes with them are fewer.
const STEPS_MAX: usize = 64;

impl Delivery {
    /// Does what can be done for a reply now, and says what follows.
    pub(crate) async fn drive(
        &self,
        thread: &Thread<'_>,
        verdict: Option<(Verdict, Words)>,
        news: Vec<News>,
    ) -> Result<Vec<Event>, Failure> {
        self.drive_by(thread, verdict, news, None).await
    }

    /// The same at the word of an operator.
    pub(crate) async fn drive_by(
        &self,
        thread: &Thread<'_>,
        verdict: Option<(Verdict, Words)>,
        news: Vec<News>,
        order: Option<Order>,
    ) -> Result<Vec<Event>, Failure> {
        let (verdict, words) = match verdict {
            Some((verdict, words)) => (Some(verdict), words),
            None => (None, Words::none()),
        };
        let mut look = Look {
            verdict,
            has_words: !words.parts.is_empty(),
            news,
            order,
            note_to: words.note.as_ref().map(|note| note.to_channel.clone()),
            owns_lane: thread.owns_lane(),
            doubt: self.doubt,
            ..Look::new(
                &thread.cause.cause.id,
                thread.cause.first_sequence,
                self.context.clock.now(),
            )
        };
        for _ in 0..STEPS_MAX {
            look.news = match self.look(thread, &look).await? {
                Next::Done(events) => return Ok(events),
                Next::NotYet { what, wait } => return self.not_yet(what, wait),
                Next::Replaced => {
                    return Err(Failure::retry(anyhow::anyhow!("another worker leads delivery")));
                }
                Next::TakeAway { spot, ts } => {
                    self.take_away(thread, &spot, &ts).await?;
                    Vec::new()
                }
                Next::Reconcile(in_doubt) => {
                    look.looked = true;
                    self.find(thread, in_doubt).await
                }
                Next::Call(claimed) => {
                    let wording = words.of(&claimed);
                    let outcome = self.call(thread, &claimed, wording).await;
                    let (effect, attempt) = (claimed.spot.effect, claimed.attempt);
                    vec![News::Came { effect, attempt, outcome }]
                }
            };
            look.now = self.context.clock.now();
        }
        Err(Failure::retry(anyhow::anyhow!("a reply that never ends")))
    }

    /// One look at the ledger. What a call came to is known to nobody else, so it is said until it is
    /// heard; and a claim that was perhaps committed is known not to have been made.
    async fn look(&self, thread: &Thread<'_>, look: &Look) -> Result<Next, Failure> {
        let mut look = look.clone();
        loop {
            let claimed = Arc::new(Mutex::new(None));
            let (asked, noted) = (look.clone(), Arc::clone(&claimed));
            let next = move |locked: &mut store::replies::Locked| {
                let next = decide::next(locked, &asked);
                let claim = if let Next::Call(it) = &next { Some(it.clone()) } else { None };
                *noted.lock().unwrap_or_else(PoisonError::into_inner) = claim;
                next
            };
            let looked = self.replies.0.change(thread.tenant(), thread.message, look.now, next);
            let error = match looked.await {
                Ok(next) => return Ok(next),
                Err(error) => error,
            };
            if let Some(claimed) = claimed.lock().unwrap_or_else(PoisonError::into_inner).take() {
                let (effect, attempt) = (claimed.spot.effect, claimed.attempt);
                let outcome = SendOutcome::NotSent("its claim was not confirmed".to_owned());
                look.news.push(News::Came { effect, attempt, outcome });
            }
            if !error.is_transient() || look.news.is_empty() {
                return Err(from_store(error));
            }
            warn!(%error, "what is known of a reply is not written down yet");
            let pause = tokio::time::sleep(AGAIN_AFTER);
            if self.context.stop.run_until_cancelled(pause).await.is_none() {
                return Err(from_store(error));
            }
        }
    }

    /// Nothing depends on the placeholder; the rest waits and comes again.
    fn not_yet(&self, what: What, wait: Duration) -> Result<Vec<Event>, Failure> {
        if what == What::Placeholder {
            return Ok(Vec::new());
        }
        let until = self.context.clock.now().plus(wait);
        let asked = format!("not sent; the next try is in {} ms", wait.as_millis());
        Err(Failure::retry_at(until, anyhow::anyhow!(asked)))
    }

    /// Looks for effects in doubt among what the chat system shows. One that is not found stays in
    /// doubt: it may still land, and its echo would say so.
    async fn find(&self, thread: &Thread<'_>, in_doubt: Vec<Spot>) -> Vec<News> {
        let mut seen = Vec::new();
        for spot in in_doubt {
            let place = &thread.place_of(&spot);
            for effect in std::iter::once(&spot.effect).chain(&spot.seen_as) {
                let call = Call { token: &thread.token, place, effect };
                let found = self.outbound.find(call, &thread.connection.bot_user).await;
                if let Found::At { ts } = found {
                    seen.push(News::Seen { effect: spot.effect.clone(), ts });
                    break;
                }
            }
        }
        seen
    }

    /// A deletion changes nothing when it is made twice, so it needs no row of its own.
    async fn take_away(&self, thread: &Thread<'_>, spot: &Spot, ts: &str) -> Result<(), Failure> {
        warn!(effect = %spot.effect, "a second one appeared, taking it away");
        let place = &thread.place_of(spot);
        let call = Call { token: &thread.token, place, effect: &spot.effect };
        match self.outbound.delete(call, ts).await {
            SendOutcome::Sent(_) | SendOutcome::Rejected { .. } => Ok(()),
            SendOutcome::NotSent(_) | SendOutcome::RetryAfter(_) | SendOutcome::Ambiguous(_) => {
                Err(Failure::retry(anyhow::anyhow!("the second copy was not taken away")))
            }
        }
    }
}
