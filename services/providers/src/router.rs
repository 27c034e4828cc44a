//! Gets one whole answer from the first deployment of a group that gives one.

use std::sync::{Arc, PoisonError, RwLock};

use reqwest::Client;
use schemas::usage::{Attempt, Cost, MicroDollars};
use tokio::time::Instant;
use tracing::Instrument as _;

use crate::{
    Answer, AttemptStart, Cause, Delta, Exhausted, Models, Recorder, Request, Vendor,
    call::{Exchange, Tried},
    health::Outcome,
    plan::{Moment, Plan, Step},
    run::Run,
    status::DeploymentStatus,
    stream::{Nobody, Watch, Watcher},
    table::{Known, Route, Table},
};

/// A whole answer, and what it took to get it.
#[derive(Clone, Debug)]
pub struct Completed {
    /// The answer.
    pub answer: Answer,
    /// `group/name` of the deployment that gave it.
    pub deployment: String,
    /// Its vendor.
    pub vendor: Vendor,
    /// What all attempts cost together; unknown if one of them is.
    pub cost: Cost,
    /// Every attempt, the last one the winner.
    pub attempts: Vec<Attempt>,
}

/// What one call can cost at the most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WorstCost {
    /// So much, whichever deployment takes it.
    Known(MicroDollars),
    /// One that may take it has no price.
    Unknown,
    /// No deployment can take such a request, or there is no such group.
    NoneFits,
}

/// The model groups, ready to answer.
pub struct Router {
    client: Client,
    table: RwLock<Arc<Table>>,
}

impl Router {
    /// A router over those models. The client is from [`crate::client`].
    pub fn from_config(models: &Models, client: Client) -> Self {
        Self { client, table: RwLock::new(Arc::new(Table::new(models, Known::default()))) }
    }

    /// A router over `models` that shares what `base`, and the one `before` it, know of deployments that it
    /// has too.
    pub fn beside(base: &Self, models: &Models, before: Option<&Self>) -> Self {
        let (shared, before) = (base.table(), before.map(Self::table));
        let known = Known { shared: Some(&shared), before: before.as_deref() };
        let table = RwLock::new(Arc::new(Table::new(models, known)));
        Self { client: base.client.clone(), table }
    }

    /// Takes other models from the next request on. What is known of deployments that stay is kept, under
    /// the settings that they have now; requests under way end as they began.
    pub fn replace(&self, models: &Models) {
        let before = self.table();
        let table = Table::new(models, Known { shared: None, before: Some(&before) });
        *self.table.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(table);
    }

    /// The names of the groups, in alphabetical order.
    pub fn groups(&self) -> Vec<String> {
        self.table().groups()
    }

    /// How many tokens of prompt and answer together any deployment has room for that `group`, or a group
    /// that it falls back to, could ask this of; nothing where that is not known of one of them.
    pub fn window(&self, group: &str, request: &Request) -> Option<u32> {
        self.table().window(group, request)
    }

    /// How each deployment stands.
    pub fn status(&self) -> Vec<DeploymentStatus> {
        self.table().status(Instant::now())
    }

    /// What one call of that request can cost at the most, before any is made.
    pub fn worst_cost(&self, group: &str, request: &Request) -> WorstCost {
        self.table().worst(group, request)
    }

    /// The same of a request that says all of that and more, up to so many tokens of prompt.
    pub fn worst_cost_up_to(&self, group: &str, request: &Request, tokens: u32) -> WorstCost {
        self.table().worst_of(group, request, tokens)
    }

    /// Gets one whole answer from `group` or the groups it falls back to, by `deadline`. The recorder
    /// is told of each attempt before it is made. A future that is dropped ends the call to the vendor,
    /// and the recorder is told what was tried ([`Recorder::left`]).
    pub async fn complete<R: Recorder>(
        &self,
        group: &str,
        request: &Request,
        deadline: Instant,
        recorder: &R,
    ) -> Result<Completed, Exhausted> {
        let run = Run::new((group, request), deadline, recorder, self.table());
        self.answer(run, &mut Nobody).await
    }

