//! A prompt that is too long for every model that could answer: asked once more, with half of the thread.

use domain::prompt::{self, Prompt, PromptInput};
use providers::Exhausted;

use crate::answer::Asking;

impl Asking {
    /// The prompt with half of the thread, if that is what the models want and there is a half to be
    /// had.
    pub(crate) fn shorter(&self, exhausted: &Exhausted) -> Option<Prompt> {
        let input = PromptInput {
            agent: &self.config,
            tenant_name: &self.routed.tenant.name,
            history: &self.thread.turns,
            newest: &self.newest,
            older_exist: self.thread.older_exist,
            // Half of what the prompt took stands in its place.
            budget_tokens: 0,
        };
        let shorter = || prompt::shorter(input, &self.prompt);
        exhausted.wants_less().then(shorter).flatten()
    }
}
