//! Gets one whole answer from the first deployment of a group that gives one.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use reqwest::Client;
use schemas::usage::{Attempt, Cost};
use tokio::time::Instant;

use crate::{
    Answer, AttemptStart, Cause, Delta, Deployment, Exhausted, Failure, Models, Prices, Recorder,
    Request, Vendor,
    call::{Exchange, Limits, Tried},
    plan::{Candidate, Moment, Plan, Retries, Step},
    prices::total_cost,
    report::{outcome, report},
    stream::{Nobody, Watch, Watcher},
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
    retries: Retries,
    prices: Prices,
    /// Each group's deployments in the order they are tried, its fallbacks included.
    groups: BTreeMap<String, Vec<Route>>,
}

struct Route {
    deployment: Deployment,
    /// Until when the model is known to be loaded (Ollama).
    warm_until: Mutex<Option<Instant>>,
}

impl Router {
    /// A router over those models. The client is from [`crate::client`].
    pub fn from_config(models: &Models, client: Client) -> Self {
        let chain = |group: &String| (group.clone(), chain(models, group));
        Self {
            client,
            retries: models.retries,
            prices: models.prices.clone(),
            groups: models.groups.keys().map(chain).collect(),
        }
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
        let Some(routes) = self.groups.get(run.group) else {
            return Err(run.exhausted(Cause::UnknownGroup, None));
        };
        let mut plan = Plan::new(self.retries, routes.iter().map(Route::candidate));
        while let Step::Try { candidate, wait } = plan.next(Instant::now(), run.deadline) {
            let Some(route) = routes.get(candidate) else { break };
            watch.anew();
            tokio::time::sleep(wait).await;
            let start = run.start(route);
            if let Err(error) = recorder.starting(&start).await {
                return Err(run.exhausted(Cause::NotRecorded(Box::new(error)), plan.retry_at()));
            }
            let tried = self.attempt(route, &run, &start, watch).await;
            let failure = match run.note(&self.prices, route, start.index, tried) {
                Ok(answer) => return Ok(run.completed(route, answer)),
                Err(failure) => failure,
            };
            let can_grow = start.max_output_tokens < route.deployment.max_output_tokens;
            let moment = Moment { now: Instant::now(), jitter: rand::random(), can_grow };
            plan.failed(candidate, &failure, moment);
            run.failures.push(failure);
        }
        let cause = Cause::of(&run.failures);
        Err(run.exhausted(cause, plan.retry_at()))
    }

    async fn attempt(
        &self,
        route: &Route,
        run: &Run<'_>,
        start: &AttemptStart,
        watch: &mut impl Watch,
    ) -> Tried {
        let limits = route.limits(run);
        let (deployment, tokens) = (&route.deployment, start.max_output_tokens);
        let exchange = Exchange::new(limits, watch);
        let tried = exchange.attempt(&self.client, deployment, run.request, tokens).await;
        route.heard(tried.result.is_ok());
        tried
    }
}

impl std::fmt::Debug for Router {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.groups.keys()).finish()
    }
}

/// A group's own deployments, then those of its fallbacks; each only once.
fn chain(models: &Models, group: &str) -> Vec<Route> {
    let others = models.fallbacks.get(group).into_iter().flatten().map(String::as_str);
    let mut routes: Vec<Route> = Vec::new();
    for deployment in std::iter::once(group).chain(others).flat_map(|name| models.deployments(name))
    {
        if !routes.iter().any(|route| route.deployment.is_same(deployment)) {
            let deployment = deployment.clone();
            routes.push(Route { deployment, warm_until: Mutex::new(None) });
        }
    }
    routes
}

impl Route {
    fn candidate(&self) -> Candidate<'_> {
        Candidate {
            credential: &self.deployment.credential,
            context_window: self.deployment.context_window,
        }
    }

    /// The clocks of an attempt that starts now.
    fn limits(&self, run: &Run<'_>) -> Limits {
        let (own, asked) = (self.deployment.clocks, run.request.timeouts);
        let now = Instant::now();
        let warm = self.warm_until.lock().unwrap_or_else(PoisonError::into_inner);
        let warm = warm.is_some_and(|until| now < until);
        let first_token = if warm { own.first_token } else { own.cold_load };
        let total_at = now.checked_add(asked.total.unwrap_or(own.total));
        Limits {
            first_token: asked.first_token.unwrap_or(first_token),
            idle: asked.idle.unwrap_or(own.idle),
            total_at: total_at.map_or(run.deadline, |at| at.min(run.deadline)),
        }
    }

    /// A model that has answered stays loaded for as long as we asked; after a failure nothing is
    /// known.
    fn heard(&self, answered: bool) {
        let until = answered.then(|| Instant::now() + self.deployment.keep_alive);
        *self.warm_until.lock().unwrap_or_else(PoisonError::into_inner) = until;
    }
}

/// One request on its way.
struct Run<'a> {
    group: &'a str,
    request: &'a Request,
    deadline: Instant,
    attempts: Vec<Attempt>,
    failures: Vec<Failure>,
}

impl<'a> Run<'a> {
    fn new(group: &'a str, request: &'a Request, deadline: Instant) -> Self {
        Self { group, request, deadline, attempts: Vec::new(), failures: Vec::new() }
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
