//! A turn of a run as it is kept: sealed, its owner the message.

use domain::{
    replay::{Frozen, Outcome, judge::Judged},
    seal::{Owner, Sealing},
};
use schemas::{MessageId, TenantId, Text};
use serde::{Serialize, de::DeserializeOwned};
use store::replays::{CaseRow, RunRow};

use crate::ReplayError;

/// A turn of a run, opened, with what there is already.
pub(crate) struct Open {
    pub(crate) place: u32,
    pub(crate) message: MessageId,
    pub(crate) frozen: Frozen,
    pub(crate) baseline: Option<Outcome>,
    pub(crate) candidate: Option<Outcome>,
    pub(crate) baseline_verdict: Option<Judged>,
    pub(crate) verdict: Option<Judged>,
}

impl Open {
    /// Opened; nothing for one that cannot be asked again.
    pub(crate) fn of(case: CaseRow, sealing: &Sealing, tenant: &TenantId) -> Option<Self> {
        let CaseRow { place, message, .. } = case;
        let frozen = opened(sealing, tenant, &message, case.frozen.as_ref())?;
        let outcome = |text: Option<Text>| opened(sealing, tenant, &message, text.as_ref());
        let judged = |text: Option<Text>| opened(sealing, tenant, &message, text.as_ref());
        let (baseline, candidate) = (outcome(case.baseline), outcome(case.candidate));
        let verdicts = (judged(case.baseline_verdict), judged(case.verdict));
        let (baseline_verdict, verdict) = verdicts;
        Some(Self { place, message, frozen, baseline, candidate, baseline_verdict, verdict })
    }

    /// Whether nothing is left to be asked.
    pub(crate) fn is_through(&self, run: &RunRow) -> bool {
        let is_judged = |outcome: Option<&Outcome>, verdict: Option<&Judged>| {
            let is_said = outcome.is_some_and(|it| it.said().is_some());
            run.judge.is_none() || !is_said || verdict.is_some()
        };
        self.candidate.is_some()
            && is_judged(self.candidate.as_ref(), self.verdict.as_ref())
            && (!run.baseline
                || self.baseline.is_some()
                    && is_judged(self.baseline.as_ref(), self.baseline_verdict.as_ref()))
    }
}

/// What is kept of a turn, sealed. Our own types always have a text.
pub(crate) fn written(
    sealing: &Sealing,
    tenant: &TenantId,
    message: &MessageId,
    what: &impl Serialize,
) -> Text {
    let json = serde_json::to_string(what).unwrap_or_default();
    sealing.seal(Owner { tenant, of: message.as_str() }, &json)
}

/// The same, where it must be readable.
pub(crate) fn sealed(
    sealing: &Sealing,
    tenant: &TenantId,
    message: &MessageId,
    what: &impl Serialize,
) -> Result<Text, ReplayError> {
    let json = serde_json::to_string(what).map_err(|_| ReplayError::Garbled)?;
    Ok(sealing.seal(Owner { tenant, of: message.as_str() }, &json))
}

/// What was kept, if it opens.
pub(crate) fn opened<T: DeserializeOwned>(
    sealing: &Sealing,
    tenant: &TenantId,
    message: &MessageId,
    text: Option<&Text>,
) -> Option<T> {
    let json = sealing.open(Owner { tenant, of: message.as_str() }, text?).ok()?;
    serde_json::from_str(&json).ok()
}
