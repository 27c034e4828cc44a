//! One request on its way: what was tried for it, and what is said of that, also where whoever asked
//! leaves in the middle.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use schemas::usage::{Attempt, MicroDollars, Usage};
use tokio::time::Instant;
use tracing::Span;

use crate::{
    Answer, AttemptStart, Cause, Completed, Exhausted, Failure, FailureClass, Recorder, Request,
    call::Tried,
    meter::{measure, span},
    plan::Plan,
    prices::total_cost,
    report::{outcome, report},
    table::{Route, Table},
};

/// One request. Dropped before its outcome, it tells its recorder that whoever asked has left.
pub(crate) struct Run<'a, R: Recorder> {
    pub(crate) group: &'a str,
    pub(crate) request: &'a Request,
    /// Those of its prompt, guessed.
    pub(crate) tokens: u32,
    pub(crate) deadline: Instant,
    pub(crate) recorder: &'a R,
    pub(crate) table: Arc<Table>,
    attempts: Vec<Attempt>,
    failures: Vec<Failure>,
    under_way: Option<UnderWay>,
    is_over: bool,
}

/// A call being made.
struct UnderWay {
    route: Route,
    index: u32,
    begun: Instant,
    heard: Arc<Heard>,
    span: Span,
}

/// What is known of a call while it is made, for whoever is there when it is cut off.
#[derive(Default)]
pub(crate) struct Heard(Mutex<SoFar>);

#[derive(Clone, Default)]
struct SoFar {
    first_token: Option<Duration>,
    usage: Option<Usage>,
}

impl<'a, R: Recorder> Run<'a, R> {
    /// A request that nothing was tried for yet.
    pub(crate) fn new(
        (group, request): (&'a str, &'a Request),
        deadline: Instant,
        recorder: &'a R,
        table: Arc<Table>,
    ) -> Self {
        Self {
            group,
            request,
            tokens: request.tokens(),
            deadline,
            recorder,
            table,
            attempts: Vec::new(),
            failures: Vec::new(),
            under_way: None,
            is_over: false,
        }
    }

    /// The attempt about to be made. After one whose limit of tokens went into reasoning, the limit
    /// is as high as the deployment allows.
    pub(crate) fn start(&self, route: &Route) -> AttemptStart {
        let deployment = &route.deployment;
        let most = deployment.max_output_tokens;
        let starved = self.attempts.iter().zip(&self.failures);
        let mut starved = starved.filter(|(_, failure)| failure.starved);
        let grown = starved.any(|(attempt, _)| attempt.deployment == deployment.name);
        let asked = self.request.max_output_tokens.clamp(1, most);
        let max_output_tokens = if grown { most } else { asked };
        let (vendor, model) = (deployment.vendor, &deployment.model);
        let worst_cost = route.deployment.prices(&self.table.prices).worst(
            vendor,
            model,
            self.tokens,
            max_output_tokens,
        );
        AttemptStart {
            index: u32::try_from(self.attempts.len()).unwrap_or(u32::MAX),
            deployment: deployment.name.clone(),
            vendor: deployment.vendor,
            model: deployment.model.clone(),
            max_output_tokens,
            worst_cost,
            ended: self.attempts.clone(),
        }
    }

    /// The attempt is being made from now on.
    pub(crate) fn begin(&mut self, route: &Route, start: &AttemptStart) -> (Arc<Heard>, Span) {
        let (heard, span) = (Arc::<Heard>::default(), span(&route.deployment));
        let under_way = UnderWay {
            route: route.clone(),
            index: start.index,
            begun: Instant::now(),
            heard: Arc::clone(&heard),
            span: span.clone(),
        };
        self.under_way = Some(under_way);
        (heard, span)
    }

    /// The attempt is over: keeps what there is to know of it.
    pub(crate) fn end(&mut self, tried: Tried) -> Result<Answer, Failure> {
        if let Some(call) = self.under_way.take() {
            self.note(&call, &tried);
        }
        tried.result
    }

    /// The attempt that ended last gave no answer.
    pub(crate) fn failed(&mut self, failure: Failure) {
        self.failures.push(failure);
    }

    pub(crate) fn completed(mut self, route: &Route, answer: Answer) -> Completed {
        self.is_over = true;
        Completed {
            answer,
            deployment: route.deployment.name.clone(),
            vendor: route.deployment.vendor,
            cost: total_cost(&self.attempts),
            attempts: std::mem::take(&mut self.attempts),
        }
    }

    /// There is no answer: for that cause, or for what the failures come down to.
    pub(crate) fn exhausted(mut self, cause: Option<Cause>, plan: &Plan<'_>) -> Exhausted {
        self.is_over = true;
        let retry_at = plan.retry_at();
        let attempts = std::mem::take(&mut self.attempts);
        let failures = std::mem::take(&mut self.failures);
        Exhausted {
            group: self.group.to_owned(),
            cause: cause.unwrap_or_else(|| Cause::of(&failures, retry_at)),
            attempts,
            failures,
            retry_at,
            attempts_left: plan.attempts_left(),
        }
    }

    fn note(&mut self, call: &UnderWay, tried: &Tried) {
        let UnderWay { route, index, span, .. } = call;
        let deployment = &route.deployment;
        let prices = deployment.prices(&self.table.prices);
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
        let amount = cost.amount.map(|MicroDollars(amount)| amount);
        route.node.count(tried.result.is_ok(), amount);
        measure(span, deployment, &route.node.names, tried);
        span.in_scope(|| report(deployment, *index, tried, &cost));
        self.attempts.push(Attempt {
            index: *index,
            deployment: deployment.name.clone(),
            vendor: deployment.vendor.to_string(),
            model: deployment.model.clone(),
            outcome: outcome(&tried.result),
            latency_ms: millis(tried.latency),
            first_token_ms: tried.first_token.map(millis),
            usage,
            cost,
        });
    }
}

impl<R: Recorder> Drop for Run<'_, R> {
    fn drop(&mut self) {
        if self.is_over {
            return;
        }
        if let Some(call) = self.under_way.take() {
            let SoFar { first_token, usage } = call.heard.so_far().clone();
            let failure = Failure::new(FailureClass::Cancelled, "whoever asked has left");
            let result = Err(Failure { usage: usage.map(Box::new), ..failure });
            self.note(&call, &Tried { result, latency: call.begun.elapsed(), first_token });
        }
        if !self.attempts.is_empty() {
            self.recorder.left(&self.attempts);
        }
    }
}

impl Heard {
    /// The first token came.
    pub(crate) fn spoke(&self, after: Duration) {
        self.so_far().first_token.get_or_insert(after);
    }

    /// What the vendor had counted as nobody listened any more.
    pub(crate) fn counted(&self, usage: Option<Usage>) {
        self.so_far().usage = usage;
    }

    /// How long the first token took, once it is there.
    pub(crate) fn first_token(&self) -> Option<Duration> {
        self.so_far().first_token
    }

    fn so_far(&self) -> MutexGuard<'_, SoFar> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
