//! Who is told of an attempt before it is paid for.

use std::future::Future;

use schemas::{
    BudgetMet,
    usage::{Attempt, MicroDollars},
};

use crate::Vendor;

/// An attempt that is about to start.
#[derive(Clone, Debug, PartialEq)]
pub struct AttemptStart {
    /// Counts from 0 within one completion.
    pub index: u32,
    /// `group/name` of the deployment.
    pub deployment: String,
    /// Its vendor.
    pub vendor: Vendor,
    /// Its model, as configured.
    pub model: String,
    /// The most tokens it may generate.
    pub max_output_tokens: u32,
    /// What it can cost at the most: the prompt as it is guessed, at the dearest of its prices, and as
    /// many tokens as it may generate. Unknown where the model has no price.
    pub worst_cost: Option<MicroDollars>,
    /// The attempts of this completion that are over, in order: what they took of budgets and did not
    /// use is there for this one.
    pub ended: Vec<Attempt>,
}

/// Why an attempt is not made.
#[derive(Debug)]
pub enum NotStarted<E> {
    /// Its record could not be kept.
    NotRecorded(E),
    /// A budget has no room for it.
    OverBudget(BudgetMet),
}

impl<E> From<E> for NotStarted<E> {
    fn from(error: E) -> Self {
        Self::NotRecorded(error)
    }
}

/// Keeps a record of attempts, and room for them in budgets. An attempt is paid for, so its record
/// must be durable first: when `starting` fails, the call is not made and the request ends
/// ([`crate::Cause::NotRecorded`], [`crate::Cause::OverBudget`]). No cheaper deployment is looked for
/// then: which models answer is for whoever set them up to say, not for a budget.
pub trait Recorder: Send + Sync {
    /// Why the record could not be kept. It is shown in logs.
    type Error: std::error::Error + Send + Sync + 'static;

    /// Returns once the record is durable.
    fn starting(
        &self,
        attempt: &AttemptStart,
    ) -> impl Future<Output = Result<(), NotStarted<Self::Error>>> + Send;

    /// Whoever asked left before there was an outcome: the calls that were made until then, the last
    /// one cut off ([`crate::FailureClass::Cancelled`]) if it was under way. Called while a future is
    /// dropped, so it must not block. Where nothing is done here, a call stays as `starting` left it.
    fn left(&self, _attempts: &[Attempt]) {}
}

/// For callers that keep no record.
#[derive(Clone, Copy, Debug)]
pub struct Unrecorded;

impl Recorder for Unrecorded {
    type Error = std::convert::Infallible;

    async fn starting(&self, _attempt: &AttemptStart) -> Result<(), NotStarted<Self::Error>> {
        Ok(())
    }
}
