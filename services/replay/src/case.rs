//! A turn of a run as it is kept: sealed, its owner the message.

use domain::{
    replay::{Frozen, Outcome, Unplayable, check::Check, judge::Judged},
    seal::{Owner, Sealing},
};
use schemas::{MessageId, TenantId, Text};
use serde::{Serialize, de::DeserializeOwned};
use store::replays::{CaseRow, RunRow};

use crate::{ReplayError, kept::Checked};

/// A turn of a run, opened, with what there is already.
pub(crate) struct Open {
    pub(crate) place: u32,
    pub(crate) message: MessageId,
    pub(crate) frozen: Frozen,
    pub(crate) baseline: Option<Outcome>,
    pub(crate) candidate: Option<Outcome>,
    pub(crate) baseline_verdict: Option<Judged>,
    pub(crate) verdict: Option<Judged>,
    /// The test that it is; then it has no verdicts.
    pub(crate) test: Option<OpenTest>,
}

/// What is expected of a turn that is a test.
pub(crate) struct OpenTest {
    pub(crate) checks: Vec<Check>,
    /// Which of them hold, once that is known.
    pub(crate) checked: Option<Vec<Checked>>,
}

/// With what texts are opened.
#[derive(Clone, Copy)]
struct Eyes<'a> {
    sealing: &'a Sealing,
    tenant: &'a TenantId,
    message: &'a MessageId,
}

impl Eyes<'_> {
    /// What was kept, if anything was. What does not open now never will.
    fn part<T: DeserializeOwned>(self, text: Option<&Text>) -> Result<Option<T>, Unplayable> {
        let Self { sealing, tenant, message } = self;
        let open = |text| opened(sealing, tenant, message, text).ok_or(Unplayable::Unreadable);
        text.map(open).transpose()
    }

    /// What must have been kept.
    fn whole<T: DeserializeOwned>(self, text: Option<&Text>) -> Result<T, Unplayable> {
        self.part(text)?.ok_or(Unplayable::Unreadable)
    }
}

impl Open {
    /// Opened, unless a part of it does not open: asked once more, it would be paid once more, and could not
    /// be kept.
    pub(crate) fn of(
        case: CaseRow,
        sealing: &Sealing,
        tenant: &TenantId,
    ) -> Result<Self, Unplayable> {
        let eyes = Eyes { sealing, tenant, message: &case.message };
        let frozen = eyes.whole(case.frozen.as_ref())?;
        let baseline = eyes.part(case.baseline.as_ref())?;
        let candidate = eyes.part(case.candidate.as_ref())?;
        let baseline_verdict = eyes.part(case.baseline_verdict.as_ref())?;
        let (verdict, test) = match &case.test {
            None => (eyes.part(case.verdict.as_ref())?, None),
            Some(test) => {
                let checks = eyes.whole(test.checks.as_ref())?;
                let checked = eyes.part(case.verdict.as_ref())?;
                (None, Some(OpenTest { checks, checked }))
            }
        };
        let CaseRow { place, message, .. } = case;
        Ok(Self { place, message, frozen, baseline, candidate, baseline_verdict, verdict, test })
    }

    /// Whether nothing is left to be asked.
    pub(crate) fn is_through(&self, run: &RunRow) -> bool {
        let is_judged = |outcome: Option<&Outcome>, verdict: Option<&Judged>| {
            let is_said = outcome.is_some_and(|it| it.said().is_some());
            run.judge.is_none() || !is_said || verdict.is_some()
        };
        if let Some(test) = &self.test {
            return self.candidate.is_some() && test.checked.is_some();
        }
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
    text: &Text,
) -> Option<T> {
    let json = sealing.open(Owner { tenant, of: message.as_str() }, text).ok()?;
    serde_json::from_str(&json).ok()
}
