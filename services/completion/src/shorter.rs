//! Another prompt in the place of one that no model takes: with half of the thread, or without a word of
//! handing over.

use domain::prompt::{self, Prompt, PromptInput};

use crate::answer::Asking;

impl Asking {
    /// A prompt with half of the thread, if there is a half to be had.
    pub(crate) fn shorter(&self, asked: &Prompt, may_hand_over: bool) -> Option<Prompt> {
        // Half of what the prompt took stands in the place of its bound.
        let input = PromptInput { may_hand_over, ..self.input(0) };
        prompt::shorter(input, asked)
    }

    /// The prompt of an agent that is not offered to hand over.
    pub(crate) fn unarmed(&self, budget_tokens: u32) -> Prompt {
        prompt::build(PromptInput { may_hand_over: false, ..self.input(budget_tokens) })
    }

    fn input(&self, budget_tokens: u32) -> PromptInput<'_> {
        PromptInput {
            agent: &self.config,
            tenant_name: &self.routed.tenant.name,
            history: &self.thread.turns,
            newest: &self.newest,
            older_exist: self.thread.older_exist,
            budget_tokens,
            may_hand_over: true,
        }
    }
}
