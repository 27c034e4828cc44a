//! How each deployment stands, for whoever runs the installation.

use schemas::usage::MicroDollars;
use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use crate::table::Route;

/// One deployment, as this process knows it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DeploymentStatus {
    /// `group/name`.
    pub deployment: String,
    /// Its vendor.
    pub vendor: String,
    /// Its model.
    pub model: String,
    /// `open` where it is called, `resting` where it is left alone, `returning` where it is given a
    /// part of its calls.
    pub state: State,
    /// In how many milliseconds it may be called again, where it rests.
    pub opens_in_ms: Option<u64>,
    /// The time to the first token, in milliseconds: a peak-sensitive moving average.
    pub first_token_ms: Option<u64>,
    /// Calls under way.
    pub in_flight: u32,
    /// Calls since the process began.
    pub calls: u64,
    /// Those of them that gave no answer.
    pub failures: u64,
    /// What they cost, as far as prices are known.
    pub spent: MicroDollars,
}

/// Whether it is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// It is.
    Open,
    /// Not now.
    Resting,
    /// Now and then.
    Returning,
}

impl DeploymentStatus {
    pub(crate) fn of(route: &Route, now: Instant) -> Self {
        let standing = route.node.health.standing(0, now);
        let state = match standing.opens_at {
            Some(_) => State::Resting,
            None if standing.share < 1.0 => State::Returning,
            None => State::Open,
        };
        let millis = |it: std::time::Duration| u64::try_from(it.as_millis()).unwrap_or(u64::MAX);
        let tally = route.node.tally();
        Self {
            deployment: route.deployment.name.clone(),
            vendor: route.deployment.vendor.to_string(),
            model: route.deployment.model.clone(),
            state,
            opens_in_ms: standing.opens_at.map(|at| millis(at.saturating_duration_since(now))),
            first_token_ms: standing.first_token.map(millis),
            in_flight: standing.in_flight,
            calls: tally.calls,
            failures: tally.failures,
            spent: MicroDollars(tally.spent),
        }
    }
}
