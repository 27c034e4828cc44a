//! Calls for workspaces that nobody holds: counted, and told once a minute.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use metrics::counter;
use schemas::Timestamp;
use tracing::warn;

const TELL_EVERY: Duration = Duration::from_mins(1);

#[derive(Default)]
pub(crate) struct Unknown(Mutex<Tally>);

#[derive(Default)]
struct Tally {
    told_at: Option<Timestamp>,
    since: u64,
}

impl Unknown {
    /// Counts one, and tells how many there were if the last word is a minute old.
    pub(crate) fn count(&self, workspace: &str, now: Timestamp) {
        counter!("konstruct_gateway_unknown_workspace_total").increment(1);
        let mut tally = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        tally.since += 1;
        if tally.told_at.is_none_or(|at| at.plus(TELL_EVERY) <= now) {
            let calls = tally.since;
            warn!(workspace, calls, "calls for a workspace that nobody has connected");
            *tally = Tally { told_at: Some(now), since: 0 };
        }
    }
}
