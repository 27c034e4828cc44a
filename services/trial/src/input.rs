//! What is asked, and its bounds.

use std::fmt;

use domain::{
    budget::Budgets,
    config::OpenConfig,
    prompt::{Speaker, Turn},
};
use schemas::{AgentId, MessageId, TenantStatus, Timestamp};

use crate::TrialError;

/// The turns of a trial that are read; older ones are left out, as those of a long thread are.
pub const HISTORY_MAX: usize = 40;

/// The longest text of a turn, in bytes.
pub const TEXT_BYTES_MAX: usize = 16 << 10;

/// What is asked of a draft.
#[derive(Clone)]
pub struct TrialInput {
    /// The draft.
    pub config: OpenConfig,
    /// Whose draft it is.
    pub agent: AgentId,
    /// The customer it works for, by name.
    pub tenant_name: String,
    /// Whether that is served.
    pub status: TenantStatus,
    /// What pays for it: the budgets of the agent and its tenant.
    pub budgets: Budgets,
    /// The trial so far, oldest first. Whoever asks keeps it: nobody else does.
    pub history: Vec<(Speaker, String)>,
    /// Who asks now, and what.
    pub newest: (Speaker, String),
    /// When it is asked.
    pub at: Timestamp,
}

/// The talk as the prompt's builder takes it.
pub(crate) struct Talk {
    pub(crate) history: Vec<Turn>,
    pub(crate) newest: Turn,
    pub(crate) older_exist: bool,
}

impl TrialInput {
    pub(crate) fn talk(&self) -> Result<Talk, TrialError> {
        let from = self.history.len().saturating_sub(HISTORY_MAX);
        let read = self.history.get(from..).unwrap_or_default();
        if self.newest.1.trim().is_empty() {
            return Err(TrialError::Empty);
        }
        let mut all = read.iter().chain([&self.newest]);
        if all.any(|(_, text)| TEXT_BYTES_MAX < text.len()) {
            return Err(TrialError::TooLong);
        }
        let turn = |(at, (speaker, text)): (usize, &(Speaker, String))| Turn {
            message: MessageId::of_trial(at),
            revision: 0,
            speaker: speaker.clone(),
            text: text.clone(),
            deleted: false,
        };
        Ok(Talk {
            history: read.iter().enumerate().map(turn).collect(),
            newest: turn((read.len(), &self.newest)),
            older_exist: 0 < from,
        })
    }
}

/// What was written does not belong into logs.
impl fmt::Debug for TrialInput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TrialInput")
            .field("config", &self.config)
            .field("history", &self.history.len())
            .finish_non_exhaustive()
    }
}
