//! What a model is asked with besides the prompt: the agent's tools, and what came of them.

use std::sync::Arc;

use domain::tool;
use futures::future::try_join_all;
use providers::{Request, Router, ToolChoice};
use runtime::Failure;
use schemas::TenantId;
use tokio::time::Instant;
use tools::{Toolbox, Wanted};

use crate::{Completion, answer::Asking, from_store, rounds::Bench, talk::Talk};

impl Completion {
    /// What the agent may use; nothing where it has no tools.
    pub(crate) async fn toolbox(
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

    /// What the model is asked next: the prompt, and the tools with what came of them, as far as there is
    /// room for that.
    pub(crate) fn request(
        &self,
        asking: &Asking,
        talk: &mut Talk,
        (router, bench): (&Router, Option<&Bench<'_>>),
        last: bool,
    ) -> Request {
        let toolbox = bench.map(|bench| bench.toolbox);
        let mut request = self.whole_request(asking, talk, toolbox, last);
        if let Some(bench) = bench {
            let window = router.window(&asking.config.model, &request);
            if talk.fit(bench, &request, window) {
                request = self.whole_request(asking, talk, toolbox, last);
            }
        }
        request.attempts_max = talk.attempts_left.take();
        request
    }

    fn whole_request(
        &self,
        asking: &Asking,
        talk: &Talk,
        toolbox: Option<&Toolbox>,
        last: bool,
    ) -> Request {
        let prompt = talk.prompt(asking);
        let mut request = Request::of_prompt(prompt, self.bounds.answer_tokens_max);
        request.turns.extend(talk.rounds.turns.iter().cloned());
        let Some(toolbox) = toolbox.filter(|_| talk.may_call()) else { return request };
        request.tools = toolbox.offered().to_vec();
        if last {
            request.tool_choice = ToolChoice::None;
        }
        request
    }
}
