//! What was tried for a message so far, and what is asked otherwise because of it.

use domain::{hand_off::Due, prompt::Prompt, tool::HAND_OFF};
use providers::{Cause, Exhausted};
use schemas::usage::Attempt;
use tokio::time::Instant;

use crate::{answer::Asking, hand_off::HandOver, rounds::Rounds};

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
    is_shorter: bool,
    is_unarmed: bool,
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

    /// Asks otherwise from now on, once for each reason, where that may bring an answer.
    pub(crate) fn adapt(
        &mut self,
        asking: &Asking,
        exhausted: &Exhausted,
        budget_tokens: u32,
    ) -> bool {
        let adapted = if self.is_kept_from_answering(exhausted) {
            tracing::warn!(group = asking.config.model, "no model of the group takes tools");
            (self.is_unarmed, self.offered) = (true, Vec::new());
            Some(asking.unarmed(budget_tokens))
        } else if self.is_shorter {
            None
        } else {
            self.is_shorter = true;
            asking.shorter(exhausted, self.prompt(asking), !self.is_unarmed)
        };
        let Some(prompt) = adapted else { return false };
        self.instead = Some(prompt);
        self.attempts_left = Some(exhausted.attempts_left);
        true
    }

    /// Whether a rule that leaves handing over to the model keeps every model from answering: its tool is
    /// the only one, and none takes any. An answer of an agent that cannot hand over is better than none.
    fn is_kept_from_answering(&self, exhausted: &Exhausted) -> bool {
        let is_only = self.offered == [HAND_OFF] && self.rounds.told.is_empty();
        is_only && matches!(exhausted.cause, Cause::NoneFits)
    }
}
