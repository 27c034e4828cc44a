//! Gets one whole answer from the first deployment of a group that gives one.

use std::{
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use reqwest::Client;
use schemas::usage::{Attempt, Cost, MicroDollars};
use tokio::time::Instant;

use crate::{
    Answer, AttemptStart, Cause, Delta, Exhausted, Failure, Models, Prices, Recorder, Request,
    Vendor,
    call::{Exchange, Tried},
    health::Outcome,
    plan::{Moment, Plan, Step},
    prices::total_cost,
    report::{outcome, report},
    status::DeploymentStatus,
    stream::{Nobody, Watch, Watcher},
    table::{Route, Table},
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

/// The model groups, ready to answer.
pub struct Router {
    client: Client,
    table: RwLock<Arc<Table>>,
}

impl Router {
    /// A router over those models. The client is from [`crate::client`].
    pub fn from_config(models: &Models, client: Client) -> Self {
        Self { client, table: RwLock::new(Arc::new(Table::new(models, None))) }
    }

    /// Takes other models from the next request on. What is known of deployments that stay is kept;
    /// requests under way end as they began.
    pub fn replace(&self, models: &Models) {
        let table = Table::new(models, Some(&self.table()));
        *self.table.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(table);
    }

    /// The names of the groups, in alphabetical order.
    pub fn groups(&self) -> Vec<String> {
        self.table().groups()
    }

    /// How each deployment stands.
    pub fn status(&self) -> Vec<DeploymentStatus> {
        self.table().status(Instant::now())
    }

    /// Gets one whole answer from `group` or the groups it falls back to, by `deadline`. The recorder
    /// is told of each attempt before it is made.
    pub async fn complete<R: Recorder>(
        &self,
        group: &str,
        request: &Request,
        deadline: Instant,
        recorder: &R,
    ) -> Result<Completed, Exhausted> {
        self.answer(Run::new(group, request, deadline), recorder, &mut Nobody).await
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
        let watch = &mut Watcher::new(on);
        self.answer(Run::new(group, request, deadline), recorder, watch).await
    }

    async fn answer<R: Recorder>(
        &self,
        mut run: Run<'_>,
        recorder: &R,
        watch: &mut impl Watch,
    ) -> Result<Completed, Exhausted> {
        let table = self.table();
        let routes =
            table.routes(run.group, (run.request, run.tokens), Instant::now(), rand::random);
        let Some(routes) = routes else {
            return Err(run.exhausted(Cause::UnknownGroup, None));
        };
        if routes.is_empty() {
            return Err(run.exhausted(Cause::NoneFits, None));
        }
        let mut plan = Plan::new(table.retries, routes.iter().map(Route::candidate));
        while let Step::Try { candidate, wait } = plan.next(Instant::now(), run.deadline) {
            let Some(route) = routes.get(candidate) else { break };
            watch.anew();
            tokio::time::sleep(wait).await;
            let ticket = match route.node.health.enter(run.tokens, Instant::now()) {
                Ok(ticket) => ticket,
                Err(until) => {
                    plan.shut(candidate, until);
                    continue;
                }
            };
            let start = run.start(route);
            if let Err(error) = recorder.starting(&start).await {
                return Err(run.exhausted(Cause::NotRecorded(Box::new(error)), plan.retry_at()));
            }
            let (tried, cold) = self.attempt(route, &run, &start, watch).await;
            ticket.done(outcome_of(&tried, cold));
            let failure = match run.note(&table.prices, route, start.index, tried) {
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
            run.failures.push(failure);
        }
        let cause = Cause::of(&run.failures, plan.retry_at());
        Err(run.exhausted(cause, plan.retry_at()))
    }

    /// One call, and whether the model may have had to be loaded for it.
    async fn attempt(
        &self,
        route: &Route,
        run: &Run<'_>,
        start: &AttemptStart,
        watch: &mut impl Watch,
    ) -> (Tried, bool) {
        let (limits, cold) = route.limits(run.request, run.deadline);
        let (deployment, tokens) = (route.deployment(), start.max_output_tokens);
        let exchange = Exchange::new(limits, watch);
        let tried = exchange.attempt(&self.client, &deployment, run.request, tokens).await;
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

/// One request on its way.
struct Run<'a> {
    group: &'a str,
    request: &'a Request,
    /// Those of its prompt, guessed.
    tokens: u32,
    deadline: Instant,
    attempts: Vec<Attempt>,
    failures: Vec<Failure>,
}

impl<'a> Run<'a> {
    fn new(group: &'a str, request: &'a Request, deadline: Instant) -> Self {
        let (attempts, failures) = (Vec::new(), Vec::new());
        Self { group, request, tokens: request.tokens(), deadline, attempts, failures }
    }

    /// The attempt about to be made. After one whose limit of tokens went into reasoning, the limit
    /// is as high as the deployment allows.
    fn start(&self, route: &Route) -> AttemptStart {
        let deployment = &route.deployment;
        let most = deployment.max_output_tokens;
        let starved = self.attempts.iter().zip(&self.failures);
        let mut starved = starved.filter(|(_, failure)| failure.starved);
        let grown = starved.any(|(attempt, _)| attempt.deployment == deployment.name);
        let asked = self.request.max_output_tokens.clamp(1, most);
        AttemptStart {
            index: u32::try_from(self.attempts.len()).unwrap_or(u32::MAX),
            deployment: deployment.name.clone(),
            vendor: deployment.vendor,
            model: deployment.model.clone(),
            max_output_tokens: if grown { most } else { asked },
        }
    }

    /// Keeps what there is to know of an attempt.
    fn note(
        &mut self,
        prices: &Prices,
        route: &Route,
        index: u32,
        tried: Tried,
    ) -> Result<Answer, Failure> {
        let deployment = &route.deployment;
        let (model, usage) = match &tried.result {
            Ok(answer) => (&answer.model, answer.usage.clone()),
            Err(failure) => (&deployment.model, failure.usage.as_deref().cloned()),
        };
        let unbilled = tried.result.as_ref().is_err_and(|failure| failure.unbilled);
        let cost = if unbilled {
            prices.nothing()
        } else {
            prices.cost(deployment.vendor, model, usage.as_ref())
        };
        let outcome = outcome(&tried.result);
        let amount = cost.amount.map(|MicroDollars(amount)| amount);
        route.node.count(tried.result.is_ok(), amount);
        report(deployment, index, &tried.result, &cost);
        self.attempts.push(Attempt {
            index,
            deployment: deployment.name.clone(),
            vendor: deployment.vendor.to_string(),
            model: deployment.model.clone(),
            outcome,
            latency_ms: millis(tried.latency),
            first_token_ms: tried.first_token.map(millis),
            usage,
            cost,
        });
        tried.result
    }

    fn completed(self, route: &Route, answer: Answer) -> Completed {
        Completed {
            answer,
            deployment: route.deployment.name.clone(),
            vendor: route.deployment.vendor,
            cost: total_cost(&self.attempts),
            attempts: self.attempts,
        }
    }

    fn exhausted(self, cause: Cause, retry_at: Option<Instant>) -> Exhausted {
        let Self { attempts, failures, group, .. } = self;
        Exhausted { group: group.to_owned(), cause, attempts, failures, retry_at }
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
