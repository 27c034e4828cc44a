//! What was tried for a message so far, and what is asked otherwise because of it.

use domain::{hand_off::Due, prompt::Prompt, tool::HAND_OFF};
use providers::{Cause, Exhausted, Request};
use schemas::usage::Attempt;
use tokio::time::Instant;

use crate::{
    answer::Asking,
    hand_off::HandOver,
    rounds::{Bench, Rounds},
};

/// Results of tools that give up less than this part of a request do not make it short enough alone:
/// half of the thread goes with them.
const PART_ENOUGH: u32 = 4;

/// What was tried for a message so far.
pub(crate) struct Talk {
    pub(crate) begun: Instant,
    /// Calls to models, those of earlier deliveries first.
    pub(crate) attempts: Vec<Attempt>,
    /// The tools that the model is offered, by name.
    pub(crate) offered: Vec<String>,
    /// Calls of them.
    pub(crate) rounds: Rounds,
    /// What that left of the request's attempts, where another prompt took the place of one.
    pub(crate) attempts_left: Option<u32>,
    /// In place of the prompt, once no model took that.
    instead: Option<Prompt>,
    /// What a request may take, once one was refused as too long, in tokens.
    tokens_max: Option<u32>,
    is_shorter: bool,
    is_unarmed: bool,
}

/// A request that no model answered.
pub(crate) struct Sent<'a> {
    /// What its tools are called with, where it has any.
    pub(crate) bench: Option<&'a Bench<'a>>,
    /// What it took, guessed.
    pub(crate) tokens: u32,
    /// Why there is no answer.
    pub(crate) exhausted: &'a Exhausted,
}

impl Talk {
    pub(crate) fn new(
        begun: Instant,
        attempts: Vec<Attempt>,
        offered: Vec<String>,
        rounds: Rounds,
    ) -> Self {
        Self {
            begun,
            attempts,
            offered,
            rounds,
            attempts_left: None,
            instead: None,
            tokens_max: None,
            is_shorter: false,
            is_unarmed: false,
        }
    }

    /// What the model is shown of the thread.
    pub(crate) fn prompt<'a>(&'a self, asking: &'a Asking) -> &'a Prompt {
        self.instead.as_ref().unwrap_or(&asking.prompt)
    }

    /// All of it is handed over by a rule.
    pub(crate) fn over(self, due: Due<'_>) -> HandOver<'_> {
        HandOver::by_rule(due, self.attempts, self.rounds.told)
    }

    /// Whether the model is offered any tools.
    pub(crate) fn may_call(&self) -> bool {
        !self.is_unarmed
    }

    /// Whether the model has to answer with what it has.
    pub(crate) fn is_over(&self) -> bool {
        self.is_unarmed || self.rounds.is_over()
    }

    /// Makes results of tools shorter where a request takes more than there is room for: in the largest
    /// `window`, or by what was refused. Whether any became shorter.
    pub(crate) fn fit(
        &mut self,
        bench: &Bench<'_>,
        request: &Request,
        window: Option<u32>,
    ) -> bool {
        // No answer is given more than half of a window, whatever it is allowed.
        let of_window = |all: u32| all.saturating_sub(request.max_output_tokens.min(all / 2));
        let room = [window.map(of_window), self.tokens_max].into_iter().flatten().min();
        let tokens = request.tokens();
        room.is_some_and(|room| room < tokens && 0 < self.rounds.shorten(bench, tokens, room))
    }

    /// Asks otherwise from now on, once for each reason, where that may bring an answer.
    pub(crate) fn adapt(&mut self, asking: &Asking, sent: &Sent<'_>, budget_tokens: u32) -> bool {
        let Sent { exhausted, .. } = sent;
        if self.is_kept_from_answering(exhausted) {
            tracing::warn!(group = asking.config.model, "no model of the group takes tools");
            (self.is_unarmed, self.offered) = (true, Vec::new());
            self.instead = Some(asking.unarmed(budget_tokens));
        } else if !exhausted.wants_less() || !self.shorten(asking, sent) {
            return false;
        }
        self.attempts_left = Some(exhausted.attempts_left);
        true
    }

    /// Makes a request shorter that no model took: results of tools give first, then the thread, once.
    /// Whether anything became shorter.
    fn shorten(&mut self, asking: &Asking, sent: &Sent<'_>) -> bool {
        let Sent { bench, tokens, .. } = *sent;
        let shorten = |bench| self.rounds.shorten(bench, tokens, tokens / 2);
        let saved = bench.map_or(0, shorten);
        self.tokens_max = Some(tokens.saturating_sub(saved.max(1)));
        if tokens / PART_ENOUGH <= saved || self.is_shorter {
            return 0 < saved;
        }
        self.is_shorter = true;
        let prompt = asking.shorter(self.prompt(asking), !self.is_unarmed);
        let has_half = prompt.is_some();
        self.instead = prompt.or(self.instead.take());
        has_half || 0 < saved
    }

    /// Whether a rule that leaves handing over to the model keeps every model from answering: its tool is
    /// the only one, and none takes any. An answer of an agent that cannot hand over is better than none.
    fn is_kept_from_answering(&self, exhausted: &Exhausted) -> bool {
        let is_only = self.offered == [HAND_OFF] && self.rounds.told.is_empty();
        is_only && matches!(exhausted.cause, Cause::NoneFits)
    }
}