    /// As [`Self::complete`], and shows the text as it comes. What was shown since the last
    /// [`Delta::Restart`] is the whole answer in the end, or void where there is none.
    #[expect(clippy::too_many_arguments, reason = "those of `complete`, and who watches")]
    pub async fn stream<R: Recorder>(
        &self,
        group: &str,
        request: &Request,
        deadline: Instant,
        recorder: &R,
        on: impl FnMut(Delta) + Send,
    ) -> Result<Completed, Exhausted> {
        let run = Run::new((group, request), deadline, recorder, self.table());
        self.answer(run, &mut Watcher::new(on)).await
    }

    async fn answer<R: Recorder>(
        &self,
        mut run: Run<'_, R>,
        watch: &mut impl Watch,
    ) -> Result<Completed, Exhausted> {
        let table = Arc::clone(&run.table);
        let routes =
            table.routes(run.group, (run.request, run.tokens), Instant::now(), rand::random);
        let untried = if routes.is_some() { Cause::NoneFits } else { Cause::UnknownGroup };
        let routes = routes.unwrap_or_default();
        let retries = table.retries.at_most(run.request.attempts_max);
        let mut plan = Plan::new(retries, routes.iter().map(Route::candidate));
        if routes.is_empty() {
            return Err(run.exhausted(Some(untried), &plan));
        }
        while let Step::Try { candidate, wait } = plan.next(Instant::now(), run.deadline) {
            let Some(route) = routes.get(candidate) else { break };
            let is_void = watch.anew();
            // A timer runs on whole milliseconds: one of no time at all would wait for the next of them.
            if !wait.is_zero() {
                tokio::time::sleep(wait).await;
            } else if is_void {
                // Whoever was shown something hears of it first, and may leave.
                tokio::task::yield_now().await;
            }
            let ticket = match route.node.health.enter(run.tokens, Instant::now()) {
                Ok(ticket) => ticket,
                Err(until) => {
                    plan.shut(candidate, until);
                    continue;
                }
            };
            let start = run.start(route);
            if let Err(error) = run.recorder.starting(&start).await {
                return Err(run.exhausted(Some(Cause::of_start(error)), &plan));
            }
            let (tried, cold) = self.attempt(route, &mut run, &start, watch).await;
            ticket.done(outcome_of(&tried, cold));
            let failure = match run.end(tried) {
                Ok(answer) => return Ok(run.completed(route, answer)),
                Err(failure) => failure,
            };
            let can_grow = start.max_output_tokens < route.deployment.max_output_tokens;
            let moment = Moment { now: Instant::now(), jitter: rand::random(), can_grow };
            if failure.quirks.is_some_and(|quirks| route.node.learn(quirks)) {
                plan.mended(candidate);
            } else {
                plan.failed(candidate, &failure, moment);
            }
            run.failed(failure);
        }
        Err(run.exhausted(None, &plan))
    }

    /// One call, and whether the model may have had to be loaded for it.
    async fn attempt<R: Recorder>(
        &self,
        route: &Route,
        run: &mut Run<'_, R>,
        start: &AttemptStart,
        watch: &mut impl Watch,
    ) -> (Tried, bool) {
        let (limits, cold) = route.limits(run.request, run.deadline);
        let (deployment, tokens) = (route.deployment(), start.max_output_tokens);
        let (heard, span) = run.begin(route, start);
        let exchange = Exchange::new(limits, &heard, watch);
        let tried = exchange.attempt(&self.client, &deployment, run.request, tokens);
        let tried = tried.instrument(span).await;
        route.node.heard(tried.result.is_ok(), deployment.keep_alive);
        (tried, cold)
    }

    fn table(&self) -> Arc<Table> {
        Arc::clone(&self.table.read().unwrap_or_else(PoisonError::into_inner))
    }
}

impl std::fmt::Debug for Router {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.table().fmt(f)
    }
}

/// What the next choice learns of a call.
fn outcome_of(tried: &Tried, cold: bool) -> Outcome<'_> {
    let usage = match &tried.result {
        Ok(answer) => answer.usage.as_ref(),
        Err(failure) => failure.usage.as_deref(),
    };
    let counted = usage.and_then(|usage| usage.input_tokens.zip(usage.output_tokens));
    let tokens = counted.map(|(read, written)| read.saturating_add(written));
    Outcome {
        failure: tried.result.as_ref().err(),
        first_token: tried.first_token,
        cold,
        tokens: tokens.and_then(|tokens| u32::try_from(tokens).ok()),
        now: Instant::now(),
        jitter: rand::random(),
    }
}

#[cfg(test)]
mod tests;
