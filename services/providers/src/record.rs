//! Who is told of an attempt before it is paid for.

use std::future::Future;

use crate::Vendor;

/// An attempt that is about to start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttemptStart {
    /// Counts from 0 within one completion.
    pub index: u32,
    /// `group/name` of the deployment.
    pub deployment: String,
    /// Its vendor.
    pub vendor: Vendor,
    /// Its model, as configured.
    pub model: String,
    /// The most tokens it may generate: what the attempt can cost at most follows from it.
    pub max_output_tokens: u32,
}

/// Keeps a record of attempts. An attempt is paid for, so its record must be durable first: when
/// `starting` fails, the call is not made and the request ends ([`crate::Cause::NotRecorded`]).
pub trait Recorder: Send + Sync {
    /// Why the record could not be kept. It is shown in logs.
    type Error: std::error::Error + Send + Sync + 'static;

    /// Returns once the record is durable.
    fn starting(
        &self,
        attempt: &AttemptStart,
    ) -> impl Future<Output = Result<(), Self::Error>> + Send;
}

/// For callers that keep no record.
#[derive(Clone, Copy, Debug)]
pub struct Unrecorded;

impl Recorder for Unrecorded {
    type Error = std::convert::Infallible;

    async fn starting(&self, _attempt: &AttemptStart) -> Result<(), Self::Error> {
        Ok(())
    }
}
