//! What is said of an attempt: in the event, in the log, and in the metrics.

use schemas::usage::{AttemptOutcome, Cost};
use tracing::{info, warn};

use crate::{Answer, Deployment, Failure, FailureClass, call::Tried};

/// As it stands in events.
pub(crate) fn outcome(result: &Result<Answer, Failure>) -> AttemptOutcome {
    match result {
        Ok(_) => AttemptOutcome::Completed,
        Err(failure) => AttemptOutcome::Failed { class: failure.class.as_str().to_owned() },
    }
}

/// A failed attempt is handled here, so it is logged here. No labels of tenants: groups of models
/// are few, tenants are not.
pub(crate) fn report(to: &Deployment, attempt: u32, tried: &Tried, cost: &Cost) {
    let outcome = match &tried.result {
        Ok(_) => "completed",
        Err(failure) if failure.class == FailureClass::Cancelled => {
            info!(deployment = to.name.as_str(), attempt, "whoever asked left before the answer");
            failure.class.as_str()
        }
        Err(failure) => {
            let (deployment, class) = (to.name.as_str(), failure.class.as_str());
            warn!(deployment, attempt, class, error = %failure, "a model gave no answer");
            class
        }
    };
    let labels = [("deployment", to.name.clone()), ("outcome", outcome.to_owned())];
    metrics::counter!("konstruct_llm_attempts_total", &labels).increment(1);
    if cost.amount.is_none() {
        let labels = [("deployment", to.name.clone())];
        metrics::counter!("konstruct_llm_cost_unknown_total", &labels).increment(1);
    }
}
